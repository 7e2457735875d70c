from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

DAYS = 30


def migrate(cr, version):
    """Add the columns of files that are sent as links before models are loaded.

    Files are read while models are loaded. The default of a mailing is that of its company, whose
    column might be made after that of the mailing.
    """
    if not column_exists(cr, "ir_attachment", "partner_mailing_as_link"):
        create_column(cr, "ir_attachment", "partner_mailing_as_link", "bool")
    for table, column in (
        ("res_company", "partner_mailing_link_days"),
        ("partner_mailing", "link_days"),
    ):
        if not column_exists(cr, table, column):
            create_column(cr, table, column, "int4")
            cr.execute(
                SQL("UPDATE %s SET %s = %s", SQL.identifier(table), SQL.identifier(column), DAYS)
            )
