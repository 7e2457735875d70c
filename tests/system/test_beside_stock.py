"""Installed beside the stock addon and removed again: nothing of others changes, nothing is left."""

import json

import pytest

from devtools import database

from .traces import records, schema

# The limit is for the installation of Odoo's addons, once for each version of Odoo.
pytestmark = [pytest.mark.slow(90), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def beside_stock(tools):
    """Return the name of a database with the stock addon and data of both."""
    name = database.prepared(tools, "beside", ["mass_mailing", "contacts"])
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
        # That Odoo knows of our other addons is no matter of this one.
        "SELECT module, model, name FROM ir_model_data WHERE module <> 'mass_mailing_lite'"
        " AND NOT (model = 'ir.module.module' AND name LIKE 'module\\_mass\\_mailing\\_lite%')",
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
