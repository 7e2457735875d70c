import pytest
from addon.tools.markup import has_open_tags, measure_depth
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("", 0),
        ("x", 2),
        ("<p>a</p>", 3),
        ("<p>a</p>" * 99, 3),
        ("<p>" * 99, 3),
        ("<br/>" * 99, 3),
        ("<div>" * 5000 + "x", 5002),
        ("<div>" * 5000 + "x" + "</div>" * 5000, 5002),
        ("<table><tr><td>" * 9 + "x", 29),
        ("\ud800<b>\0", 3),
    ],
)
def test_elements_in_each_other_are_counted(text, depth):
    assert measure_depth(text) == depth


@given(st.text(alphabet="<>/abdiv \"'=!-\0\ud800é?", max_size=200))
def test_any_text_has_a_depth(text):
    assert 0 <= measure_depth(text) <= len(text) + 2


@pytest.mark.parametrize("text", ["<" * 200_000, "<a " * 5000, "<p>a</p>" + "<b" * 101])
def test_tags_that_do_not_end_are_found(text):
    assert has_open_tags(text)


@pytest.mark.parametrize("text", ["", "<p>1 < 2</p>" * 500, "<br/>" * 500, "a < b " * 99])
def test_a_sign_here_and_there_is_no_open_tag(text):
    assert not has_open_tags(text)
