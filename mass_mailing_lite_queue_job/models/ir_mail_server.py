from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .sending_lane import MAX_LANES

PARENT_CHANNEL = "mass_mailing_lite_queue_job.channel"

# Days after which done jobs are deleted. A lane that sends all day makes 1,728 of them; the results
# are kept with the mailing.
KEPT_DAYS = 1


class IrMailServer(models.Model):
    """How many jobs at once send mailings through an outgoing mail server."""

    _inherit = "ir.mail_server"

    partner_mailing_lanes = fields.Integer(
        "Lanes for Mailings",
        default=1,
        help="How many jobs at once send mailings through this server, each with as many"
        " connections as are set for it. More than one help where one process is kept busy;"
        " the limits hold for all of them together.",
    )

    @api.constrains("partner_mailing_lanes")
    def _check_partner_mailing_lanes(self):
        for server in self:
            if not 1 <= server.partner_mailing_lanes <= MAX_LANES:
                raise ValidationError(
                    self.env._(
                        'The number of lanes of the mail server "%(server)s" is %(number)s;'
                        " it must be from 1 to %(most)s.",
                        server=server.name,
                        number=server.partner_mailing_lanes,
                        most=MAX_LANES,
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        if "partner_mailing_lanes" in vals:
            # New lanes start at once.
            self.env.ref("mass_mailing_lite.ir_cron_send").sudo()._trigger()
        return result

    def _count_lanes(self):
        """Return the number of lanes; an empty record stands for Odoo's configured server: one."""
        return max(self.partner_mailing_lanes, 1)

    def _get_job_channel(self):
        """Return the full name of the channel of this server's jobs; create it on first use."""
        parent = self.env.ref(PARENT_CHANNEL).sudo()
        name = f"server_{self.id or 0}"
        full_name = f"{parent.complete_name}.{name}"
        if not parent.search([("complete_name", "=", full_name)], limit=1):
            parent.create({"name": name, "parent_id": parent.id, "removal_interval": KEPT_DAYS})
        return full_name
