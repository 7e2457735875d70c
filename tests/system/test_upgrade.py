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

ARCHIVES = paths.ROOT / "tests" / "data"

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
    {"name": "Readers", "category_ids": [(4, tag.id)]}
)
for state in ("draft", "to_validate", "validated", "cancelled"):
    mailing = env["partner.mailing"].with_user(author).create({
        "name": state, "subject": "News for {{ object.name }}", "body_html": "<p>News</p>",
        "email_from": "shop@example.com", "audience_ids": [(4, audience.id)],
        "extra_emails": "extra@example.org", "scheduled_at": "2099-01-01 08:00:00",
    })
    mailing.action_load_recipients()
    if state != "draft":
        mailing.action_submit()
    if state in ("validated", "cancelled"):
        mailing.with_user(validator).action_validate()
    if state == "cancelled":
        mailing.action_cancel()
env.cr.commit()
"""

# All that the addon has in a database: tables and what hangs on them, and records of its own data.
SCHEMA = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
         WHERE table_name LIKE 'partner_mailing%' OR column_name LIKE 'partner_mailing%'""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conrelid::regclass::text LIKE 'partner_mailing%' AND contype <> 'n'""",
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
         WHERE tablename LIKE 'partner_mailing%' OR indexdef LIKE '%partner_mailing%'""",
    "triggers": """
        SELECT event_object_table, trigger_name, event_manipulation
          FROM information_schema.triggers WHERE trigger_name LIKE '%partner_mailing%'""",
    "functions": "SELECT proname FROM pg_proc WHERE proname LIKE '%partner_mailing%'",
    "sequences": "SELECT relname FROM pg_class WHERE relkind = 'S' AND relname LIKE '%partner_mailing%'",
}
# Which addon a field of a mixin is named after depends on what was loaded first; the columns say
# what there is.
RECORDS = """
    SELECT model, name FROM ir_model_data WHERE module = 'mass_mailing_lite'
       AND model NOT IN ('ir.model.fields', 'ir.model.fields.selection', 'ir.model.inherit')"""


def schema(tools, name):
    return {
        what: sorted(map(tuple, tools.server.sql(statement, name)))
        for what, statement in SCHEMA.items()
    }


def records(tools, name):
    return {tuple(row) for row in tools.server.sql(RECORDS, name)}


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
env.cr.commit()
"""


def installed(tools, folder, name, addons):
    """Install addons of an archive into a database, and return the arguments of a shell in it."""
    places = ",".join(map(str, [*tools.source.addons_path, folder]))
    config = str(tools.configure(f"version_{name}", addons_path=places))
    # Odoo knows our other addons already, which earlier versions had not.
    install = ("server", "-c", config, "-d", name, "-i", addons, "--skip-auto-install")
    tools.run(*install, "--stop-after-init", "--no-http", what="An earlier version", log="upgrade")
    return ("shell", "-c", config, "-d", name, "--no-http")


