from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date, format_time

from ..tools.placeholder import (
    HTML,
    TEXT,
    UnsupportedTemplate,
    split_inline,
    substitute_placeholders,
)
from ..transport.compiled import xml_to_html
from ..transport.one_by_one import OneByOneTransport
from ..transport.smtp import SmtpTransport
from .mailing_addresses import AddressField
from .rate_field import RateField, rate

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
# States in which content and recipients may be changed.
EDITABLE_STATES = ("draft",)
# States before the first message.
UNSENT_STATES = ("draft", "to_validate", "validated")
# States in which warnings are shown: the author can still change the mailing, a validator refuse it.
UNDECIDED_STATES = ("draft", "to_validate")

USER_GROUP = "mass_mailing_lite.group_user"
VALIDATOR_GROUP = "mass_mailing_lite.group_validator"

# Cards and review: a placeholder, as the client's style sheets show it elsewhere.
CHIP_STYLE = "padding: 0 0.4em; border-radius: 0.7em; color: #714b67; background-color: #eee9ed"

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
    "replied_count",
    "further_count",
    "further_included_count",
    "progress",
)
LIST_VIEWS = ("recipient_ids", "recipient_window_ids", "skipped_window_ids")

# Fields from which the list of recipients is loaded.
LIST_FIELDS = {
    "audience_ids",
    "marked_partner_ids",
    "extra_emails",
    "with_further_addresses",
    "cc",
    "bcc",
    "copy_policy",
    "company_id",
}

# Filters of recipients that did not get the message: the list needs no columns of opens and clicks.
FILTERS_WITHOUT_MESSAGE = ("failed", "bounced", "excluded", "uncertain")


