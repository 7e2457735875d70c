"""Ways round the approval, tried from outside with the rights of somebody who prepares mailings.

Each is tried on a running server, through the interface that the web client and every script use.
"""

import base64
import concurrent.futures
import contextlib
import xmlrpc.client

import pytest

from devtools import company
from devtools.inbox import Inbox
from devtools.rpc import RpcError

from .mailings import MAILING, RECIPIENT, validated, write

PAST = "2026-01-01 00:00:00"


@pytest.fixture(scope="module")
def server(start_server):
    """Return a server that sends nothing by itself: what was validated stays so."""
    with start_server("attacks", max_cron_threads=0) as running:
        company.create_users(running.login("admin"))
        yield running


@pytest.fixture(scope="module")
def attacker(server):
    return server.login("marketing")


@pytest.fixture(scope="module")
def validator(server):
    return server.login("validator")


FILE = [(0, 0, {"name": "a.txt", "raw": "one"})]


@pytest.fixture(scope="module")
def mailing(attacker, validator):
    """Return a validated mailing of the attacker's own, with a file.

    It serves all attacks, for none of them may change it.
    """
    return validated(attacker, validator, attachment_ids=FILE)


def snapshot(server, mailing):
    """Return all that must not change, read past Odoo: the rows of each statement as one text."""
    parts = [
        f"SELECT {number}, string_agg(r::text, ' ') FROM ({statement.format(mailing)}) r"
        for number, statement in enumerate(
            (
                (
                    "SELECT state, subject, body_html, email_from, mail_server_id, scheduled_at, started_at,"
                    " company_id, create_uid FROM partner_mailing WHERE id = {}"
                ),
                "SELECT * FROM partner_mailing_recipient WHERE mailing_id = {} ORDER BY id",
                "SELECT * FROM partner_mailing_approval WHERE mailing_id = {} ORDER BY id",
                (
                    "SELECT c.* FROM partner_mailing_counter c JOIN partner_mailing m ON m.counter_id = c.id"
                    " WHERE m.id = {}"
                ),
                (
                    "SELECT a.id, a.name, a.checksum FROM ir_attachment a JOIN partner_mailing_attachment_rel r"
                    " ON r.attachment_id = a.id WHERE r.mailing_id = {}"
                ),
            )
        )
    ]
    return server.sql(" UNION ALL ".join(parts) + " ORDER BY 1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "done"),
        ("subject", "Forged"),
        ("preview_text", "Forged"),
        ("body_html", "<p>Forged</p>"),
        ("email_from", "forged@example.com"),
        ("reply_to", "forged@example.com"),
        ("bcc", "forged@example.com"),
        ("extra_emails", "forged@example.com"),
        ("scheduled_at", PAST),
        ("company_id", 1),
        ("audience_ids", [(5, 0, 0)]),
        ("attachment_ids", [(5, 0, 0)]),
        ("attachment_ids", [(0, 0, {"name": "forged.txt", "raw": "forged"})]),
        ("sent_count", 1),
        ("recipient_count", 1),
        ("started_at", PAST),
        ("create_uid", 2),
        ("counter_id", 1),
        ("editor_ids", [(5, 0, 0)]),
        ("approval_ids", [(5, 0, 0)]),
        ("recipient_ids", [(5, 0, 0)]),
        ("recipient_ids", [(0, 0, {"email": "x@example.com", "state": "pending"})]),
    ],
)
@pytest.mark.parametrize("method", ["write", "web_save"])
def test_a_validated_mailing_cannot_be_written(server, attacker, mailing, method, name, value):
    before = snapshot(server, mailing)
    extra = {"specification": {}} if method == "web_save" else {}
    with pytest.raises(RpcError):
        attacker.call(MAILING, method, [mailing], {name: value}, **extra)
    assert snapshot(server, mailing) == before


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("update_field_translations", ["subject", {"en_US": "Forged"}]),
        ("web_override_translations", [{"body_html": "<p>Forged</p>"}]),
        ("unlink", []),
        ("action_load_recipients", []),
        ("action_submit", []),
        ("action_validate", []),
        ("action_refuse", ["No."]),
        ("action_retry_failed", []),
        ("action_resume", []),
        ("_as_system", []),
        ("_start_due", []),
        ("_cron_send", []),
        ("_record", []),
    ],
)
def test_no_other_method_changes_a_validated_mailing(server, attacker, mailing, method, arguments):
    before = snapshot(server, mailing)
    with pytest.raises(RpcError):
        attacker.call(MAILING, method, [mailing], *arguments)
    assert snapshot(server, mailing) == before


