from odoo import models

# Type of the notification, and part of the name of a company's channel.
PROGRESS = "partner_mailing_progress"


class IrWebsocket(models.AbstractModel):
    """The channels that carry the progress of mailings to open pages."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Add the channels with the progress of the mailings of the user's companies."""
        channels = super()._build_bus_channel_list(channels)
        if self.env.user.has_group("mass_mailing_lite.group_user"):
            channels.extend((company, PROGRESS) for company in self.env.user.company_ids)
        return channels
