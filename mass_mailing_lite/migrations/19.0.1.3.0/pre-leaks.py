from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    """Add the column of files that were validated before models are loaded, which read files."""
    if not column_exists(cr, "ir_attachment", "partner_mailing_is_frozen"):
        create_column(cr, "ir_attachment", "partner_mailing_is_frozen", "bool")
