from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from .. import content
from ..transport.allowed_senders import AllowedSenders
from ..transport.compiled import xml_to_html
from ..transport.smtp import SmtpTransport
from .body_field import BodyField
from .mailing_addresses import AddressField

STATES = [
    ("draft", "Draft"),
    ("to_validate", "To Validate"),
    ("validated", "Validated"),
    ("sending", "Sending"),
    ("paused", "Paused"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
# Columns that the board shows even when they are empty.
ALWAYS_SHOWN = ("draft", "to_validate", "validated", "sending", "done")
# A mailing in one of these is not archived: the scheduled action does not see archived mailings.
UNFINISHED_STATES = ("to_validate", "validated", "sending", "paused")
# States in which content and recipients may be changed.
EDITABLE_STATES = ("draft",)
# States in which warnings are shown: the author can still change the mailing, a validator refuse it.
UNDECIDED_STATES = ("draft", "to_validate")

VIEWER_GROUP = "mass_mailing_lite.group_viewer"
USER_GROUP = "mass_mailing_lite.group_user"
VALIDATOR_GROUP = "mass_mailing_lite.group_validator"

# Fields whose cached values are wrong after SQL has written recipients or totals.
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
    "downloaded_count",
    "replied_count",
    "further_count",
    "further_included_count",
    "progress",
)
LIST_VIEWS = ("recipient_ids", "recipient_window_ids", "skipped_window_ids")

# Fields from which the list of recipients is loaded.
LIST_FIELDS = {
    "audience_ids",
    "source_ids",
    "ignores_pressure",
    "marked_partner_ids",
    "extra_emails",
    "with_further_addresses",
    "cc",
    "bcc",
    "copy_policy",
    "company_id",
}


class PartnerMailing(models.Model):
    """A message to many contacts, which a second person validates before it is sent.

    In the order of this file: fields, computed fields, cards of the board, transport, CRUD, states,
    dialogs. The steps of a mailing's life have a file each, in this order: ``…_checklist`` (with Send On),
    ``…_recipients`` (audiences become the list), ``…_content`` and ``…_message`` (content becomes
    messages), ``…_approval``, ``…_sending``, ``…_results``.
    """

    _name = "partner.mailing"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "mail.render.mixin",
        "partner.mailing.guard",
        "partner.mailing.addresses",
        "partner.mailing.favorites",
    ]
    _description = "Mailing"
    _order = "id desc"
    _check_company_auto = True

    # A validator may read a mailing but not write it, and must be able to post in its chatter.
    _mail_post_access = "read"

    # The sender renders as the superuser. Content with more than the allowed
    # placeholders is therefore refused when it is saved (mail.render.mixin).
    _unrestricted_rendering = True

    _system_fields = frozenset(
        {
            "state",
            "approval_ids",
            "recipient_ids",
            "recipients_loaded_at",
            "recipients_decision",
            "recipients_decided_by_id",
            "marked_count",
            "counter_id",
            "started_at",
            "finished_at",
            "resumed_at",
            "pause_reason",
            "wait_reason",
            "wait_until",
            "editor_ids",
            "create_uid",
            "language_counts",
            "last_test_at",
            "last_test_by_id",
            "tested_versions",
            "personal_data_removed_at",
            "finding_facts",
            "list_facts",
            "background_facts",
            "look_due_at",
            "excluded_domains",
            "seen_versions",
            "version_ids",
            "favorite_user_ids",
            "follow_up_of_id",
            "follow_up_ids",
            "refusal_id",
            "kept_samples",
            "frames",
            *TOTALS,
        }
    )

    _address_fields = {
        "email_from": AddressField(),
        "reply_to": AddressField(),
        "cc": AddressField(many=True),
        "bcc": AddressField(many=True),
    }

    # Channel
    channel = fields.Selection(
        [("email", "E-mail")],
        required=True,
        default="email",
        index=True,
        help="The channel that the mailing is sent by.",
    )

    # Content
    name = fields.Char(
        "Title", required=True, tracking=True, help="Internal: recipients do not see it."
    )
    subject = fields.Char(translate=True, render_engine="inline_template")
    preview_text = fields.Char(
        translate=True,
        render_engine="inline_template",
        help="The line that mail programs show behind the subject.",
    )
    body_html = BodyField(
        "Body",
        translate=True,
        sanitize="email_outgoing",
        render_engine="qweb",
        render_options={"post_process": True, "preserve_comments": True},
    )
    template_id = fields.Many2one(
        "mail.template",
        domain=[("model", "=", "res.partner")],
        help="The template that the content was taken from; you may change the content.",
    )
    attachment_ids = fields.Many2many(
        "ir.attachment",
        "partner_mailing_attachment_rel",
        "mailing_id",
        "attachment_id",
        bypass_search_access=True,
    )
    note = fields.Text("Internal Note", help="For colleagues, the validator among them.")

    # Options
    email_from = fields.Char(
        "From",
        default=lambda self: AllowedSenders(self.env.company, self.env.user).get_default(),
        help="The From address, as Name <address>.",
    )
    reply_to = fields.Char(help="Empty: replies go to the From address.")
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
        default=lambda self: self._get_default_mail_server(),
        help="Empty: Odoo chooses the server that fits the From address.",
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
        help="Only members of these groups and of those in Managed By see the mailing. If both are empty, all users of the company see it.",
    )
    has_unsubscribe = fields.Boolean(
        "Unsubscribe Link",
        default=True,
        help="Recipients can unsubscribe: by the button of their mail program, and by a link at the"
        " end of the message, or where you put one.",
    )
    unsubscribe_category_ids = fields.Many2many(
        "res.partner.category",
        "partner_mailing_unsubscribe_category_rel",
        "mailing_id",
        "category_id",
        string="Tags to Unsubscribe From",
        help="The tags that a recipient of this mailing can unsubscribe from.",
    )
    # Off by default. Both change what reaches a recipient, so the review shows them and the
    # fingerprint covers them.
    track_opens = fields.Boolean(
        help="A tracking pixel in each message records that it was opened. Off: messages have no"
        " tracking pixel.",
    )
    track_clicks = fields.Boolean(
        help="Links are redirected through this database, which records the click. Off: links are"
        " not changed.",
    )

    # Recipients
    audience_ids = fields.Many2many(
        "partner.mailing.audience",
        "partner_mailing_audience_rel",
        "mailing_id",
        "audience_id",
        string="Audiences",
        check_company=True,
        # An archived audience stays where it is chosen, with its excluded tags.
        context={"active_test": False},
        # An audience that needs an app that is not installed would load no recipient.
        domain="[('is_available', '=', True)]",
    )
    source_ids = fields.One2many(
        "partner.mailing.source",
        "mailing_id",
        "Write To and But Not To",
        help="Whom the mailing goes to, and whom it does not go to. The audiences among them are"
        " those of the field Audiences.",
    )
    ignores_pressure = fields.Boolean(
        "Also to People Written to Lately",
        help="For a notice that people must get: the company's limit of mailings for each person"
        " does not hold.",
    )
    follow_up_of_id = fields.Many2one(
        "partner.mailing",
        "Follow-Up Of",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="The earlier mailing whose recipients this one goes to.",
    )
    follow_up_ids = fields.One2many("partner.mailing", "follow_up_of_id", "Follow-Ups")
    extra_emails = fields.Text(
        "Extra Addresses",
        help="Addresses that are no contacts: one a line, or separated by commas or semicolons;"
        " with or without a name, as in Name <address>.",
    )
    with_further_addresses = fields.Boolean(
        "Write to Further Addresses",
        help="A contact with several addresses in its e-mail field gets a message at each of them.",
    )
    # Not named partner_ids: mail.thread suggests the contacts in a field of that name as
    # recipients in the chatter. Copied by SQL, see copy().
    marked_partner_ids = fields.Many2many(
        "res.partner",
        "partner_mailing_marked_partner_rel",
        "mailing_id",
        "partner_id",
        string="Added Contacts",
        copy=False,
        help="Chosen one by one, or by a filter, in the Contacts list.",
    )
    marked_count = fields.Integer(
        "Added from Contacts", compute="_compute_marked_count", store=True
    )
    recipient_ids = fields.One2many("partner.mailing.recipient", "mailing_id", "All Recipients")
    recipients_loaded_at = fields.Datetime(
        "List Updated On",
        copy=False,
        readonly=True,
        help="Empty when the choice of recipients was changed since.",
    )
    recipients_decision = fields.Selection(
        [("updated", "Updated"), ("kept", "Kept as it is")],
        "Decision about the List",
        copy=False,
        readonly=True,
    )
    recipients_decided_by_id = fields.Many2one(
        "res.users", "Decision about the List By", copy=False, readonly=True
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
    started_at = fields.Datetime("Sending Started", copy=False, readonly=True)
    finished_at = fields.Datetime("Sending Finished", copy=False, readonly=True)
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
        help="Users that changed the content or the recipients since the last validation.",
    )
    can_write = fields.Boolean(
        compute="_compute_can_edit", help="The user may change title, responsible, note and access."
    )
    can_edit = fields.Boolean(compute="_compute_can_edit", help="The user may change what is sent.")
    can_steer = fields.Boolean(
        compute="_compute_can_edit", help="The user may pause, resume and cancel."
    )
    cannot_validate_reason = fields.Char(compute="_compute_cannot_validate_reason")

    # Totals: maintained in a row of another table, see partner.mailing.counter.
    counter_id = fields.Many2one(
        "partner.mailing.counter",
        required=True,
        copy=False,
        index=True,
        ondelete="restrict",
        # The default creates a row, so it checks the right to create a mailing.
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
    skipped_count = fields.Integer("Excluded", related="counter_id.skipped_count")
    replied_count = fields.Integer("Replied", related="counter_id.replied_count")
    opened_count = fields.Integer("Opened", related="counter_id.opened_count")
    clicked_count = fields.Integer("Clicked", related="counter_id.clicked_count")
    machine_opened_count = fields.Integer(
        "Opened by Mail Scanners",
        related="counter_id.machine_opened_count",
        help="Requests by mail scanners, and within seconds of delivery: not counted as opened.",
    )
    downloaded_count = fields.Integer(
        "Downloaded By",
        related="counter_id.downloaded_count",
        help="Recipients that downloaded a file, where clicks are tracked.",
    )
    unsubscribed_count = fields.Integer("Unsubscribed", related="counter_id.unsubscribed_count")

    progress = fields.Float(compute="_compute_progress", help="0 to 100.")

    # Cards
    subject_in_words = fields.Char(
        "Subject in Words",
        compute="_compute_subject_in_words",
        help="The subject with the names of the fields where values will stand.",
    )
    miniature = fields.Html(
        compute="_compute_miniature",
        sanitize=False,
        help="The body as a page of its own, with the names of the fields where values will stand.",
    )

    # ------------------------------------------------------------
    # Compute
    # ------------------------------------------------------------

    def _compute_render_model(self):
        self.render_model = "res.partner"

    @api.depends("name")
    @api.depends_context("uid")
    def _compute_display_name(self):
        """Name a mailing to those only who may read it, also where another record refers to it.

        Odoo reads the names of such records as superuser.
        """
        hidden = self.browse()
        if self.env.su and self.env.uid != SUPERUSER_ID:
            stored = self._origin
            hidden = stored - stored.sudo(False)._filtered_access("read")
        for mailing in self:
            mailing.display_name = (
                self.env._("A mailing you may not see")
                if mailing._origin in hidden and mailing._origin
                else mailing.name
            )

    @api.depends("recipient_count", "pending_count")
    def _compute_progress(self):
        for mailing in self:
            done = mailing.recipient_count - mailing.pending_count
            mailing.progress = (
                100.0 * done / mailing.recipient_count if mailing.recipient_count else 0.0
            )

    # All fields that the record rules look at: they are read in one query.
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

    @api.model
    def _group_expand_state(self, values, _domain):
        """Return the columns of a board by state: ``ALWAYS_SHOWN``, and others with a mailing."""
        shown = {*ALWAYS_SHOWN, *values}
        return [state for state, _label in self._fields["state"].selection if state in shown]

    @api.onchange("audience_ids", "source_ids")
    def _onchange_audience_ids(self):
        """Let recipients unsubscribe from the tags by which they were chosen."""
        before = self._origin._get_chosen_tags()
        self.unsubscribe_category_ids |= self._get_chosen_tags() - before

    @api.onchange("email_from", "reply_to", "cc", "bcc")
    def _onchange_addresses(self):
        self._show_addresses_read()

    # ------------------------------------------------------------
    # Cards of the board
    # ------------------------------------------------------------

    @api.depends(lambda self: content.Card(self).get_subject_fields())
    @api.depends_context("lang")
    def _compute_subject_in_words(self):
        for mailing in self:
            mailing.subject_in_words = mailing._get_transport().get_card_subject()

    @api.depends(lambda self: ["channel", *self._get_rendered_fields()])
    @api.depends_context("lang")
    def _compute_miniature(self):
        for mailing in self:
            mailing.miniature = mailing._get_transport().get_card_page()

    @api.model
    def _get_miniature(self, body, subject):
        """Return a body as a whole page, for a frame in which no script runs."""
        return content.Card(self).get_miniature(xml_to_html(str(body)), subject)

    @api.model
    def _name_placeholders(self, source, kind):
        """Return a subject or body with the names of fields in place of placeholders.

        :param kind: ``TEXT`` or ``HTML`` of ``tools.placeholder``
        :return: text with ``[Name]``; for ``HTML`` a source with chips
        """
        return content.Card(self).name_placeholders(source, kind)

    # ------------------------------------------------------------
    # Transport
    # ------------------------------------------------------------

    @api.model
    def _get_transports(self):
        """Return {channel: class of its transport}.

        An addon that brings a channel overrides this method and adds its class.
        """
        return {"email": SmtpTransport}

    def _get_transport(self):
        """Return the ``Transport`` of the mailing, with the rights and language of the record."""
        return self._get_transports()[self.channel or "email"](self)

    def _get_channel_label(self):
        """Return the name of the mailing's channel in the language of the user."""
        return dict(self._fields["channel"]._description_selection(self.env))[self.channel]

    @api.model
    def _get_extra_fields(self):
        """Return the set of the names of all channels' fields with extra addresses."""
        return {kind.extra_field for kind in self._get_transports().values()}

    @api.model
    def _collect_from_transports(self, name):
        """Return the set of all names in the attribute ``name`` of all transports."""
        return {one for kind in self._get_transports().values() for one in getattr(kind, name)}

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [content.with_sender_of_company(self.env, vals) for vals in vals_list]
        for vals in vals_list:
            self._check_nesting(vals)
        stored = [self._store_pictures(self._tidy_headers(vals)) for vals in vals_list]
        mailings = super().create([vals for vals, _files in stored])
        mailings._link_attachments()
        mailings._check_files()
        for mailing, (_vals, files) in zip(mailings, stored, strict=True):
            mailing._link_pictures(files)
        mailings._note_versions()
        mailings._note_questions()
        mailings._own_pictures()
        self.env["partner.mailing.source"]._follow_audiences(mailings)
        return mailings

    @api.model
    def default_get(self, fields):
        """Take the moment on which *New* was pressed in the calendar as Send On.

        A moment that has passed is none: the mailing is sent as soon as it is validated.
        """
        values = super().default_get([name for name in fields if name != "calendar_at"])
        moment = "scheduled_at" in fields and self._get_moment_of_calendar()
        if moment and not values.get("scheduled_at"):
            values["scheduled_at"] = moment
        return content.with_allowed_sender(self.env, values)

    def write(self, vals):
        if "is_favorite" in vals:
            # Readers may do this, and in any state.
            self._set_favorite(vals["is_favorite"])
            vals = {name: value for name, value in vals.items() if name != "is_favorite"}
            if not vals:
                return True
        covered = self._get_covered_fields() & set(vals)
        if covered and not self._is_system():
            self._check_covered_unlocked(covered)
            self._as_system().write(self._get_change_values(covered))
        if vals.get("state") in UNFINISHED_STATES:
            vals = {**vals, "active": True}
        elif not vals.get("active", True):
            self._check_can_archive()
        self._check_nesting(vals)
        vals, files = self._store_pictures(self._tidy_headers(vals))
        with self._keep_versions(vals):
            result = super().write(vals)
        if "attachment_ids" in vals:
            self._link_attachments()
            self._check_files()
        self._link_pictures(files)
        if not vals.keys().isdisjoint(content.get_body_fields(self)):
            self._own_pictures()
        if "audience_ids" in vals:
            self.env["partner.mailing.source"]._follow_audiences(self)
        if not self._get_finding_sources().isdisjoint(vals):
            self._note_questions()
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        if field_name in self._get_covered_fields() and not self._is_system():
            self._check_covered_unlocked({field_name})
            self._as_system().write(self._get_change_values({field_name}))
        if isinstance(translations, dict):
            for text in translations.values():
                self._check_nesting({field_name: text})
            translations = {
                lang: self._read_header(field_name, text) for lang, text in translations.items()
            }
        is_body = field_name in content.get_body_fields(self)
        if is_body:
            # Odoo stores the translations of a whole field without sanitizing them.
            field = self._fields[field_name]
            translations = {
                lang: field.convert_to_column(value, self) if isinstance(value, str) else value
                for lang, value in translations.items()
            }
        with self._keep_versions({field_name}):
            result = super()._update_field_translations(
                field_name, translations, digest=digest, source_lang=source_lang
            )
        if is_body:
            self._own_pictures()
        if field_name in self._get_rendered_fields():
            self._note_questions()
            for lang in translations:
                self.with_context(lang=lang)._check_placeholders()
                self.with_context(lang=lang)._check_subject()
        return result

    def _get_change_values(self, names):
        """Return the values to write when covered fields change.

        They add the current user to the editors; after a change of ``LIST_FIELDS`` the list is out
        of date.
        """
        values = {"editor_ids": [fields.Command.link(self.env.uid)]}
        if (LIST_FIELDS | self._collect_from_transports("list_fields")) & names:
            values["recipients_loaded_at"] = False
        return values

    def _add_editor(self):
        """Add the current user to the editors, who may not validate the mailing."""
        if self:
            self._as_system().write({"editor_ids": [fields.Command.link(self.env.uid)]})

    def _check_can_archive(self):
        """Raise unless the mailing is a draft, done or cancelled.

        :raises UserError: names the mailing and its state
        """
        for mailing in self:
            mailing._check_state(("draft", "done", "cancelled"), self.env._("archive it"))

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

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_approvals(self):
        for mailing in self:
            if mailing.sudo().approval_ids:
                raise UserError(
                    self.env._(
                        'The mailing "%s" was submitted for validation, and each decision is kept.'
                        " Archive it instead of deleting it.",
                        mailing.name,
                    )
                )

    def unlink(self):
        ids, counters = self.ids, self.sudo().counter_id
        result = super().unlink()
        counters._as_system().unlink()
        self.env["partner.mailing.recipient"]._delete_of_mailings(ids)
        return result

    def copy(self, default=None):
        self._check_saved()
        copies = super().copy(default)
        for mailing, duplicate in zip(self, copies, strict=True):
            duplicate._take_versions(mailing)
            if "marked_partner_ids" not in (default or {}):
                duplicate._add_marked(mailing._marked_contacts_sql())
            duplicate._take_sources(mailing)
            duplicate._take_exclusions(mailing)
            duplicate._log_duplicate()
            if "email_from" not in (default or {}):
                duplicate._log_refused_sender(mailing.email_from)
        return copies

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for mailing, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", mailing.name)
        for mailing, vals in zip(self, vals_list, strict=True):
            if "email_from" not in (default or {}) and mailing._get_sender_problem(self.env.user):
                vals["email_from"] = mailing._get_allowed_senders().get_default()
            if vals.get("mail_server_id") and mailing._get_server_problem(self.env.user):
                vals["mail_server_id"] = False
        return vals_list

    def _invalidate_totals(self):
        """Drop totals and windows on the list from the cache, after SQL has changed recipients."""
        self.env["partner.mailing"].invalidate_model([*TOTALS, *LIST_VIEWS], flush=False)

    # ------------------------------------------------------------
    # States
    # ------------------------------------------------------------

    def action_pause(self):
        """Stop sending after the messages that are being transmitted."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(("validated", "sending"), self.env._("pause it"))
            mailing._pause(self.env._("Paused by %s.", self.env.user.name))
        return True

    def action_resume(self):
        """Send the remaining messages, if the mailing is still what was validated."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(("paused",), self.env._("resume it"))
            if not mailing._matches_validation():
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was validated. Take it back to draft and submit it again.',
                        mailing.name,
                    )
                )
            if problem := mailing._get_request_problem():
                raise UserError(problem)
            state = "sending" if mailing.started_at else "validated"
            mailing._as_system().write(
                {"state": state, "pause_reason": False, "resumed_at": fields.Datetime.now()}
            )
            if mailing.started_at:
                mailing._skip_written_to_lately()
            mailing._clear_wait()
            mailing.sudo().activity_unlink(["mail.mail_activity_data_warning"])
            mailing._trigger_sender()
        return True

    def action_cancel(self):
        """End the mailing; recipients that were not written to are excluded."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(
                ("draft", "to_validate", "validated", "sending", "paused"), self.env._("cancel it")
            )
            mailing._get_pending_request()._decide("withdrawn")
            mailing._as_system().write(
                {"state": "cancelled", "finished_at": mailing.started_at and fields.Datetime.now()}
            )
            self.env["partner.mailing.recipient"]._cancel_pending(mailing)
            mailing._close_requests()
            # Validators were asked at the leading one of linked mailings.
            linked = mailing.sudo()._get_linked()
            waiting = linked.filtered(lambda one: one.state == "to_validate")
            if waiting and mailing == linked[:1]:
                waiting[:1]._ask_validators()
        return True

    def action_retry_failed(self):
        """Send again to the recipients that failed, to no others."""
        for mailing in self:
            mailing._check_can_manage_or_validate()
            mailing._check_state(("done", "paused", "sending"), self.env._("retry the failed ones"))
            if not mailing.failed_count:
                raise UserError(self.env._("No recipient of this mailing failed."))
            mailing._check_can_send_again()
            self.env["partner.mailing.recipient"]._requeue_failed(mailing)
            mailing._as_system().write(
                {"state": "sending", "finished_at": False, "pause_reason": False}
            )
            mailing._skip_written_to_lately()
            mailing._clear_wait()
            mailing._trigger_sender()
        return True

    def _pause(self, reason):
        """Pause with ``reason`` and send the new state to open pages."""
        self.ensure_one()
        self._as_system().write({"state": "paused", "pause_reason": reason})
        self._announce_progress()

    def _trigger_sender(self):
        """Trigger the scheduled action for when the mailing is due."""
        cron = self.env.ref("mass_mailing_lite.ir_cron_send").sudo()
        for mailing in self:
            cron._trigger(at=mailing.scheduled_at or None)

    def _check_can_manage_or_validate(self):
        """Raise unless the user may change the mailing, or may read it and is a validator."""
        self.ensure_one()
        self._check_saved()
        self.check_access("read")
        if not (self.env.su or self.env.user.has_group(VALIDATOR_GROUP)):
            self.check_access("write")

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """Let viewers read the chatter; users who may read a mailing post in it, too."""
        operations = super()._mail_get_operation_for_mail_message_operation(message_operation)
        if message_operation == "create" and not self.env.user.has_group(USER_GROUP):
            return dict.fromkeys(operations, "write")
        return operations

    def _message_add_default_recipients(self):
        """Propose no addressee in the chatter: Odoo would take the From address for a customer's."""
        nobody = {"email_cc_lst": [], "email_to_lst": [], "partners": self.env["res.partner"]}
        return {mailing.id: dict(nobody) for mailing in self}

    @api.model
    def get_empty_list_help(self, help_message):
        """Tell a viewer, who prepares nothing, that there is nothing to see yet."""
        if not self.sudo(False).has_access("create"):  # actions are read as superuser
            help_message = Markup("<p class='o_view_nocontent_smiling_face'>%s</p>") % self.env._(
                "There is no mailing here that you may see"
            )
        return super().get_empty_list_help(help_message)

    def _check_state(self, states, what):
        """Raise unless the mailing is in one of ``states``; ``what`` names the attempted action."""
        self.ensure_one()
        self._check_saved()
        if self.state not in states:
            raise UserError(
                self.env._(
                    'You cannot %(what)s: the mailing "%(mailing)s" is in the state "%(state)s".',
                    what=what,
                    mailing=self.name,
                    state=self._get_state_label(),
                )
            )

    def _get_state_label(self):
        """Return the name of the mailing's state in the language of the user."""
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    def _check_editable(self, what):
        """Raise unless the mailings are drafts; ``what`` names the attempted action."""
        self._check_saved()
        for mailing in self:
            if mailing.state not in EDITABLE_STATES:
                raise UserError(
                    self.env._(
                        'You cannot %(what)s: the mailing "%(mailing)s" is no draft. Take it back to draft first.',
                        what=what,
                        mailing=mailing.name,
                    )
                )

    # ------------------------------------------------------------
    # Dialogs
    # ------------------------------------------------------------

    def _open_dialog(self, model, title, **context):
        """Return the action that opens a dialog about the mailing, with its first recipient."""
        self.ensure_one()
        self.check_access("read")
        # A viewer has no right to most dialogs: said here, before one opens.
        self.env[model].check_access("create")
        context["default_mailing_id"] = self.id
        first = self.recipient_window_ids[:1]
        if first:
            context["default_recipient_id"] = first.id
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }
