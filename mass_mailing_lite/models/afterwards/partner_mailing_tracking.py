from odoo import fields, models

COVERED = frozenset({"track_opens", "track_clicks"})


class PartnerMailing(models.Model):
    """Whether a mailing notices that it is opened and clicked: off, unless somebody switches it on.

    Both change what reaches a recipient, so the validator sees them and the
    fingerprint covers them.
    """

    _inherit = "partner.mailing"

    track_opens = fields.Boolean(
        help="A picture of one pixel in each message says that it was opened. Without it no message"
        " has one.",
    )
    track_clicks = fields.Boolean(
        help="Links lead by way of this database, which notes the click. Without it links stay as"
        " they are.",
    )
    opened_count = fields.Integer("Opened", related="counter_id.opened_count")
    clicked_count = fields.Integer("Clicked", related="counter_id.clicked_count")
    machine_opened_count = fields.Integer(
        "Opened by Machines",
        related="counter_id.machine_opened_count",
        help="Requests by scanners, and within seconds of delivery: not counted as opened.",
    )

    def _get_covered_fields(self):
        return super()._get_covered_fields() | COVERED

    def _get_content_to_compare(self):
        words = {True: self.env._("yes"), False: self.env._("no")}
        return {
            **super()._get_content_to_compare(),
            **{name: words[self[name]] for name in sorted(COVERED)},
        }

    def _submit(self):
        if self.track_clicks:
            self.env["partner.mailing.link"]._store(self)
        return super()._submit()


class PartnerMailingRecipient(models.Model):
    _inherit = "partner.mailing.recipient"

    opened_at = fields.Datetime("Opened On")
    clicked_at = fields.Datetime("Clicked On")
    machine_opened_at = fields.Datetime(
        "Opened by a Machine On", help="By a scanner, or within seconds of delivery."
    )

    # Who opened and who clicked, among a million; empty for mailings that do not track.
    _opened_idx = models.Index("(mailing_id, id) WHERE opened_at IS NOT NULL")
    _clicked_idx = models.Index("(mailing_id, id) WHERE clicked_at IS NOT NULL")


class PartnerMailingCounter(models.Model):
    _inherit = "partner.mailing.counter"

    opened_count = fields.Integer(default=0, required=True)
    clicked_count = fields.Integer(default=0, required=True)
    machine_opened_count = fields.Integer(default=0, required=True)
