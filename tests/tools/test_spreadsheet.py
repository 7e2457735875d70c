"""Workbooks, address books, and files that are meant to hurt."""

import contextlib
import datetime
import io
import re
import zipfile

import openpyxl
import pytest
import xlsxwriter
import xlwt
from addon.tools import address_list, spreadsheet
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .test_dirty_files import people, read

MIME_ODS = "application/vnd.oasis.opendocument.spreadsheet"


def found(data, **options):
    return [
        (entry.name, entry.address) for entry in people(read(data, **options)) if not entry.problem
    ]


def xlsx(*sheets):
    """Return a workbook; sheets are ``(title, rows)``."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    return saved(book)


def saved(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_excel(rows):
    """Return a workbook with its texts in a part of their own, as Excel writes it."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    page = book.add_worksheet("S")
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return file.getvalue()


def xls(*sheets):
    book = xlwt.Workbook()
    for title, rows in sheets:
        page = book.add_sheet(title)
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                page.write(y, x, value)
    return saved(book)


def ods(content, manifest=""):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", MIME_ODS)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr(
            "content.xml",
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
            ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
            ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
            f"<office:body><office:spreadsheet>{content}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )
    return file.getvalue()


def ods_cell(text, **attributes):
    extra = "".join(
        f' table:{name.replace("_", "-")}="{value}"' for name, value in attributes.items()
    )
    return f"<table:table-cell{extra}><text:p>{text}</text:p></table:table-cell>"


def ods_table(name, *rows):
    body = "".join(
        f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows
    )
    return f'<table:table table:name="{name}">{body}</table:table>'


def changed(data, name, change):
    """Return a zip file with one part changed by a function; None removes it."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == name else content)
    assert name in old.namelist()
    return file.getvalue()


PEOPLE = [
    ["Name", "E-mail"],
    ["Anna Novak", "anna@example.com"],
    ["Boris Weiß", "boris@example.org"],
]
READ = [("Anna Novak", "anna@example.com"), ("Boris Weiß", "boris@example.org")]


def reason(data):
    with pytest.raises(spreadsheet.UnreadableError) as caught:
        read(data)
    return caught.value.reason


@pytest.mark.parametrize(
    "make",
    [xlsx, xls, lambda *sheets: ods("".join(ods_table(title, *rows) for title, rows in sheets))],
    ids=["xlsx", "xls", "ods"],
)
def test_every_sheet_is_offered_and_the_first_with_addresses_is_read(make):
    other = [["E-mail"], ["carl@example.com"]]
    data = make(("Read me", [["This file was made for you."]]), ("People", PEOPLE), ("More", other))
    table = read(data)
    assert table.sheets == ["Read me", "People", "More"]
    assert table.sheet == 1
    assert found(data) == READ
    assert found(data, sheet=2) == [("", "carl@example.com")]
    assert found(data, sheet=0) == []
    assert [row.line for row in table.rows] == [1, 2, 3]


def test_a_hidden_sheet_is_not_the_first_choice():
    book = openpyxl.Workbook()
    book.active.append(["old@example.com"])
    book.active.sheet_state = "hidden"
    page = book.create_sheet("People")
    for row in PEOPLE:
        page.append(row)
    assert found(saved(book)) == READ


def test_merged_titles_and_empty_rows_and_columns_of_a_workbook():
    book = openpyxl.Workbook()
    page = book.active
    page["B2"] = "Customers of the year"
    page.merge_cells("B2:F2")
    page["C5"], page["E5"] = "E-mail", "Name"
    page["C7"], page["E7"] = "anna@example.com", "Anna Novak"
    page["C9"], page["E9"] = "boris@example.org", "Boris Weiß"
    assert found(saved(book)) == READ
    assert [row.line for row in read(saved(book)).rows] == [2, 5, 7, 9]


@pytest.mark.parametrize("make", [xlsx, xls], ids=["xlsx", "xls"])
def test_numbers_dates_and_truths_are_read_as_they_are_shown(make):
    row = ["a@example.com", 491701234567.0, 12.5, datetime.date(2024, 1, 31), True, None, 17]
    [read_row] = read(make(("S", [row]))).rows
    assert read_row.cells[1:3] == ["491701234567", "12.5"]
    # xlwt writes a date without its format, as a number.
    assert make is xls or read_row.cells[3].startswith("2024-01-31")
    assert read_row.cells[6] == "17"


def test_a_sheet_that_says_a_wrong_size_is_read_whole():
    data = changed(
        xlsx(("S", PEOPLE)),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1"'),
    )
    assert found(data) == READ


def test_formulas_without_results_are_told():
    data = xlsx(
        ("S", [["Name", "E-mail"], ["Anna", '="anna"&"@example.com"'], ["B", "b@example.com"]])
    )
    table = read(data)
    assert table.has_unknown_results
    assert [entry.line for entry in people(table) if entry.problem] == [2]
    with_result = changed(
        data,
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(
            rb'<c r="B2">(<f>.*?</f>)<v\s?/?>(?:</v>)?',
            rb'<c r="B2" t="str">\1<v>anna@example.com</v>',
            xml,
        ),
    )
    assert not read(with_result).has_unknown_results
    assert found(with_result)[0] == ("Anna", "anna@example.com")


def test_cells_of_an_open_document_that_repeat_span_and_have_remarks():
    content = (
        '<table:table table:name="S">'
        '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        f"<table:table-row>{ods_cell('Name', number_columns_spanned=2)}<table:covered-table-cell/>{ods_cell('E-mail')}</table:table-row>"
        f"<table:table-row>{ods_cell('Anna<text:s/>Novak', number_columns_repeated=2)}"
        "<table:table-cell><office:annotation><text:p>old@example.com</text:p></office:annotation>"
        "<text:p><text:a>anna@example.com</text:a></text:p></table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        "</table:table>"
    )
    assert found(ods(content)) == [("Anna Novak", "anna@example.com")]
    assert [row.line for row in read(ods(content)).rows] == [4, 5]


VCARDS = """BEGIN:VCARD
VERSION:3.0
FN:Anna Novak
N:Novak;Anna;;;
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD
 BEGIN:VCARD is not meant here