def test_rows_of_recipients_and_approvals_cannot_be_touched(server, attacker, mailing):
    before = snapshot(server, mailing)
    for model in (RECIPIENT, "partner.mailing.approval", "partner.mailing.counter"):
        domain = [] if model.endswith("counter") else [("mailing_id", "=", mailing)]
        try:
            ids = attacker.call(model, "search", domain)
        except RpcError:
            ids = [1]
        for method, arguments in (
            ("write", [{"state": "validated"}]),
            ("write", [{"email_normalized": "forged@example.com"}]),
            ("unlink", []),
            ("copy", []),
        ):
            with pytest.raises(RpcError):
                attacker.call(model, method, ids, *arguments)
        with pytest.raises(RpcError):
            attacker.call(model, "create", [{"mailing_id": mailing}])
    assert snapshot(server, mailing) == before


def test_files_of_a_validated_mailing_cannot_be_changed(server, attacker, mailing):
    before = snapshot(server, mailing)
    [file] = attacker.read(MAILING, mailing, "attachment_ids")["attachment_ids"]
    forged = base64.b64encode(b"two").decode()
    for values in ({"datas": forged}, {"raw": "two"}, {"name": "b.txt"}, {"res_id": 0}):
        with pytest.raises(RpcError):
            attacker.call("ir.attachment", "write", [file], values)
    with pytest.raises(RpcError):
        attacker.call("ir.attachment", "unlink", [file])
    assert snapshot(server, mailing) == before


@pytest.mark.parametrize(
    "forged",
    [{"state": "validated"}, {"started_at": PAST}, {"sent_count": 2}, {"approval_ids": []}],
)
def test_no_mailing_is_born_validated(server, attacker, forged):
    with pytest.raises(RpcError):
        write(attacker, **forged)
    draft = write(attacker)
    with pytest.raises(RpcError):
        attacker.call(MAILING, "copy", [draft], forged)
    [name] = forged
    context = {f"default_{name}": forged[name], "partner_mailing_system": True}
    [born] = attacker.call(MAILING, "create", [{"name": "Born"}], context=context)
    assert server.sql(f"SELECT state FROM partner_mailing WHERE id = {born}") == [["draft"]]
    result = attacker.call(MAILING, "load", ["name", name], [["Imported", str(forged[name])]])
    assert not result["ids"]


def test_the_sentinel_cannot_come_through_a_context(attacker, mailing):
    for value in (True, 1, "SYSTEM", {}, [], None):
        with pytest.raises(RpcError):
            attacker.call(
                MAILING,
                "write",
                [mailing],
                {"state": "done"},
                context={"partner_mailing_system": value},
            )


def test_a_dialog_is_no_way_round(attacker, validator, mailing):
    submitted = write(attacker)
    attacker.call(MAILING, "action_submit", [submitted])
    for model, values in (
        ("partner.mailing.validate", {"mailing_id": submitted}),
        ("partner.mailing.refuse", {"mailing_id": submitted, "reason": "No."}),
    ):
        with pytest.raises(RpcError):
            attacker.create(model, **values)
    # Who may open the dialog still has to be somebody else.
    own = write(validator)
    validator.call(MAILING, "action_submit", [own])
    dialog = validator.create("partner.mailing.validate", mailing_id=own)
    with pytest.raises(RpcError):
        validator.call("partner.mailing.validate", "action_validate", [dialog])
    assert validator.read(MAILING, own, "state")["state"] == "to_validate"


