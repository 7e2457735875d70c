from odoo.tools.sql import column_exists, create_column


def migrate(cr, version):
    """Add the columns of layouts to models that Odoo reads while modules are loaded."""
    for table in ("res_company", "mail_template"):
        if not column_exists(cr, table, "partner_mailing_layout_id"):
            create_column(cr, table, "partner_mailing_layout_id", "int4")
    for name, kind in (("layout_id", "int4"), ("frames", "jsonb")):
        if not column_exists(cr, "partner_mailing", name):
            create_column(cr, "partner_mailing", name, kind)
