"""Conditional comments are told from everything that only looks like one."""

import pytest
from addon.tools.outlook import mask, mask_whole
from hypothesis import given
from hypothesis import strategies as st

CONDITIONAL = (
    "<!--[if mso]><table><tr><td width='600'><![endif]-->",
    "<!--[if (gte mso 9)|(IE)]>\r\n</td></tr>\r\n<![endif]-->",
    "<!--[if !mso]><!-->",
    "<!--[if !mso]><!-- -->",
    "<!--<![endif]-->",
    "<!-- <![endif]-->",
    "<![if !mso]>",
    "<![endif]>",
    "<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]-->",
)
OTHERS = (
    "<!-- a note of the webmaster -->",
    "<!-- [if you read this] -->",
    "<!-->",
    "<!--[if mso]>",
    "<!--[if mso]>--!><b>shown</b><![endif]-->",
    "<!DOCTYPE html>",
    "<![CDATA[x]]>",
)


@pytest.mark.parametrize("comment", CONDITIONAL)
def test_a_conditional_comment_is_taken_out_and_put_back(comment):
    source = f"<p>before</p>{comment}<p>behind</p>"
    masked = mask(source)
    assert "if" not in masked.text.replace("behind", "")
    assert masked.is_whole(masked.text)
    assert masked.restore(masked.text) == source


@pytest.mark.parametrize("other", OTHERS)
def test_whatever_else_stays_where_it_is(other):
    source = f"<p>before</p>{other}<p>behind</p>"
    assert mask(source).text == source


def test_a_comment_before_everything_else_is_kept_apart():
    masked = mask(f" {CONDITIONAL[0]}\n{CONDITIONAL[2]}<p>first</p>{CONDITIONAL[4]}")
    assert masked.leading == f" {CONDITIONAL[0]}\n{CONDITIONAL[2]}"
    assert masked.restore(masked.text) == f"<p>first</p>{CONDITIONAL[4]}"


@pytest.mark.parametrize(
    "program",
    [
        "<script>run()</script>",
        "<img src=x onerror=run()>",
        "<a href='javascript:run()'>",
        "<iframe src='https://example.com'>",
        "<p style='width: expression(run())'>",
    ],
)
def test_a_comment_with_a_program_is_dropped(program):
    masked = mask(f"<p>before</p><!--[if lt IE 9]>{program}<![endif]-->")
    assert masked.restore(masked.text) == "<p>before</p>"


def test_nothing_is_put_back_into_an_attribute():
    source = "<p title='<!--[if mso]>\" onmouseover=\"run()<![endif]-->'>text</p>"
    masked = mask(source.replace("onmouseover", "title"))
    assert not masked.is_whole(masked.text)
    assert mask_whole(source.replace("onmouseover", "title")).text.startswith("<p title='<!--[if")


def test_a_style_sheet_is_kept_as_css():
    source = '<p>a</p><style type="text/css">.a > b { content: "&" }</style><p>b</p>'
    masked = mask(source)
    assert ">" not in masked.text.partition("<style")[2].partition(">")[2].partition("</style")[0]
    assert masked.is_whole(masked.text)
    assert masked.restore(masked.text) == source


def test_what_would_end_a_style_sheet_is_not_kept():
    for source in (
        "<style>a > b <!-- </style><script>run()</script>",
        "<p title='<style>a > b</style>'>text</p>",
    ):
        masked = mask_whole(source)
        assert masked.text == source


@given(
    st.lists(
        st.sampled_from(
            (*CONDITIONAL, *OTHERS, "<style>", "a > b", "</style>", "<p>", "</p>", "text", "\n")
        ),
        max_size=12,
    )
)
def test_taken_out_and_put_back_nothing_is_changed(pieces):
    source = "".join(pieces)
    masked = mask(source)
    assert masked.leading + masked.restore(masked.text) == source
