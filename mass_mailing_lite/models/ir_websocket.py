from odoo import models

# Type of the notification, and the part of a company's channel that carries it.
PROGRESS = "partner_mailing_progress"


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let users of the app hear how far the mailings of their companies are."""
        channels = super()._build_bus_channel_list(channels)
        if self.env.user.has_group("mass_mailing_lite.group_user"):
            channels.extend((company, PROGRESS) for company in self.env.user.company_ids)
        return channels
