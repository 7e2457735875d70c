from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    """Add the switches of proofs, which are on, to models that Odoo reads while modules are loaded."""
    for table in ("res_company", "res_users"):
        if not column_exists(cr, table, "partner_mailing_proof"):
            create_column(cr, table, "partner_mailing_proof", "bool")
            cr.execute(SQL("UPDATE %s SET partner_mailing_proof = TRUE", SQL.identifier(table)))
