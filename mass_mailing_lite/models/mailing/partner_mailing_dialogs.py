from odoo import models

WITHOUT_MESSAGE = ("failed", "bounced", "left_out", "uncertain")


class PartnerMailing(models.Model):
    """Where the buttons of a mailing lead: its recipients, the preview, a test."""

    _inherit = "partner.mailing"

    def action_open_recipients(self):
        """Open the page of all recipients; ``recipient_filter`` in the context narrows it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_lite.partner_mailing_recipient_action"
        )
        action["domain"] = [("mailing_id", "=", self.id)]
        action["display_name"] = self.env._("Recipients of %s", self.name)
        name = self.env.context.get("recipient_filter")
        action["context"] = {
            "default_mailing_id": self.id,
            # Who did not get the message has neither opened nor clicked it.
            "partner_mailing_tracked": (self.track_opens or self.track_clicks)
            and name not in WITHOUT_MESSAGE,
        }
        if name:
            action["context"][f"search_default_{name}"] = 1
        return action

    def action_send_test(self):
        """Open the dialog that sends a test."""
        return self._open_dialog("partner.mailing.test", self.env._("Send a Test"))

    def action_preview(self):
        """Open the dialog that shows the message as a recipient gets it."""
        return self._open_dialog(
            "partner.mailing.preview", self.env._("Preview"), dialog_size="extra-large"
        )

    def _open_dialog(self, model, title, **context):
        self.ensure_one()
        self.check_access("read")
        context["default_mailing_id"] = self.id
        first = self.recipient_window_ids[:1]
        if first:
            context["default_recipient_id"] = first.id
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }
