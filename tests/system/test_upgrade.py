"""From earlier versions of the addons to the present ones, with data; and out again.

`tests/data/first_version.tar.gz` is 19.0.1.0.0 as it was when it could first be installed, packed by
`git archive --format=tar.gz -o tests/data/first_version.tar.gz 9dd0b79 mass_mailing_lite`;
`tests/data/second_version.tar.gz` is 19.0.1.1.0 with mailings by SMS, packed in the same way from
b7b23a7, with `mass_mailing_lite_sms` beside it.
"""

import json
import tarfile

import pytest

from devtools import company, database, paths

from . import mailings
from .traces import SCHEMA, records, schema

# The limit is for the installation of Odoo's addons, once for each version of Odoo.
pytestmark = [pytest.mark.slow(100), pytest.mark.timeout(900)]

ARCHIVES = paths.ROOT / "tests" / "data"
LISTS = "SELECT id, mailing_id, partner_id, name, state FROM partner_mailing_recipient ORDER BY id"
FINGERPRINTS = "SELECT id, fingerprint FROM partner_mailing_approval ORDER BY id"

# A mailing in each state that waits for somebody, as the first version made them.
DATA = """
def user(login, group):
    return env["res.users"].with_context(no_reset_password=True).create({
        "name": login, "login": login, "password": login, "email": f"{login}@example.com",
        "notification_type": "inbox",
        "group_ids": [(4, env.ref(f"mass_mailing_lite.group_{group}").id)],
    })

author, validator = user("marketing", "user"), user("validator", "validator")
tag = env["res.partner.category"].create({"name": "Readers"})
env["res.partner"].create([
    {"name": f"Reader {n}", "email": f"reader{n}@example.com", "category_id": [(4, tag.id)]}
    for n in range(3)
] + [{"name": "Broken", "email": "broken", "category_id": [(4, tag.id)]}])
audience = env["partner.mailing.audience"].with_user(author).create(
    {"name": "Readers", "category_ids": [(4, tag.id)],
     "excluded_category_ids": [(4, env["res.partner.category"].create({"name": "Unwilling"}).id)]}
)
for state in ("draft", "to_validate", "validated", "cancelled", "done"):
    mailing = env["partner.mailing"].with_user(author).create({
        "name": state, "subject": "News for {{ object.name }}", "body_html": "<p>News</p>",
        "email_from": "shop@example.com", "reply_to": "Answers <answers@example.com>",
        "audience_ids": [(4, audience.id)],
        "extra_emails": "extra@example.org", "scheduled_at": "2099-01-01 08:00:00",
    })
    mailing.action_load_recipients()
    if state == "draft":
        copies = {"cc": "Doe, Jane <jane@example.com>; no address", "bcc": "Box <box@example.com>;"}
        mailing.write(copies)
    else:
        mailing.action_submit()
    if state in ("validated", "cancelled", "done"):
        mailing.with_user(validator).action_validate()
    if state == "cancelled":
        mailing.action_cancel()
    if state == "done":
        env.flush_all()
        env.cr.execute("UPDATE partner_mailing_recipient SET state = 'sent'"
                       " WHERE mailing_id = %s AND state = 'pending'", [mailing.id])
        env.cr.execute("UPDATE partner_mailing SET state = 'done', started_at = now(),"
                       " finished_at = now() WHERE id = %s", [mailing.id])
        env.invalidate_all()
env.cr.commit()
"""


