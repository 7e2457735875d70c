import json

from lxml import etree

from odoo.tools import SQL, file_open

AUDIENCES = "mass_mailing_lite/data/partner_mailing_audience_data.xml"
CHANGED = ("audience_customers", "audience_vendors", "audience_neither")


def migrate(cr, version):
    """Give the audiences of customers and vendors the contacts of their companies, too.

    Their data is not updated with the addon, and nobody can change it, so all of it is this version's.
    The descriptions in other languages come back with the translations of this version.
    """
    for name, domain, note in read_audiences():
        cr.execute(
            SQL(
                """
                UPDATE partner_mailing_audience a
                   SET domain = %(domain)s, note = %(note)s
                  FROM ir_model_data d
                 WHERE d.module = 'mass_mailing_lite' AND d.name = %(name)s AND a.id = d.res_id
                """,
                domain=domain,
                note=json.dumps({"en_US": note}),
                name=name,
            )
        )


def read_audiences():
    """Yield ``(XML id, domain, description)`` of the audiences that this version changes."""
    with file_open(AUDIENCES, "rb") as file:
        for record in etree.parse(file).iter("record"):
            if record.get("id") in CHANGED:
                values = {field.get("name"): field.text for field in record.iter("field")}
                yield record.get("id"), values["domain"], values["note"]
