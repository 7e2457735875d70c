"""How a subject looks in an inbox."""

import pytest
from addon.tools.subject_look import count_columns, count_marks, has_preview, is_shouted
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "subject",
    [
        "FREE MONEY NOW",
        "BIG SALE",
        "AUSVERKAUF",
        "GROSSE STRAßE",
        "STRAẞE GESPERRT",
        "ЛЕТНЯЯ РАСПРОДАЖА",
        "ВЕЛИКИЙ РОЗПРОДАЖ",
        "ΜΕΓΑΛΕΣ ΕΚΠΤΩΣΕΙΣ",
        "L'ÉTÉ COMMENCE AUJOURD'HUI",
        "¡GRAN OFERTA DE VERANO!",
        "{{ object.name }}, BUY TODAY",
        "Only today: EVERYTHING MUST GO",
        "ＳＡＬＥ ＮＯＷ",
        "50% OFF EVERYTHING",
        "WYPRZEDAŻ",
    ],
)
def test_a_subject_in_capitals_shouts(subject):
    assert is_shouted(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "News",
        "NEWS",
        "NATO",
        "DHL",
        "DHL brings your parcel",
        "NATO and DHL",
        "UNESCO and UNICEF in 2026",
        "IBM, SAP and DHL at our fair",
        "Your order AB12CD34EF56",
        "I am A. B. Smith",
        "News for {{ object.NAME }}",
        "Die große Straße",
        "Straße",
        "Летняя распродажа в ГУМе",
        "夏のカタログ",
        "여름 카탈로그",
        "كتالوج الصيف",
        "קטלוג הקיץ",
        "ग्रीष्म सूची",
        "แคตตาล็อกฤดูร้อน",
        "ქართული კატალოგი",
        "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ",
        "夏のSALE",
        "50 % !",
        "Neuigkeiten der GmbH & Co. KG",
        "McDonald and iPhone",
        "Chapter XVIII of our story",
        "ÖPNV",
    ],
)
def test_other_subjects_do_not(subject):
    assert not is_shouted(subject)


@pytest.mark.parametrize(
    ("subject", "count"),
    [("Sale!!!", 3), ("Sale!!", 2), ("A! B! C!", 3), ("销售！！", 2), ("Sale ‼", 2), ("❗❗ Sale", 2),
     ("Sale!", 0), ("¡Hola! ¡Oferta!", 0), ("Why?!", 0), ("", 0), ("{{ object.name ||| '!!!' }}", 0)],
)  # fmt: skip
def test_many_exclamation_marks_are_counted(subject, count):
    assert count_marks(subject) == count


@pytest.mark.parametrize(
    ("subject", "columns"),
    [("News", 4), ("夏のカタログ", 12), ("e\u0301te\u0301", 3), ("For {{ object.name ||| you }}", 12),
     ("a\u200bb\u00adc", 3)],
)  # fmt: skip
def test_columns_are_counted_as_they_are_seen(subject, columns):
    assert count_columns(subject) == columns


def test_a_blank_preview_text_is_none():
    assert has_preview("x")
    assert not has_preview("")
    assert not has_preview(" \u00a0\u200b")


@given(st.text())
def test_each_subject_is_looked_at(subject):
    assert not is_shouted(subject.lower()) or not subject.lower().islower()
    assert count_columns(subject) >= 0
    assert count_marks(subject) >= 0
