import os
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..delivery.ask.network import Network
from ..delivery.ask.web import Answer, Web

MAX_AGE = timedelta(days=1)
KEPT = timedelta(days=30)
# Tests set it, for their servers. Neither users nor administrators of Odoo can.
ALLOW_LOOPBACK = "PARTNER_MAILING_ASK_LOOPBACK"


class PartnerMailingCheckedAddress(models.Model):
    """What a web address answered when it was last asked, whichever mailing it stands in.

    Nobody but the system reads it: an address may be a secret in itself.
    """

    _name = "partner.mailing.checked.address"
    _inherit = ["partner.mailing.guard"]
    _description = "Checked Web Address"
    _order = "id"
    _rec_name = "address"
    _log_access = False

    address = fields.Text(required=True)
    outcome = fields.Char(required=True, help="As in delivery/ask/web.py, Answer.")
    reason = fields.Char(required=True)
    status_code = fields.Integer("HTTP Status")
    target = fields.Text(help="Where it leads, after all redirects.")
    checked_at = fields.Datetime(required=True, index=True)

    _address_uniq = models.UniqueIndex("(md5(address))")

    @api.model
    def _ask(self, addresses):
        """Return {address: ``Answer``}; asks the network for those not asked within the last day.

        It may take as long as ``Limits.total`` and is called in the background only.
        """
        fresh = self.sudo().search(
            [
                ("address", "in", list(addresses)),
                ("checked_at", ">=", fields.Datetime.now() - MAX_AGE),
            ]
        )
        answers = {
            row.address: Answer(row.outcome, row.reason, row.status_code, row.target or "")
            for row in fresh
        }
        allow_loopback = os.environ.get(ALLOW_LOOPBACK) == "1"
        web = Web(Network(allow_loopback=allow_loopback))
        asked = web.ask([address for address in addresses if address not in answers])
        self._store(asked)
        return {**answers, **asked}

    def _store(self, answers):
        """Store what addresses answered; another process may have stored one meanwhile."""
        now = fields.Datetime.now()
        rows = [
            SQL(
                "(%s, %s, %s, %s, %s, %s)",
                address, answer.outcome, answer.reason, answer.status, answer.target, now,
            )
            for address, answer in answers.items()
            if answer.reason != "limit" and "\0" not in address
        ]  # fmt: skip
        if not rows:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO partner_mailing_checked_address AS c
                            (address, outcome, reason, status_code, target, checked_at)
                     VALUES %s
                ON CONFLICT (md5(address)) DO UPDATE
                        SET outcome = excluded.outcome, reason = excluded.reason,
                            status_code = excluded.status_code, target = excluded.target,
                            checked_at = excluded.checked_at
                """,
                SQL(", ").join(rows),
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _forget(self, addresses):
        """Remove what addresses answered, so that they are asked again."""
        self.sudo().search([("address", "in", list(addresses))])._as_system().unlink()

    @api.autovacuum
    def _remove_old(self):
        self.env.cr.execute(
            SQL(
                "DELETE FROM partner_mailing_checked_address WHERE checked_at < %s",
                fields.Datetime.now() - KEPT,
            )
        )
