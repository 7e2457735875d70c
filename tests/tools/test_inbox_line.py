import pytest
from addon.tools.inbox_line import MAX_TEXT, get_initials, read_inbox_line
from hypothesis import given
from hypothesis import strategies as st


def line(sender="", subject="", preview="", page=""):
    return read_inbox_line(sender, subject, preview, page)


@pytest.mark.parametrize(
    ("sender", "name", "initials"),
    [
        ('"The Shop" <shop@example.com>', "The Shop", "TS"),
        ("Anna Maria von Berg <a@example.com>", "Anna Maria von Berg", "AB"),
        ("shop@example.com", "shop@example.com", "S"),
        ("Андрей Иванов <a@example.com>", "Андрей Иванов", "АИ"),
        ('"O\'Neill" <o@example.com>', "O'Neill", "O"),
        ('"24/7" <a@example.com>', "24/7", ""),
        ("", "", ""),
    ],
)
def test_a_sender_is_shown_by_name_and_initials(sender, name, initials):
    assert (line(sender).sender, line(sender).initials) == (name, initials)


def test_the_text_is_the_preview_text_and_goes_on_with_the_body():
    page = "<html><head><title>No</title><style>p {}</style></head><body><h1>Dear</h1><p>a <b>b</b>c</p></body></html>"
    assert line(page=page).text == "Dear a bc"
    assert line(preview="Read \u200b on", page=page).text == "Read on Dear a bc"
    # The whole message has the preview text in it.
    whole = page.replace("<body>", "<body><div style='display: none'>Read  on</div>")
    assert line(preview="Read on", page=whole).text == "Read on Dear a bc"
    assert [line(preview=text, page=page).has_preview for text in ("", " \u200b", "x")] == [
        False,
        False,
        True,
    ]


def test_signs_that_keep_the_body_out_of_the_line_are_not_shown():
    page = f"<div>Hello</div><div>{'&zwnj;&nbsp;' * 500}</div><p>Body</p>"
    assert line(page=page).text == "Hello Body"


def test_a_line_is_short_and_a_long_body_is_not_read_to_its_end():
    assert len(line(page="<p>word </p>" * 100_000).text) <= MAX_TEXT


@given(st.text(max_size=200), st.text(alphabet="<>/!-abp &;\"'=", max_size=200))
def test_any_message_has_a_line(text, page):
    assert "\n" not in line(text, text, text, page).text
    get_initials(text)