@pytest.fixture(scope="module")
def upgraded(tools, tmp_path_factory):
    """Return the name of a database of the first version, with data, brought to the present one."""
    folder = tmp_path_factory.mktemp("first")
    with tarfile.open(ARCHIVES / "first_version.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    name = database.fresh(tools, "upgraded", addons=["contacts"])
    shell = installed(tools, folder, name, "mass_mailing_lite")
    tools.run(*shell, input=DATA.encode(), what="Its data", log="upgrade")
    before = tools.server.sql("SELECT state, count(*) FROM partner_mailing GROUP BY 1", name)
    assert len(before) == 4, "the first version made its mailings"
    database.update(tools, name)
    yield name
    database.drop(tools, name)


@pytest.fixture(scope="module")
def upgraded_with_sms(tools, tmp_path_factory):
    """Return (database, its fingerprints before) of the second version, brought to the present one."""
    folder = tmp_path_factory.mktemp("second")
    with tarfile.open(ARCHIVES / "second_version.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    name = database.fresh(tools, "upgraded_sms", addons=["contacts", "sms"])
    shell = installed(tools, folder, name, "mass_mailing_lite,mass_mailing_lite_sms")
    tools.run(*shell, input=(DATA + SMS_DATA).encode(), what="Its data", log="upgrade")
    before = tools.server.sql("SELECT id, fingerprint FROM partner_mailing_approval", name)
    assert len(before) == 4, "the second version made its requests"
    database.update(tools, name)
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
    assert tools.server.sql("SELECT id, fingerprint FROM partner_mailing_approval", name) == before


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


def test_nothing_differs_after_an_upgrade_with_sms(tools, upgraded_with_sms):
    name, _before = upgraded_with_sms
    new = database.fresh(tools, "installed_sms", bridges=True)
    try:
        expected = schema(tools, new)
    finally:
        database.drop(tools, new)
    found = schema(tools, name)
    for what in SCHEMA:
        # The addon of the job queue, which this database does not have, brings lanes.
        differing = set(expected[what]) ^ set(found[what])
        assert {one for one in differing if "partner_mailing_lanes" not in one} == set(), what


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


@pytest.fixture(scope="module")
def beside_stock(tools):
    """Return the name of a database with the stock addon and data of both."""
    name = database.fresh(tools, "beside", addons=["mass_mailing", "contacts"])
    script = """
env["mailing.list"].create({"name": "Stock list", "contact_ids": [(0, 0, {
    "name": "Reader", "email": "reader@example.com"})]})
env["mailing.mailing"].create({"subject": "Stock", "body_html": "<p>Stock</p>"})
env["mail.template"].create({"name": "Kept", "model_id": env["ir.model"]._get_id("res.partner")})
env["res.partner"].create({"name": "Reader", "email": "reader@example.com"})
env.cr.commit()
"""
    tools.script(name, script, what="Data of the stock addon", log="beside")
    yield name
    database.drop(tools, name)


def snapshot(tools, name):
    """Return what others have in a database: their columns, and how many records of each model."""
    columns = tools.server.sql(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public'",
        name,
    )
    owned = tools.server.sql(
        "SELECT module, model, name FROM ir_model_data WHERE module <> 'mass_mailing_lite'",
        name,
    )
    content = {
        table: tools.server.sql(f"SELECT count(*) FROM {table}", name)[0][0]
        for table in ("mailing_mailing", "mailing_list", "mailing_contact", "res_partner",
                      "mail_template", "res_groups", "ir_ui_menu", "ir_act_window", "ir_cron",
                      "ir_act_server", "ir_rule", "mail_activity_type", "ir_config_parameter",
                      "ir_attachment", "res_partner_category", "mail_message_subtype")
    }  # fmt: skip
    rows = {tuple(row) for row in columns}, {tuple(row) for row in owned}
    return {"columns": rows[0], "records of others": rows[1], "content": content}


def test_it_is_installed_beside_the_stock_addon_and_leaves_nothing_behind(tools, beside_stock):
    before = snapshot(tools, beside_stock)
    install = ("server", "-d", beside_stock, "-i", "mass_mailing_lite")
    tools.run(*install, "--stop-after-init", "--no-http", what="The installation", log="beside")
    used = """
mailing = env["partner.mailing"].create({"name": "Ours", "subject": "Ours", "body_html": "<p>Ours</p>",
    "extra_emails": "extra@example.org"})
mailing.action_load_recipients()
mailing.action_submit()
env["ir.module.module"].search([("name", "=", "mass_mailing_lite")]).button_immediate_uninstall()
env.cr.commit()
"""
    tools.script(beside_stock, used, what="The uninstallation", log="beside")
    after = snapshot(tools, beside_stock)
    assert after["columns"] ^ before["columns"] == set()
    assert after["records of others"] ^ before["records of others"] == set()
    differences = {
        table: (count, after["content"][table])
        for table, count in before["content"].items()
        if after["content"][table] != count
    }
    assert differences == {}
    left = {what: found for what, found in schema(tools, beside_stock).items() if found}
    assert left == {}
    assert records(tools, beside_stock) == set()
    stock = json.dumps(tools.server.sql("SELECT subject FROM mailing_mailing", beside_stock))
    assert "Stock" in stock