def test_nobody_makes_themselves_a_validator(server, attacker):
    group = server.login("admin").record("mass_mailing_lite.group_validator")
    with pytest.raises(RpcError):
        attacker.call("res.users", "write", [attacker.uid], {"group_ids": [(4, group)]})
    with pytest.raises(RpcError):
        attacker.call("res.groups", "write", [group], {"user_ids": [(4, attacker.uid)]})
    [me] = attacker.call("res.users", "read", [attacker.uid], ["partner_id"])
    nested = {"user_ids": [(1, attacker.uid, {"group_ids": [(4, group)]})]}
    with pytest.raises(RpcError):
        attacker.call("res.partner", "write", [me["partner_id"][0]], nested)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("write", [{"state": "done"}]),
        ("write", [{"subject": "Forged"}]),
        ("action_validate", []),
        ("_as_system", []),
        ("unlink", []),
    ],
)
def test_execute_kw_is_no_other_way_in(server, mailing, method, arguments):
    before = snapshot(server, mailing)
    common = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/common")
    uid = common.authenticate(server.database, "marketing", "marketing", {})
    objects = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/object", allow_none=True)
    with pytest.raises(xmlrpc.client.Fault):
        objects.execute_kw(
            server.database, uid, "marketing", MAILING, method, [[mailing], *arguments]
        )
    assert snapshot(server, mailing) == before


def test_a_server_action_of_a_user_is_no_way_round(server, attacker, mailing):
    model = server.login("admin").record("mass_mailing_lite.model_partner_mailing")
    code = "record._as_system().write({'state': 'done'})"
    with pytest.raises(RpcError):
        attacker.create("ir.actions.server", name="X", model_id=model, state="code", code=code)


def test_settings_of_the_approval_are_the_administrators(attacker):
    for name, value in (
        ("partner_mailing_self_validation", True),
        ("partner_mailing_two_validators_from", 9),
    ):
        with pytest.raises(RpcError):
            attacker.call("res.company", "write", [1], {name: value})


def test_a_refused_mailing_is_not_sent_by_resuming_it(attacker, validator):
    mailing = write(attacker)
    attacker.call(MAILING, "action_submit", [mailing])
    validator.call(MAILING, "action_refuse", [mailing], "No.")
    for method in ("action_resume", "action_pause", "action_retry_failed", "action_validate"):
        with pytest.raises(RpcError):
            attacker.call(MAILING, method, [mailing])
    assert attacker.read(MAILING, mailing, "state")["state"] == "draft"


# ------------------------------------------------------------
# Who may not read a mailing; tests; files that have left
# ------------------------------------------------------------


@pytest.fixture(scope="module")
def stranger(server):
    """Return a session of another user who prepares mailings."""
    admin = server.login("admin")
    group = admin.record("mass_mailing_lite.group_user")
    values = {
        "name": "Stranger",
        "login": "stranger",
        "password": "stranger",
        "email": "stranger@example.com",
        "notification_type": "inbox",
        "group_ids": [(4, group)],
    }
    admin.call("res.users", "create", [values], context={"no_reset_password": True})
    return server.login("stranger")


@pytest.fixture(scope="module")
def hidden(server, attacker):
    """Return a draft that only its author sees."""
    group = server.login("admin").record("base.group_system")
    return write(attacker, name="Secret plan", view_group_ids=[(4, group)])


@pytest.mark.parametrize(
    "dialog", ["test", "preview", "import", "load.template", "save.template", "mark", "refresh"]
)
def test_no_dialog_tells_of_a_hidden_mailing(stranger, hidden, dialog):
    model, named = f"partner.mailing.{dialog}", {"mailing_id": hidden}
    context = {"default_mailing_id": hidden}
    spec = {"mailing_id": {"fields": {"display_name": {}}}, "display_name": {}}
    for name in stranger.call(model, "fields_get", [], ["type"]):
        spec.setdefault(name, {})
    spec.pop("id")
    for method, arguments, more in (
        ("create", [named], {}),
        ("create", [{}], {"context": context}),
        ("default_get", [["mailing_id", "name"]], {"context": context}),
        ("onchange", [[], named, ["mailing_id"], spec], {}),
        ("onchange", [[], {}, [], spec], {"context": context}),
        ("web_save", [[], named], {"specification": spec}),
    ):
        with pytest.raises(RpcError) as refused:
            stranger.call(model, method, *arguments, **more)
        assert "Secret" not in str(refused.value)
    assert stranger.search_read(model, [("mailing_id", "=", hidden)], "display_name") == []


