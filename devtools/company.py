"""What a company has before its first mailing: people with roles, contacts, a mail server.

Everything is done through a running Odoo as its administrator, as a company would do it.
"""

import csv

from . import paths
from .console import Failure, step
from .rpc import Client

CONTACTS = paths.ROOT / "benchmarks" / "data" / "contacts.csv"
MAIL_SERVER = "Local inbox"
BATCH = 1000  # contacts in one call of the import, as Odoo's import page does it

# Login and password, name, group, and what for.
USERS = (
    ("marketing", "Marketing", "mass_mailing_lite.group_user", "prepares mailings"),
    ("validator", "Validator", "mass_mailing_lite.group_validator", "validates them"),
    ("viewer", "Viewer", "mass_mailing_lite.group_viewer", "sees mailings and results"),
)


def login(url, database, name):
    """Return a session of a user, whose password is her login."""
    return Client(url, database, name)


def create_users(admin):
    """Create a user for each role but the administrator, unless they are there.

    They get messages inside Odoo.

    Messages by e-mail, proofs among them, would arrive in the inbox that is compared with what a
    mailing sent.
    """
    if admin.call("res.users", "search_count", [("login", "=", USERS[0][0])]):
        return
    admin.call("res.users", "write", [admin.uid], {"notification_type": "inbox"})
    switch_proofs(admin, is_on=False)
    for name, title, group, _role in USERS:
        values = {
            "name": title,
            "login": name,
            "password": name,
            "email": f"{name}@example.com",
            "notification_type": "inbox",
            "group_ids": [(4, admin.record(group))],
        }
        admin.call("res.users", "create", [values], context={"no_reset_password": True})


def switch_proofs(admin, is_on):
    """Let submitted mailings also come to the mailboxes of the validators, or not."""
    companies = [company["id"] for company in admin.search_read("res.company", [], "id")]
    admin.call("res.company", "write", companies, {"partner_mailing_proof": is_on})


def import_contacts(admin, file=CONTACTS):
    """Import contacts with their tags by Odoo's own import; return how many there are."""
    with open(file, encoding="utf-8", newline="") as lines:
        names, *rows = csv.reader(lines)
    tags = {tag for row in rows for tag in row[names.index("category_id")].split(",") if tag}
    with step(f"Importing {len(rows)} contacts and their tags"):
        _load(admin, "res.partner.category", ["name"], [[tag] for tag in sorted(tags)])
        for start in range(0, len(rows), BATCH):
            _load(admin, "res.partner", names, rows[start : start + BATCH])
    return len(rows)


def _load(admin, model, names, rows):
    """Import rows into a model; what Odoo would show as an error on its import page raises."""
    context = {"import_file": True, "tracking_disable": True}
    result = admin.call(model, "load", names, rows, context=context)
    errors = [message for message in result["messages"] if message["type"] == "error"]
    if errors or not result["ids"]:
        raise Failure(f"Odoo refused to import into {model}: {errors[:3]}")


def send_to(admin, port):
    """Make a server on this port of the machine the one through which mail leaves Odoo."""
    values = {
        "name": MAIL_SERVER,
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_encryption": "none",
        "smtp_authentication": "login",
    }
    known = admin.search_read("ir.mail_server", [("name", "=", MAIL_SERVER)], "id")
    if known:
        admin.call("ir.mail_server", "write", [known[0]["id"]], values)
    else:
        admin.create("ir.mail_server", **values)
