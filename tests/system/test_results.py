"""What became of each recipient, as a file: the export of the recipients' list."""

import pytest

from devtools import company
from devtools.rpc import RpcError

from . import proofs
from .ledger import Ledger
from .mailings import MAILING, RECIPIENT, validated

pytestmark = pytest.mark.slow(20)

# What the export dialog of the list sends.
COLUMNS = ["name", "email_normalized", "state", "reason", "attempts", "sent_at"]


def refuse_ben(stage, address):
    """Refuse one recipient for good."""
    refused = stage == "rcpt" and address == "ben@example.org"
    return "550 5.1.1 No such user here" if refused else None


@pytest.fixture(scope="module")
def mailing(odoo_server):
    """Return a mailing that was sent to one recipient and refused for another."""
    author = odoo_server.login("marketing")
    with Ledger(refuse_ben) as ledger:
        company.send_to(odoo_server.login("admin"), ledger.port)
        number = validated(author, odoo_server.login("validator"))
        proofs.wait_for(
            lambda: author.read(MAILING, number, "state")["state"] == "done", 120, "done"
        )
    return number


def export(client, mailing):
    """Return the rows that a user's export of a mailing's recipients holds."""
    rows = client.call(RECIPIENT, "search", [("mailing_id", "=", mailing)])
    return client.call(RECIPIENT, "export_data", rows, COLUMNS)["datas"]


def test_a_user_who_may_export_gets_each_result_in_words(odoo_server, mailing):
    admin, author = odoo_server.login("admin"), odoo_server.login("marketing")
    with pytest.raises(RpcError, match="rights to export"):
        export(author, mailing)
    group = admin.record("base.group_allow_export")
    admin.call("res.users", "write", [author.uid], {"group_ids": [(4, group)]})
    found = {row[1]: row for row in export(author, mailing)}
    assert set(found) == {"ana@example.com", "ben@example.org"}
    name, _email, state, reason, attempts, sent_at = found["ana@example.com"]
    assert (name, state, reason or "", int(attempts)) == ("Ana", "Sent", "", 1)
    assert sent_at
    _name, _email, state, reason, attempts, sent_at = found["ben@example.org"]
    assert (state, int(attempts), sent_at) == ("Failed", 1, "")
    assert reason == "Address unknown: 550 5.1.1 No such user here"


def test_who_may_not_read_a_mailing_exports_nothing_of_it(odoo_server, mailing):
    admin, author = odoo_server.login("admin"), odoo_server.login("marketing")
    values = {
        "name": "Outsider",
        "login": "outsider",
        "password": "outsider",
        "group_ids": [(4, admin.record("base.group_allow_export"))],
    }
    admin.call("res.users", "create", [values], context={"no_reset_password": True})
    rows = author.call(RECIPIENT, "search", [("mailing_id", "=", mailing)])
    assert rows
    with pytest.raises(RpcError) as refused:
        odoo_server.login("outsider").call(RECIPIENT, "export_data", rows, COLUMNS)
    assert refused.value.kind.endswith("AccessError")
