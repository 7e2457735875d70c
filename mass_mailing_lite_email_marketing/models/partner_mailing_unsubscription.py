from odoo import fields, models
from odoo.addons.mass_mailing_lite.transport.canonical_address import contact_address_sql
from odoo.tools import SQL

from ..selection import ListMembership
from ..selection.membership import get_choices


class PartnerMailingUnsubscription(models.Model):
    """A decision to get no more mailings, which also opts out of the lists of the mailing."""

    _inherit = "partner.mailing.unsubscription"

    mailing_list_ids = fields.Many2many(
        "mailing.list",
        "partner_mailing_unsubscription_list_rel",
        "unsubscription_id",
        "list_id",
        string="Mailing Lists Left",
        groups="mass_mailing.group_mass_mailing_user",
    )
    opted_out_ids = fields.Json(
        "Ended Subscriptions",
        groups=fields.NO_ACCESS,
        help="For undoing: the subscriptions to lists that were ended.",
    )

    def _get_subscription(self, number, lock=False):
        subscription = super()._get_subscription(number, lock)
        return subscription and ListMembership(self, subscription).add_to_subscription()

    def _get_example_others(self, mailing):
        lists = mailing.source_ids.filtered(lambda entry: entry.side == "in").mailing_list_id
        return get_choices((one.id, one.name, one.is_public) for one in lists)

    def _end_subscription(self, subscription, groups, everything, is_one_click=False, others=()):
        result = super()._end_subscription(subscription, groups, everything, is_one_click, others)
        if others:
            ListMembership(self, subscription).leave(others)
        return result

    def _undo_unsubscription(self, number):
        before = self._get_subscription(number, lock=True)
        acts = self._get_acts(before) if before and before.unsubscribed else ()
        ended = [number for act in acts for number in act.opted_out_ids or ()]
        subscription = super()._undo_unsubscription(number)
        if not ended:
            return subscription
        ListMembership(self, before).join_again(ended)
        return self._get_subscription(number)

    def _record_unsubscribe_reason(self, number, reason, comment):
        subscription = super()._record_unsubscribe_reason(number, reason, comment)
        if subscription:
            acts = self._get_acts(subscription)[:1]
            ListMembership(self, subscription).store_reason(acts, reason)
        return subscription

    def _find_left_everything(self):
        """Return the addresses that unsubscribed from all mailings, as Odoo writes them.

        Addresses that were taken off the blocklist since are not among them. Plan: the decisions, and each
        address in the indexes of the blocklist, of contacts and of list contacts.
        """
        self.flush_model()
        for name in ("mail.blacklist", "mailing.contact", "res.partner"):
            self.env[name].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH gone AS (
                    SELECT DISTINCT u.email_normalized AS address
                      FROM partner_mailing_unsubscription u
                     WHERE u.is_everything AND u.undone_at IS NULL
                       AND u.email_normalized IS NOT NULL
                       AND EXISTS (SELECT FROM (%s) b WHERE b.active))
                SELECT address FROM gone
                 UNION
                SELECT p.email_normalized FROM gone JOIN res_partner p ON %s = gone.address
                 UNION
                SELECT c.email_normalized FROM gone JOIN mailing_contact c ON %s = gone.address
                """,
                self._blocked_sql(SQL("u.email_normalized")),
                contact_address_sql("p"),
                contact_address_sql("c"),
            )
        )
        return {address for [address] in rows if address}
