import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import address_list, spreadsheet

# How many rows of the file the preview shows.
ROWS_SHOWN = 10


class PartnerMailingImport(models.TransientModel):
    """A file with addresses, shown before its addresses are added to a mailing."""

    _name = "partner.mailing.import"
    _description = "Import Addresses"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    file = fields.Binary(help="CSV or Excel (.xlsx), with one address a row.")
    file_name = fields.Char()
    address_column = fields.Selection(
        "_selection_column",
        "Column of Addresses",
        compute="_compute_columns",
        store=True,
        readonly=False,
    )
    name_column = fields.Selection(
        "_selection_column",
        "Column of Names",
        compute="_compute_columns",
        store=True,
        readonly=False,
        help="Empty: addresses come in without names.",
    )
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    address_count = fields.Integer("Addresses", compute="_compute_preview")
    problem_count = fields.Integer("Cannot Be Read", compute="_compute_preview")
    problems = fields.Text("What Cannot Be Read", compute="_compute_preview")

    @api.model
    def _selection_column(self):
        return [(str(index), spreadsheet.letter(index)) for index in range(spreadsheet.MAX_COLUMNS)]

    @api.depends("file", "file_name")
    def _compute_columns(self):
        for wizard in self:
            address, name = spreadsheet.guess_columns(wizard._read_rows())
            wizard.address_column = str(address) if address is not None else False
            wizard.name_column = str(name) if name is not None else False

    @api.depends("file", "file_name", "address_column", "name_column")
    def _compute_preview(self):
        for wizard in self:
            rows = wizard._read_rows()
            entries = wizard._get_entries(rows)
            wizard.address_count = sum(not entry.problem for entry in entries)
            wizard.problem_count = len(entries) - wizard.address_count
            wizard.problems = self.env["partner.mailing"]._describe_address_problems(
                entries, shown=len(entries)
            )
            wizard.preview = self.env["ir.qweb"]._render(
                "mass_mailing_lite.partner_mailing_import_preview",
                {
                    "rows": rows[:ROWS_SHOWN],
                    "letters": [
                        spreadsheet.letter(n) for n in range(max(map(len, rows), default=0))
                    ],
                    "chosen": (
                        wizard._get_index(wizard.address_column),
                        wizard._get_index(wizard.name_column),
                    ),
                    "more": max(len(rows) - ROWS_SHOWN, 0),
                },
            )

    def _read_rows(self):
        """Return the rows of the file: a list of lists of texts.

        :raises UserError: when the file is no table or too long; says what to do
        """
        self.ensure_one()
        if not self.file:
            return []
        try:
            file = self.with_context(bin_size=False).file
            return spreadsheet.read(base64.b64decode(file))
        except spreadsheet.UnreadableError as error:
            reasons = {
                spreadsheet.NO_TABLE: self.env._(
                    'The file "%s" cannot be read as a table. Save it as CSV or as Excel (.xlsx)'
                    " and choose it again.",
                    self.file_name,
                ),
                spreadsheet.TOO_MANY_ROWS: self.env._(
                    'The file "%(file)s" has more than %(rows)s rows. Split it, or import it into'
                    " Contacts and use an audience.",
                    file=self.file_name,
                    rows=spreadsheet.MAX_ROWS,
                ),
            }
            raise UserError(reasons[error.reason]) from error

    @staticmethod
    def _get_index(column):
        """Return the index of a column from the value of its field, None without one."""
        return int(column) if column else None

    def _get_entries(self, rows):
        """Return an ``address_list.Entry`` for each address, or cell without one, of the file."""
        address, name = self._get_index(self.address_column), self._get_index(self.name_column)
        entries = []
        has_headings = spreadsheet.has_headings(rows, address)
        for number, row in enumerate(rows, 1):
            if not any(row) or (has_headings and number == 1):
                continue
            cells = dict(enumerate(row))
            typed = cells.get(address, "").strip()
            found = address_list.parse_line(typed, number) if typed else []
            if not found:
                shown = " | ".join(filter(None, row))
                found = [address_list.Entry(number, shown, problem=address_list.NO_AT)]
            if len(found) == 1 and cells.get(name):
                found = [address_list.named(found[0], cells[name])]
            entries += found
        return entries

    def action_import(self):
        """Add the addresses of the file to the extra addresses of the mailing.

        :raises UserError: when the file has no address
        """
        self.ensure_one()
        self.mailing_id.check_access("write")
        entries = [entry for entry in self._get_entries(self._read_rows()) if not entry.problem]
        if not entries:
            raise UserError(
                self.env._(
                    'There is no address in the file. Choose the column that has them in the field "%s".',
                    self._fields["address_column"]._description_string(self.env),
                )
            )
        lines = [self.mailing_id.extra_emails or "", *map(address_list.format_entry, entries)]
        self.mailing_id.extra_emails = "\n".join(filter(None, lines))
        return {"type": "ir.actions.act_window_close"}
