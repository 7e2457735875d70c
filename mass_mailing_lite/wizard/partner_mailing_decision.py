from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ..models.partner_mailing import EDITABLE_STATES
from ..review import describe_linked, join_names


class PartnerMailingSubmit(models.TransientModel):
    """The dialog that submits a mailing: what will happen, and a comment to the validator."""

    _name = "partner.mailing.submit"
    _inherit = ["partner.mailing.dialog"]
    _description = "Submit a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    recipients = fields.Char(compute="_compute_summary")
    begin = fields.Char("Begins", compute="_compute_summary")
    linked = fields.Text("Linked Mailings", compute="_compute_summary")
    test_state = fields.Char(compute="_compute_summary")
    test_status = fields.Char("Test", compute="_compute_summary")
    findings = fields.Json("Before Sending", compute="_compute_summary")
    validators = fields.Char("Who Decides", compute="_compute_summary")
    comment = fields.Text("Comment to the Validator")

    @api.depends("mailing_id")
    @api.depends_context("lang", "tz", "uid")
    def _compute_summary(self):
        for wizard in self:
            mailing = wizard.mailing_id
            number = formatLang(self.env, mailing.pending_count, digits=0)
            excluded = formatLang(self.env, mailing.skipped_count, digits=0)
            wizard.recipients = (
                self.env._("%(number)s, excluded: %(excluded)s", number=number, excluded=excluded)
                if mailing.skipped_count
                else number
            )
            wizard.begin = mailing._get_begin_with_hours()
            wizard.linked = bool(mailing) and "\n".join(describe_linked(mailing, EDITABLE_STATES))
            wizard.test_state = mailing.test_state
            wizard.test_status = mailing.test_status
            wizard.findings = bool(mailing) and mailing._get_findings()
            wizard.validators = join_names(mailing._get_validators())

    def action_submit(self):
        """Submit the mailing with the comment."""
        self.ensure_one()
        self.mailing_id.action_submit(self.comment)
        return {"type": "ir.actions.act_window_close"}


class PartnerMailingRefuse(models.TransientModel):
    """The dialog that asks for the reason of a refusal."""

    _name = "partner.mailing.refuse"
    _inherit = ["partner.mailing.dialog"]
    _description = "Refuse a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    reason = fields.Text(required=True)

    def action_refuse(self):
        """Refuse the mailing with the reason."""
        self.ensure_one()
        self.mailing_id.action_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}


class PartnerMailingValidate(models.TransientModel):
    """The dialog that validates a mailing, with a field for a note.

    Where Send On has passed while the mailing waited, it asks when the mailing is sent instead.
    """

    _name = "partner.mailing.validate"
    _inherit = ["partner.mailing.dialog"]
    _description = "Validate a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    recipient_count = fields.Integer("Recipients", compute="_compute_summary")
    begin = fields.Char("Begins", compute="_compute_summary")
    linked = fields.Text("Linked Mailings", compute="_compute_summary")
    is_first_of_two = fields.Boolean(compute="_compute_summary")
    is_past = fields.Boolean(compute="_compute_summary")
    time_zone = fields.Char(compute="_compute_summary")
    when = fields.Selection([("now", "Now"), ("later", "At a new time")], "Send It")
    scheduled_at = fields.Datetime("New Send On")
    note = fields.Text()

    @api.depends("mailing_id")
    @api.depends_context("lang", "tz", "uid")
    def _compute_summary(self):
        for wizard in self:
            mailing = wizard.mailing_id
            request = mailing._get_pending_request()
            wizard.recipient_count = mailing.recipient_count
            wizard.linked = bool(mailing) and "\n".join(describe_linked(mailing, ("to_validate",)))
            past = self._get_past(mailing)
            wizard.is_past = bool(past)
            wizard.begin = (
                self.env._(
                    "Send On, %s, has passed. Choose when the mailing is sent.",
                    past._name_moment(past.scheduled_at),
                )
                if wizard.is_past
                else mailing._get_begin_with_hours()
            )
            wizard.is_first_of_two = request and mailing._needs_second_validator(request)
            wizard.time_zone = mailing.time_zone

    def action_validate(self):
        """Validate the mailing with the note, and the new time if Send On has passed."""
        self.ensure_one()
        self.mailing_id.action_validate(self.note or None, self._get_choice())
        return {"type": "ir.actions.act_window_close"}

    @api.model
    def _get_past(self, mailing):
        """Return the first of the mailings that are decided on together whose Send On has passed."""
        groups = mailing._group_linked(("to_validate",))
        return mailing.union(*groups).filtered(lambda one: one._is_schedule_past())[:1]

    def _get_choice(self):
        """Return ``scheduled_at`` of ``action_validate``.

        :raises UserError: when no new time is given
        """
        if not self.is_past or not self.when:
            return None
        if self.when == "now":
            return False
        if not self.scheduled_at:
            raise UserError(
                self.env._(
                    'The field "%s" is empty: give the new time, or choose to send the mailing now.',
                    self._fields["scheduled_at"]._description_string(self.env),
                )
            )
        return self.scheduled_at
