from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    """Add the column of files that are sent as links before models are loaded, which read files."""
    if not column_exists(cr, "ir_attachment", "partner_mailing_as_link"):
        create_column(cr, "ir_attachment", "partner_mailing_as_link", "bool")
