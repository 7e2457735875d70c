from ast import literal_eval

import psycopg2

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, mute_logger
from odoo.tools.misc import formatLang

from ..selection import Exclusions
from .mailing_guard import SYSTEM, SYSTEM_KEY
from .partner_mailing import EDITABLE_STATES

# Memory for a hash of the addresses at a million contacts; set for one statement.
SORT_MEMORY = "256MB"
# The fields that decide which contacts the audience has.
SELECTING = {"domain", "category_ids", "excluded_category_ids", "partner_ids", "company_id"}
# Of one of its entries, besides the field that says what is meant.
DETAILS = ("kind", "outcome", "link_id")
# The fields of a predefined audience that users may change.
FREE_FIELDS = {"active", "sequence"}


class PartnerMailingAudience(models.Model):
    """A reusable selection of contacts: by filter and tags, or by hand.

    The audience has the contacts that match the filter *and* have one of the tags, and the
    contacts that were chosen by hand. Without any of these it has all contacts. A predefined
    audience comes with the addon: it can be used, copied and archived, not changed.

    In the order of this file: fields, availability, counts, the audience in words, CRUD, mailings
    to it, domains of contacts.
    """

    _name = "partner.mailing.audience"
    _inherit = ["partner.mailing.call"]
    _description = "Mailing Audience"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    note = fields.Text("Description", translate=True)
    domain = fields.Char("Filter", default="[]", help="Contacts that match it.")
    category_ids = fields.Many2many(
        "res.partner.category",
        "partner_mailing_audience_category_rel",
        "audience_id",
        "category_id",
        string="Tags",
        help="Contacts with at least one of these tags. Empty: tags do not matter.",
    )
    excluded_category_ids = fields.Many2many(
        "res.partner.category",
        "partner_mailing_audience_excluded_category_rel",
        "audience_id",
        "category_id",
        string="Excluded Tags",
        help="Contacts with one of these tags are not written to, whatever audience they are in,"
        " nor are other contacts with the same address.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        "partner_mailing_audience_partner_rel",
        "audience_id",
        "partner_id",
        string="Contacts Chosen by Hand",
        help="They belong to the audience whether they match the tags and the filter or not.",
    )
    source_ids = fields.One2many(
        "partner.mailing.source",
        "of_audience_id",
        "But Not To",
        copy=True,
        help="They are left out of every mailing to this audience, whatever other audience they are"
        " in, as contacts with an excluded tag are.",
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company, index=True)
    is_predefined = fields.Boolean(
        "Predefined",
        readonly=True,
        copy=False,
        help="Comes with the addon. Duplicate it and change the copy.",
    )
    partner_count = fields.Integer(
        "Contacts",
        compute="_compute_partner_count",
        help="Active contacts that you may see and that a mailing of the company may use.",
    )
    usable_count = fields.Integer(
        "Usable Addresses",
        compute="_compute_usable_count",
        help="Different addresses that are valid, not on the blocklist, and not of a contact with an"
        " excluded tag: the most messages that a mailing to this audience alone sends.",
    )
    summary = fields.Char(
        "In Words",
        compute="_compute_summary",
        help="How tags, filter and contacts chosen by hand combine, and how many contacts they give.",
    )
    suggested_name = fields.Char(
        store=False, help="The last name that was suggested: one that was typed is not replaced."
    )
    is_available = fields.Boolean(
        "Usable", compute="_compute_is_available", search="_search_is_available"
    )
    unavailable_reason = fields.Char("Why Not Usable", compute="_compute_is_available")

    @api.model
    def _get_entry_fields(self):
        """Return the fields of the entries on which it depends whom the audience has, as paths."""
        names = (*DETAILS, *self.env["partner.mailing.source"]._get_value_fields())
        return [f"source_ids.{name}" for name in names]

    # ------------------------------------------------------------
    # Availability
    # ------------------------------------------------------------

    @api.constrains("domain")
    def _check_domain(self):
        # A predefined audience may filter on a field of an app that is not installed.
        for audience in self.filtered(lambda audience: not audience.is_predefined):
            if reason := audience._get_filter_problem():
                raise ValidationError(reason)

    @api.depends(lambda self: ["domain", *self._get_entry_fields()])
    @api.depends_context("uid")
    def _compute_is_available(self):
        for audience in self:
            reason = audience._get_unavailable_reason()
            audience.is_available = not reason
            audience.unavailable_reason = reason

    def _search_is_available(self, operator, value):
        if operator != "in":
            return NotImplemented
        # The registry decides whether a filter can be used, so SQL cannot search for it. There
        # are dozens of audiences, not thousands.
        audiences = self.with_context(active_test=False).search_fetch([], ["domain"])
        found = audiences.filtered(lambda audience: audience.is_available in value)
        return [("id", "in", found.ids)]

    # ------------------------------------------------------------
    # Counts
    # ------------------------------------------------------------

    @api.depends(lambda self: [*sorted(SELECTING), *self._get_entry_fields()])
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_count(self):
        for audience in self:
            audience.partner_count = 0
            if audience.is_available:
                _mailing, contacts = audience._get_contacts()
                [(audience.partner_count,)] = self.env.execute_query(
                    contacts.select(SQL("count(*)"))
                )

    @api.depends(lambda self: [*sorted(SELECTING), *self._get_entry_fields()])
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_usable_count(self):
        for audience in self:
            audience.usable_count = audience.is_available and audience._count()[1]

    def _get_contacts(self):
        """Return an unsaved mailing to the audience, and the query of the contacts that it loads.

        Contacts with an excluded tag, and those of *But not to*, are not among them.
        """
        self.ensure_one()
        mailing = self._new_mailing()
        return mailing, mailing._readable_contacts(self._get_selection_domain(mailing))

    def _new_mailing(self):
        """Return an unsaved mailing of the company of the audience."""
        return self.env["partner.mailing"].new(
            {"company_id": self.company_id.id or self.env.company.id}
        )

    def _count(self):
        """Return the numbers of contacts and of usable addresses, in one statement.

        An address is usable as in ``RecipientQuery.eligible``. Each counts once.

        Plan at a million contacts: one scan of them, one hash of their addresses (160 MB, so
        ``work_mem`` is set), and two hash joins with the (usually small) blocklist and excluded
        contacts; 4 s.
        """
        mailing, contacts = self._get_contacts()
        transport = mailing._get_transport()
        excluded = mailing._query_recipients().tagged(self.excluded_category_ids.ids)
        if left_out := Exclusions(self, mailing).addresses_sql():
            excluded = SQL("%s UNION ALL %s", excluded, left_out)
        for name in ("res.partner", "mail.blacklist"):
            self.env[name].flush_model()
        self.env.cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", SORT_MEMORY))
        [(total, usable)] = self.env.execute_query(
            SQL(
                """
                WITH contact AS (
                    SELECT typed, lower(address) AS address FROM (%(contacts)s) c
                ), address AS (
                    SELECT address, count(*) AS number
                      FROM (SELECT CASE WHEN (%(is_plain)s) IS TRUE OR (%(problem)s) IS NULL
                                        THEN c.address END AS address
                              FROM contact c) checked
                  GROUP BY address
                )
                SELECT COALESCE(sum(number), 0)::bigint,
                       count(*) FILTER (
                           WHERE a.address IS NOT NULL
                             AND b.address IS NULL AND x.address IS NULL)
                  FROM address a
                  LEFT JOIN (SELECT DISTINCT address FROM (%(blocklist)s) b) b
                    ON b.address = a.address
                  LEFT JOIN (SELECT DISTINCT address FROM (%(excluded)s) x (address)) x
                    ON x.address = a.address
                """,
                contacts=transport.contact_columns_sql(contacts),
                is_plain=transport.plain_address_sql(SQL("c.typed"), SQL("c.address")),
                problem=transport.address_problem_sql(SQL("c.typed"), SQL("c.address")),
                blocklist=transport.blocklist_sql(),
                excluded=excluded,
            )
        )
        self.env.cr.execute(SQL("SET LOCAL work_mem TO DEFAULT"))
        return total, usable

    # ------------------------------------------------------------
    # The audience in words
    # ------------------------------------------------------------

    @api.depends(lambda self: ["is_predefined", *sorted(SELECTING), *self._get_entry_fields()])
    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_summary(self):
        for audience in self:
            audience.summary = audience.is_available and audience._get_summary()

    def _get_summary(self):
        """Return in one sentence whom the audience has and how many they are."""
        total, usable = self._count()
        values = {
            "contacts": self._describe(),
            "total": formatLang(self.env, total, digits=0),
            "usable": formatLang(self.env, usable, digits=0),
        }
        if not usable:
            return self.env._("%(contacts)s: %(total)s, none with a usable address.", **values)
        if usable == 1:
            return self.env._("%(contacts)s: %(total)s, of whom 1 has a usable address.", **values)
        return self.env._(
            "%(contacts)s: %(total)s, of whom %(usable)s have a usable address.", **values
        )

    def _describe(self):
        """Return in words how tags, filter and contacts chosen by hand combine."""
        filtered = not self._read_filter(self.domain).is_true()
        by_hand = len(self.partner_ids)
        parts = []
        if self.category_ids:
            first, *others = self.category_ids
            parts.append(self._add_names(self.env._("with “%s”", first.name or ""), others))
        if filtered:
            parts.append(self.env._("matching the filter"))
        if parts:
            text = self.env._("Contacts %s", ", ".join(parts))
            if by_hand:
                text = self.env._(
                    "%(contacts)s, and %(count)s chosen by hand",
                    contacts=text,
                    count=formatLang(self.env, by_hand, digits=0),
                )
        elif by_hand:
            text = self.env._("Contacts chosen by hand")
        else:
            text = self.env._("All contacts")
        if self.excluded_category_ids:
            first, *others = self.excluded_category_ids
            without = self.env._("without those with “%s”", first.name or "")
            text = f"{text}, {self._add_names(without, others)}"
        if left_out := Exclusions(self).describe():
            text = self.env._(
                "%(contacts)s, but not to: %(entries)s", contacts=text, entries=left_out
            )
        return text

    def _add_names(self, words, tags):
        """Return the words, and the names of further tags behind them."""
        return " ".join([words, *(self.env._("or “%s”", tag.name or "") for tag in tags)])

    @api.onchange("category_ids", "excluded_category_ids")
    def _onchange_selection(self):
        """Suggest a name, as long as none was typed."""
        if (self.name or "") == (self.suggested_name or ""):
            self.name = self.suggested_name = self._suggest_name()

    def _suggest_name(self):
        """Return a name made of the tags, False where there are none."""
        names = ", ".join(tag.name for tag in self.category_ids if tag.name)
        excluded = ", ".join(tag.name for tag in self.excluded_category_ids if tag.name)
        if names and excluded:
            return self.env._("%(tags)s without %(excluded)s", tags=names, excluded=excluded)
        return names or self.suggested_name or False

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # A default in the context is not among the values that are checked.
            self = self.with_context(default_is_predefined=False)  # noqa: PLW0642
            if any(vals.get("is_predefined") for vals in vals_list):
                self._raise_predefined_by_addon_only()
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            if "is_predefined" in vals:
                self._raise_predefined_by_addon_only()
            if set(vals) - FREE_FIELDS:
                self._check_not_predefined()
        result = super().write(vals)
        if SELECTING & set(vals):
            self._invalidate_lists()
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        if not self.env.su:
            self._check_not_predefined()
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_predefined(self):
        if not self.env.su:
            self._check_not_predefined()

    @api.ondelete(at_uninstall=False)
    def _unlink_invalidate_lists(self):
        self._invalidate_lists()
        # Whom an audience chose, it does not choose any more. What it excluded needs a person.
        chosen = [("audience_id", "in", self.ids), ("side", "=", "in")]
        self.env["partner.mailing.source"].sudo().search(chosen).with_context(
            **{SYSTEM_KEY: SYSTEM}
        ).unlink()

    def _invalidate_lists(self):
        """Note for drafts to these audiences that their lists are out of date.

        Also for drafts to audiences that leave out these, or that leave out such audiences.
        """
        excluding = self.env["partner.mailing.source"].sudo()
        audiences = found = self.with_context(active_test=False)
        while found:
            entries = excluding.search(
                [("audience_id", "in", found.ids), ("of_audience_id", "!=", False)]
            )
            found = entries.of_audience_id - audiences.sudo()
            audiences = audiences.sudo() | found
        drafts = (
            self.env["partner.mailing"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("source_ids.audience_id", "in", audiences.ids),
                    ("state", "in", EDITABLE_STATES),
                    ("recipients_loaded_at", "!=", False),
                ]
            )
        )
        drafts._as_system().write({"recipients_loaded_at": False})

    def _note_change_of_sources(self):
        """Note that whom these audiences leave out is changed, before it is.

        :raises UserError: when an audience is predefined
        """
        if not self:
            return
        self.check_access("write")
        if not self.env.su:
            self._check_not_predefined()
        self._invalidate_lists()

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for audience, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", audience.name)
        return vals_list

    def _check_not_predefined(self):
        """Raise when one of the audiences is predefined."""
        for audience in self:
            if audience.is_predefined:
                raise UserError(
                    self.env._(
                        'The audience "%s" is predefined and stays as it is.'
                        " Duplicate it and change the copy, or archive it.",
                        audience.name,
                    )
                )

    def _raise_predefined_by_addon_only(self):
        raise AccessError(
            self.env._(
                'The field "%s" of an audience is set by the addon alone.',
                self._fields["is_predefined"]._description_string(self.env),
            )
        )

    # ------------------------------------------------------------
    # Mailings
    # ------------------------------------------------------------

    def action_new_mailing(self):
        """Create a draft to these audiences and open it.

        :raises UserError: when an audience cannot be used, or they are of several companies
        """
        self._check_saved()
        self.check_access("read")
        for audience in self:
            if reason := audience._get_unavailable_reason():
                raise UserError(reason)
        if len(self.company_id) > 1:
            raise UserError(
                self.env._(
                    "These audiences belong to several companies: %s. Choose those of one company.",
                    ", ".join(self.company_id.mapped("name")),
                )
            )
        company = self.company_id or self.env.company
        mailing = (
            self.env["partner.mailing"]
            .with_company(company)
            .create(
                {
                    "name": self.env._("Mailing to %s", ", ".join(self.mapped("name"))),
                    "company_id": company.id,
                    "audience_ids": [fields.Command.set(self.ids)],
                    # As when the audiences are chosen in the form.
                    "unsubscribe_category_ids": [fields.Command.set(self.category_ids.ids)],
                }
            )
        )
        return {
            "type": "ir.actions.act_window",
            "name": mailing.name,
            "res_model": mailing._name,
            "res_id": mailing.id,
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------
    # Domains of contacts
    # ------------------------------------------------------------

    def action_open_contacts(self):
        """Show the contacts of the audience in Odoo's own list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "view_mode": "list,kanban,form",
            # What entries leave out is SQL, which no list of the web client can ask for.
            "domain": list(
                (
                    Domain("partner_mailing_audience", "=", self.id)
                    if self.source_ids
                    else self._get_selection_domain()
                )
                & Domain("company_id", "in", [False, (self.company_id or self.env.company).id])
            ),
        }

    def _get_unavailable_reason(self):
        """Return why filter or entries cannot be used, in words, or False."""
        return self._get_filter_problem() or Exclusions(self).get_problem()

    def _get_filter_problem(self):
        """Return why the filter cannot be used, in words, or False."""
        self.ensure_one()
        try:
            self._read_filter(self.domain)
        except UserError as error:
            if self.is_predefined:
                return self.env._(
                    'The audience "%(audience)s" cannot be used: %(error)s. It can be used as soon as'
                    " the app that it needs is installed and you may read its records.",
                    audience=self.name,
                    error=error,
                )
            return self.env._(
                'The filter of the audience "%(audience)s" cannot be used: %(error)s.'
                " Open the audience and set the filter again.",
                audience=self.name,
                error=error,
            )
        return False

    @api.model
    def _read_filter(self, text):
        """Return the ``Domain`` of contacts that a text stands for; all contacts for an empty one.

        :raises UserError: when the database, or this user, cannot search by it; with the reason
        """
        try:
            domain = Domain(literal_eval(text or "[]"))
            # Building the query also finds a field or model that this user may not read.
            self.env["res.partner"]._search(domain)
        except UserError:
            raise
        except ValueError as error:
            raise UserError(str(error)) from error
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            # Nonsense makes Python and Odoo raise errors of any kind.
            raise UserError(self.env._("it is no filter of contacts")) from error
        if fault := self._get_filter_fault(text or "[]"):
            raise UserError(fault)
        return domain

    @api.model
    @tools.ormcache("text")
    def _get_filter_fault(self, text):
        """Return why the database cannot search by a filter, False when it can.

        PostgreSQL alone knows that, for instance, a text is no number. It parses the statement
        and returns no row; the result depends on nothing but the text.
        """
        domain = Domain(literal_eval(text))
        for condition in domain.iter_conditions():
            if ends_in_escape(condition.value) and condition.operator.endswith("like"):
                return self.env._("no text in it may end with a backslash")
        partners = self.env["res.partner"].sudo().with_context(active_test=False, lang=None)
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                self.env.execute_query(
                    SQL("SELECT FROM (%s) contact LIMIT 0", partners._search(domain).select())
                )
        except (psycopg2.DataError, psycopg2.ProgrammingError) as error:
            return error.diag.message_primary or self.env._("it is no filter of contacts")
        except (ValueError, TypeError) as error:  # a text that cannot be sent to PostgreSQL
            return str(error)
        return False

    def _get_included_domain(self):
        """Return the domain of the included contacts, without the excluded tags.

        :raises UserError: when the filter cannot be used
        """
        self.ensure_one()
        if reason := self._get_filter_problem():
            raise UserError(reason)
        selected = self._read_filter(self.domain)
        if self.category_ids:
            selected &= Domain("category_id", "in", self.category_ids.ids)
        by_hand = Domain("id", "in", self.partner_ids.ids)
        # An audience without filter, tags and contacts has all contacts; one with contacts chosen
        # by hand and nothing else has these alone.
        included = by_hand if selected.is_true() and self.partner_ids else selected | by_hand
        return included & Domain("active", "=", True)

    def _get_selection_domain(self, mailing=None):
        """Return the domain of the contacts of the audience, without those that it leaves out.

        :param mailing: whose list is made: its channel decides what is an address
        :raises UserError: when the filter or an entry cannot be used
        """
        exclusions = Exclusions(self, mailing)
        if problem := exclusions.get_problem():
            raise UserError(problem)
        domain = self._get_included_domain()
        if self.excluded_category_ids:
            domain &= Domain("category_id", "not in", self.excluded_category_ids.ids)
        return exclusions.narrow(domain)


def ends_in_escape(value):
    """Tell whether a pattern of LIKE, or one of several, ends with an open escape."""
    if isinstance(value, str):
        return (len(value) - len(value.rstrip("\\"))) % 2 == 1
    return isinstance(value, (list, tuple, set, frozenset)) and any(map(ends_in_escape, value))
