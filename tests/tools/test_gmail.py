"""Gmail's rewriting, as `devtools/gmail.py` does it, and the comparison of pictures."""

import pytest
from PIL import Image, ImageDraw

from devtools import gmail, pictures


def rewrite(head, body):
    page = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return gmail.rewrite(page)


def test_classes_get_a_prefix_in_rules_too():
    page = rewrite("<style>.a > p, #b { color: red }</style>", '<div class="a c" id="b">x</div>')
    assert ".m_19a > p, #m_19b {color: red}" in page
    assert '<div class="m_19a m_19c" id="m_19b">' in page


@pytest.mark.parametrize(
    "css",
    [
        ".a:not(.b) { color: red }",
        ".a::before { color: red }",
        "[style*=x] { color: red }",
        "body { color: red }",
        "@font-face { src: url(https://example.com/a.woff) }",
        "@import 'https://example.com/a.css';",
        "@media (prefers-color-scheme: dark) { .a { color: red } }",
        "@media (max-width: 9px) { @media print { .a { color: red } } }",
        ".a { .b { color: red } } .c { color: red }",
        ".a { color: rgb(1 2 3) } .c { color: red }",
    ],
)
def test_rules_that_gmail_drops(css):
    assert "red" not in rewrite(f"<style>{css}</style>", "<p>x</p>")


def test_rules_for_the_width_stay():
    css = "@media screen and (min-width: 9px) and (max-width: 600px) { .a { color: red } }"
    assert "color: red" in rewrite(f"<style>{css}</style>", "<p>x</p>")


def test_styles_over_the_limit_in_the_body_and_outside_are_dropped():
    rule = "<style>.a { color: red }" + " " * 9000 + "</style>"
    page = rewrite(rule * 2 + '<link rel="stylesheet" href="a.css">', "<style>.b{}</style>")
    assert page.count("color: red") == 1
    assert ".m_19b" not in page
    assert "a.css" not in page


@pytest.mark.parametrize(
    ("style", "left"),
    [
        ("position: absolute; color: red", "color: red"),
        ("margin: 0 -3px; padding: 0", "padding: 0"),
        ("background: url('a;b.png') no-repeat; top: 0", "background: url('a;b.png') no-repeat"),
        ("--x: 1px; width: var(--x)", "width: var(--x)"),
        ("color: red !IMPORTANT; width: 1px !important", "width: 1px !important"),
    ],
)
def test_declarations_that_gmail_drops(style, left):
    assert gmail.rewrite_declarations(style) == left


def test_a_large_message_is_clipped_and_loses_its_styles():
    page = rewrite("<style>.a { color: red }</style>", "<p>word</p>" * 20_000)
    assert "red" not in page
    assert 90_000 < len(page) < 110_000


def test_what_only_outlook_reads_is_not_there():
    page = rewrite(
        "", "<!--[if mso]><b>x</b><![endif]--><!--[if !mso]><!--><i>y</i><!--<![endif]-->"
    )
    assert "<i>y</i>" in page
    assert "<b>" not in page


def draw(path, *boxes, height=800):
    picture = Image.new("RGB", (400, height), "white")
    for box in boxes:
        ImageDraw.Draw(picture).rectangle(box, fill="navy")
    picture.save(path)
    return path


def test_pictures_that_differ_a_little_and_much(tmp_path):
    first = draw(tmp_path / "a.png", (0, 0, 399, 399))
    assert pictures.compare(first, first) == (0, 0)
    lower = draw(tmp_path / "b.png", (0, 1, 399, 400))
    assert pictures.compare(first, lower).share == 0
    half = draw(tmp_path / "c.png", (0, 0, 199, 399))
    assert pictures.compare(first, half).share == pytest.approx(0.25, abs=0.02)
    assert pictures.compare(first, draw(tmp_path / "d.png", height=880)).height == pytest.approx(
        0.1
    )
