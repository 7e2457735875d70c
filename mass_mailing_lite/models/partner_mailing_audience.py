from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

# The fields of a predefined audience that users may change.
FREE_FIELDS = {"active", "sequence"}


class PartnerMailingAudience(models.Model):
    """A reusable selection of contacts: by filter and tags, or by hand.

    The audience has the contacts that match the filter *and* have one of the tags, and the
    contacts that were chosen by hand. A predefined audience comes with the addon: it can be used,
    copied and archived, not changed.

    In the order of this file: fields, availability and counts, CRUD, domains of contacts.
    """

    _name = "partner.mailing.audience"
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
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company, index=True)
    is_predefined = fields.Boolean(
        "Predefined",
        readonly=True,
        copy=False,
        help="Comes with the addon. Duplicate it and change the copy.",
    )
    partner_count = fields.Integer("Contacts", compute="_compute_partner_count")
    usable_count = fields.Integer(
        "Usable Addresses",
        compute="_compute_usable_count",
        help="Different addresses that are valid, not on the blocklist, and not of a contact with an"
        " excluded tag: the most messages that a mailing to this audience alone sends.",
    )
    is_available = fields.Boolean(
        "Usable", compute="_compute_is_available", search="_search_is_available"
    )
    unavailable_reason = fields.Char("Why Not Usable", compute="_compute_is_available")

    # ------------------------------------------------------------
    # Availability and counts
    # ------------------------------------------------------------

    @api.constrains("domain")
    def _check_domain(self):
        # A predefined audience may filter on a field of an app that is not installed.
        for audience in self.filtered(lambda audience: not audience.is_predefined):
            if reason := audience._get_unavailable_reason():
                raise ValidationError(reason)

    @api.depends("domain")
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

    @api.depends("domain", "category_ids", "excluded_category_ids", "partner_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_count(self):
        for audience in self:
            audience.partner_count = (
                self.env["res.partner"].search_count(audience._get_selection_domain())
                if audience.is_available
                else 0
            )

    @api.depends("domain", "category_ids", "excluded_category_ids", "partner_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_usable_count(self):
        for audience in self:
            audience.usable_count = (
                self.env.execute_query(audience._usable_addresses_sql())[0][0]
                if audience.is_available
                else 0
            )

    def _usable_addresses_sql(self):
        """Return the SELECT that counts the addresses to which a mailing could be sent.

        Plan at a million contacts: one scan of the audience's contacts and two hash joins, 3 s.
        """
        mailing = self.env["partner.mailing"].new(
            {"audience_ids": self, "company_id": self.company_id or self.env.company}
        )
        contacts = mailing._readable_contacts(self._get_selection_domain())
        transport = mailing._get_transport()
        return SQL(
            """
            SELECT count(DISTINCT c.address)
              FROM (SELECT p.email, lower(%(address)s) AS address
                      FROM res_partner p WHERE p.id IN %(contacts)s) c
             WHERE c.address IS NOT NULL
               AND (%(problem)s) IS NULL
               AND NOT EXISTS (SELECT FROM (%(blocklist)s) b WHERE b.address = c.address)
               AND NOT EXISTS (SELECT FROM (%(excluded)s) x WHERE x.address = c.address)
            """,
            contacts=contacts.subselect(),
            address=transport.contact_address_sql("p"),
            blocklist=transport.blocklist_sql(),
            problem=transport.address_problem_sql(SQL("c.email"), SQL("c.address")),
            excluded=mailing._excluded_contacts_sql(),
        )

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
        return super().write(vals)

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
            "domain": list(self._get_selection_domain()),
        }

    def _get_unavailable_reason(self):
        """Return why the filter cannot be used, in words, or False."""
        self.ensure_one()
        try:
            # Building the query also finds a field or model that this user may not read.
            self.env["res.partner"]._search(Domain(literal_eval(self.domain or "[]")))
        except (ValueError, SyntaxError, TypeError, KeyError, UserError) as error:
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

    def _get_included_domain(self):
        """Return the domain of the included contacts, without the excluded tags.

        :raises UserError: when the filter cannot be used
        """
        self.ensure_one()
        if reason := self._get_unavailable_reason():
            raise UserError(reason)
        selected = Domain(literal_eval(self.domain or "[]"))
        if self.category_ids:
            selected &= Domain("category_id", "in", self.category_ids.ids)
        by_hand = Domain("id", "in", self.partner_ids.ids)
        # An audience without filter, tags and contacts has all contacts; one with contacts chosen
        # by hand and nothing else has these alone.
        included = by_hand if selected.is_true() and self.partner_ids else selected | by_hand
        return included & Domain("active", "=", True)

    def _get_selection_domain(self):
        """Return the domain of the contacts of the audience, without those with excluded tags."""
        domain = self._get_included_domain()
        if self.excluded_category_ids:
            domain &= Domain("category_id", "not in", self.excluded_category_ids.ids)
        return domain
