from odoo import models
from odoo.tools import SQL


class PartnerMailing(models.Model):
    """Numbers are forgotten when addresses are."""

    _inherit = "partner.mailing"

    def _blank_sources(self):
        result = super()._blank_sources()
        system = self._as_system()
        system.write({"extra_numbers": False})
        for request in system.with_context(active_test=False).approval_ids:
            if (request.content or {}).get("extra_numbers"):
                request.content = {**request.content, "extra_numbers": ""}
        # What was sent, where Odoo has not removed it yet, and what ties it to its recipient.
        self.env.cr.execute(
            SQL(
                """
                WITH tracked AS (
                    DELETE FROM sms_tracker t
                     USING partner_mailing_recipient r
                     WHERE r.mailing_id = %s AND t.partner_mailing_recipient_id = r.id
                 RETURNING t.sms_uuid)
                DELETE FROM sms_sms s USING tracked WHERE s.uuid = tracked.sms_uuid
                """,
                self.id,
            )
        )
        self.env["sms.tracker"].invalidate_model(flush=False)
        self.env["sms.sms"].invalidate_model(flush=False)
        return result
