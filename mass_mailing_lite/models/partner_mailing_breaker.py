from odoo import models
from odoo.tools import SQL


class PartnerMailing(models.Model):
    """The circuit breaker: many failures for good mean that list or content is at fault."""

    _inherit = "partner.mailing"

    def _get_failure_window(self):
        """Return over how many of the last recipients failures are counted; 0 for not at all."""
        company = self.company_id
        return company.partner_mailing_failure_share and company.partner_mailing_failure_window

    def _has_too_many_failures(self, settled, failed):
        """Tell whether too large a share of the last recipients failed for good.

        Not before as many as the company counts were settled: of the first five
        recipients one may well have moved.
        """
        window = self._get_failure_window()
        share = self.company_id.partner_mailing_failure_share
        return bool(window) and settled >= window and 100 * failed >= share * settled

    def _break_off(self, settled, failed):
        """Pause a mailing in which too many failed, and begin to count anew."""
        self.ensure_one()
        self.counter_id._note_sending(self.counter_id.id, recent_results=None)
        self._pause_with_alert(
            self.env._(
                "Of the last %(settled)s recipients %(failed)s failed for good, most of them because"
                ' of "%(reason)s". Look at those who failed before you resume: the list may be old,'
                " or the content not be liked.",
                settled=settled,
                failed=failed,
                reason=self._get_commonest_failure(),
            )
        )

    def _get_commonest_failure(self):
        """Return in words what most of the failed recipients failed for."""
        # Plan: index scan on _mailing_state_idx over the failed rows, once in a pause.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT failure_type FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND state = 'failed'
              GROUP BY failure_type ORDER BY count(*) DESC, failure_type LIMIT 1
                """,
                self.id,
            )
        )
        kind = rows[0][0] if rows else "unknown"
        field = self.env["partner.mailing.recipient"]._fields["failure_type"]
        return dict(field._description_selection(self.env)).get(kind, kind)
