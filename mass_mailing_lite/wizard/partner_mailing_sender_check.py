from odoo import api, fields, models
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import AccessError, UserError

from ..delivery.smtp.pool import NoSession
from ..preflight import Preflight
from ..preflight.bulk_rules import BulkRules
from ..tools.domain.proof import TOKEN_HEADER


class PartnerMailingSenderCheck(models.TransientModel):
    """The dialog with what was found about a sender: of a mailing, or of a mail server.

    It answers "did not arrive, or may be in spam". All checks of the kind ``SENDER`` of the package
    ``preflight`` are shown here, each with a remedy, and nowhere else together. Opening it asks
    nobody: what the DNS said is kept, and asked again by *Check Now*.
    """

    _name = "partner.mailing.sender.check"
    _inherit = ["partner.mailing.dialog"]
    _description = "Sender Check"

    mailing_id = fields.Many2one("partner.mailing", ondelete="cascade", readonly=True)
    mail_server_id = fields.Many2one("ir.mail_server", ondelete="cascade", readonly=True)
    email_from = fields.Char(
        "From",
        default=lambda self: self._get_default_from(),
        help="The From address that is looked at.",
    )
    server_name = fields.Char("Sends Through", compute="_compute_findings")
    sender = fields.Char("From Address", compute="_compute_findings")
    findings = fields.Json(compute="_compute_findings")
    # The findings that no line shows.
    notices = fields.Json(compute="_compute_findings")
    fine = fields.Char("In Order", compute="_compute_findings")
    # What the DNS and tests say; see SenderCheck.
    lines = fields.Json(compute="_compute_findings")
    rules = fields.Json(compute="_compute_findings")  # see BulkRules
    checked_at = fields.Datetime("Checked On", compute="_compute_findings")
    can_check = fields.Boolean(compute="_compute_can_check")
    source = fields.Text(
        "Source of the Test",
        help="The whole source of a test that arrived, or its headers.",
    )
    not_received_count = fields.Integer(compute="_compute_not_received")

    @api.depends("mailing_id", "mail_server_id", "email_from")
    @api.depends_context("lang", "uid", "tz")
    def _compute_findings(self):
        for dialog in self:
            mailing = dialog._get_mailing()
            findings, fine = mailing._get_sender_findings()
            dialog.findings = findings or False
            dialog.fine = ", ".join(fine)
            dialog.sender = mailing.email_from
            server = mailing._get_transport().get_mail_server().sudo()
            dialog.server_name = server.name
            look = self.env["partner.mailing.sender.look"]._find(mailing)
            data = look._get_data() if look.checked_at or look.proved_at else None
            checks = dialog._get_line_checks(mailing) if data else []
            lines = [line for check in checks for line in check.get_lines(data)]
            dialog.lines = lines or False
            shown = {line["key"] for line in lines if line["status"] == "not_met"}
            dialog.notices = [one for one in findings if one["key"] not in shown] or False
            dialog.rules = BulkRules(mailing, lines, data["proof"] if data else {}).get_table()
            dialog.checked_at = look.checked_at

    @api.depends_context("uid")
    def _compute_can_check(self):
        self.can_check = self._may_check()

    @api.depends("mailing_id")
    def _compute_not_received(self):
        for dialog in self:
            mailing = dialog.mailing_id
            dialog.not_received_count = mailing.failed_count + mailing.bounced_count

    @api.model
    def _get_default_from(self):
        """Return the From address that is looked at first: the company's, or the user's own."""
        default = self.env.company.sudo().partner_mailing_default_from
        return default or self.env["partner.mailing"]._get_own_mailbox()

    @api.model
    def _get_line_checks(self, mailing):
        """Return the checks of the sender that ask the DNS, in their order."""
        return Preflight(mailing).get_checks("get_lines")

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

    # ------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------

    @api.model
    def _may_check(self):
        """Tell whether the user may ask the DNS and send tests: a viewer only reads."""
        return self.env.su or self.env.user.has_group("mass_mailing_lite.group_user")

    def _check_may_check(self):
        self.ensure_one()
        self.check_access("write")
        if not self._may_check():
            raise AccessError(
                self.env._(
                    "You may see what was found about the sender, not check it again. Ask a user of"
                    " mailings to press Check Now."
                )
            )

    def _obtain_look(self):
        """Return what is kept about the sender, made when need be.

        :raises UserError: when there is no From address
        """
        look = self.env["partner.mailing.sender.look"]._obtain(self._get_mailing())
        if not look:
            raise UserError(
                self.env._(
                    "There is no From address to check. Write one, such as Name <name@example.com>."
                )
            )
        return look

    def action_check_now(self):
        """Ask the DNS now, and show what it says: it takes up to 20 seconds."""
        self._check_may_check()
        self._obtain_look()._look()
        self._store_with_mailing()
        return self._reopen()

    def action_read_source(self):
        """Read the source of a test that the user pasted.

        :raises UserError: in words, when it shows nothing about this sender; the text stays
        """
        self._check_may_check()
        if not (self.source or "").strip():
            raise UserError(
                self.env._('The field "%s" is empty. Paste the source of a test that arrived.',
                           self._fields["source"]._description_string(self.env))
            )  # fmt: skip
        look = self._obtain_look()
        look._read_source(self.source)
        look._look()
        self.source = False
        self._store_with_mailing()
        return self._reopen()

    def action_send_test(self):
        """Send a test to this database, which reads it when it comes back through the mail gateway.

        :raises UserError: without an address of the mail gateway, or with the server's words
        """
        self._check_may_check()
        mailing = self._get_mailing()
        if problem := mailing._get_server_problem(self.env.user) or mailing._get_sender_problem():
            raise UserError(problem)
        company = mailing.company_id.sudo()
        address = company.alias_domain_id.catchall_email or company.catchall_email
        if not address:
            raise UserError(
                self.env._(
                    "This database has no address to which a test could come back. Ask an"
                    " administrator to set up an e-mail domain for the company, and incoming mail."
                    " Or send a test to a mailbox of yours, and paste its source here."
                )
            )
        self._transmit_test(mailing, address, self._obtain_look()._make_token())
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "A test was sent to %s. When it has come back, this dialog shows what it proves.",
                    address,
                ),
            },
        }

    def _transmit_test(self, mailing, address, token):
        """Send the test through the mail server of the mailing, from its From address.

        :raises UserError: with the server's words
        """
        transport = mailing.sudo()._get_transport()
        servers = mailing._get_mail_server_model()
        company = mailing.company_id.sudo()
        headers = {TOKEN_HEADER: token, "Auto-Submitted": "auto-generated"}
        if bounce := company.alias_domain_id.bounce_email or company.bounce_email:
            headers["Return-Path"] = bounce
        message = servers._build_email__(
            email_from=mailing._read_known_addresses("email_from")[0].header,
            email_to=[address],
            subject=self.env._("Sender check"),
            body=self.env._("This message shows how messages of this sender arrive."),
            headers=headers,
        )
        try:
            session = transport.connect()
        except NoSession as error:
            raise UserError(transport.translate_fault(error.outcome.text)) from error
        try:
            servers.send_email(message, smtp_session=session)
        except MailDeliveryException as error:
            raise UserError(str(error)) from error
        finally:
            session.close()

    def _store_with_mailing(self):
        """Store what was found with the draft, whose form and review show it."""
        mailing = self.mailing_id.sudo()
        if not mailing or not mailing.finding_facts:
            return
        look = self.env["partner.mailing.sender.look"]._find(mailing)
        for check in self._get_line_checks(mailing):
            if check.on_form and (asked := check.get_asked_background()) is not None:
                facts = check.choose(look._get_data())
                Preflight(mailing).store_background(check.key, asked, facts)

    def _reopen(self):
        """Return the action that shows the dialog anew."""
        self.invalidate_recordset()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sender Check"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_open_not_received(self):
        """Open the recipients that the messages of the mailing did not reach."""
        self.ensure_one()
        self.mailing_id.check_access("read")
        filters = "bounced" if self.mailing_id.bounced_count else "failed"
        return self.mailing_id.with_context(recipient_filter=filters).action_open_recipients()
