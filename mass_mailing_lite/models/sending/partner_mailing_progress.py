from odoo import fields, models

from .ir_websocket import PROGRESS

FIGURES = ("recipient_count", "pending_count", "sent_count", "failed_count", "hold_kind")


class PartnerMailing(models.Model):
    """Says on the bus how far the sending is, so that screens move by themselves."""

    _inherit = "partner.mailing"

    def _announce_progress(self, rate=0):
        """Tell the users of the mailing's company its totals, when the transaction commits.

        Totals only, and at most once a second for each mailing: a screen that
        shows them asks the database nothing.

        :param float rate: messages a second, 0 when it is not known
        """
        for mailing in self.sudo():
            mailing.counter_id.invalidate_recordset(flush=False)
            mailing._forget_cached_totals()
            limits = mailing._get_limits()
            end = mailing._get_expected_end(mailing.pending_count, rate)
            mailing.env["bus.bus"]._sendone(
                (mailing.company_id, PROGRESS),
                PROGRESS,
                {
                    "id": mailing.id,
                    "state": mailing.state,
                    "rate": round(limits.slow_down(rate), 3),
                    "expected_end": fields.Datetime.to_string(end),
                    "hold_until": fields.Datetime.to_string(
                        mailing.hold_until and mailing.hold_until.replace(microsecond=0)
                    ),
                    **{name: mailing[name] for name in FIGURES},
                },
            )
