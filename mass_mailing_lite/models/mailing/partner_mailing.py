from odoo import api, fields, models
from odoo.exceptions import UserError

STATES = [
    ("draft", "Draft"),
    ("to_validate", "To Validate"),
    ("validated", "Validated"),
    ("sending", "Sending"),
    ("paused", "Paused"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
VALIDATOR_GROUP = "mass_mailing_lite.group_validator"

# States in which content and recipients may be changed.
EDITABLE_STATES = ("draft",)
# States in which what is odd about it can still be mended, or refused.
UNDECIDED_STATES = ("draft", "to_validate")

# What the ORM has to forget when SQL has written recipients or totals.
TOTALS = (
    "recipient_count",
    "pending_count",
    "sent_count",
    "failed_count",
    "bounced_count",
    "uncertain_count",
    "skipped_count",
    "opened_count",
    "clicked_count",
    "unsubscribed_count",
    "machine_opened_count",
    "replied_count",
    "progress",
)
LIST_VIEWS = ("recipient_ids", "recipient_window_ids", "skipped_window_ids")

# What the list of recipients is made from.
LIST_FIELDS = {
    "audience_ids",
    "marked_partner_ids",
    "extra_emails",
    "cc",
    "bcc",
    "copy_policy",
    "company_id",
}


class PartnerMailing(models.Model):
    """A message to many contacts, which a second person validates before it is sent.

    This file says what a mailing is; beside it stand its totals, ``…_workflow``
    (pause, resume, cancel) and ``…_dialogs`` (where buttons lead). What happens
    to it is in the other folders: ``recipients/`` (audiences become the list),
    ``content/`` (what is written becomes messages), ``approval/`` (submit,
    validate, refuse), ``sending/`` and ``afterwards/`` (what comes back).
    """

    _name = "partner.mailing"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "mail.render.mixin",
        "partner.mailing.guard",
    ]
    _description = "Mailing"
    _order = "id desc"
    _check_company_auto = True

    # Who sees a mailing may speak about it: validators above all.
    _mail_post_access = "read"

    # The sender renders with the rights of the system; so content with more
    # than the allowed placeholders is refused when it is saved (mail.render.mixin).
    _unrestricted_rendering = True

    _system_fields = frozenset(
        {
            "state",
            "approval_ids",
            "recipient_ids",
            "recipients_loaded_at",
            "marked_count",
            "counter_id",
            "started_at",
            "finished_at",
            "resumed_at",
            "pause_reason",
            "hold_kind",
            "hold_until",
            "editor_ids",
            "create_uid",
            "language_counts",
            "last_test_at",
            "last_test_by_id",
            "last_test_fingerprint",
            "personal_data_removed_at",
            "last_look_fingerprint",
            *TOTALS,
        }
    )

    # Content
    name = fields.Char(
        "Title", required=True, tracking=True, help="For you: recipients do not see it."
    )
    subject = fields.Char(translate=True, render_engine="inline_template")
    preview_text = fields.Char(
        translate=True,
        render_engine="inline_template",
        help="The line that mail programs show behind the subject.",
    )
    body_html = fields.Html(
        "Body",
        translate=True,
        sanitize="email_outgoing",
        render_engine="qweb",
        render_options={"post_process": True},
    )
    template_id = fields.Many2one(
        "mail.template",
        domain=[("model", "=", "res.partner")],
        help="What the content was taken from; it may be changed freely.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "partner_mailing_attachment_rel",
        "mailing_id",
        "attachment_id",
        bypass_search_access=True,
    )
    note = fields.Text("Internal Note", help="For colleagues, the validator among them.")

    # Sender and options
    email_from = fields.Char(
        "From",
        default=lambda self: self.env.user.email_formatted,
        help="Sender, as Name <address>.",
    )
    reply_to = fields.Char(help="Empty: replies go to the sender.")
    cc = fields.Char("Copy", help="Addresses, separated by commas.")
    bcc = fields.Char("Blind Copy", help="Addresses, separated by commas.")
    copy_policy = fields.Selection(
        [("once", "One copy of the mailing"), ("each", "A copy of each message")],
        "Copies",
        required=True,
        default="once",
    )
    priority = fields.Selection(
        [("low", "Low"), ("normal", "Normal"), ("high", "High")], required=True, default="normal"
    )
    mail_server_id = fields.Many2one(
        "ir.mail_server",
        "Outgoing Mail Server",
        domain=lambda self: [("owner_user_id", "in", [False, self.env.uid])],
        default=lambda self: self.env.company.partner_mailing_mail_server_id,
        help="Empty: the one that Odoo finds for the sender's address.",
    )
    scheduled_at = fields.Datetime(
        "Send On", copy=False, help="Empty: as soon as the mailing is validated."
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    active = fields.Boolean(default=True)
    manage_group_ids = fields.Many2many(
        "res.groups",
        "partner_mailing_manage_group_rel",
        "mailing_id",
        "group_id",
        string="Managed By",
        help="Members may change the mailing as its responsible may.",
    )
    view_group_ids = fields.Many2many(
        "res.groups",
        "partner_mailing_view_group_rel",
        "mailing_id",
        "group_id",
        string="Visible To",
        help="If neither this nor the managing groups are set, all users of the company see it.",
    )
    unsubscribe_category_ids = fields.Many2many(
        "res.partner.category",
        "partner_mailing_unsubscribe_category_rel",
        "mailing_id",
        "category_id",
        string="Tags to Unsubscribe From",
        help="The tags that a recipient of this mailing may leave by themselves.",
    )

    # Recipients
    audience_ids = fields.Many2many(
        "partner.mailing.audience",
        "partner_mailing_audience_rel",
        "mailing_id",
        "audience_id",
        string="Audiences",
        check_company=True,
        # What waits for an app would load nobody.
        domain="[('is_available', '=', True)]",
    )
    extra_emails = fields.Text(
        "Extra Addresses",
        help="Addresses that are no contacts: one a line, or separated by commas or semicolons;"
        " with or without a name, as in Name <address>.",
    )
    recipient_ids = fields.One2many("partner.mailing.recipient", "mailing_id", "All Recipients")
    recipients_loaded_at = fields.Datetime(
        "Loaded On",
        copy=False,
        readonly=True,
        help="Empty when who gets the mailing was changed since.",
    )

    # State
    state = fields.Selection(
        STATES,
        required=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
        group_expand="_group_expand_state",
        readonly=True,
    )
    started_at = fields.Datetime("Sending Began", copy=False, readonly=True)
    finished_at = fields.Datetime("Sending Ended", copy=False, readonly=True)
    resumed_at = fields.Datetime("Resumed On", copy=False, readonly=True)
    pause_reason = fields.Text("Why It Is Paused", copy=False, readonly=True)
    approval_ids = fields.One2many(
        "partner.mailing.approval", "mailing_id", "Approvals", copy=False
    )
    editor_ids = fields.Many2many(
        "res.users",
        "partner_mailing_editor_rel",
        "mailing_id",
        "user_id",
        string="Changed By",
        copy=False,
        help="Who changed what recipients get since the last validation.",
    )
    can_write = fields.Boolean(compute="_compute_can_edit", help="May change what is about it.")
    can_edit = fields.Boolean(compute="_compute_can_edit", help="May change what is sent.")
    can_steer = fields.Boolean(compute="_compute_can_edit", help="May pause, resume, cancel.")
    cannot_validate_reason = fields.Char(compute="_compute_cannot_validate_reason")

    # Totals: maintained in a row of their own, see partner.mailing.counter.
    counter_id = fields.Many2one(
        "partner.mailing.counter",
        required=True,
        copy=False,
        index=True,
        ondelete="restrict",
        # Whoever may not create a mailing gets no row either, by asking for the default.
        default=lambda self: (
            self.has_access("create")
            and self.env["partner.mailing.counter"]._as_system().create({})
        ),
    )
    recipient_count = fields.Integer("Recipients", related="counter_id.recipient_count")
    pending_count = fields.Integer("Waiting", related="counter_id.pending_count")
    sent_count = fields.Integer("Sent", related="counter_id.sent_count")
    failed_count = fields.Integer("Failed", related="counter_id.failed_count")
    bounced_count = fields.Integer("Bounced", related="counter_id.bounced_count")
    uncertain_count = fields.Integer("Uncertain", related="counter_id.uncertain_count")
    skipped_count = fields.Integer("Left Out", related="counter_id.skipped_count")
    replied_count = fields.Integer("Replied", related="counter_id.replied_count")
    progress = fields.Float(compute="_compute_progress", help="0 to 100.")

    # ------------------------------------------------------------
    # Compute
    # ------------------------------------------------------------

    def _compute_render_model(self):
        self.render_model = "res.partner"

    @api.depends("recipient_count", "pending_count")
    def _compute_progress(self):
        for mailing in self:
            done = mailing.recipient_count - mailing.pending_count
            mailing.progress = (
                100.0 * done / mailing.recipient_count if mailing.recipient_count else 0.0
            )

    # All that the rules of access look at, so that it is read along with the rest.
    @api.depends("state", "user_id", "create_uid", "company_id", "manage_group_ids")
    @api.depends_context("uid")
    def _compute_can_edit(self):
        for mailing in self:
            mailing.can_write = not mailing._origin or mailing._origin.has_access("write")
            mailing.can_edit = mailing.can_write and mailing.state in EDITABLE_STATES
            mailing.can_steer = mailing.can_write or self.env.user.has_group(VALIDATOR_GROUP)

    @api.depends("state", "editor_ids", "approval_ids.state", "company_id")
    @api.depends_context("uid")
    def _compute_cannot_validate_reason(self):
        for mailing in self:
            mailing.cannot_validate_reason = mailing._get_cannot_validate_reason()

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        stored = [self._store_pictures(vals) for vals in vals_list]
        mailings = super().create([vals for vals, _files in stored])
        mailings._adopt_attachments()
        for mailing, (_vals, files) in zip(mailings, stored, strict=True):
            mailing._adopt_pictures(files)
        return mailings

    def write(self, vals):
        covered = self._get_covered_fields() & set(vals)
        if covered and not self._is_system():
            self._check_covered_unlocked(covered)
            self._as_system().write(self._get_trace_of_change(covered))
        vals, files = self._store_pictures(vals)
        result = super().write(vals)
        if "attachment_ids" in vals:
            self._adopt_attachments()
        self._adopt_pictures(files)
        return result

    def _get_trace_of_change(self, names):
        """Return what to note about a change of covered fields: who, and a list out of date."""
        trace = {"editor_ids": [fields.Command.link(self.env.uid)]}
        if LIST_FIELDS & names:
            trace["recipients_loaded_at"] = False
        return trace

    def _note_editor(self):
        """Count the current user among those who changed what recipients get."""
        if self:
            self._as_system().write({"editor_ids": [fields.Command.link(self.env.uid)]})

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        if field_name in self._get_covered_fields() and not self._is_system():
            self._check_covered_unlocked({field_name})
            self._as_system().write(self._get_trace_of_change({field_name}))
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_submitted(self):
        for mailing in self:
            if mailing.started_at or mailing.state not in ("draft", "cancelled"):
                raise UserError(
                    self.env._(
                        'The mailing "%(name)s" is no draft any more and cannot be deleted. Archive it instead.',
                        name=mailing.name,
                    )
                )

    def unlink(self):
        counters = self.sudo().counter_id
        result = super().unlink()
        counters._as_system().unlink()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for mailing, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", mailing.name)
        return vals_list

    # ------------------------------------------------------------
    # Cache
    # ------------------------------------------------------------

    def _forget_cached_totals(self):
        """Forget what SQL has changed: totals, and the views on the list."""
        self.env["partner.mailing"].invalidate_model([*TOTALS, *LIST_VIEWS], flush=False)