# The same for mailings by SMS; and what a server was sent, which counts against its limits.
SMS_DATA = """
env["res.partner"].search([("name", "like", "Reader")]).write({"phone": "+34 600 123 456"})
author, validator = (env["res.users"].search([("login", "=", login)])
                     for login in ("marketing", "validator"))
by_sms = env["partner.mailing"].with_user(author).create({
    "name": "by SMS", "channel": "sms", "sms_body": "Hello {{ object.name }}",
    "extra_numbers": "Zoe <+34 600 654 321>\\n12", "scheduled_at": "2099-01-01 08:00:00",
    "audience_ids": [(4, env["partner.mailing.audience"].search([("name", "=", "Readers")]).id)],
})
by_sms.action_submit()
by_sms.with_user(validator).action_validate()
server = env["ir.mail_server"].create({"name": "Limited", "smtp_host": "127.0.0.1",
                                       "partner_mailing_limit_day": 1000})
pace = env["partner.mailing.pace"]._as_system().create({"mail_server_id": server.id})
env["partner.mailing.grant"]._as_system().create({"pace_id": pace.id, "count": 7, "taken_at": 1})
waiting = env["partner.mailing"].search([("name", "=", "validated")])
waiting.counter_id._as_system().write({
    "hold_kind": "pace", "hold_until": "2099-01-01 09:00:00", "trouble_words": "450 busy",
    "trouble_count": 2,
})
env["res.lang"]._activate_lang("fr_FR")
translated = env["partner.mailing"].with_user(author).create({
    "name": "in two languages", "subject": "News", "body_html": "<p>News</p>",
    "email_from": "shop@example.com",
})
translated.update_field_translations("subject", {"fr_FR": "Nouvelles"})
env["ir.ui.view"].create({
    "name": "own", "model": "partner.mailing", "mode": "extension",
    "inherit_id": env.ref("mass_mailing_lite.partner_mailing_view_form").id,
    "arch": "<xpath expr=\\"//field[@name='road']\\" position='after'>"
            "<p class='own'>The road to the lake</p>"
            "<field name='hold_until' string='Next on the road'/></xpath>",
})
env["ir.filters"].create({
    "name": "Own", "model_id": "partner.mailing",
    "domain": "[('hold_kind', '=', 'pace'), ('name', '!=', 'trouble_text_')]",
    "context": "{'group_by': ['hold_kind']}", "sort": '["hold_until desc"]',
})
env["ir.exports"].create({
    "name": "Own", "resource": "partner.mailing",
    "export_fields": [(0, 0, {"name": "name"}), (0, 0, {"name": "hold_kind"})],
})
env.cr.commit()
"""


def earlier(tools, folder, version, name, beside, addons, data):
    """Return a database with an earlier version of the addons and data in it, for ``update``.

    :param version: name of the archive
    :param beside: Odoo's own addons in the database
    :param addons: those of the archive to install, separated by commas
    :param data: statements for Odoo's shell
    """
    archive = ARCHIVES / f"{version}_version.tar.gz"
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    places = ",".join(map(str, [*tools.source.addons_path, folder]))
    config = str(tools.configure(f"{version}_version", addons_path=places))

    def install(made):
        # Odoo knows our other addons already, which earlier versions had not.
        options = ("-i", addons, "--skip-auto-install", "--stop-after-init", "--no-http")
        command = ("server", "-c", config, "-d", made, *options)
        tools.run(*command, what=f"The {version} version", log="upgrade")
        shell = ("shell", "-c", config, "-d", made, "--no-http")
        tools.run(*shell, input=data.encode(), what="Its data", log="upgrade")
        states = tools.server.sql("SELECT DISTINCT state FROM partner_mailing", made)
        assert len(states) == 5, f"the {version} version made its mailings"

    return database.prepared(tools, name, beside, install, (archive.read_bytes(), data))


@pytest.fixture(scope="module")
def upgraded(tools, tmp_path_factory):
    """Return the name of a database of the first version, with data, brought to the present one."""
    folder = tmp_path_factory.mktemp("first")
    name = earlier(tools, folder, "first", "upgraded", ["contacts"], "mass_mailing_lite", DATA)
    lists = tools.server.sql(LISTS, name)
    assert len(lists) == 25, "the first version loaded its lists"
    database.update(tools, name)
    assert tools.server.sql(LISTS, name) == lists
    yield name
    database.drop(tools, name)


@pytest.fixture(scope="module")
def upgraded_with_sms(tools, tmp_path_factory):
    """Return (database, its fingerprints before) of the second version, brought to the present one."""
    folder = tmp_path_factory.mktemp("second")
    addons = "mass_mailing_lite,mass_mailing_lite_sms"
    name = earlier(
        tools, folder, "second", "upgraded_sms", ["contacts", "sms"], addons, DATA + SMS_DATA
    )
    before = tools.server.sql(FINGERPRINTS, name)
    assert len(before) == 5, "the second version made its requests"
    lists = tools.server.sql(LISTS, name)
    database.update(tools, name)
    assert tools.server.sql(LISTS, name) == lists
    yield name, before
    database.drop(tools, name)


def test_what_was_validated_before_is_still_what_is_sent(tools, upgraded_with_sms, tmp_path):
    """By e-mail and by SMS, whose numbers have columns of their own since."""
    name, before = upgraded_with_sms
    answer = tmp_path / "answer.json"
    script = f"""
import json, pathlib
valid = env["partner.mailing"].search([("state", "in", ("validated", "to_validate"))])
pathlib.Path({str(answer)!r}).write_text(json.dumps(
    {{m.name: m.approval_ids[0].fingerprint == m._get_fingerprint()[0] for m in valid}}))
"""
    tools.script(name, script, what="The comparison", log="upgrade")
    assert json.loads(answer.read_text()) == dict.fromkeys(
        ("to_validate", "validated", "by SMS"), True
    )
    assert tools.server.sql(FINGERPRINTS, name) == before


