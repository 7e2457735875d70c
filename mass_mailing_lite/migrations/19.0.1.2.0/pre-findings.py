from odoo.tools import SQL


def migrate(cr, version):
    """Add the column of stored facts, empty: drafts get theirs when they are changed.

    Otherwise Odoo would look at each mailing during the upgrade, before the page around a body is
    loaded.
    """
    cr.execute(SQL("ALTER TABLE partner_mailing ADD COLUMN IF NOT EXISTS finding_facts jsonb"))
