from odoo import api, fields, models


class PartnerMailingSenderCheck(models.TransientModel):
    """The dialog with what was found about a sender: of a mailing, or of a mail server.

    It answers "did not arrive, or may be in spam". All checks of the kind ``SENDER`` of the package
    ``preflight`` are shown here, each with a remedy, and nowhere else together.
    """

    _name = "partner.mailing.sender.check"
    _inherit = ["partner.mailing.dialog"]
    _description = "Sender Check"

    mailing_id = fields.Many2one("partner.mailing", ondelete="cascade", readonly=True)
    mail_server_id = fields.Many2one("ir.mail_server", ondelete="cascade", readonly=True)
    email_from = fields.Char(
        "From",
        default=lambda self: self.env["partner.mailing"]._get_own_mailbox(),
        help="The From address that is looked at.",
    )
    server_name = fields.Char("Sends Through", compute="_compute_findings")
    sender = fields.Char("From Address", compute="_compute_findings")
    findings = fields.Json(compute="_compute_findings")
    fine = fields.Char("In Order", compute="_compute_findings")
    not_received_count = fields.Integer(compute="_compute_not_received")

    @api.depends("mailing_id", "mail_server_id", "email_from")
    @api.depends_context("lang", "uid")
    def _compute_findings(self):
        for dialog in self:
            mailing = dialog._get_mailing()
            findings, fine = mailing._get_sender_findings()
            dialog.findings = findings or False
            dialog.fine = ", ".join(fine)
            dialog.sender = mailing.email_from
            server = mailing._get_transport().get_mail_server().sudo()
            dialog.server_name = server.name

    @api.depends("mailing_id")
    def _compute_not_received(self):
        for dialog in self:
            mailing = dialog.mailing_id
            dialog.not_received_count = mailing.failed_count + mailing.bounced_count

    def _get_mailing(self):
        """Return the mailing; for a mail server alone one that is never saved.

        As the superuser: who may read the mailing need not read mail servers.
        """
        self.ensure_one()
        if mailing := self.mailing_id._origin:
            return mailing.sudo()
        return self.env["partner.mailing"].new(
            {
                "name": self._description,
                "channel": "email",
                "email_from": self.email_from,
                "mail_server_id": self.mail_server_id.id,
                "company_id": self.env.company.id,
                "has_unsubscribe": True,
            }
        )

    def action_open_not_received(self):
        """Open the recipients that the messages of the mailing did not reach."""
        self.ensure_one()
        self.mailing_id.check_access("read")
        filters = "bounced" if self.mailing_id.bounced_count else "failed"
        return self.mailing_id.with_context(recipient_filter=filters).action_open_recipients()
