from typing import NamedTuple

from odoo import models
from odoo.tools import SQL


class FailureLimit(NamedTuple):
    """From which share of the last recipients on the list or the content is at fault.

    :ivar share: percent
    :ivar window: how many of the last recipients count; 0: there is no limit
    """

    share: int
    window: int

    def is_passed(self, settled, failed):
        """Tell whether too many failed for good, of the last that were settled.

        Not before the window is full: of the first five recipients one may well have moved.
        """
        return bool(self.window) and settled >= self.window and 100 * failed >= self.share * settled


class PartnerMailing(models.Model):
    """The circuit breaker: many failures for good mean that list or content is at fault."""

    _inherit = "partner.mailing"

    def _get_failure_limit(self):
        """Return the ``FailureLimit`` of the mailing's company."""
        company = self.company_id
        share = company.partner_mailing_failure_share
        return FailureLimit(share, share and company.partner_mailing_failure_window)

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
