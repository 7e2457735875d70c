"""Files of addresses as people have them: what is in each, and what must come out.

Each file is ``(what it is, bytes, delimiter or None, [(name, address)], lines with a problem)``.
"""

import codecs

PEOPLE = [("Anna Novak", "anna@example.com"), ("Boris Weiß", "boris@example.org")]
WIDE = [
    "First Name",
    "Last Name",
    "Phonetic",
    *[f"Custom {n}" for n in range(25)],
    "E-mail 1 - Value",
]


def lines(*rows, end="\r\n"):
    return end.join(rows) + end


def text(*rows, end="\r\n", encoding="utf-8"):
    return lines(*rows, end=end).encode(encoding)


def wide(given, family, address):
    return ",".join([given, family, "", *[""] * 25, address])


TABLE = (
    "Name;E-mail;City",
    "Anna Novak;anna@example.com;Kyiv",
    "Boris Weiß;boris@example.org;Bern",
)
COMMAS = tuple(row.replace(";", ",") for row in TABLE)
MANY = [f"Person {n},user{n}@example.com,Paris" for n in range(3_000)]
MANY_READ = [(f"Person {n}", f"user{n}@example.com") for n in range(3_000)]

FILES = [
    # --- encodings -------------------------------------------------------------------------
    ("UTF-8", text(*TABLE), ";", PEOPLE, []),
    ("UTF-8 with a mark", codecs.BOM_UTF8 + text(*TABLE), ";", PEOPLE, []),
    ("UTF-16 with a mark", lines(*TABLE).encode("utf-16"), ";", PEOPLE, []),
    ("UTF-16 without a mark", text(*TABLE, encoding="utf-16-le"), ";", PEOPLE, []),
    ("UTF-16 of another order", text(*TABLE, encoding="utf-16-be"), ";", PEOPLE, []),
    ("UTF-32 with a mark", lines(*TABLE).encode("utf-32"), ";", PEOPLE, []),
    ("Windows-1252", text(*TABLE, encoding="cp1252"), ";", PEOPLE, []),
    ("an old Mac", text(*TABLE, end="\r", encoding="mac_roman"), ";", PEOPLE, []),
    (
        "3,000 rows of ASCII, then one name in Windows-1252",
        text("Name,E-mail,City", *MANY, "Jörg,joerg@example.com,Köln", encoding="cp1252"),
        ",",
        [*MANY_READ, ("Jörg", "joerg@example.com")],
        [],
    ),
    (
        "3,000 rows of ASCII, then one name in Windows-1250",
        text("Name,E-mail,City", *MANY, "Łukasz Żółw,l@example.com,Łódź", encoding="cp1250"),
        ",",
        [*MANY_READ, ("Łukasz Żółw", "l@example.com")],
        [],
    ),
    (
        "two exports joined, UTF-8 and Windows-1252",
        text("Name;E-mail", "Jörg;a@example.com", "Käthe;b@example.com")
        + text("Günther;c@example.com", encoding="cp1252"),
        ";",
        [("Jörg", "a@example.com"), ("Käthe", "b@example.com"), ("Günther", "c@example.com")],
        [],
    ),
    (
        "zero bytes at the end, as a full disk leaves them",
        text(*TABLE) + b"\0" * 300,
        ";",
        PEOPLE,
        [],
    ),
    (
        "the end-of-file sign of DOS",
        text("Name;E-mail", "Jürgen Groß;j@example.com", encoding="cp850") + b"\x1a",
        ";",
        [("Jürgen Groß", "j@example.com")],
        [],
    ),
    (
        "a zero byte in an address",
        text(*TABLE, "Carl;ca\0rl@example.com;Rome"),
        ";",
        PEOPLE,
        [4],
    ),
    # --- delimiters ------------------------------------------------------------------------
    ("commas", text(*COMMAS), ",", PEOPLE, []),
    ("tabs", text(*[row.replace(";", "\t") for row in TABLE]), "\t", PEOPLE, []),
    ("bars", text(*[row.replace(";", "|") for row in TABLE]), "|", PEOPLE, []),
    ("sep=", text("sep=;", *TABLE), ";", PEOPLE, []),
    ("sep= in quotation marks", text('"sep=,"', *COMMAS), ",", PEOPLE, []),
    (
        "sep= and more commas than bars in the rows",
        text("sep=|", "Name|E-mail|Note", "Anna|anna@example.com|a, b, c, d", end="\n"),
        "|",
        [("Anna", "anna@example.com")],
        [],
    ),
    (
        "semicolons in quoted names between commas",
        text(
            "Name,E-mail",
            *[f'"Doe; Jane; Dr.; Nr. {n}",jane{n}@example.com' for n in range(20)],
        ),
        ",",
        [(f"Doe; Jane; Dr.; Nr. {n}", f"jane{n}@example.com") for n in range(20)],
        [],
    ),
    (
        "semicolons in quoted names between commas, without headings",
        text(*[f'"Doe; Jane; Nr. {n}",jane{n}@example.com' for n in range(20)]),
        ",",
        [(f"Doe; Jane; Nr. {n}", f"jane{n}@example.com") for n in range(20)],
        [],
    ),
    (
        "headings with more commas than columns",
        text(
            "Name (last, first, title);E-mail (work, or home, or other)",
            "Novak, Anna;anna@example.com",
            "Weiß;boris@example.org",
        ),
        ";",
        [("Novak, Anna", "anna@example.com"), ("Weiß", "boris@example.org")],
        [],
    ),
    (
        "notes with more commas than there are bars",
        text(
            "Name|E-mail|Note",
            *[f"P {n}|p{n}@example.com|tea, milk, sugar, a spoon, no cake" for n in range(9)],
        ),
        "|",
        [(f"P {n}", f"p{n}@example.com") for n in range(9)],
        [],
    ),
    (
        "commas in names between semicolons",
        text("Name;E-mail", "Doe, Jane, Dr.;jane@example.com", "Roe, Ann, M.A.;ann@example.com"),
        ";",
        [("Doe, Jane, Dr.", "jane@example.com"), ("Roe, Ann, M.A.", "ann@example.com")],
        [],
    ),
    (
        "decimal commas between semicolons",
        text(
            "Betrag;Rabatt;Name;E-Mail",
            "1.234,50;0,5;Anna;anna@example.com",
            "99,00;1,25;Boris;boris@example.org",
        ),
        ";",
        [("Anna", "anna@example.com"), ("Boris", "boris@example.org")],
        [],
    ),
    (
        "a title with commas above a table with semicolons",
        text("Customers, suppliers, friends, and others", "", *TABLE),
        ";",
        PEOPLE,
        [],
    ),
    (
        "titles and remarks above the headings",
        text(
            "Export of the address book;;",
            "by office@example.com;;",
            "2024-01-31;;",
            ";;",
            *TABLE,
        ),
        ";",
        PEOPLE,
        [],
    ),
    (
        "a remark of several lines above the headings",
        text(
            "Notes:",
            '"Some people do not share their address, ""hidden"" below.',
            'Ask them, or see www.example.com"',
            "",
            "First Name,Last Name,URL,Email Address,Company",
            'Anna,Novak,https://www.example.com/a,anna@example.com,"Wool, Ltd"',
            "Boris,Weiß,https://www.example.com/b,boris@example.org,Clay",
        ),
        ",",
        PEOPLE,
        [],
    ),
    (
        "one column",
        text("E-mail", "a@example.com", "b@example.com"),
        "",
        [("", "a@example.com"), ("", "b@example.com")],
        [],
    ),
    (
        "one column without headings",
        text("a@example.com", "b@example.com"),
        "",
        [("", "a@example.com"), ("", "b@example.com")],
        [],
    ),
    (
        "addresses as mail programs write them",
        text("Doe, Jane <jane@example.com>", '"Roe, Ann" <ann@example.com>', "bob@example.com"),
        "",
        [
            ("Doe, Jane", "jane@example.com"),
            ("Roe, Ann", "ann@example.com"),
            ("", "bob@example.com"),
        ],
        [],
    ),
    (
        "all addresses in one line",
        text("a@example.com; b@example.com; Carl <c@example.com>"),
        "",
        [("", "a@example.com"), ("", "b@example.com"), ("Carl", "c@example.com")],
        [],
    ),
    # --- quotation marks ---------------------------------------------------------------------
    (
        "doubled quotation marks",
        text("Name,E-mail", '"Anna ""Annie"" Novak",anna@example.com'),
        ",",
        [('Anna "Annie" Novak', "anna@example.com")],
        [],
    ),
    (
        "quotation marks with a backslash",
        text("Name,E-mail", r'"Anna \"Annie\" Novak, Dr.",anna@example.com', "Bo,b@example.com"),
        ",",
        [('Anna "Annie" Novak, Dr.', "anna@example.com"), ("Bo", "b@example.com")],
        [],
    ),
    (
        "inches",
        text("Name;E-mail;Screen", 'Anna;anna@example.com;24" wide', 'Boris;boris@example.org;27"'),
        ";",
        [("Anna", "anna@example.com"), ("Boris", "boris@example.org")],
        [],
    ),
    (
        "a blank before and behind quotation marks",
        text("Name, E-mail", '"Doe, Jane" , "jane@example.com"', '"Roe, Ann", ann@example.com'),
        ",",
        [("Doe, Jane", "jane@example.com"), ("Roe, Ann", "ann@example.com")],
        [],
    ),
    (
        "apostrophes as quotation marks",
        text("'Name','E-mail'", "'Doe, Jane','jane@example.com'", "'Roe','ann@example.com'"),
        ",",
        [("Doe, Jane", "jane@example.com"), ("Roe", "ann@example.com")],
        [],
    ),
    (
        "cells of several lines",
        text(
            "Name,Address,E-mail,Note",
            '"Novak\r\nAnna","1 Street\r\nKyiv",anna@example.com,"likes\r\n\r\ntea, and\r\ncats"',
            '"Weiß, Boris","2 Street\r\nBern",boris@example.org,"ask x@example.com, too"',
        ),
        ",",
        [("Novak  Anna", "anna@example.com"), ("Weiß, Boris", "boris@example.org")],
        [],
    ),
    (
        "an opening quotation mark that is not closed",
        text(
            "Name;E-mail;City",
            '"Doe Jane;jane@example.com;Rome',
            "Anna;anna@example.com;Kyiv",
            '"Roe; Ann";ann@example.com;Oslo',
            "Boris;boris@example.org;Bern",
        ),
        ";",
        [
            ("Doe Jane", "jane@example.com"),
            ("Anna", "anna@example.com"),
            ("Roe; Ann", "ann@example.com"),
            ("Boris", "boris@example.org"),
        ],
        [],
    ),
    (
        "an opening quotation mark that a later row closes at the end of a line",
        text(
            "Name;E-mail;Note",
            'Anna;anna@example.com;"likes dogs',
            "Bob;bob@example.com;fine",
            'Carl;carl@example.com;screen 5"',
            "Dora;dora@example.com;",
        ),
        ";",
        [(name, f"{name.lower()}@example.com") for name in ("Anna", "Bob", "Carl", "Dora")],
        [],
    ),
    (
        "an unclosed quotation mark in a table whose cells are all quoted",
        text(
            '"Name","E-mail","City"',
            '"Anna","anna@example.com","Kyiv"',
            '"Doe, Jane,"jane@example.com","Rome"',
            '"Boris","boris@example.org","Bern"',
            '"Dora","dora@example.com,"Oslo"',
            '"Eva","eva@example.com","Wien"',
        ),
        ",",
        [
            ("Anna", "anna@example.com"),
            ("Boris", "boris@example.org"),
            ("Dora", "dora@example.com"),
            ("Eva", "eva@example.com"),
        ],
        [3],
    ),
    (
        "an unclosed quotation mark in the last row but three thousand",
        text("Name,E-mail,City", '"Doe,jane@example.com,Rome', *MANY),
        ",",
        [("Doe", "jane@example.com"), *MANY_READ],
        [],
    ),
    (
        "each row in quotation marks, as a table is saved that was taken for one column",
        text(
            '"Name,E-mail,City"',
            '"Anna Novak,anna@example.com,""Kyiv, UA"""',
            '"""Weiß, Boris"",boris@example.org,Bern"',
        ),
        ",",
        [("Anna Novak", "anna@example.com"), ("Weiß, Boris", "boris@example.org")],
        [],
    ),
    (
        "several addresses in quoted cells",
        text(
            "Name,E-mail",
            'Anna,"a@example.com, b@example.com"',
            'Bo,"Bob <c@example.com>; Rob <d@example.com>"',
            '"Doe, Eva",e@example.com',
        ),
        ",",
        [
            ("", "a@example.com"),
            ("", "b@example.com"),
            ("Bob", "c@example.com"),
            ("Rob", "d@example.com"),
            ("Doe, Eva", "e@example.com"),
        ],
        [],
    ),
    (
        "colons",
        text("Name:E-mail", "Anna:anna@example.com"),
        ":",
        [("Anna", "anna@example.com")],
        [],
    ),
    (
        "addresses as links",
        text("mailto:a@example.com", "mailto:b@example.com"),
        "",
        [("", "a@example.com"), ("", "b@example.com")],
        [],
    ),
    (
        "times and web addresses beside semicolons",
        text(
            "Name;E-mail;Since",
            "Anna;anna@example.com;10:30:00",
            "http://x.example;b@example.com;8:15",
        ),
        ";",
        [("Anna", "anna@example.com"), ("http://x.example", "b@example.com")],
        [],
    ),
    # --- rows and columns ---------------------------------------------------------------------
    (
        "the address in column 29",
        text(
            ",".join(WIDE),
            wide("Anna", "Novak", "anna@example.com"),
            wide("Boris", "Weiß", "boris@example.org"),
        ),
        ",",
        PEOPLE,
        [],
    ),
    (
        "the address in column 130",
        text("Name" + ";" * 128 + ";E-mail", "Anna" + ";" * 128 + ";anna@example.com"),
        ";",
        [("Anna", "anna@example.com")],
        [],
    ),
    (
        "several addresses of a person between three colons",
        text("Name,E-mail 1 - Value", "Anna,anna@example.com ::: a@example.org"),
        ",",
        [("", "anna@example.com"), ("", "a@example.org")],
        [],
    ),
    (
        "empty columns and rows",
        text(
            ";;;",
            ";Name;;E-mail",
            ";;;",
            ";Anna Novak;;anna@example.com",
            "",
            ";Boris Weiß;;boris@example.org",
            ";;;",
        ),
        ";",
        PEOPLE,
        [],
    ),
    (
        "address and name swapped in one row",
        text(
            "Name;E-mail", "Anna;anna@example.com", "bob@example.com;Bob", "Carl;carl@example.com"
        ),
        ";",
        [("Anna", "anna@example.com"), ("Bob", "bob@example.com"), ("Carl", "carl@example.com")],
        [],
    ),
    (
        "a comma too many in one name, and a second column of addresses",
        text(
            "Name,Company,E-mail,Assistant",
            *[f"P {n},Co,p{n}@example.com,assistant{n}@example.org" for n in range(40)],
            "Doe, Jane,Co,jane@example.com,ann@example.org",
            "Roe,roe@example.com,ann@example.org",
        ),
        ",",
        [(f"P {n}", f"p{n}@example.com") for n in range(40)],
        [42, 43],
    ),
    (
        "headings of another language",
        text(
            "Vorname;Nachname;Ort;E-Mail-Adr.",
            "Anna;Novak;Bern;anna@example.com",
            "Boris;Weiß;Köln;boris@example.org",
        ),
        ";",
        PEOPLE,
        [],
    ),
    (
        "Cyrillic headings, the address first",
        text("Эл. почта;Фамилия;Имя;Город", "a@example.com;Петров;Иван;Москва", encoding="cp1251"),
        ";",
        [("Иван Петров", "a@example.com")],
        [],
    ),
    (
        "a mistake in the first address, without headings",
        text("Eva,eva.example.org", "Boris,boris@example.org"),
        ",",
        [("Boris", "boris@example.org")],
        [1],
    ),
    (
        "formulas that failed, and texts that were kept from being numbers",
        text(
            "Name;E-mail;Code", '#N/A;anna@example.com;="0049"', '="Boris";boris@example.org;="17"'
        ),
        ";",
        [("", "anna@example.com"), ("Boris", "boris@example.org")],
        [],
    ),
    (
        "Google's columns",
        text(
            "First Name,Middle Name,Last Name,Phonetic First Name,Nickname,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value",
            'Anna,,Novak,,,"line one\r\nline two",* myContacts,* Home,anna@example.com,Work,work@example.com',
            "Boris,,Weiß,,,,* myContacts,,boris@example.org,,",
        ),
        ",",
        PEOPLE,
        [],
    ),
]
