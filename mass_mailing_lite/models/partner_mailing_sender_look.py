import secrets
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools.misc import format_datetime

from ..preflight import Preflight
from ..preflight.bulk_rules import BulkRules
from ..tools.domain import one_click, proof, sender
from ..tools.domain.lookup import Lookup

FRESH_MINUTES = 30  # within which what was found is used again by other mailings of the sender
TOKEN_DAYS = 7  # in which a test comes back
UNUSED_DAYS = 180
SECONDS = 20  # of asking for one look

# How a test came to us.
RETURNED, PASTED = "returned", "pasted"


class PartnerMailingSenderLook(models.Model):
    """What the DNS, and tests that arrived, say about one sender of a company.

    A sender is the domains of its From address, its envelope sender and its address for replies,
    and the mail server. ``facts`` and ``proof`` are JSON: see ``tools/domain``; the checks of
    ``preflight`` put them into words. Users see them in the dialog *Sender Check*, as far as they
    may read the mailing or the mail server.
    """

    _name = "partner.mailing.sender.look"
    _inherit = ["partner.mailing.call"]
    _description = "Look at a Sender"
    _order = "checked_at desc, id desc"
    _rec_name = "from_domain"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    mail_server_id = fields.Many2one("ir.mail_server", ondelete="cascade", index="btree_not_null")
    from_domain = fields.Char("Domain of the From Address", required=True)
    envelope_domain = fields.Char("Domain of the Bounce Address", required=True)
    reply_domain = fields.Char("Domain of Replies", required=True)
    facts = fields.Json()  # what the DNS says, see tools/domain/sender.py
    checked_at = fields.Datetime("Checked On")
    proof = fields.Json()  # what a test proved, see tools/domain/proof.py
    proof_kind = fields.Char()  # RETURNED or PASTED
    proved_at = fields.Datetime("Test Read On")
    proved_by_id = fields.Many2one("res.users", "Test Pasted By", ondelete="set null")
    token = fields.Char(index="btree_not_null")  # in the test that is under way
    token_sent_at = fields.Datetime("Test Sent On")

    _sender_unique = models.UniqueIndex(
        "(company_id, COALESCE(mail_server_id, 0), from_domain, envelope_domain, reply_domain)",
        "What was found about a sender is kept once.",
    )

    # ------------------------------------------------------------
    # Which
    # ------------------------------------------------------------

    @api.model
    def _find(self, mailing):
        """Return what was found about the sender of a mailing, perhaps not saved; perhaps empty."""
        domain = self._get_key(mailing)
        looks = self.sudo()
        return looks.search([(name, "=", value) for name, value in domain.items()], limit=1)

    @api.model
    def _get_key(self, mailing):
        """Return {field: value} of the sender of a mailing; empty domains where it has none."""
        transport = mailing._get_transport()
        question = transport.get_sender_question() or {}
        return {
            "company_id": mailing.company_id.id,
            "mail_server_id": transport.get_mail_server().id if question else False,
            "from_domain": question.get("from", ""),
            "envelope_domain": question.get("envelope", ""),
            "reply_domain": question.get("reply", ""),
        }

    @api.model
    def _obtain(self, mailing):
        """Return the same, made when need be; empty where there is no From address."""
        if found := self._find(mailing):
            return found
        key = self._get_key(mailing)
        if not key["from_domain"]:
            return self.sudo()
        # What a test proved is about the From domain and the server alone.
        known = self.sudo().search(
            [
                (name, "=", key[name]) for name in ("company_id", "mail_server_id", "from_domain")
            ] + [("proved_at", "!=", False)],
            order="proved_at desc",
            limit=1,
        )  # fmt: skip
        names = ("proof", "proof_kind", "proved_at")
        shared = {name: known[name] for name in names} if known else {}
        return self.sudo().create({**key, **shared, "proved_by_id": known.proved_by_id.id})

    def _get_siblings(self):
        """Return the looks at the same From domain and server, which a test proves as well."""
        return self.sudo().search(
            [
                ("company_id", "=", self.company_id.id),
                ("mail_server_id", "=", self.mail_server_id.id),
                ("from_domain", "=", self.from_domain),
            ]
        )

    # ------------------------------------------------------------
    # DNS
    # ------------------------------------------------------------

    def _is_fresh(self):
        """Tell whether it was looked at so lately that looking again would find the same."""
        oldest = fields.Datetime.now() - timedelta(minutes=FRESH_MINUTES)
        return bool(self.checked_at and self.checked_at >= oldest)

    def _look(self):
        """Ask the DNS, and the address of one click, and store what they say: up to 20 s."""
        self.ensure_one()
        lookup = Lookup(seconds=SECONDS)
        question = sender.Question(
            self.from_domain, self.envelope_domain, self.reply_domain, self._get_host()
        )
        seen = (self.proof or {}).get("address", "")
        facts = sender.look_at(lookup, question, seen)
        facts["one_click"] = one_click.ask(self._get_one_click_url())._asdict()
        self.sudo().write({"facts": facts, "checked_at": fields.Datetime.now()})

    def _get_host(self):
        """Return the host of the mail server: its own, or that of Odoo's configuration."""
        server = self.mail_server_id.sudo()
        if server and server.smtp_authentication != "cli":
            return (server.smtp_host or "").strip().lower()
        return (tools.config["smtp_server"] or "").strip().lower()

    def _get_one_click_url(self):
        """Return the link for one click of a test, which belongs to no recipient."""
        mailing = self.env["partner.mailing"].sudo().search([], limit=1, order="id desc")
        mailing = mailing or self.env["partner.mailing"].new({"company_id": self.company_id.id})
        token = mailing._get_link_key("unsubscribe").make(-(mailing._origin.id or 1))
        return mailing._get_link("unsubscribe", token)

    def _get_data(self):
        """Return all as JSON for the checks: ``question``, ``facts``, ``proof`` and when it was so."""
        self.ensure_one()
        look = self.sudo()
        return {
            "question": {
                "from": look.from_domain,
                "envelope": look.envelope_domain,
                "reply": look.reply_domain,
                "host": look._get_host(),
            },
            "facts": look.facts or {},
            "proof": look.proof or {},
            "proof_kind": look.proof_kind or "",
            "proved_at": fields.Datetime.to_string(look.proved_at) if look.proved_at else "",
            "proved_by": look.proved_by_id.name or "",
        }

    def _get_summary(self):
        """Return the domain, when it was checked, and the rules for bulk senders, in words."""
        self.ensure_one()
        mailing = self.env["partner.mailing"].new(
            {"channel": "email", "company_id": self.company_id.id, "has_unsubscribe": True}
        )
        data = self._get_data()
        lines = [
            line
            for check in Preflight(mailing).get_checks("get_lines")
            for line in check.get_lines(data)
        ]
        return {
            "domain": self.from_domain,
            "checked_at": format_datetime(self.env, self.checked_at),
            "rules": BulkRules(mailing, lines, data["proof"]).get_table(),
        }

    # ------------------------------------------------------------
    # Tests that arrived
    # ------------------------------------------------------------

    def _make_token(self):
        """Return the token for the header of a test that is sent now."""
        self.ensure_one()
        self.sudo().write(
            {"token": secrets.token_urlsafe(24), "token_sent_at": fields.Datetime.now()}
        )
        return self.token

    @api.model
    def _receive(self, source):
        """Take a test of ours that came in through the mail gateway, alone or attached to a mail.

        :param bytes source: of the mail
        :return: whether it is one, so that it goes no further
        """
        token, octets = proof.find_test(source)
        if not token:
            return False
        oldest = fields.Datetime.now() - timedelta(days=TOKEN_DAYS)
        look = self.sudo().search([("token", "=", token), ("token_sent_at", ">=", oldest)], limit=1)
        if look:
            look._store_proof(octets, RETURNED)
        return bool(look)

    def _read_source(self, source):
        """Take the source of a test that a user pasted.

        :param str source: of a message, or its headers
        :raises UserError: when it is none, or of another sender
        """
        self.ensure_one()
        octets = source.encode("utf-8", "replace")
        if len(octets) > proof.MAX_SOURCE:
            raise UserError(
                self.env._(
                    "The source of the message is larger than %s MB. Paste its headers alone.",
                    proof.MAX_SOURCE // 1_000_000,
                )
            )
        found = self._prove(octets)
        if not found["statements"] and not found["signatures"]:
            raise UserError(
                self.env._(
                    "In this text is neither a header Authentication-Results nor a signature (DKIM)."
                    " Open the test in the mailbox of its recipient, choose Show Original or View"
                    " Source, and paste all of it."
                )
            )
        if not found["is_ours"]:
            raise UserError(
                self.env._(
                    "This message is from %(found)s, and the sender that is checked is %(wanted)s."
                    " Paste a test from that sender.",
                    found=found["from"] or self.env._("an unknown address"),
                    wanted=self.from_domain,
                )
            )
        self._store(found, PASTED)

    def _store_proof(self, octets, kind):
        self._store(self._prove(octets), kind)

    def _prove(self, octets):
        mode = ((self.facts or {}).get("dmarc") or {}).get("dkim_mode", "r")
        return proof.read_proof(Lookup(seconds=SECONDS), octets, self.from_domain, mode)

    def _store(self, found, kind):
        self._get_siblings().write(
            {
                "proof": found,
                "proof_kind": kind,
                "proved_at": fields.Datetime.now(),
                "proved_by_id": self.env.uid if kind == PASTED else False,
                "checked_at": False,  # the address that the test names is asked about
            }
        )

    @api.autovacuum
    def _gc_unused(self):
        """Delete what was found about senders that nobody has looked at for long."""
        oldest = fields.Datetime.now() - timedelta(days=UNUSED_DAYS)
        self.sudo().search([("write_date", "<", oldest)]).unlink()