def test_a_dialog_of_another_user_is_not_read(attacker, stranger, hidden):
    model = "partner.mailing.save.template"
    dialog = attacker.create(model, mailing_id=hidden)
    for method, arguments in (
        ("read", [["name"]]),
        ("web_read", [{"name": {}}]),
        ("export_data", [["name"]]),
        ("action_save", []),
        ("copy", []),
        ("unlink", []),
    ):
        with pytest.raises(RpcError):
            stranger.call(model, method, [dialog], *arguments)
    assert stranger.search_read(model, [("name", "like", "Secret")], "name") == []


def test_a_contact_does_not_tell_for_which_hidden_mailing_it_is_marked(
    server, attacker, stranger, hidden
):
    admin = server.login("admin")
    contact = admin.create("res.partner", name="Marked", email="marked@example.com")
    domain = f"[('id', '=', {contact})]"
    dialog = attacker.create(
        "partner.mailing.mark",
        partner_domain=domain,
        partner_count=1,
        target="draft",
        mailing_id=hidden,
    )
    attacker.call("partner.mailing.mark", "action_add", [dialog])
    marks = "partner_mailing_marked_ids"
    assert attacker.search_read("res.partner", [(marks, "in", [hidden])], "id")
    for operator, value in (("in", [hidden]), ("=", hidden), ("!=", False), ("ilike", "Secret")):
        assert stranger.search_read("res.partner", [(marks, operator, value)], "id") == []
    assert stranger.read("res.partner", contact, marks)[marks] == []


class Refusing(Inbox):
    """An inbox that does not know the validator."""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address == "validator@example.com":
            return "550 5.1.1 Unknown here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


def test_a_test_is_no_way_to_send_what_nobody_validated(server, attacker, stranger, tmp_path):
    mailing = write(attacker)
    model = "partner.mailing.test"
    with Refusing(tmp_path / "inbox") as inbox:
        company.send_to(server.login("admin"), inbox.port)
        for person, emails in (
            (attacker, "victim@example.org"),
            (attacker, "marketing@example.com, victim@example.org"),
            (stranger, "stranger@example.com"),
        ):
            dialog = person.create(model, mailing_id=mailing, emails=emails)
            with pytest.raises(RpcError):
                person.call(model, "action_send", [dialog])
        assert not list(inbox.deliveries())
        # The error at the second address does not undo that the first one got the message.
        emails = "marketing@example.com, validator@example.com"
        dialog = attacker.create(model, mailing_id=mailing, emails=emails)
        with pytest.raises(RpcError, match="Unknown here"):
            attacker.call(model, "action_send", [dialog])
        assert [one.recipients for one in inbox.deliveries()] == [["marketing@example.com"]]
        [[count]] = server.sql(
            f"SELECT count FROM partner_mailing_tester WHERE user_id = {attacker.uid}"
        )
        assert count == "2"
        [note] = attacker.search_read(
            "mail.message",
            [("model", "=", MAILING), ("res_id", "=", mailing), ("body", "like", "A test goes to")],
            "body",
        )
        assert "validator@example.com" in note["body"]
        server.login("admin").call(
            "res.company", "write", [1], {"partner_mailing_test_limit_day": 5}
        )
        own = attacker.create(model, mailing_id=mailing, emails="marketing@example.com")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            tries = list(pool.map(lambda _number: _try(attacker, model, own), range(6)))
        assert sum(tries) == 3
        assert len(list(inbox.deliveries())) == 1 + 3
    with pytest.raises(RpcError):
        attacker.call("res.company", "write", [1], {"partner_mailing_test_limit_day": 0})
    with pytest.raises(RpcError):
        attacker.call("partner.mailing.tester", "write", [1], {"count": 0})


