"""The plain text of renderings, against the conversion of each by itself."""

import pytest
from delivery.compose import repeated_text
from delivery.compose.plain_text import html_to_text
from delivery.compose.repeated_text import RepeatedText
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

STATIC = (
    *("<p>Dear ", ",</p>", "<p", ">", "</p>", "<ul>", "<li", "</li>", "</ul>", "<b>", "</b> "),
    *('<a href="https://example.com/x">', "</a>", "<table><tr><td>", "</td><td>", " \n"),
    *("</td></tr></table>", "<h1>", "</h1>", '<div style="display: none">', "</div>", "<pre>"),
    *("</pre>", "<br/>", '<img alt="', '"/>', "  "),
)
VALUES = st.one_of(
    st.text(max_size=12).map(lambda text: str(escape(text))),
    st.sampled_from(["Ada", "Zoë & Söhne", "", " ", "a  b", "<i>x</i>", "مرحبا", ' title="x"']),
    st.text(alphabet="ab c&;<>", max_size=6).map(lambda text: str(escape(text))),
)
PIECES = st.lists(st.one_of(st.sampled_from(STATIC), VALUES), max_size=12)


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_text_is_that_of_the_whole(renderings):
    repeated = RepeatedText(STATIC)
    for pieces in renderings * 2:
        assert "".join(repeated.convert(pieces)) == html_to_text("".join(pieces))


def greet(name):
    return ["<p>Dear ", str(escape(name)), ",</p>", "<p", ' class="x"', ">", "Bye", "</p>"]


def test_each_path_through_the_template_is_converted_once(monkeypatch):
    sources = []
    monkeypatch.setattr(
        repeated_text, "html_to_text", lambda source: sources.append(source) or html_to_text(source)
    )
    repeated = RepeatedText(STATIC)
    texts = [
        "".join(repeated.convert(greet(name))) for name in ("Ada", "Zoë & Söhne", "Grace Hopper")
    ]
    assert texts == [f"Dear {name},\n\nBye" for name in ("Ada", "Zoë & Söhne", "Grace Hopper")]
    assert len(sources) == 1
    repeated.convert(["<p>Dear ", "Ada", ",</p>"])
    assert len(sources) == 2


def test_memory_is_bounded():
    repeated = RepeatedText(STATIC)
    for number in range(3 * repeated_text.MAX_PATHS):
        repeated.convert(["<p>Dear ", f'<a href="https://example.com/{number}">x</a>', ",</p>"])
    assert len(repeated._paths) == repeated_text.MAX_PATHS


@pytest.mark.parametrize("value", ["two  blanks", " edge", "line\nbreak", "x@example.com"])
def test_value_that_rules_look_at_is_converted_with_the_rest(value):
    repeated = RepeatedText(STATIC)
    assert value not in repeated._find_path(greet(value))[1]
    assert "".join(repeated.convert(greet(value))) == html_to_text("".join(greet(value)))
