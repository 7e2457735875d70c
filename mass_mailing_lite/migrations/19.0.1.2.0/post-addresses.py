from odoo.addons.mass_mailing_lite.tools import address_field
from odoo.tools import SQL

FIELDS = {
    "email_from": address_field.read_one,
    "reply_to": address_field.read_one,
    "cc": address_field.read_many,
    "bcc": address_field.read_many,
}


def migrate(cr, version):
    """Give the addresses of drafts their proper form, where it is certain what was meant.

    What cannot be read stays, and is refused when the draft is submitted. What was submitted is left
    as it is: its fingerprint covers it, and it is read when it is sent.
    """
    names = list(FIELDS)
    columns = SQL(", ").join(map(SQL.identifier, names))
    cr.execute(SQL("SELECT id, %s FROM partner_mailing WHERE state = 'draft'", columns))
    for number, *values in cr.fetchall():
        for name, value in zip(names, values, strict=True):
            proper = get_proper(FIELDS[name], value)
            if proper != value:
                cr.execute(
                    SQL(
                        "UPDATE partner_mailing SET %s = %s WHERE id = %s",
                        SQL.identifier(name),
                        proper,
                        number,
                    )
                )


def get_proper(read, value):
    """Return the proper form of a value, the value itself where it has none."""
    try:
        found = read(value)
    except address_field.Unreadable:
        return value
    if not found:
        return value
    return address_field.write_many(found if isinstance(found, list) else [found])
