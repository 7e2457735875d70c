from odoo import fields


class UncheckedMany2one(fields.Many2one):
    """A many2one without a foreign key; its model must handle deletions of the records itself."""

    def update_db_foreign_key(self, model, column):
        pass
