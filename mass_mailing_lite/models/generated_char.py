from odoo import fields


class GeneratedChar(fields.Char):
    """Text that PostgreSQL computes from other columns of the row; Odoo never writes it.

    :param generated: SQL expression of the row's columns, without volatile functions
    """

    generated = None

    def __init__(self, string=fields.Char.string, **options):
        super().__init__(string, readonly=True, copy=False, **options)

    @property
    def _column_type(self):
        return ("varchar", f"varchar GENERATED ALWAYS AS ({self.generated}) STORED")
