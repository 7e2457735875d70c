"""From the first version of the addon to the present one, with data.

`tests/data/first_version.tar.gz` is the addon as it was when it could first be installed, packed by
`git archive --format=tar.gz -o tests/data/first_version.tar.gz 9dd0b79 mass_mailing_lite`.
"""

import tarfile

import pytest

from devtools import company, database, paths

from . import mailings
from .traces import SCHEMA, records, schema

# The limit is for the installation of Odoo's addons, once for each version of Odoo.
pytestmark = [pytest.mark.slow(100), pytest.mark.timeout(900)]

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


@pytest.fixture(scope="module")
def upgraded(tools, tmp_path_factory):
    """Return the name of a database of the first version, with data, brought to the present one."""
    folder = tmp_path_factory.mktemp("first")
    with tarfile.open(FIRST_VERSION) as archive:
        archive.extractall(folder, filter="data")
    places = ",".join(map(str, [*tools.source.addons_path, folder]))
    config = str(tools.configure("first_version", addons_path=places))

    def install(made):
        # Odoo knows our other addons already, which the first version had not.
        options = ("-i", "mass_mailing_lite", "--skip-auto-install", "--stop-after-init")
        command = ("server", "-c", config, "-d", made, *options, "--no-http")
        tools.run(*command, what="The first version", log="upgrade")
        shell = ("shell", "-c", config, "-d", made, "--no-http")
        tools.run(*shell, input=DATA.encode(), what="Its data", log="upgrade")
        before = tools.server.sql("SELECT state, count(*) FROM partner_mailing GROUP BY 1", made)
        assert len(before) == 4, "the first version made its mailings"

    key = (FIRST_VERSION.read_bytes(), DATA)
    name = database.prepared(tools, "upgraded", ["contacts"], install, key)
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
            mailings.MAILING, [], "name", "state", "recipient_count", "skipped_count", "road"
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