def _try(person, model, dialog):
    """Send a test, and tell whether it was sent."""
    try:
        person.call(model, "action_send", [dialog])
    except RpcError:
        return False
    return True


def test_a_file_that_was_validated_is_not_replaced_in_a_new_draft(server, attacker, validator):
    mailing = validated(attacker, validator, attachment_ids=FILE)
    [file] = attacker.read(MAILING, mailing, "attachment_ids")["attachment_ids"]
    attacker.call(MAILING, "action_back_to_draft", [mailing])
    before = snapshot(server, mailing)[-1]
    forged = base64.b64encode(b"two").decode()
    for person in (attacker, server.login("admin")):
        for values in ({"datas": forged}, {"raw": "two"}, {"name": "b.txt"}, {"res_id": 0}):
            with pytest.raises(RpcError):
                person.call("ir.attachment", "write", [file], values)
        with pytest.raises(RpcError):
            person.call("ir.attachment", "write", [file], {"partner_mailing_is_frozen": False})
        with pytest.raises(RpcError):
            person.call("ir.attachment", "unlink", [file])
    with pytest.raises(RpcError):
        attacker.call(MAILING, "write", [mailing], {"attachment_ids": [(1, file, {"raw": "two"})]})
    with pytest.raises(RpcError):
        attacker.call(MAILING, "write", [mailing], {"attachment_ids": [(2, file)]})
    assert snapshot(server, mailing)[-1] == before
    attacker.call(MAILING, "write", [mailing], {"attachment_ids": [(3, file)]})
    assert server.sql(f"SELECT count(*) FROM ir_attachment WHERE id = {file}") == [["1"]]


# ------------------------------------------------------------
# Automation rules; last, because they install an app of Odoo
# ------------------------------------------------------------


@pytest.fixture(scope="module")
def automate(server):
    """Return a function that makes an automation rule of an administrator for a ``with`` block."""
    admin = server.login("admin")
    [module] = admin.search_read("ir.module.module", [("name", "=", "base_automation")], "id")
    admin.call("ir.module.module", "button_immediate_install", [module["id"]])
    model = admin.record("mass_mailing_lite.model_partner_mailing")

    @contextlib.contextmanager
    def rule(state, code):
        action = {"name": "Forge", "model_id": model, "state": "code", "code": code}
        number = admin.create(
            "base.automation",
            name="Forge",
            model_id=model,
            trigger="on_create_or_write",
            filter_domain=f"[('state', '=', '{state}')]",
            action_server_ids=[(0, 0, action)],
        )
        yield
        admin.call("base.automation", "unlink", [number])

    return rule


@pytest.mark.parametrize(
    "code",
    [
        "record.write({'state': 'validated'})",
        "record.sudo().write({'state': 'validated'})",
        "env['partner.mailing'].browse(record.id).write({'state': 'validated'})",
        "env['partner.mailing.approval'].create({'mailing_id': record.id, 'state': 'validated'})",
    ],
)
def test_a_rule_validates_nothing(server, attacker, automate, code):
    mailing = write(attacker)
    with automate("to_validate", code), pytest.raises(RpcError) as refused:
        attacker.call(MAILING, "action_submit", [mailing])
    assert refused.value.kind == "odoo.exceptions.AccessError"
    assert server.sql(f"SELECT state FROM partner_mailing WHERE id = {mailing}") == [["draft"]]


def test_a_rule_changes_nothing_between_the_comparison_and_the_first_message(
    server, mailing, automate
):
    before = snapshot(server, mailing)
    admin = server.login("admin")
    cron = admin.record("mass_mailing_lite.ir_cron_send")
    with automate("sending", "record.sudo().write({'subject': 'Forged'})"):
        admin.call("ir.cron", "method_direct_trigger", [cron])
    assert snapshot(server, mailing) == before, "not started, and not changed"