class PartnerMailing(models.Model):
    """A message to many contacts, which a second person validates before it is sent.

    In the order of this file: fields, computed fields, favorites, cards of the board, transport, CRUD,
    states, Send On, dialogs. The steps of a mailing's life have a file each, in this order:
    ``…_checklist``,
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
            "seen_versions",
            "version_ids",
            "favorite_user_ids",
            "refusal_id",
            "kept_samples",
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
        default=lambda self: self._get_own_mailbox(),
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
    calendar_at = fields.Datetime(
        "Sent or Planned",
        compute="_compute_calendar_at",
        inverse="_inverse_calendar_at",
        store=True,
        copy=False,
        index="btree_not_null",
        help="Where the calendar shows the mailing: when its sending began, before that Send On.",
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
    time_zone = fields.Char(
        compute="_compute_time_zone", help="The time zone in which the user sees and types times."
    )
    schedule_notice = fields.Char(
        compute="_compute_schedule_notice", help="What becomes of a Send On that has passed."
    )
    state_color = fields.Integer(compute="_compute_state_color", help="Of the calendar.")

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
    unsubscribed_count = fields.Integer("Unsubscribed", related="counter_id.unsubscribed_count")
    progress = fields.Float(compute="_compute_progress", help="0 to 100.")
    opened_rate = RateField(
        "Opened (%)",
        compute="_compute_rates",
        help="Of the delivered messages. Empty if openings are not tracked.",
    )
    clicked_rate = RateField(
        "Clicked (%)",
        compute="_compute_rates",
        help="Of the delivered messages. Empty if clicks are not tracked.",
    )
    bounced_rate = RateField("Bounced (%)", compute="_compute_rates", help="Of the sent messages.")

    # Favorites: of each user, see _set_favorite.
    favorite_user_ids = fields.Many2many(
        "res.users",
        "partner_mailing_favorite_rel",
        "mailing_id",
        "user_id",
        string="Favorite Of",
        copy=False,
    )
    is_favorite = fields.Boolean(
        "Favorite",
        compute="_compute_is_favorite",
        inverse="_inverse_is_favorite",
        search="_search_is_favorite",
        copy=False,
        help="One of your favorites. Other users have their own.",
    )

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

    @api.depends("recipient_count", "pending_count")
    def _compute_progress(self):
        for mailing in self:
            done = mailing.recipient_count - mailing.pending_count
            mailing.progress = (
                100.0 * done / mailing.recipient_count if mailing.recipient_count else 0.0
            )

    @api.depends(
        "sent_count",
        "bounced_count",
        "opened_count",
        "clicked_count",
        "track_opens",
        "track_clicks",
    )
    def _compute_rates(self):
        for mailing in self:
            totals = mailing._get_totals()
            delivered = totals["delivered"]
            mailing.opened_rate = mailing.track_opens and rate(totals["opened"], delivered)
            mailing.clicked_rate = mailing.track_clicks and rate(totals["clicked"], delivered)
            mailing.bounced_rate = rate(totals["bounced"], totals["sent"])

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
        return [state for state, _label in STATES if state in shown]

    @api.onchange("audience_ids")
    def _onchange_audience_ids(self):
        """Let recipients unsubscribe from the tags by which they were chosen."""
        before = self._origin.audience_ids.category_ids
        self.unsubscribe_category_ids |= self.audience_ids.category_ids - before

    @api.onchange("email_from", "reply_to", "cc", "bcc")
    def _onchange_addresses(self):
        self._show_addresses_read()

    # ------------------------------------------------------------
    # Favorites
    # ------------------------------------------------------------

    @api.depends("favorite_user_ids")
    @api.depends_context("uid")
    def _compute_is_favorite(self):
        for mailing in self:
            mailing.is_favorite = self.env.user in mailing.favorite_user_ids

    def _inverse_is_favorite(self):
        for mailing in self:
            mailing._set_favorite(mailing.is_favorite)

    @api.model
    def _search_is_favorite(self, operator, _value):
        if operator != "in":
            return NotImplemented
        return [("favorite_user_ids", "in", [self.env.uid])]

    def _set_favorite(self, is_favorite):
        """Add the mailings to the favorites of the user, or remove them.

        Written by SQL: readers may do it, and the mailing is not changed by it.
        """
        self.check_access("read")
        if is_favorite:
            query = SQL(
                "INSERT INTO partner_mailing_favorite_rel (mailing_id, user_id)"
                " SELECT unnest(%s::int[]), %s ON CONFLICT DO NOTHING",
                self.ids,
                self.env.uid,
            )
        else:
            query = SQL(
                "DELETE FROM partner_mailing_favorite_rel"
                " WHERE mailing_id = ANY(%s) AND user_id = %s",
                self.ids,
                self.env.uid,
            )
        self.env.cr.execute(query)
        self.invalidate_recordset(["favorite_user_ids", "is_favorite"], flush=False)

    # ------------------------------------------------------------
    # Cards of the board
    # ------------------------------------------------------------

    @api.depends(lambda self: ["channel", *self._get_rendered_fields()])
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
        body = xml_to_html(str(body))
        return Markup(self._wrap_body(self._name_placeholders(body, HTML), subject or "", ""))

    @api.model
    def _name_placeholders(self, source, kind):
        """Return a subject or body with the names of fields in place of placeholders.

        QWeb logic stays as it is: it is not evaluated for a card. What is no placeholder of the
        list is an expression in a subject: its source is for template editors.

        :param kind: ``TEXT`` or ``HTML`` of ``tools.placeholder``
        :return: text with ``[Name]``; for ``HTML`` a source with chips
        """
        labels = self._get_placeholder_labels()
        source = str(source or "")
        if kind == TEXT:
            name = self._make_company_filler(
                kind, lambda one: f"[{self._name_placeholder(one, labels)}]"
            )
            return "".join(
                piece if isinstance(piece, str) else name(piece) for piece in split_inline(source)
            )
        name = self._make_company_filler(kind, lambda one: make_chip(labels[one.path]))
        try:
            return substitute_placeholders(source, kind, frozenset(labels), name)
        except UnsupportedTemplate:
            return source

    @api.model
    def _show_placeholders(self, text):
        """Return a text that is stored as HTML, in which placeholders are chips."""
        labels = self._get_placeholder_labels()
        return Markup("").join(
            piece if isinstance(piece, str) else make_chip(self._name_placeholder(piece, labels))
            for piece in split_inline(text)
        )

    @api.model
    def _get_placeholder_labels(self):
        return {
            placeholder["expression"]: placeholder["label"]
            for placeholder in self.get_placeholders()
        }

    def _name_placeholder(self, placeholder, labels):
        return labels.get(placeholder.path) or self.env._("Expression")

    # ------------------------------------------------------------
    # Transport
    # ------------------------------------------------------------

    @api.model
    def _get_transports(self):
        """Return {channel: class of its transport}.

        An addon that brings a channel overrides this method and adds its class.
        """
        one_by_one = self.env["ir.mail_server"]._get_message_overrides()
        return {"email": OneByOneTransport if one_by_one else SmtpTransport}

    def _get_transport(self):
        """Return the ``Transport`` of the mailing, with the rights and language of the record."""
        return self._get_transports()[self.channel or "email"](self)

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
        for vals in vals_list:
            self._check_nesting(vals)
        stored = [self._store_pictures(self._tidy_headers(vals)) for vals in vals_list]
        mailings = super().create([vals for vals, _files in stored])
        mailings._link_attachments()
        mailings._check_files()
        for mailing, (_vals, files) in zip(mailings, stored, strict=True):
            mailing._link_pictures(files)
        mailings._note_versions()
        mailings._own_pictures()
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
        return values

    def _get_moment_of_calendar(self):
        """Return the moment to come that the calendar has put into the context, or False."""
        try:
            moment = fields.Datetime.to_datetime(self.env.context.get("default_calendar_at"))
        except (TypeError, ValueError):
            return False
        return moment if moment and moment > fields.Datetime.now() else False

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
        if "body_html" in vals:
            self._own_pictures()
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
        if field_name == "body_html":
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
        if field_name == "body_html":
            self._own_pictures()
        if field_name in self._get_rendered_fields():
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
            duplicate._take_exclusions(mailing)
            duplicate._log_duplicate()
        return copies

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for mailing, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", mailing.name)
        for mailing, vals in zip(self, vals_list, strict=True):
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
            if problem := mailing._get_request_server_problem():
                raise UserError(problem)
            state = "sending" if mailing.started_at else "validated"
            mailing._as_system().write(
                {"state": state, "pause_reason": False, "resumed_at": fields.Datetime.now()}
            )
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

    def _is_hidden_at(self, record):
        """Tell whether users who see a record may not see the mailing.

        :param record: with a chatter: a contact, an entry of the blocklist
        """
        self.ensure_one()
        mailing = self.sudo()
        if mailing.manage_group_ids or mailing.view_group_ids:
            return True
        company = record.sudo().company_id if "company_id" in record._fields else None
        if company == mailing.company_id:
            return False
        return mailing.env["res.company"].search_count([], limit=2) > 1

    def _get_name_at(self, record):
        """Return the title for the chatter of a record; only the number where it is hidden."""
        if self._is_hidden_at(record):
            return self.env._("No. %s", self.id)
        return self.sudo().name

    def _get_name_for(self, user):
        """Return the title, only the number for a user who may not read the mailing."""
        readable = self.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
        return self.sudo().name if readable.has_access("read") else self.env._("No. %s", self.id)

    def _check_can_test(self):
        """Raise unless the user may change or validate the mailing: a test is sent unvalidated."""
        self.ensure_one()
        self.check_access("read")
        if not (self.has_access("write") or self.env.user.has_group(VALIDATOR_GROUP)):
            raise AccessError(
                self.env._(
                    'You may read the mailing "%s", but not test it: tests are for users who may change'
                    " or validate it.",
                    self.name,
                )
            )

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
    # Send On
    # ------------------------------------------------------------

    @api.depends_context("tz", "uid")
    def _compute_time_zone(self):
        # Without one the browser shows its own time, which the server does not know.
        self.time_zone = self.env.context.get("tz") or self.env.user.tz

    @api.depends("state", "scheduled_at", "started_at")
    @api.depends_context("lang", "tz", "uid")
    def _compute_schedule_notice(self):
        for mailing in self:
            mailing.schedule_notice = mailing._is_schedule_past() and mailing._get_schedule_notice()

    def _get_schedule_notice(self):
        """Return a sentence about a Send On that has passed, False where it does not matter."""
        moment = self._name_moment(self.scheduled_at)
        if self.state == "draft":
            return self.env._(
                "Send On, %s, has passed. Choose a later time, or empty the field: then the mailing"
                " is sent as soon as it is validated.",
                moment,
            )
        if self.state == "to_validate":
            return self.env._(
                "Send On, %s, has passed. The validator decides whether the mailing is sent now or"
                " at a new time.",
                moment,
            )
        if self.state == "paused" and not self.started_at:
            return self.env._(
                "Send On, %s, has passed. When you resume the mailing, it is sent at once.", moment
            )
        return False

    def _is_schedule_past(self):
        """Tell whether the mailing has a Send On that has passed."""
        return bool(self.scheduled_at) and self.scheduled_at <= fields.Datetime.now()

    def _check_schedule(self, moment):
        """Raise when a moment for Send On has passed.

        :param moment: naive, UTC; false for none
        :raises UserError: names the field and the moment
        """
        if moment and moment <= fields.Datetime.now():
            raise UserError(
                self.env._(
                    '"%(field)s" of the mailing "%(mailing)s" is %(time)s, which has passed. Choose'
                    " a later time, or empty the field: then the mailing is sent as soon as it is"
                    " validated.",
                    field=self._fields["scheduled_at"]._description_string(self.env),
                    mailing=self.name or "",
                    time=self._name_moment(moment),
                )
            )

    def _name_moment(self, moment, person=None):
        """Return a moment (naive, UTC) with its year and its time zone, in the user's language.

        :param person: a user in whose time zone it is, the current one if there is none
        """
        zone = person.sudo().tz if person else self.env.context.get("tz") or self.env.user.tz
        zone = zone or "UTC"
        local = fields.Datetime.context_timestamp(self.with_context(tz=zone), moment)
        return self.env._(
            "%(date)s, %(time)s (%(zone)s)",
            date=format_date(self.env, local, date_format="medium"),
            time=format_time(self.env, moment, tz=zone, time_format="short"),
            zone=zone,
        )

    def _get_begin_in_words(self):
        """Return when the mailing begins once it is validated."""
        self.ensure_one()
        if self._is_schedule_past():
            return self.env._(
                "%s has passed: the validator decides whether it is sent now or at a new time",
                self._name_moment(self.scheduled_at),
            )
        if self.scheduled_at:
            return self._name_moment(self.scheduled_at)
        return self.env._("as soon as it is validated")

    # ------------------------------------------------------------
    # Dialogs
    # ------------------------------------------------------------

    def action_open_recipients(self):
        """Open the page of all recipients.

        ``recipient_filter`` in the context names a filter of that page. An addon that brings a
        channel overrides this method to add to the context.
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_lite.partner_mailing_recipient_action"
        )
        action["domain"] = [("mailing_id", "=", self.id)]
        action["display_name"] = self.env._("Recipients of %s", self.name)
        name = self.env.context.get("recipient_filter")
        action["context"] = {
            "default_mailing_id": self.id,
            "partner_mailing_tracked": (self.track_opens or self.track_clicks)
            and name not in FILTERS_WITHOUT_MESSAGE,
            # Before the start, states and dates of sending say nothing.
            "partner_mailing_not_started": not self.started_at,
        }
        if name:
            action["context"][f"search_default_{name}"] = 1
        return action

    def action_send_test(self):
        """Open the dialog that sends a test.

        :raises AccessError: for users who may only read the mailing
        """
        self._check_can_test()
        return self._open_dialog("partner.mailing.test", self.env._("Send a Test"))

    def action_preview(self):
        """Open the preview; the checklist then has the version of its recipient as seen."""
        action = self._open_dialog(
            "partner.mailing.preview", self.env._("Preview"), dialog_size="extra-large"
        )
        reader = self.recipient_window_ids[:1] or self.env.user.partner_id
        self._record_look(self._get_recipient_language({"lang": reader.lang}))
        return action

    def _open_dialog(self, model, title, **context):
        """Return the action that opens a dialog about the mailing, with its first recipient."""
        self.ensure_one()
        self.check_access("read")
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


def make_chip(label):
    """Return the HTML of a placeholder that is shown by the name of its field.

    With a style of its own, because it also stands in pages without the client's style sheets.
    """
    return Markup('<span class="o_partner_mailing_chip" style="%s">%s</span>') % (CHIP_STYLE, label)
