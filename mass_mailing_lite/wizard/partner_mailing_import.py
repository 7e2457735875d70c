import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import spreadsheet

# How many rows of people the preview shows, how many of the rows above the headings, and how many
# signs of a cell.
ROWS_SHOWN = 10
TITLES_SHOWN = 5
CELL_SHOWN = 60
# How many rows that cannot be read are listed; all are counted.
PROBLEMS_SHOWN = 500
LINES_NAMED = 10


class PartnerMailingImport(models.TransientModel):
    """A file with addresses, shown as it is understood before its addresses are added to a mailing.

    What was guessed (encoding, delimiter, sheet, headings, columns) can be changed; what depends on
    it is then guessed anew.
    """

    _name = "partner.mailing.import"
    _inherit = ["partner.mailing.dialog"]
    _description = "Import Addresses"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    file = fields.Binary(
        help="Text (CSV), Excel (.xlsx, .xls), OpenDocument (.ods) or vCard (.vcf). A row is one"
        " person.",
    )
    file_name = fields.Char()
    encoding = fields.Selection(
        "_selection_encoding", compute="_compute_encoding", store=True, readonly=False
    )
    delimiter = fields.Selection(
        "_selection_delimiter",
        "Between Columns",
        compute="_compute_layout",
        store=True,
        readonly=False,
    )
    # The options of these depend on the file: ``options`` has them as [[value, label], …].
    sheet = fields.Char(compute="_compute_layout", store=True, readonly=False)
    heading_row = fields.Integer(
        "Row of Headings",
        compute="_compute_heading_row",
        store=True,
        readonly=False,
        help="Rows up to this one are passed over. 0: the file has no headings.",
    )
    address_column = fields.Char(
        "Column of Addresses", compute="_compute_columns", store=True, readonly=False
    )
    name_column = fields.Char(
        "Column of Names",
        compute="_compute_columns",
        store=True,
        readonly=False,
        help="Empty: addresses come in without names.",
    )
    family_name_column = fields.Char(
        "Column of Family Names",
        compute="_compute_columns",
        store=True,
        readonly=False,
        help="Where the file has first and family names in two columns: what stands here comes"
        " behind the name.",
    )
    options = fields.Json(compute="_compute_preview")
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    address_count = fields.Integer("Addresses", compute="_compute_preview")
    repeated_count = fields.Integer("Repeated", compute="_compute_preview")
    problem_count = fields.Integer("Cannot Be Read", compute="_compute_preview")
    problems = fields.Text("What Cannot Be Read", compute="_compute_preview")
    notes = fields.Text("How It Was Read", compute="_compute_preview")

    # ------------------------------------------------------------
    # Options
    # ------------------------------------------------------------

    @api.model
    def _selection_encoding(self):
        groups = {
            self.env._("Western European"): ("cp1252", "iso8859_15", "mac_roman", "cp850"),
            self.env._("Central European"): ("cp1250", "iso8859_2", "cp852"),
            self.env._("Cyrillic"): ("cp1251", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic"),
            self.env._("Greek"): ("cp1253", "iso8859_7"),
            self.env._("Turkish"): ("cp1254",),
            self.env._("Baltic"): ("cp1257",),
            self.env._("Hebrew"): ("cp1255",),
            self.env._("Arabic"): ("cp1256",),
            self.env._("Japanese"): ("cp932", "euc_jp"),
            self.env._("Chinese"): ("gb18030", "big5"),
            self.env._("Korean"): ("cp949",),
            self.env._("Thai"): ("cp874",),
        }
        return [
            ("utf_8", "Unicode (UTF-8)"),
            ("utf_16", "Unicode (UTF-16)"),
            ("utf_16_le", "Unicode (UTF-16 LE)"),
            ("utf_16_be", "Unicode (UTF-16 BE)"),
            ("utf_32", "Unicode (UTF-32)"),
            *(
                (encoding, f"{group} ({encoding.replace('cp12', 'windows-12').replace('_', '-')})")
                for group, encodings in groups.items()
                for encoding in encodings
            ),
        ]

    @api.model
    def _selection_delimiter(self):
        return [
            (",", self.env._("Comma")),
            (";", self.env._("Semicolon")),
            ("\t", self.env._("Tab")),
            ("|", self.env._("Bar")),
            (":", self.env._("Colon")),
            ("none", self.env._("Nothing: each row is one cell")),
        ]

    def _get_options(self, table):
        """Return {name of a field: [[value, label], …]}, with headings as the file has them."""
        heading = self._get_heading(table)
        headings = table.rows[heading].cells if heading is not None else []
        width = max((len(row.cells) for row in table.rows), default=0)
        first = table.rows[0 if heading is None else heading + 1 :][:1]
        columns = []
        for place in range(width):
            # Without a heading, the first text of the column tells which one it is.
            label = (
                headings[place]
                if place < len(headings)
                else "".join(row.cell(place) for row in first)
            )
            label = f"{spreadsheet.letter(place)}: {label[:CELL_SHOWN]}".rstrip(": ")
            columns.append([str(place), label])
        return {
            "columns": columns,
            "sheets": [[str(place), name] for place, name in enumerate(table.sheets)],
        }

    # ------------------------------------------------------------
    # Compute
    # ------------------------------------------------------------

    @api.depends("file")
    def _compute_encoding(self):
        for wizard in self:
            wizard.encoding = wizard._read(None, None, None).encoding

    @api.depends("file", "encoding")
    def _compute_layout(self):
        for wizard in self:
            table = wizard._read(wizard.encoding, None, None)
            wizard.delimiter = "none" if table.delimiter == spreadsheet.NONE else table.delimiter
            wizard.sheet = str(table.sheet) if table.sheet is not None else False

    @api.depends("file", "encoding", "delimiter", "sheet")
    def _compute_heading_row(self):
        for wizard in self:
            table = wizard._read_table()
            transport = wizard._get_transport()
            address = spreadsheet.guess_address(
                table.rows, transport.is_address_list, transport.heading_words
            )
            heading = spreadsheet.find_heading(
                table.rows, address, transport.is_address_list, transport.heading_words
            )
            wizard.heading_row = table.rows[heading].line if heading is not None else 0

    # Not of ``heading_row``: a person who corrects it keeps the columns.
    @api.depends("file", "encoding", "delimiter", "sheet")
    def _compute_columns(self):
        for wizard in self:
            table = wizard._read_table()
            transport = wizard._get_transport()
            heading = wizard._get_heading(table)
            rows = table.rows[heading or 0 :]
            address = spreadsheet.guess_address(
                rows, transport.is_address_list, transport.heading_words
            )
            names = spreadsheet.guess_names(table.rows, address, heading)
            wizard.address_column, wizard.name_column, wizard.family_name_column = (
                str(place) if place is not None else False for place in (address, *names)
            )

    @api.depends(
        "file",
        "file_name",
        "encoding",
        "delimiter",
        "sheet",
        "heading_row",
        "address_column",
        "name_column",
        "family_name_column",
    )
    def _compute_preview(self):
        for wizard in self:
            table = wizard._read_table()
            entries = wizard._get_entries(table)
            usable, repeated = spreadsheet.without_repeated(entries)
            wizard.options = wizard._get_options(table)
            wizard.address_count = len(usable)
            wizard.repeated_count = repeated
            wizard.problem_count = sum(bool(entry.problem) for entry in entries)
            wizard.problems = wizard.mailing_id._describe_address_problems(
                entries, shown=PROBLEMS_SHOWN
            )
            wizard.notes = wizard._describe_reading(table)
            wizard.preview = wizard._render_preview(table, entries)

    def _get_heading(self, table):
        """Return the position of the row of headings, or of the last row above ``heading_row``."""
        above = [place for place, row in enumerate(table.rows) if row.line <= self.heading_row]
        return above[-1] if above else None

    def _get_columns(self):
        """Return the columns of addresses, names and family names as numbers; None for none.

        :raises UserError: when one is no number
        """
        columns = []
        for name in ("address_column", "name_column", "family_name_column"):
            value = self[name]
            if value and not (value.isascii() and value.isdigit() and len(value) < 6):
                raise UserError(
                    self.env._(
                        '"%(value)s" in the field "%(field)s" is no column of the file. Choose one'
                        " from the list.",
                        value=value,
                        field=self._fields[name]._description_string(self.env),
                    )
                )
            columns.append(int(value) if value else None)
        return tuple(columns)

    def _describe_reading(self, table):
        """Return what a person should know about how the file was read, or False."""
        notes = []
        if table.open_quotes:
            notes.append(
                self.env._(
                    "A quotation mark is not closed in line %s. The lines behind it were read one by"
                    " one.",
                    self._name_lines(table.open_quotes),
                )
            )
        if table.other_lines:
            notes.append(
                self.env._(
                    "Not in the encoding of the rest, and read in another one: line %s.",
                    self._name_lines(table.other_lines),
                )
            )
        if table.undecoded:
            notes.append(
                self.env._(
                    "%s characters cannot be read in this encoding. Choose another one.",
                    table.undecoded,
                )
            )
        if table.has_unknown_results:
            notes.append(
                self.env._(
                    "The workbook has formulas without their results, which are read as empty. Open"
                    " it in Excel or LibreOffice, save it, and choose it again."
                )
            )
        others = self._get_other_columns(table)
        if others:
            notes.append(
                self.env._(
                    "More addresses are in other columns, which are not added: %s. Import the file"
                    " again for each of them that you want.",
                    ", ".join(others),
                )
            )
        return "\n".join(notes) or False

    def _get_other_columns(self, table):
        """Return the labels of other columns with addresses, with the number of these."""
        is_address = self._get_transport().is_address_list
        chosen = self._get_columns()[0]
        heading = self._get_heading(table)
        counts = {}
        for row in table.rows[0 if heading is None else heading + 1 :]:
            for place, cell in enumerate(row.cells):
                if cell and place != chosen and is_address(cell):
                    counts[place] = counts.get(place, 0) + 1
        labels = dict(self._get_options(table)["columns"]) if counts else {}
        return [f"{labels[str(place)]} ({counts[place]})" for place in sorted(counts)]

    @staticmethod
    def _name_lines(numbers):
        more = " …" if len(numbers) > LINES_NAMED else ""
        return ", ".join(map(str, numbers[:LINES_NAMED])) + more

    def _render_preview(self, table, entries):
        """Return the first rows with what is read from each, as HTML."""
        heading = self._get_heading(table)
        start = 0 if heading is None else heading + 1
        rows = table.rows[start : start + ROWS_SHOWN]
        width = max((len(row.cells) for row in table.rows), default=0)
        found = {}
        for entry in entries:
            found.setdefault(entry.line, []).append(entry)
        lines = [row.line for row in rows]
        read = []
        for row in rows:
            # The rows of one card of an address book share its line, and have one entry each.
            here = found.get(row.line, [])
            read.append((row, here[:1] if lines.count(row.line) > 1 else here))
            found[row.line] = here[1:]
        reasons = self.env["partner.mailing"]._get_address_problems()
        return self.env["ir.qweb"]._render(
            "mass_mailing_lite.partner_mailing_import_preview",
            {
                "address_label": self._get_address_label(),
                "titles": table.rows[max(start - 1 - TITLES_SHOWN, 0) : max(start - 1, 0)],
                "heading": table.rows[heading] if heading is not None else None,
                "rows": read,
                "reasons": reasons,
                "letters": [spreadsheet.letter(place) for place in range(width)],
                "chosen": self._get_columns(),
                "more": max(len(table.rows) - start - ROWS_SHOWN, 0),
                "shorten": lambda text: text[:CELL_SHOWN] + "…" if len(text) > CELL_SHOWN else text,
            },
        )

    def _get_address_label(self):
        """Return what an address of the mailing's channel is called."""
        return self.env._("Address")

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    def _get_transport(self):
        return self.mailing_id._get_transport()

    def _read_table(self):
        """Return the ``Table`` of the file, read as the fields say."""
        delimiter = spreadsheet.NONE if self.delimiter == "none" else self.delimiter
        is_place = self.sheet and self.sheet.isascii() and self.sheet.isdigit()
        return self._read(
            self.encoding,
            None if delimiter is False else delimiter,
            int(self.sheet[:6]) if is_place else None,
        )

    def _read(self, encoding, delimiter, sheet):
        """Return the ``Table`` of the file; the fields of one dialog read it once.

        :raises UserError: when the file is no table or too large; says what to do
        """
        self.ensure_one()
        file = self.with_context(bin_size=False).file
        if not file:
            return spreadsheet.Table([])
        # For as long as the transaction lasts: {"file": …, how to read: its table}.
        cache = self.env.cr.cache.setdefault("partner_mailing_import", {})
        channel = self.mailing_id.channel
        key = (channel, encoding or None, delimiter, sheet)
        if key not in cache or cache["file"] != file:
            cache.clear()  # the memory is that of one reading
            table = self._read_file(file, *key[1:])
            cache["file"] = file
            cache[key] = cache[channel, table.encoding, table.delimiter, table.sheet] = table
            if delimiter is None and sheet is None:
                cache[channel, table.encoding, None, None] = table
        return cache[key]

    def _read_file(self, file, encoding, delimiter, sheet):
        transport = self._get_transport()
        try:
            if len(file) * 3 // 4 > spreadsheet.MAX_BYTES + 2:
                raise spreadsheet.UnreadableError(spreadsheet.TOO_LARGE)
            return spreadsheet.read(
                base64.b64decode(file),
                transport.is_address,
                transport.is_address_list,
                encoding=encoding,
                delimiter=delimiter,
                sheet=sheet,
                language=self.env.user.lang or "",
            )
        except spreadsheet.UnreadableError as error:
            raise UserError(self._get_unreadable(error.reason)) from error
        except binascii.Error as error:
            raise UserError(self._get_unreadable(spreadsheet.NO_TABLE)) from error

    def _get_unreadable(self, reason):
        """Return why the file cannot be read, and what to do."""
        name = self.file_name or ""
        split = self.env._("Split it, or import it into Contacts and use an audience.")
        reasons = {
            spreadsheet.NO_TABLE: self.env._(
                'The file "%s" cannot be read as a table. Save it as CSV or as Excel (.xlsx) and'
                " choose it again.",
                name,
            ),
            spreadsheet.ENCRYPTED: self.env._(
                'The file "%s" is protected with a password. Remove the password, save it and choose'
                " it again.",
                name,
            ),
            spreadsheet.TOO_LARGE: self.env._(
                'The file "%(file)s" is larger than %(size)s MB.',
                file=name,
                size=spreadsheet.MAX_BYTES // 1_000_000,
            )
            + f" {split}",
            spreadsheet.TOO_MANY_ROWS: self.env._(
                'The file "%(file)s" has more than %(rows)s rows.',
                file=name,
                rows=spreadsheet.MAX_ROWS,
            )
            + f" {split}",
            spreadsheet.TOO_MANY_CELLS: self.env._(
                'The file "%(file)s" has more than %(cells)s cells. Remove the columns that hold'
                " neither addresses nor names, and choose it again.",
                file=name,
                cells=spreadsheet.MAX_FILLED_CELLS,
            ),
            spreadsheet.LONG_CELL: self.env._(
                'A cell of the file "%(file)s" has more than %(size)s characters. Put each address on'
                " a line of its own.",
                file=name,
                size=spreadsheet.MAX_CELL,
            ),
            spreadsheet.UNPACKED: self.env._(
                'The workbook "%s" is too large when it is unpacked. Save the sheet with the'
                " addresses as CSV and choose that.",
                name,
            ),
        }
        return reasons[reason]

    def _get_entries(self, table):
        """Return an ``address_list.Entry`` for each address, or row without one, of the file."""
        transport = self._get_transport()
        return spreadsheet.read_people(
            table,
            self._get_columns(),
            self._get_heading(table),
            transport.parse_cell,
            transport.is_address,
        )

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_import(self):
        """Add the addresses of the file to the extra addresses of the mailing.

        :raises UserError: when the file has no address
        """
        self.ensure_one()
        self.mailing_id.check_access("write")
        entries, _repeated = spreadsheet.without_repeated(self._get_entries(self._read_table()))
        if not entries:
            raise UserError(
                self.env._(
                    'There is no address in the file. Choose the column that has them in the field "%s".',
                    self._fields["address_column"]._description_string(self.env),
                )
            )
        transport = self._get_transport()
        field = transport.extra_field
        lines = [self.mailing_id[field] or "", *map(transport.format_extra_address, entries)]
        self.mailing_id[field] = "\n".join(filter(None, lines))
        return {"type": "ir.actions.act_window_close"}
