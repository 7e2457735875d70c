from odoo import fields
from odoo.tests import tagged

from .common import MailingCase

READ, WRITE, CREATE, UNLINK = "read", "write", "create", "unlink"

# The table in SECURITY.md: what each role may do with a mailing of its own, with
# one of a colleague's, and with what hangs on it.
OWN, OTHERS = "own", "others"
TABLE = {
    ("partner.mailing", OWN): {
        "marketer": {READ, WRITE, CREATE, UNLINK},
        "validator": {READ, WRITE, CREATE, UNLINK},
        "manager": {READ, WRITE, CREATE, UNLINK},
        "outsider": set(),
    },
    ("partner.mailing", OTHERS): {
        "viewer": {READ},
        "marketer": {READ},
        "validator": {READ},
        "manager": {READ, WRITE, CREATE, UNLINK},
        "outsider": set(),
    },
    ("partner.mailing.recipient", OTHERS): {
        "viewer": {READ},
        "marketer": {READ},
        "validator": {READ},
        "manager": {READ},
        "outsider": set(),
    },
    ("partner.mailing.approval", OTHERS): {
        "viewer": {READ},
        "marketer": {READ},
        "validator": {READ},
        "manager": {READ},
        "outsider": set(),
    },
    ("partner.mailing.version", OTHERS): {
        "viewer": {READ},
        "marketer": {READ},
        "validator": {READ},
        "manager": {READ},
        "outsider": set(),
    },
    ("partner.mailing.unsubscription", OTHERS): {
        "viewer": {READ},
        "marketer": {READ},
        "validator": {READ},
        "manager": {READ},
        "outsider": set(),
    },
    ("partner.mailing.counter", OTHERS): {
        "viewer": set(),
        "marketer": set(),
        "validator": set(),
        "manager": {READ},
        "outsider": set(),
    },
    **{
        (f"partner.mailing.{figures}", OTHERS): {
            "viewer": {READ},
            "marketer": {READ},
            "validator": {READ},
            "manager": {READ},
            "outsider": set(),
        }
        for figures in ("report", "breakdown", "link")
    },
    **{
        (f"partner.mailing.{trace}", OTHERS): {
            "viewer": set(),
            "marketer": set(),
            "validator": set(),
            "manager": {READ},
            "outsider": set(),
        }
        for trace in ("reaction", "click")
    },
    ("partner.mailing.sender", OTHERS): {
        "viewer": set(),
        "marketer": set(),
        "validator": set(),
        "manager": {READ, WRITE, CREATE, UNLINK},
        "outsider": set(),
    },
    ("partner.mailing.layout", OTHERS): {
        "viewer": {READ},
        "marketer": {READ},
        "validator": {READ},
        "manager": {READ},
        "outsider": set(),
    },
    ("partner.mailing.audience", OTHERS): {
        "viewer": {READ},
        "marketer": {READ, WRITE, CREATE, UNLINK},
        "validator": {READ, WRITE, CREATE, UNLINK},
        "manager": {READ, WRITE, CREATE, UNLINK},
        "outsider": set(),
    },
}


@tagged("post_install", "-at_install")
class TestRightsTable(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls._new_user("viewer", "viewer")
        cls.sender = cls.env["partner.mailing.sender"].create({"address": "example.com"})

    def test_the_table_of_rights_is_true(self):
        for (model, whose), by_role in TABLE.items():
            for role, expected in by_role.items():
                with self.subTest(model=model, whose=whose, role=role):
                    record = self.find(model, whose, role)
                    allowed = {
                        operation
                        for operation in (READ, WRITE, CREATE, UNLINK)
                        if record.with_user(self.user(role)).has_access(operation)
                    }
                    self.assertEqual(allowed, expected)

    def user(self, role):
        return getattr(self, role)

    def find(self, model, whose, role):
        """Return a record of ``model``: of the role itself, or of a colleague."""
        author = self.user(role) if whose == OWN and role != "outsider" else self.colleague
        mailing = self.new_mailing(author)
        mailing.action_submit()
        link, reaction, click = self.react(mailing)
        return {
            "partner.mailing": mailing,
            "partner.mailing.recipient": self.rows(mailing)["anna@example.com"],
            "partner.mailing.approval": mailing.approval_ids,
            "partner.mailing.version": self.env["partner.mailing.version"]
            ._as_system()
            .create({"mailing_id": mailing.id, "lang": "fr_FR", "made_for": {"subject": ["", ""]}})
            .with_env(self.env),
            "partner.mailing.unsubscription": self.env["partner.mailing.unsubscription"]
            ._as_system()
            .create({"mailing_id": mailing.id, "email_normalized": "anna@example.com"})
            .with_env(self.env),
            "partner.mailing.counter": mailing.sudo().counter_id,
            "partner.mailing.report": self.env["partner.mailing.report"].browse(mailing.id),
            "partner.mailing.breakdown": self.env["partner.mailing.breakdown"].search(
                [("mailing_id", "=", mailing.id)], limit=1
            ),
            "partner.mailing.link": link,
            "partner.mailing.reaction": reaction,
            "partner.mailing.click": click,
            "partner.mailing.sender": self.sender,
            "partner.mailing.audience": self.audience,
            "partner.mailing.layout": self.env.ref("mass_mailing_lite.layout_plain"),
        }[model]

    def react(self, mailing):
        """Return a link, a reaction and a click of a mailing, with figures counted."""
        mailing._as_system().started_at = fields.Datetime.now()
        mailing.action_open_statistics()
        system = self.env["partner.mailing"]._as_system().env
        of_mailing = {"mailing_id": mailing.id}
        link = system["partner.mailing.link"].create(
            {**of_mailing, "url": "https://www.example.com/"}
        )
        reaction = system["partner.mailing.reaction"].create({**of_mailing, "kind": "opened"})
        row = self.rows(mailing)["anna@example.com"]
        click = system["partner.mailing.click"].create({"link_id": link.id, "recipient_id": row.id})
        return link.sudo(False), reaction.sudo(False), click.sudo(False)
