"""Installing, upgrading and uninstalling all addons says nothing that somebody would have to look into."""

import re

import pytest

from devtools import database, paths, process

pytestmark = [pytest.mark.slow(60), pytest.mark.timeout(900)]

ADDONS = [addon.name for addon in paths.addons()]
LINE = re.compile(r"\d{4}-\d\d-\d\d \S+ \d+ (?P<level>[A-Z]+) (?P<database>\S+) (?P<text>.*)")
LOUD = ("WARNING", "ERROR", "CRITICAL")
# What names the addons: their folders, their models and tables.
OURS = re.compile(r"mass_mailing_lite|partner[._]mailing")
# docutils, which shows an addon's description, writes past the log.
DOCUTILS = re.compile(r"\((?:WARNING|ERROR|SEVERE)/\d\)")


def complaints(text):
    """Return what a log of Odoo says about our addons at the level of a warning or above.

    The lines of a traceback belong to the line before them. Each line has the name of the database,
    which begins with ours, so it is left out.
    """
    entries = []
    for line in text.splitlines():
        if found := LINE.match(line):
            entries.append((found["level"], found["text"]))
        elif entries:
            level, before = entries[-1]
            entries[-1] = (level, f"{before}\n{line}")
        if DOCUTILS.search(line):
            entries.append(("WARNING", f"mass_mailing_lite?: {line}"))
    return [said for level, said in entries if level in LOUD and OURS.search(said)]


@pytest.fixture(scope="module")
def name(tools):
    """Return a database with what the addons need, and without them."""
    found = database.prepared(tools, "installation", ["queue_job"])
    yield found
    database.drop(tools, found)


def log_of(tools, what, *arguments, **options):
    """Run Odoo and return its log."""
    tools.run(*arguments, what=what, log="installation", **options)
    return process.log_file("installation").read_text()


def test_installing_all_addons_logs_no_warning_of_theirs(tools, name):
    options = ("-d", name, "-i", ",".join(ADDONS), "--stop-after-init", "--no-http")
    log = log_of(tools, "The installation", "server", *options)
    assert f"odoo.modules.loading: Module {ADDONS[0]} loaded" in log
    assert "\n".join(complaints(log)) == ""


def test_their_pages_among_the_apps_log_no_warning(tools, name):
    script = f"""
for module in env["ir.module.module"].search([("name", "in", {ADDONS!r})]):
    assert module.state == "installed", module.name
    assert module.description_html, module.name
    module._check()
"""
    log = log_of(tools, "The look", "shell", "-d", name, "--no-http", input=script.encode())
    assert "\n".join(complaints(log)) == ""


def test_upgrading_all_addons_logs_no_warning_of_theirs(tools, name):
    options = ("-d", name, "-u", ",".join(ADDONS), "--stop-after-init", "--no-http")
    log = log_of(tools, "The upgrade", "server", *options)
    assert f"odoo.modules.loading: Module {ADDONS[0]} loaded" in log
    assert "\n".join(complaints(log)) == ""


def test_mailings_go_on_where_the_process_has_loaded_addons_that_the_database_has_not(tools, name):
    """Those were uninstalled, or belong to another database of the same server."""
    script = f"""
from odoo import api
from odoo.modules.registry import Registry
others = env["ir.module.module"].search([("name", "in", {ADDONS[1:]!r})])
others.button_immediate_uninstall()
with Registry(env.cr.dbname).cursor() as cr:
    env = api.Environment(cr, api.SUPERUSER_ID, {{}})
    assert "body_arch" not in env["partner.mailing"]._fields
    mailing = env["partner.mailing"].create({{
        "name": "News", "subject": "NEWS", "body_html": "<p>News</p>",
        "email_from": "news@example.com", "extra_emails": "ada@example.com, bob@example.com",
    }})
    mailing.action_refresh_recipients()
    assert mailing.recipient_count == 2, mailing.recipient_count
    assert mailing.findings
    assert env["res.config.settings"].create({{}}).partner_mailing_check_choices
    mailing.action_submit()
    assert mailing.state == "to_validate", mailing.state
"""
    log = log_of(tools, "The work", "shell", "-d", name, "--no-http", input=script.encode())
    assert "\n".join(complaints(log)) == ""


def test_uninstalling_all_addons_logs_no_warning_of_theirs(tools, name):
    script = f"""
modules = env["ir.module.module"].search([("name", "in", {ADDONS!r})])
modules.filtered(lambda module: module.state == "installed").button_immediate_uninstall()
assert set(modules.mapped("state")) == {{"uninstalled"}}, modules.mapped("state")
"""
    log = log_of(tools, "Uninstalling", "shell", "-d", name, "--no-http", input=script.encode())
    assert "odoo.addons.base.models.ir_module" in log
    assert "\n".join(complaints(log)) == ""


def test_a_complaint_is_recognised():
    """By the addon's name in the text, not in the database's name; with its traceback."""
    log = """
2030-01-01 10:00:00,001 1 WARNING mass_mailing_lite_x odoo.other: Something of others
2030-01-01 10:00:00,002 1 INFO mass_mailing_lite_x odoo.modules: Loading mass_mailing_lite
2030-01-01 10:00:00,003 1 ERROR mass_mailing_lite_x odoo.other: It broke
Traceback (most recent call last):
  File "mass_mailing_lite/models/partner_mailing.py", line 1
2030-01-01 10:00:00,004 1 WARNING x odoo.models: Two fields of partner.mailing have the same label
<string>:3: (WARNING/2) Title underline too short.
"""
    assert len(complaints(log)) == 3
