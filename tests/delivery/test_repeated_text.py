"""What is made of renderings, against the making of each by itself."""

import quopri

import pytest
from delivery.compose import quoted_printable, repeated_text
from delivery.compose.link_token import LinkSlot
from delivery.compose.plain_text import html_to_text
from delivery.compose.repeated_text import RepeatedBody
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


def finish(pieces, _marker_for=None):
    page = "".join(pieces)
    return html_to_text(page), page


def make(finish=finish):
    """Return a function that makes (plain text, HTML) of the pieces of a rendering."""
    repeated = RepeatedBody(STATIC, finish)

    def convert(pieces, token=""):
        return tuple(map("".join, repeated.convert(pieces, lambda _slot: token)))

    return convert


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_text_and_html_are_those_of_the_whole(renderings):
    convert = make()
    for pieces in renderings * 2:
        assert convert(pieces) == finish(pieces)


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_octets_say_what_the_text_says(renderings):
    repeated = RepeatedBody(STATIC, finish)
    for pieces in renderings * 3:  # what is shared is encoded from the second time on
        for part in repeated.convert(pieces, None):
            octets = quopri.decodestring(quoted_printable.encode_pieces(part))
            wanted = quopri.decodestring(quoted_printable.encode("".join(part)))
            assert octets == wanted


def greet(name):
    return ["<p>Dear ", str(escape(name)), ",</p>", "<p", ' class="x"', ">", "Bye", "</p>"]


def test_each_path_through_the_template_is_finished_once():
    calls = []
    convert = make(lambda pieces, marker_for: calls.append(pieces) or finish(pieces))
    names = "Ada", "Zoë & Söhne", "Grace Hopper"
    assert [convert(greet(name))[0] for name in names] == [f"Dear {name},\n\nBye" for name in names]
    assert len(calls) == 1
    convert(["<p>Dear ", "Ada", ",</p>"])
    assert len(calls) == 2


def test_what_recipients_share_is_encoded_once():
    repeated = RepeatedBody(STATIC, finish)
    first, second, third = (
        repeated.convert(greet(name), None).html for name in ("Ada", "Grace", "Zoë")
    )
    assert not any(type(piece) is quoted_printable.Encoded for piece in first)
    shared = [piece for piece in second if type(piece) is quoted_printable.Encoded]
    assert "".join(shared) == "".join(greet("")).replace("Bye", "")  # a value, too
    assert all(any(piece is other for other in third) for piece in shared)


def test_each_recipient_has_its_own_token():
    def finish_links(pieces, marker_for):
        page = "".join(pieces).replace("/x", "/x/" + marker_for(LinkSlot("view")))
        return html_to_text(page), page

    convert = make(finish_links)
    pieces = ['<a href="https://example.com/x">', "See", "</a>"]
    assert convert(pieces, "T1")[1] == '<a href="https://example.com/x/T1">See</a>'
    assert convert(pieces, "T2") == (
        "See <https://example.com/x/T2>",
        '<a href="https://example.com/x/T2">See</a>',
    )


def test_memory_is_bounded():
    repeated = RepeatedBody(STATIC, finish)
    for number in range(3 * repeated_text.MAX_PATHS):
        pieces = ["<p>Dear ", f'<a href="https://example.com/{number}">x</a>', ",</p>"]
        repeated.convert(pieces, None)
    assert len(repeated._paths) == repeated_text.MAX_PATHS


@pytest.mark.parametrize("value", ["two  blanks", " edge", "line\nbreak", "x@example.com"])
def test_value_that_rules_look_at_is_finished_with_the_rest(value):
    repeated = RepeatedBody(STATIC, finish)
    assert value not in repeated._find_path(greet(value))[1]
    assert make()(greet(value)) == finish(greet(value))
