from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang
from odoo.tools.sql import column_exists, create_column

from ..tools.person_name import FIRST, LAST, LAST_2, PARTS
from ..tools.person_name import read_contact as read_person
from ..transport.canonical_address import (
    UNREAD_INDEX,
    address_index,
    contact_address_sql,
    read_contact,
    read_contacts,
)
from .mailing_call import only_one

# Placeholders that all users may use, beside those that Odoo allows for every model (name and
# salesperson among them).
ALLOWED_EXPRESSIONS = (
    "object.email",
    "object.function",
    "object.commercial_company_name",
    "object.city",
    "object.country_id.name",
    "object.lang",
    "object.ref",
)
# Placeholders for the data of the company that sends the mailing: the same for all its recipients.
COMPANY_FIELDS = (
    "partner_mailing_company_name",
    "partner_mailing_company_address",
    "partner_mailing_company_website",
    "partner_mailing_company_email",
    "partner_mailing_company_phone",
    "partner_mailing_company_logo",
)


def _company_field(kind, label, **options):
    """Return a field with data of the company that writes to the contact."""
    return kind(
        label,
        compute="_compute_partner_mailing_company",
        exportable=False,
        groups="base.group_user",
        **options,
    )


class ResPartner(models.Model):
    """A contact, which can be marked for mailings and be a recipient of mailings."""

    _inherit = "res.partner"

    partner_mailing_count = fields.Integer(
        "Mailings",
        compute="_compute_partner_mailing_count",
        groups="mass_mailing_lite.group_viewer",
    )
    # Not the relation itself: Odoo searches a stored many2many by ids without the record rules.
    partner_mailing_marked_ids = fields.Many2many(
        "partner.mailing",
        string="Added to Mailings",
        compute="_compute_partner_mailing_marked_ids",
        search="_search_partner_mailing_marked_ids",
        groups="mass_mailing_lite.group_viewer",
    )

    partner_mailing_audience = fields.Integer(
        "In the Mailing Audience",
        compute="_compute_partner_mailing_audience",
        search="_search_partner_mailing_audience",
        exportable=False,
        groups="mass_mailing_lite.group_viewer",
        help="For searching alone: the number of an audience.",
    )

    # Of the company that writes to the contact, for placeholders; see res.company.
    partner_mailing_company_name = _company_field(fields.Char, "Our Company: Name")
    partner_mailing_company_address = _company_field(fields.Char, "Our Company: Address")
    partner_mailing_company_website = _company_field(fields.Char, "Our Company: Website")
    partner_mailing_company_email = _company_field(fields.Char, "Our Company: E-mail")
    partner_mailing_company_phone = _company_field(fields.Char, "Our Company: Phone")
    partner_mailing_company_logo = _company_field(fields.Html, "Our Company: Logo", sanitize=False)

    # For placeholders; see tools/person_name.py. Not stored: the sender reads them from the columns
    # that a claim brings, which takes 2 µs.
    partner_mailing_first_name = fields.Char(
        "First Name",
        compute="_compute_partner_mailing_names",
        exportable=False,
        groups="base.group_user",
        help="Read from the name of a person; empty where it is not clear.",
    )
    partner_mailing_surname = fields.Char(
        "Surname",
        compute="_compute_partner_mailing_names",
        exportable=False,
        groups="base.group_user",
        help="Read from the name of a person; empty where it is not clear.",
    )
    partner_mailing_formal_name = fields.Char(
        "First Name and Patronymic",
        compute="_compute_partner_mailing_names",
        exportable=False,
        groups="base.group_user",
        help="As in a formal letter in Russian or Ukrainian; the first name alone where the name has"
        " no patronymic.",
    )

    partner_mailing_address = fields.Char(
        "Canonical E-mail",
        compute="_compute_partner_mailing_address",
        store=True,
        groups="mass_mailing_lite.group_user",
        help="The address that mailings go to; set only where it is another one than the normalized"
        " address of Odoo.",
    )
    partner_mailing_further = fields.Json(
        "Further E-mail Addresses",
        compute="_compute_partner_mailing_address",
        store=True,
        groups="mass_mailing_lite.group_user",
        help="The other addresses in the e-mail field: as typed, and in their canonical form.",
    )

    # Each unsubscription searches for all contacts with its address.
    _partner_mailing_address_idx = models.Index(address_index("email_normalized"))
    _partner_mailing_unread_idx = models.Index(UNREAD_INDEX)
    _partner_mailing_further_idx = models.Index("(id) WHERE partner_mailing_further IS NOT NULL")
    # Before each slice of sending, for the contacts that were archived since.
    _partner_mailing_archived_idx = models.Index("(write_date) WHERE active IS NOT TRUE")

    def _auto_init(self):
        # So that the ORM does not compute them contact by contact: a million takes minutes.
        for name, kind in (
            ("partner_mailing_address", "varchar"),
            ("partner_mailing_further", "jsonb"),
        ):
            if not column_exists(self.env.cr, self._table, name):
                create_column(self.env.cr, self._table, name, kind)
        return super()._auto_init()

    def init(self):
        result = super().init()
        read_contacts(self)
        return result

    # ------------------------------------------------------------
    # Addresses
    # ------------------------------------------------------------

    @api.depends("email", "email_normalized")
    def _compute_partner_mailing_address(self):
        for partner in self:
            partner.partner_mailing_address, partner.partner_mailing_further = read_contact(
                partner.email, partner.email_normalized
            )

    @api.model
    def _partner_mailing_find(self, address):
        """Return the contacts with a canonical address, archived ones among them."""
        self.flush_model(["email", "email_normalized", "partner_mailing_address"])
        rows = self.env.execute_query(
            SQL(
                "SELECT p.id FROM res_partner p WHERE %s = %s ORDER BY p.id",
                contact_address_sql("p"),
                address,
            )
        )
        return self.browse(number for (number,) in rows)

    # ------------------------------------------------------------
    # Marks and recipients
    # ------------------------------------------------------------

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_mailing_count(self):
        """Count the mailings of which the contact is a recipient that is not excluded."""
        counts = dict(
            self.env["partner.mailing.recipient"]._read_group(
                [("partner_id", "in", self.ids), ("state", "!=", "skipped")],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.partner_mailing_count = counts.get(partner, 0)

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_mailing_marked_ids(self):
        """Return the mailings that the contact is marked for, as far as the user may read them."""
        self.env["partner.mailing"].flush_model(["marked_partner_ids"])
        marks = {}
        for partner, mailing in self.env.execute_query(
            SQL(
                "SELECT partner_id, mailing_id FROM partner_mailing_marked_partner_rel"
                " WHERE partner_id = ANY(%s) ORDER BY mailing_id DESC",
                self._origin.ids,
            )
        ):
            marks.setdefault(partner, []).append(mailing)
        numbers = {number for marked in marks.values() for number in marked}
        mailings = self.env["partner.mailing"].browse(sorted(numbers, reverse=True))
        readable = mailings._filtered_access("read")
        for partner in self:
            marked = mailings.browse(marks.get(partner._origin.id, ()))
            partner.partner_mailing_marked_ids = marked & readable

    def _compute_partner_mailing_audience(self):
        self.partner_mailing_audience = False

    @api.model
    def _search_partner_mailing_audience(self, operator, value):
        """Find the contacts of audiences, without those that these leave out.

        :raises AccessError: where the user may not read an audience
        """
        if operator != "in":
            return NotImplemented
        audiences = self.env["partner.mailing.audience"].browse(one for one in value if one)
        audiences.check_access("read")
        return Domain.OR(audience._get_selection_domain() for audience in audiences)

    @api.model
    def _search_partner_mailing_marked_ids(self, operator, value):
        """Find contacts by those of their marks that the user may read."""
        if operator not in ("in", "any"):
            return NotImplemented
        Mailing = self.env["partner.mailing"].with_context(active_test=False)
        Mailing.flush_model(["marked_partner_ids"])
        if operator == "any":
            return self._domain_of_marked(Mailing._search(Domain(value)))
        numbers = [number for number in value if number]
        found = self._domain_of_marked(Mailing._search(Domain("id", "in", numbers)))
        if len(numbers) < len(value):  # with False: the contacts without a mark
            found |= ~self._domain_of_marked(Mailing._search(Domain.TRUE))
        return found

    @api.model
    def _domain_of_marked(self, mailings):
        """Return the domain of the contacts that are marked for a mailing of a query."""
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT partner_id FROM partner_mailing_marked_partner_rel WHERE mailing_id IN %s)",
                mailings.subselect(),
            ),
        )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_no_marks(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_no_marks(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_exclude_recipients(self):
        """Exclude a contact that is deleted from pending mailings; its sent messages stay listed."""
        waiting = (
            self.env["partner.mailing.recipient"]
            .sudo()
            .search([("partner_id", "in", self.ids), ("state", "=", "pending")])
        )
        if waiting:
            waiting._exclude(waiting, "deleted")

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env["partner.mailing.recipient"].sudo()._replace_contacts(ids)
        return result

    def _check_no_marks(self, vals):
        """Refuse to write marks through the contact: the mailing checks the right to change them."""
        if "partner_mailing_marked_ids" in vals:
            raise AccessError(
                self.env._(
                    'The field "%(field)s" of a contact cannot be written: select contacts in the'
                    " Contacts list and add them to the mailing.",
                    field=self._fields["partner_mailing_marked_ids"]._description_string(self.env),
                )
            )

    @api.model
    def mail_allowed_qweb_expressions(self):
        own = (f"object.{name}" for name in (*PARTS, *COMPANY_FIELDS))
        return (*super().mail_allowed_qweb_expressions(), *ALLOWED_EXPRESSIONS, *own)

    @api.model
    def _get_name_columns(self):
        """Return the names of the columns in which the parts of a name are found.

        Fields of other addons that say a part, if there are any: those of OCA's partner_firstname.
        """
        fields_by_name = self._fields
        return (
            "name",
            "is_company",
            *(
                name
                for name in (FIRST, LAST, LAST_2)
                if name in fields_by_name
                and fields_by_name[name].store
                and fields_by_name[name].type == "char"
                and not fields_by_name[name].translate
            ),
        )

    @api.depends(lambda self: self._get_name_columns())
    def _compute_partner_mailing_names(self):
        columns = self._get_name_columns()
        for partner in self:
            person = read_person({name: partner[name] for name in columns})
            for name, part in PARTS.items():
                partner[name] = getattr(person, part)

    @api.depends_context("company", "lang")
    def _compute_partner_mailing_company(self):
        self.update(self.env["partner.mailing"]._get_company_values(self.env.company))

    def action_open_partner_mailings(self):
        """Show the mailings of this contact with the result of each."""
        only_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_lite.partner_mailing_recipient_action_contact"
        )
        action["display_name"] = self.env._("Mailings to %s", self.display_name)
        action["domain"] = [("partner_id", "=", self.id)]
        return action

    @api.model
    def action_partner_mailing_mark(self):
        """Open the dialog that adds the selected contacts to a mailing."""
        return self.env["partner.mailing.mark"]._open(*self._read_selected())

    def action_partner_mailing_send(self):
        """Open a draft with exactly these contacts as recipients: those selected in a list, or one.

        Submitting it takes one press more when it has one recipient; see ``action_open_submission``.
        An own draft to the contact that was left empty is opened again.

        :raises UserError: when none of them can be written to, with the reason
        """
        domain, count = self._read_selected()
        Mailing = self.env["partner.mailing"]
        contact = self.search(domain, limit=2) if count == 1 else self.browse()
        name = (
            self.env._("Mailing to %s", contact.display_name)
            if contact
            else self.env._("Mailing to %s contacts", formatLang(self.env, count, digits=0))
        )
        mailing = contact and Mailing._find_empty_draft(name, contact)
        if not mailing:
            values = {"name": name}
            if contact.company_id in self.env.companies:
                values["company_id"] = contact.company_id.id
            mailing = Mailing.create(values)
            result = mailing._mark_contacts(domain, count)
            if not mailing.pending_count:
                raise UserError(self._describe_unreachable(contact, result))
        return {
            "type": "ir.actions.act_window",
            "res_model": "partner.mailing",
            "res_id": mailing.id,
            "views": [(False, "form")],
            "context": {"partner_mailing_submit_at_once": bool(contact)},
        }

    def action_partner_mailing_unmark(self):
        """Take these contacts, or those selected in the list, off the mailing in the context.

        :raises UserError: when the context names no draft
        """
        mailing_id = self.env.context.get("partner_mailing_unmark_id")
        mailing = self.env["partner.mailing"].browse(
            mailing_id if type(mailing_id) is int and mailing_id > 0 else []
        )
        # As many as the web client sends ids of: all that match the filter of the list.
        selected = self if len(self) < self._get_selection_limit() else self.browse()
        domain, _count = selected._read_selected()
        mailing._unmark_contacts(domain)
        # The dialog in which the button stands is shown again, where it stands in one.
        dialog = self.env.context.get("partner_mailing_mark_id")
        return self.env["partner.mailing.mark"].browse(dialog)._reopen() if dialog else True

    def _describe_unreachable(self, contact, result):
        """Return why no mailing can be sent, and what to do.

        :param contact: the only one that was selected, empty for several
        :param result: of ``_mark_contacts``
        """
        outcomes = self.env["partner.mailing.mark.line"]._fields["outcome"]
        labels = dict(outcomes._description_selection(self.env))
        reasons = ", ".join(
            labels[outcome] for outcome, number in result.items() if number and outcome in labels
        )
        if contact:
            return self.env._(
                'No mailing can be sent to the contact "%(name)s" (%(email)s): %(reasons)s. Correct'
                " the contact, then send the mailing.",
                name=contact.display_name,
                email=contact.email or self.env._("no e-mail address"),
                reasons=reasons,
            )
        return self.env._(
            "No mailing can be sent to the selected contacts: %s. Select others.", reasons
        )

    def _read_selected(self):
        """Return (domain, number) of these contacts, or of those selected in the Contacts list.

        The web client sends at most ``web.active_ids_limit`` ids. When it sends that many, all
        contacts that match the filter of the list were selected, and the filter is used.

        :raises UserError: when another program than the Contacts list has sent them, and they are none
        """
        if self.ids:
            return Domain("id", "in", self.ids), len(self)
        ids = self.env.context.get("active_ids") or []
        if not (isinstance(ids, (list, tuple)) and all(type(one) is int for one in ids)):
            raise UserError(self.env._("Select the contacts in the Contacts list, then add them."))
        domain, count = Domain("id", "in", ids), len(ids)
        if count >= self._get_selection_limit() and "active_domain" in self.env.context:
            chosen = self.env.context["active_domain"]
            domain = self.env["partner.mailing.audience"]._read_filter(repr(chosen))
            count = self.search_count(domain)
        return domain, count

    @api.model
    def _get_selection_limit(self):
        """Return of how many selected contacts the web client sends the ids at most."""
        parameters = self.env["ir.config_parameter"].sudo()
        return int(parameters.get_param("web.active_ids_limit", 20000))
