import re

from odoo import models

from ...delivery.link_token import LinkHole
from ...delivery.template import Placeholder

# What a template reads of the contact; read ahead, for else Odoo reads all columns.
CONTACT_FIELD = re.compile(r"\bobject\.(\w+)")
TEXT_FIELDS = ("char", "text", "selection")


class PartnerMailing(models.Model):
    """The contacts that messages are filled from, read together.

    What is text in a column comes with the claimed rows themselves, under the
    key ``object_name`` and the like: then nothing is read besides. For all else
    (a country's name, QWeb) the contacts are fetched, a claim's in one query.
    """

    _inherit = "partner.mailing"

    def _get_contact_columns(self):
        """Return the names of the contacts' columns that the content asks for, in any language."""
        stored = self._get_translations()
        names = {
            column
            for name in self._get_rendered_fields()
            for source in stored.get(name, {}).values()
            for column in CONTACT_FIELD.findall(source)
        }
        return tuple(sorted(name for name in names if self._is_text_column(name)))

    def _is_text_column(self, name):
        """Tell whether a contact's field is a column, and the same for all who read it."""
        field = self.env["res.partner"]._fields.get(name)
        return bool(
            field is not None
            and field.store
            and field.column_type
            and field.type in TEXT_FIELDS
            and not field.translate
            and not field.company_dependent
        )

    def _get_contact_fields(self, holes):
        """Return the stored fields of a contact that fill these holes."""
        names = {
            name
            for hole in holes
            if not isinstance(hole, LinkHole)
            for name in CONTACT_FIELD.findall(
                hole.path if isinstance(hole, Placeholder) else self[hole] or ""
            )
        }
        fields = self.env["res.partner"]._fields
        return tuple(name for name in names if name in fields and fields[name].store)

    def _get_contacts(self, rows, compiled):
        """Give the contact of each row, prefetched together; one in memory for extra addresses.

        None for a contact of which the row itself says all that is needed.
        """
        partners = self.env["res.partner"].sudo().with_context(lang=compiled.lang)
        ids = [row["partner_id"] for row in rows if row["partner_id"]]
        if all(row_fills(rows[0], hole) for hole in compiled.holes):
            contacts = iter([None] * len(ids))
        else:
            partners.browse(ids).fetch(compiled.contact_fields)
            # One iteration makes records with a common prefetch in a tenth of the time of as many
            # browse().
            contacts = iter(partners.browse(ids))
        if len(ids) == len(rows):
            return contacts
        return [
            next(contacts)
            if row["partner_id"]
            else partners.new({"name": row["name"], "email": row["email_normalized"]})
            for row in rows
        ]


def get_contact_key(name):
    """Return the key of a claimed row under which a column of its contact stands."""
    return f"object_{name}"


def row_fills(row, hole):
    """Tell whether a claimed row of a contact fills a hole by itself."""
    if not isinstance(hole, Placeholder):
        return isinstance(hole, LinkHole)
    _object, name, *further = hole.path.split(".")
    return not further and get_contact_key(name) in row
