from odoo import fields


class UncheckedMany2one(fields.Many2one):
    """A many2one without a foreign key; its model follows deletions by itself."""

    def update_db_foreign_key(self, model, column):
        pass
