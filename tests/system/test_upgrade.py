"""From the first version of the addon to the present one, with data; and out again.

`tests/data/first_version.tar.gz` is the addon as it was when it could first be installed, packed by
`git archive --format=tar.gz -o tests/data/first_version.tar.gz 9dd0b79 mass_mailing_lite`.
"""

import json
import tarfile

import pytest

from devtools import company, database, paths

from . import mailings

FIRST_VERSION = paths.ROOT / "tests" / "data" / "first_version.tar.gz"

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


@pytest.fixture(scope="module")
def upgraded(tools, tmp_path_factory):
    """Return the name of a database of the first version, with data, brought to the present one."""
    folder = tmp_path_factory.mktemp("first")
    with tarfile.open(FIRST_VERSION) as archive:
        archive.extractall(folder, filter="data")
    name = database.fresh(tools, "upgraded", addons=["contacts"])
    places = ",".join(map(str, [*tools.source.addons_path, folder]))
    config = str(tools.configure("first_version", addons_path=places))
    # Odoo knows our other addons already, which the first version had not.
    install = ("server", "-c", config, "-d", name, "-i", "mass_mailing_lite")
    install += ("--skip-auto-install",)
    tools.run(*install, "--stop-after-init", "--no-http", what="The first version", log="upgrade")
    shell = ("shell", "-c", config, "-d", name, "--no-http")
    tools.run(*shell, input=DATA.encode(), what="Its data", log="upgrade")
    before = tools.server.sql("SELECT state, count(*) FROM partner_mailing GROUP BY 1", name)
    assert len(before) == 4, "the first version made its mailings"
    database.update(tools, name)
    yield name
    database.drop(tools, name)


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
