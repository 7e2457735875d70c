import pytest
from addon.tools.file_name import DOUBLE, HIDDEN, SPACED, find_problem, find_refusal
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "name",
    [
        "invoice\u202efdp.exe",
        "a\u2066b.pdf",
        "a\nb.pdf",
        "a\0.pdf",
        "price\u200blist.pdf",
        "price\ufefflist.pdf",
        "price\u00adlist.pdf",
        "a\u2028b.pdf",
        "a\x7f.pdf",
    ],
)
def test_signs_that_are_not_shown_deceive(name):
    assert find_problem(name) == HIDDEN


@pytest.mark.parametrize(
    "name",
    [
        "invoice.pdf                 .exe",
        "invoice.pdf .exe",
        "invoice.pdf\u00a0.exe",
        "invoice.pdf\u3164.exe",
        "invoice.pdf\u2800\u2800\u2800\u2800\u2800.exe",
        "invoice.pdf.  exe",
        "invoice          exe",
    ],
)
def test_blanks_that_move_an_extension_deceive(name):
    assert find_problem(name) == SPACED


@pytest.mark.parametrize("name", ["invoice.pdf.exe", "photo.jpg.SCR", "a.docx.js", "a.b.pdf.lnk"])
def test_a_program_that_looks_like_a_document_deceives(name):
    assert find_problem(name) == DOUBLE


@pytest.mark.parametrize(
    "name",
    [
        "",
        "prices.pdf",
        "archive.tar.gz",
        "Price list 2026, final (2).pdf",
        "Preisliste  2026.pdf",
        "v1.2.3 notes.txt",
        "setup.exe",
        "jquery.min.js.map",
        "\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05ea\u200f.pdf",
        "\u0646\u0627\u0645\u0647\u200c\u0647\u0627.pdf",
        "résumé – Łódź 2026.odt",
        "Прайс-лист.pdf",
        "1. Offer .pdf",
    ],
)
def test_names_as_people_write_them_are_kept(name):
    assert find_problem(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("setup.exe", "program"),
        ("SETUP.EXE", "program"),
        ("code.js", "program"),
        ("setup.exe.zip", "program"),
        ("setup.exe.", "program"),
        ("invoice.pdf.exe", "program"),
        ("list.jar", "program"),
        ("disk.iso", "program"),
        ("invoice\u202efdp.pdf", "hidden"),
        ("a\x00b.pdf", "hidden"),
        ("a\nb.pdf", "hidden"),
        ("../../etc/passwd.pdf", "path"),
        ("a\\b.pdf", "path"),
        ("a:b.pdf", "path"),
        ("con.pdf", "path"),
        ("LPT1.pdf", "path"),
        ("README", "kind"),
        ("", "kind"),
        (".pdf", "kind"),
        ("Catalogue 3. edition of summer", "kind"),
        ("x" * 200 + ".pdf", "long"),
        ("Catalogue summer 2026.pdf", None),
        ("Каталог.pdf", None),
        ("目录.pdf", None),
        ("price.list.xlsx", None),
        ("photos.zip", None),
        ("backup.tar.gz", None),
        ("a b (1).docx", None),
        ("سعر.pdf", None),
        ("film.mp4", None),
        ("archive.7z", None),
    ],
)
def test_names_that_programs_of_recipients_refuse_are_known(name, reason):
    assert find_refusal(name) == reason


@given(st.text(max_size=40))
def test_each_name_is_looked_at(name):
    assert find_refusal(name) in (None, "program", "hidden", "path", "kind", "long")
