from odoo import api, fields, models

# Columns that the board shows even when they are empty.
ALWAYS_SHOWN = ("draft", "to_validate", "validated", "sending", "done")
# Colours of the calendar, as numbers of Odoo's palette: light blue, orange, blue, purple, red,
# green, grey.
STATE_COLORS = {
    "draft": 4,
    "to_validate": 2,
    "validated": 7,
    "sending": 11,
    "paused": 1,
    "done": 10,
    "cancelled": 0,
}
# States before the first message.
UNSENT_STATES = ("draft", "to_validate", "validated")


class PartnerMailingBoard(models.AbstractModel):
    """Where a mailing stands among others: on the board by state, in the calendar by time."""

    _name = "partner.mailing.board"
    _description = "Board and Calendar of Mailings"

    calendar_at = fields.Datetime(
        "Sent or Planned",
        compute="_compute_calendar_at",
        inverse="_inverse_calendar_at",
        store=True,
        copy=False,
        index="btree_not_null",
        help="Where the calendar shows the mailing: when its sending began, before that Send On.",
    )
    state_color = fields.Integer(compute="_compute_state_color", help="Of the calendar.")
    progress = fields.Float(compute="_compute_progress", help="0 to 100.")

    @api.model
    def _group_expand_state(self, values, _domain):
        """Return the columns of a board by state: ``ALWAYS_SHOWN``, and others with a mailing."""
        shown = {*ALWAYS_SHOWN, *values}
        return [state for state, _label in self._fields["state"].selection if state in shown]

    # ------------------------------------------------------------
    # Calendar
    # ------------------------------------------------------------

    @api.depends("state", "scheduled_at", "started_at")
    def _compute_calendar_at(self):
        for mailing in self:
            moments = [mailing.scheduled_at, mailing.started_at]
            if mailing.state not in UNSENT_STATES:
                moments.reverse()
            mailing.calendar_at = moments[0] or moments[1]

    def _inverse_calendar_at(self):
        """Plan a draft for the moment that it was dragged to.

        :raises UserError: when it is no draft, or the moment has passed
        """
        for mailing in self:
            moment = mailing.calendar_at
            mailing._check_covered_unlocked({"scheduled_at"})
            mailing._check_schedule(moment)
            mailing.scheduled_at = moment

    @api.depends("state")
    def _compute_state_color(self):
        for mailing in self:
            mailing.state_color = STATE_COLORS.get(mailing.state, 0)

    def _get_moment_of_calendar(self):
        """Return the moment to come that the calendar has put into the context, or False."""
        try:
            moment = fields.Datetime.to_datetime(self.env.context.get("default_calendar_at"))
        except (TypeError, ValueError):
            return False
        return moment if moment and moment > fields.Datetime.now() else False

    @api.depends("recipient_count", "pending_count")
    def _compute_progress(self):
        for mailing in self:
            done = mailing.recipient_count - mailing.pending_count
            mailing.progress = (
                100.0 * done / mailing.recipient_count if mailing.recipient_count else 0.0
            )
