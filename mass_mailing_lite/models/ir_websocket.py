from odoo import models
from odoo.tools import SQL

from .partner_mailing import VALIDATOR_GROUP, VIEWER_GROUP

# Type of the notification, and part of the name of a company's channel.
PROGRESS = "partner_mailing_progress"
# Part of the name of a company's channel with the mailings that only some users see: its validators,
# and the members of one group.
FOR_VALIDATORS, FOR_GROUP = f"{PROGRESS}_validators", f"{PROGRESS}_group_%s"


class IrWebsocket(models.AbstractModel):
    """The channels that carry the progress of mailings to open pages."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Add the channels with the progress of the mailings that the user may read."""
        channels = super()._build_bus_channel_list(channels)
        user = self.env.user
        if user.has_group(VIEWER_GROUP):
            names = [PROGRESS]
            if user.has_group(VALIDATOR_GROUP):
                names.append(FOR_VALIDATORS)
            names += [
                FOR_GROUP % group
                for (group,) in self.env.execute_query(
                    SQL(
                        """
                        SELECT group_id FROM (
                            SELECT group_id FROM partner_mailing_manage_group_rel
                             UNION
                            SELECT group_id FROM partner_mailing_view_group_rel) used
                         WHERE group_id = ANY(%s)
                        """,
                        user.all_group_ids.ids,
                    )
                )
            ]
            channels.extend((company, name) for company in user.company_ids for name in names)
        return channels