item1.EMAIL;TYPE=INTERNET:anna@example.com
EMAIL:a.no
 vak@example.org
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Wei=C3=9F;Boris
EMAIL;INTERNET:boris@example.org
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:No Address
END:VCARD
BEGIN:VCARD
VERSION:3.0
EMAIL:dora@example.com
N:Dora
FN:Dora
"""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_address_book_is_read_card_by_card(end):
    data = VCARDS.replace("\n", end).encode()
    assert found(data) == [
        ("Anna Novak", "anna@example.com"),
        ("Anna Novak", "a.novak@example.org"),
        ("Boris Weiß", "boris@example.org"),
        ("Dora", "dora@example.com"),
    ]
    assert [entry.line for entry in people(read(data)) if entry.problem] == [17]


# ------------------------------------------------------------
# What is refused
# ------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 broken",
        b"\x00\x01\x02\x03 binary",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
        b"<html><table><tr><td>anna@example.com</td></tr></table></html>",
        b'<?xml version="1.0"?><Workbook>anna@example.com</Workbook>',
        rb"{\rtf1\ansi anna@example.com}",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(32)) * 9,
        ods("<broken"),
        ods(
            ods_table("S", *PEOPLE).replace(
                "<table:table-row>", '<table:table-row table:number-rows-repeated="x">'
            )
        ),
        changed(as_excel(PEOPLE), "xl/worksheets/sheet1.xml", lambda xml: xml[:-90]),
        changed(as_excel(PEOPLE), "xl/workbook.xml", lambda xml: b"<a/>"),
        changed(as_excel(PEOPLE), "xl/sharedStrings.xml", lambda xml: b""),
        changed(as_excel(PEOPLE), "[Content_Types].xml", lambda xml: b"\xff" * 50),
        xlsx(("S", PEOPLE))[:-400],
        xls(("S", PEOPLE))[:3000],
    ],
)
def test_what_is_no_table_is_refused(data):
    assert reason(data) == spreadsheet.NO_TABLE


def test_entities_in_a_workbook_are_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    data = changed(as_excel(PEOPLE), "xl/sharedStrings.xml", lambda xml: bomb + xml)
    assert reason(data) == spreadsheet.NO_TABLE


def test_a_declaration_that_is_hidden_is_refused():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>'
    for hidden in (
        f"<!--{' ' * 5000}-->{bomb}".encode(),
        f"<?x {'y' * 5000}?>{bomb}".encode(),
        b" " * 5000 + bomb.encode(),
        b"\xff\xfe" + f'<?xml version="1.0" encoding="utf-16"?>{bomb}'.encode("utf-16-le"),
    ):
        data = changed(
            as_excel(PEOPLE), "xl/sharedStrings.xml", lambda xml, head=hidden: head + xml
        )
        assert reason(data) == spreadsheet.NO_TABLE


def test_what_is_encrypted_is_told_apart():
    stream = "EncryptedPackage".encode("utf-16-le")
    assert (
        reason(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 900 + stream) == spreadsheet.ENCRYPTED
    )
    manifest = "<manifest:encryption-data/>"
    assert reason(ods("garbage", manifest)) == spreadsheet.ENCRYPTED
    data = bytearray(xlsx(("S", PEOPLE)))
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag of an encrypted part
    assert reason(bytes(data)) == spreadsheet.ENCRYPTED


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_a_part_that_grows_when_it_is_unpacked_is_refused_before(part):
    data = changed(as_excel(PEOPLE), part, lambda xml: xml + b" " * 160_000_000)
    assert len(data) < 500_000
    assert reason(data) == spreadsheet.UNPACKED


def test_many_small_parts_that_grow_are_summed():
    file = io.BytesIO(xlsx(("S", PEOPLE)))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"xl/media/{number}.bin", b" " * 9_000_000)
    assert reason(file.getvalue()) == spreadsheet.UNPACKED


def test_a_part_that_lies_about_its_size_is_refused():
    data = changed(
        xlsx(("S", PEOPLE)), "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * 160_000_000
    )
    place = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02"))
    data = bytearray(data)
    while place >= 0:
        data[place + 24 : place + 28] = (2_000).to_bytes(4, "little")
        place = data.find(b"PK\x01\x02", place + 4)
    assert reason(bytes(data)) == spreadsheet.NO_TABLE


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (b'<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>', spreadsheet.TOO_MANY_ROWS),
        (
            b"".join(
                b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(5, 3000)
            ),
            spreadsheet.TOO_MANY_CELLS,
        ),
    ],
    ids=["the row two billion", "cells in the last column"],
)
def test_empty_rows_and_cells_are_counted_while_they_are_read(row, expected):
    data = changed(
        xlsx(("S", PEOPLE)),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"</sheetData>", row + b"</sheetData>"),
    )
    assert reason(data) == expected


def test_rows_of_an_open_document_that_repeat_are_counted():
    row = f'<table:table-row table:number-rows-repeated="900000000">{ods_cell("a@example.com", number_columns_repeated=9000000)}</table:table-row>'
    assert reason(ods(f'<table:table table:name="S">{row}</table:table>')) in (
        spreadsheet.TOO_MANY_ROWS,
        spreadsheet.TOO_MANY_CELLS,
    )


def test_cells_of_an_open_document_that_repeat_are_counted_while_a_sheet_is_looked_for():
    cell = ods_cell("a@b", number_columns_repeated=16_000)
    row = f"<table:table-row>{cell}</table:table-row>"
    assert reason(ods(f'<table:table table:name="S">{row * 2000}</table:table>')) == (
        spreadsheet.TOO_MANY_CELLS
    )
    wide = ods_cell("", number_columns_repeated=16_000) + ods_cell("a@example.com")
    row = f'<table:table-row table:number-rows-repeated="90000">{wide}</table:table-row>'
    assert reason(ods(f'<table:table table:name="S">{row}</table:table>')) == (
        spreadsheet.TOO_MANY_CELLS
    )


def test_too_many_rows_cells_and_bytes_of_a_text_are_refused():
    assert reason(b"a@example.com\n" * 100_001) == spreadsheet.TOO_MANY_ROWS
    assert reason((b"a;" * 2_100 + b"a@example.com\n") * 1_000) == spreadsheet.TOO_MANY_CELLS
    assert reason(b"a" * 25_000_001) == spreadsheet.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        b'"' * 20_000_000,
        b'a@example.com "' * 1_000_000,
        b"a@b.example,<" * 1_000_000,
        b'a,b;"c ' * 2_000_000,
        "я@".encode("cp1251") * 5_000_000,
        b'"x;a@example.com\n' * 45_000,
        b"BEGIN:VCARD\n" * 50_000,
        b"BEGIN:VCARD\nEMAIL;ENCODING=QUOTED-PRINTABLE:=\n" + b"=3D=\n" * 20_000,
        b"\xff\xfe" + b"\x00\xd8" * 90_000,
    ],
    ids=range(9),
)
@pytest.mark.timeout(120)
def test_a_file_that_is_meant_to_take_long_is_read_or_refused(data):
    with contextlib.suppress(spreadsheet.UnreadableError):
        people(read(data))


# ------------------------------------------------------------
# Properties
# ------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
@example(b"")
@example(b"\xff\xfe")
@example(b"\xff")
@example(b"\xef\xbb\xbf")
@example(b'"')
@example(b"sep=")
@example(b"sep=;")
@example(b"BEGIN:VCARD\nEMAIL")
@example(b"\r\r\n\n\r")
def test_whatever_bytes_are_read_or_refused(data):
    try:
        table = read(data)
    except spreadsheet.UnreadableError as error:
        assert error.reason in (spreadsheet.NO_TABLE, spreadsheet.ENCRYPTED)
    else:
        people(table)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_workbook_with_any_byte_changed_is_read_or_refused(data):
    whole = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _change in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(spreadsheet.UnreadableError):
        people(read(bytes(whole)))


WHOLE = [
    xlsx(("S", PEOPLE)),
    as_excel(PEOPLE),
    xls(("S", PEOPLE)),
    ods(ods_table("S", *PEOPLE)),
    VCARDS.encode(),
]

NAME = st.text(st.sampled_from("abcXYZ äößżéжд,;|\"'\t\n <>()#@=.-0123456789"), max_size=25)
QUOTING = st.sampled_from(["all", "needed"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(NAME, min_size=3, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    QUOTING,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_properly_is_read_with_each_name_at_its_address(
    names, delimiter, quoting, encoding, end
):
    def quoted(text):
        if quoting == "all" or any(char in text for char in f'{delimiter}"\n\t '):
            return '"' + text.replace('"', '""') + '"'
        return text

    rows = [["Name", "E-mail", "Note"]]
    rows += [[name, f"user{n}@example.com", "x"] for n, name in enumerate(names)]
    text = "".join(delimiter.join(map(quoted, row)) + end for row in rows)
    table = read(text.encode(encoding), delimiter=delimiter)
    entries = spreadsheet.read_people(
        table, (1, 0, None), 0, address_list.parse_cell, address_list.is_address
    )
    assert [entry.address for entry in entries] == [
        f"user{n}@example.com" for n in range(len(names))
    ]
    for entry, name in zip(entries, names, strict=True):
        cleaned = spreadsheet.table.clean(name)
        assert entry.name == address_list.named(address_list.Entry(1, ""), cleaned).name


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 40)), min_size=1, max_size=4),
    QUOTING,
    st.sampled_from([",", ";", "\t"]),
)
def test_a_stray_quotation_mark_moves_no_name_and_hides_no_row(strays, quoting, delimiter):
    """Wherever quotation marks are typed by mistake, a row keeps its own name, or it is told."""
    mark = '"' if quoting == "all" else ""
    rows = [
        delimiter.join(
            f"{mark}{cell}{mark}" for cell in (f"Person {n}", f"user{n}@example.com", "Rome")
        )
        for n in range(30)
    ]
    for number, place in strays:
        row = rows[number]
        rows[number] = row[: place % (len(row) + 1)] + '"' + row[place % (len(row) + 1) :]
    touched = {number for number, _place in strays}
    table = read("\n".join([delimiter.join(["Name", "E-mail", "City"]), *rows]).encode())
    entries = people(table)
    told = {entry.line - 2 for entry in entries if entry.problem}
    for entry in entries:
        if entry.address and not entry.problem:
            number = int(entry.address.partition("@")[0].replace("user", "").strip("'") or -1)
            assert (
                entry.name.replace('"', "").strip() in ("", f"Person {number}") or number in touched
            )
    taken = {entry.line - 2 for entry in entries if not entry.problem}
    assert taken | told == set(range(30))
    assert told <= touched


def without_quotes(name):
    return " ".join(name.replace('"', "").replace("'", "").split())


@given(NAME)
def test_a_name_is_the_same_when_it_is_written_back(name):
    entry = address_list.named(address_list.Entry(1, "", address="a@example.com"), name)
    [again] = address_list.parse(address_list.format_entry(entry))
    assert again.address == "a@example.com"
    # Quotation marks around all of it are no part of a name.
    assert without_quotes(again.name) == without_quotes(entry.name)