@pytest.mark.parametrize("version", ["upgraded", "upgraded_with_sms"])
def test_audiences_are_entries_of_their_mailings_in_every_state(tools, request, version):
    """And of nothing else; audiences have kept what they leave out."""
    found = request.getfixturevalue(version)
    name = found if isinstance(found, str) else found[0]
    entries = tools.server.sql(
        "SELECT m.name, s.side, s.kind, a.name ->> 'en_US' FROM partner_mailing_source s"
        " JOIN partner_mailing m ON m.id = s.mailing_id"
        " JOIN partner_mailing_audience a ON a.id = s.audience_id ORDER BY m.id",
        name,
    )
    with_audience = ["draft", "to_validate", "validated", "cancelled", "done"]
    if version == "upgraded_with_sms":
        with_audience.append("by SMS")
    assert entries == [[mailing, "in", "audience", "Readers"] for mailing in with_audience]
    assert tools.server.sql("SELECT count(*) FROM partner_mailing_source", name) == [
        [str(len(with_audience))]
    ]
    excluded = tools.server.sql(
        "SELECT c.name ->> 'en_US' FROM partner_mailing_audience_excluded_category_rel e"
        " JOIN res_partner_category c ON c.id = e.category_id",
        name,
    )
    assert excluded == [["Unwilling"]]


def test_addresses_of_drafts_get_their_proper_form_and_no_others(tools, upgraded_with_sms):
    """What was submitted is covered by its fingerprint; what cannot be read stays for its author."""
    name, _before = upgraded_with_sms
    rows = tools.server.sql(
        "SELECT state, reply_to, cc, bcc FROM partner_mailing"
        " WHERE channel = 'email' AND name <> 'in two languages'",
        name,
    )
    for state, reply_to, cc, bcc in rows:
        if state == "draft":
            assert reply_to == '"Answers" <answers@example.com>'
            assert cc == "Doe, Jane <jane@example.com>; no address"
            assert bcc == '"Box" <box@example.com>'
        else:
            assert reply_to == "Answers <answers@example.com>"


def test_numbers_come_into_columns_of_their_own(tools, upgraded_with_sms):
    name, _before = upgraded_with_sms
    rows = tools.server.sql(
        "SELECT r.phone_sanitized, r.phone, r.email, r.email_normalized, r.skip_reason"
        " FROM partner_mailing_recipient r JOIN partner_mailing m ON m.id = r.mailing_id"
        " WHERE m.channel = 'sms' ORDER BY r.id",
        name,
    )
    numbers = {row[0] for row in rows}
    assert {"+34600123456", "+34600654321"} <= numbers
    assert all(not email and not normalized for _n, _p, email, normalized, _r in rows)
    assert {row[1] for row in rows if row[4] == "invalid_number"} == {"12"}
    left = tools.server.sql(
        "SELECT count(*) FROM partner_mailing_recipient r JOIN partner_mailing m"
        " ON m.id = r.mailing_id WHERE m.channel = 'email' AND r.phone_sanitized IS NOT NULL",
        name,
    )
    assert left == [["0"]]


def test_what_a_server_was_sent_and_why_a_mailing_waits_is_not_lost(tools, upgraded_with_sms):
    name, _before = upgraded_with_sms
    assert tools.server.sql("SELECT count FROM partner_mailing_reservation", name) == [["7"]]
    waits = tools.server.sql(
        "SELECT wait_reason, wait_until, fault_words, fault_count FROM partner_mailing_counter"
        " WHERE wait_reason IS NOT NULL",
        name,
    )
    assert waits == [["rate_limit", "2099-01-01 09:00:00", "450 busy", "2"]]


def test_of_a_language_version_of_before_nobody_knows_what_it_was_made_for(
    tools, upgraded_with_sms
):
    """Its author looks at it once, before the draft is submitted."""
    name, _before = upgraded_with_sms
    versions = tools.server.sql(
        "SELECT m.name, m.main_lang, v.lang, v.made_for -> 'subject' ->> 1"
        " FROM partner_mailing_version v JOIN partner_mailing m ON m.id = v.mailing_id",
        name,
    )
    assert versions == [["in two languages", "en_US", "fr_FR", ""]]


