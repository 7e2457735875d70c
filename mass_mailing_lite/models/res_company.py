import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

_is_feedback_name = re.compile(r"[A-Za-z0-9_-]{5,15}").fullmatch


class ResCompany(models.Model):
    _inherit = "res.company"

    partner_mailing_mail_server_id = fields.Many2one(
        "ir.mail_server",
        "Mail Server for Mailings",
        help="Proposed in new mailings. Empty: the one that Odoo finds for the sender's address.",
    )
    partner_mailing_self_validation = fields.Boolean(
        "Allow Self-Validation",
        help="For companies of one person: who prepared a mailing may validate it."
        " The approval says so each time.",
    )
    partner_mailing_two_validators_from = fields.Integer(
        "Two Validators From",
        help="Number of recipients from which two validators must agree. 0: never.",
    )
    partner_mailing_late_hours = fields.Integer(
        "Too Late After (Hours)",
        default=12,
        help="A mailing whose time was missed by more than that, the server was down, say,"
        " waits for a person rather than going out late.",
    )
    partner_mailing_resend_uncertain = fields.Boolean(
        "Send Uncertain Messages Again",
        help="When a sender is stopped in the middle, the fate of the messages on the wire is unknown."
        " On: they are sent again, and a few recipients may get them twice."
        " Off: they are shown as uncertain, for a person to decide.",
    )
    partner_mailing_blocklist_bounced = fields.Boolean(
        "Blocklist Dead Addresses at Once",
        default=True,
        help="On: an address goes onto the blocklist the first time that a message to it comes back"
        " for good. Off: after five messages that came back within three months, as it is with"
        " temporary failures.",
    )
    partner_mailing_feedback_name = fields.Char(
        "Name in Complaint Statistics",
        help="Some mail providers show by this name, in their postmaster tools, how many readers"
        " complained about which mailing. 5 to 15 letters, digits, hyphens or underscores, unique to"
        " your company. Empty: mailings are not told apart there.",
    )

    @api.constrains("partner_mailing_feedback_name")
    def _check_partner_mailing_feedback_name(self):
        for company in self:
            name = company.partner_mailing_feedback_name
            if name and not _is_feedback_name(name):
                raise ValidationError(
                    self.env._(
                        '"%(value)s" in the field "%(field)s" does not fit: write 5 to 15 letters,'
                        " digits, hyphens or underscores.",
                        value=name,
                        field=self._fields["partner_mailing_feedback_name"]._description_string(
                            self.env
                        ),
                    )
                )
