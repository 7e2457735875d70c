"""Reads files of addresses: CSV and other text, Excel, OpenDocument, vCard; none is trusted.

``read`` returns a ``Table``: rows of texts with the numbers that they have in the file, and how the
file was understood, so that a person can see and change it. What is not read is refused with the
reason (``UnreadableError``); nothing is left out in silence.

What does the work, and why:

- ``openpyxl`` (.xlsx), ``xlrd`` (.xls), ``lxml`` (.ods), ``vobject`` (.vcf), ``chardet``
  (encodings) and ``csv`` are in each Odoo 19, so the addon installs with nothing more.
- ``charset-normalizer`` is in none of the lists that Odoo requires; ``encoding`` says what it found.
- ``clevercsv`` neither, and ``csv.Sniffer`` misjudges quoted cells; figures are in ``delimited``.
- Odoo's own import of records (``base_import``) judges an encoding by chardet alone, and of a
  broken quotation mark it makes one long row.
"""

from .columns import MAIL, PHONE, find_heading, guess_address, guess_names, letter
from .delimited import DELIMITERS, NONE, DelimitedText
from .encoding import OFFERED as ENCODINGS
from .encoding import decode
from .encoding import guess as guess_encoding
from .people import read_people, without_repeated
from .reader import read
from .table import (
    ENCRYPTED,
    LONG_CELL,
    MAX_BYTES,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_FILLED_CELLS,
    MAX_ROWS,
    NO_TABLE,
    TOO_LARGE,
    TOO_MANY_CELLS,
    TOO_MANY_ROWS,
    UNPACKED,
    Row,
    Table,
    UnreadableError,
)