def test_what_people_made_for_themselves_follows_the_names(tools, upgraded_with_sms):
    """A view that extends the form, a saved filter, a list of fields to export."""
    name, _before = upgraded_with_sms
    [[view]] = tools.server.sql(
        "SELECT arch_db ->> 'en_US' FROM ir_ui_view WHERE name = 'own'", name
    )
    assert "//field[@name='checklist']" in view
    assert "wait_until" in view
    assert "The road to the lake" in view
    assert "Next on the road" in view
    filters = tools.server.sql(
        "SELECT domain, context, sort FROM ir_filters WHERE name = 'Own'", name
    )
    assert filters == [
        [
            "[('wait_reason', '=', 'rate_limit'), ('name', '!=', 'trouble_text_')]",
            "{'group_by': ['wait_reason']}",
            '["wait_until desc"]',
        ]
    ]
    fields = tools.server.sql(
        "SELECT line.name FROM ir_exports_line line JOIN ir_exports list"
        " ON list.id = line.export_id WHERE list.name = 'Own' ORDER BY line.id",
        name,
    )
    assert fields == [["name"], ["wait_reason"]]


def test_nothing_differs_after_an_upgrade_with_sms(tools, upgraded_with_sms):
    name, _before = upgraded_with_sms
    new = database.fresh(tools, "installed_sms")
    try:
        install = ("server", "-d", new, "-i", "mass_mailing_lite_sms", "--skip-auto-install")
        tools.run(
            *install, "--stop-after-init", "--no-http", what="The installation", log="upgrade"
        )
        expected = schema(tools, new)
    finally:
        database.drop(tools, new)
    found = schema(tools, name)
    for what in SCHEMA:
        assert set(expected[what]) ^ set(found[what]) == set(), what


def test_nothing_differs_from_a_new_installation(tools, upgraded):
    new = database.fresh(tools, "installed")
    try:
        expected, expected_records = schema(tools, new), records(tools, new)
    finally:
        database.drop(tools, new)
    found = schema(tools, upgraded)
    for what in SCHEMA:
        missing, left = (
            set(expected[what]) - set(found[what]),
            set(found[what]) - set(expected[what]),
        )
        assert (sorted(missing), sorted(left)) == ([], []), what
    assert records(tools, upgraded) ^ expected_records == set()


def test_contacts_of_customers_are_customers_after_an_upgrade(tools, upgraded):
    """The predefined audiences are not updated with the addon, and nobody can change them."""
    audiences = tools.server.sql(
        "SELECT a.domain, a.note ->> 'en_US' FROM partner_mailing_audience a JOIN ir_model_data d"
        " ON d.model = 'partner.mailing.audience' AND d.res_id = a.id"
        " WHERE d.name IN ('audience_customers', 'audience_vendors', 'audience_neither')",
        upgraded,
    )
    assert len(audiences) == 3
    for domain, note in audiences:
        assert "commercial_partner_id." in domain
        assert "company" in note


def test_mailings_of_the_first_version_go_on(tools, upgraded, tmp_path):
    """Drafts are finished; what was validated is what it was, or asks for a new decision."""
    with tools.serve(upgraded, name="upgraded") as url:
        author = company.login(url, upgraded, "marketing")
        validator = company.login(url, upgraded, "validator")
        found = author.search_read(
            mailings.MAILING, [], "name", "state", "recipient_count", "skipped_count", "checklist"
        )
        by_name = {mailing["name"]: mailing for mailing in found}
        for name, mailing in by_name.items():
            assert mailing["state"] == name
            assert mailing["recipient_count"] + mailing["skipped_count"] == 5
        draft = by_name["draft"]["id"]
        author.call(mailings.MAILING, "write", [draft], {"cc": False, "bcc": False})
        author.call(mailings.MAILING, "action_submit", [draft])
        validator.call(mailings.MAILING, "action_validate", [draft])
        for name in ("to_validate", "validated", "cancelled"):
            mailing = by_name[name]["id"]
            author.call(mailings.MAILING, "action_back_to_draft", [mailing])
            author.call(mailings.MAILING, "action_submit", [mailing])
            validator.call(mailings.MAILING, "action_validate", [mailing])
            assert author.read(mailings.MAILING, mailing, "state")["state"] == "validated"
        approvals = author.search_read("partner.mailing.approval", [], "state", "recipient_count")
        assert {approval["recipient_count"] for approval in approvals} == {4}
