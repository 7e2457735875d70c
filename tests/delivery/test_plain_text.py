from html import escape

import pytest
from delivery.compose.plain_text import html_to_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("<p><br></p>", ""),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br/>Two", "One\nTwo"),
        ("<div>One<br></div><div>Two</div><div><br></div><div>Three</div>", "One\nTwo\n\nThree"),
        ("a\n  b\t c", "a b c"),
        ("<h1>Title</h1><p>Text</p>", "# Title\n\nText"),
        ("<p><b>bold</b> and <i>not</i></p>", "bold and not"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ('<ol start="3"><li>One</li><li>Two</li></ol>', "3. One\n4. Two"),
        ("<ul><li>One<ul><li>Inner</li></ul></li></ul>", "- One\n  - Inner"),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "A | B\n1 | 2",
        ),
        ('<table role="presentation"><tr><td>A</td><td>B</td></tr></table>', "A\nB"),
        ("<table><tr><td><p>A</p></td><td><p>B</p></td></tr></table>", "A\n\nB"),
        ('<a href="https://example.com/x">here</a>', "here <https://example.com/x>"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com"),
        ('<a href="mailto:a@example.com">a@example.com</a>', "a@example.com"),
        ('<a href="#top">up</a>', "up"),
        ('<a href="https://example.com/x"><img src="y.png"/></a>', "https://example.com/x"),
        ('<img src="y.png" alt="A house"/>', "A house"),
        ("<style>p{}</style><script>x()</script><!-- no --><p>Yes</p>", "Yes"),
        ('<div style="display: none">Preheader</div><p>Body</p>', "Body"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("&lt;b&gt; &amp; &nbsp;", "<b> & \xa0"),
        ("A<hr>B", "A\n\n" + "-" * 40 + "\n\nB"),
        ("<p>unclosed <b>tags", "unclosed tags"),
    ],
)
def test_html_reads_as_if_somebody_had_typed_it(source, text):
    assert html_to_text(source) == text


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : NONE",
        "display:none !important",
        "color:#fff;display:none!important;mso-hide:all",
        "display:/* as Outlook reads it */none",
        "visibility:hidden",
        "visibility: collapse;",
        "opacity:0",
        "opacity: 0.0",
        "opacity:.0",
        "opacity:0%",
        "OPACITY:0 !IMPORTANT",
        "max-height:0",
        "max-height: 0px; overflow: hidden",
        "MAX-HEIGHT:0PX",
        "max-height:0.0em!important",
        "height:0;overflow:hidden",
        "overflow:hidden;height:0px",
        "width:0;height:0;overflow:hidden",
        "max-width:0;overflow:hidden",
        "mso-hide:all",
        "MSO-HIDE: ALL;",
        "font-size:0",
        "font-size: 0px",
        "font-size:0.0em !important",
        "font:0/0 a",
        "display:none;display:none",
        "display:none !important;display:block",
        "background:url('a;display:block');display:none",
        "font-size:1px;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden",
    ],
)
def test_what_an_email_hides_is_not_in_its_text(style):
    for tag in ("div", "span", "p", "td", "h1", "a", "ul", "pre"):
        source = f'<p>Before</p><{tag} style="{style}">Preheader</{tag}><p>Behind</p>'
        if tag == "a" and "mso-hide" in style.lower():
            continue
        assert "Preheader" not in html_to_text(source), tag
        assert "Behind" in html_to_text(source), tag


@pytest.mark.parametrize("attribute", ["hidden", 'hidden=""', 'HIDDEN="hidden"'])
def test_what_the_attribute_hides_is_not_in_the_text(attribute):
    assert html_to_text(f"<p>A</p><div {attribute}>B</div><p>C</p>") == "A\n\nC"


@pytest.mark.parametrize(
    "source",
    [
        '<table><tr style="display:none"><td>B</td><td>B</td></tr><tr><td>A</td><td>A</td></tr></table>',
        "<table><tbody hidden><tr><td>B</td><td>B</td></tr></tbody><tr><td>A</td><td>A</td></tr></table>",
        '<table><tr><td>A</td><td style="max-height:0">B</td><td>A</td></tr></table>',
        '<table style="opacity:0"><tr><td>B</td></tr></table>A | A',
        '<table style="font-size:0"><tr><td>B</td></tr></table>A | A',
    ],
)
def test_what_is_hidden_in_a_table_is_not_in_the_text(source):
    assert html_to_text(source) == "A | A"


def test_a_hidden_item_is_not_counted():
    assert html_to_text("<ol><li>A</li><li hidden>B</li><li>C</li></ol>") == "1. A\n2. C"


def test_a_cell_without_size_that_cuts_its_content_is_hidden():
    cell = '<td height="0" style="overflow:hidden">B</td>'
    assert html_to_text(f"<table><tr><td>A</td>{cell}</tr></table>") == "A"


@pytest.mark.parametrize(
    "style",
    [
        "display:block",
        "display:none;display:block",
        "opacity:0.5",
        "opacity:1",
        "max-height:10px",
        "max-height:100%",
        "height:0",
        "line-height:0",
        "font-size:10px",
        "font-size:0.9em",
        "font:12px/0 Arial",
        "margin:0;padding:0;border:0",
        "mso-line-height-rule:exactly",
        "visibility:visible",
        "width:0.5em;overflow:hidden",
        "background:url(display:none)",
        "content:'display:none'",
        "min-height:0;overflow:hidden",
        "color",
        "",
        ";;:;",
    ],
)
def test_what_is_shown_stays_in_the_text(style):
    assert html_to_text(f'<div style="{style}">Shown</div>') == "Shown"


def test_text_around_columns_is_hidden_and_their_content_is_not():
    column = '<div style="font-size:13px">Text <b>in</b> it</div>'
    picture = '<img src="a.png" alt="A house">'
    assert (
        html_to_text(f'<div style="font-size:0">gap{column}gap<i>gap</i>{picture}</div>end')
        == "Text in it\nA house\nend"
    )
    inner = '<span style="font-size:1em">gap</span><span style="font-size:medium">Text</span>'
    assert html_to_text(f'<div style="font-size:0px">{inner}</div>') == "Text"


def test_a_button_of_which_outlook_has_its_own_version_stays():
    button = '<a href="https://example.com/buy" style="mso-hide:all">Buy</a>'
    assert html_to_text(button) == "Buy <https://example.com/buy>"
    assert html_to_text(f'<div style="mso-hide:all">{button}</div>') == html_to_text(button)


@pytest.mark.parametrize(
    ("address", "text", "shown"),
    [
        ("https://example.com", "https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com", "https://example.com/"),
        ("https://example.com", "https://example.com/", "https://example.com"),
        ("https://example.com", "http://example.com", "https://example.com"),
        ("https://www.example.com/", "www.example.com", "https://www.example.com/"),
        ("https://www.example.com/", "example.com", "https://www.example.com/"),
        ("https://example.com/", "www.example.com", "https://example.com/"),
        ("https://example.com/shop", "Example.com/Shop", "https://example.com/shop"),
        ("HTTPS://EXAMPLE.COM/", "example.com", "HTTPS://EXAMPLE.COM/"),
        ("https://example.com/?a=1&amp;b=2", "https://example.com/?a=1&amp;b=2",
         "https://example.com/?a=1&b=2"),
        ("https://example.com/gr%C3%B6%C3%9Fe", "example.com/größe",
         "https://example.com/gr%C3%B6%C3%9Fe"),
        ("https://xn--bcher-kva.example", "bücher.example", "https://xn--bcher-kva.example"),
        ("https://example.com/long", "https://example.com/<wbr>lo\u200bng",
         "https://example.com/long"),
        ("https://example.com/x", "<b>https://</b>example.com/x", "https://example.com/x"),
        ("https://example.com", " https://example.com\n ", "https://example.com"),
        ("https://example.com", "&lt;https://example.com&gt;", "https://example.com"),
        ("//example.com/", "example.com", "//example.com/"),
        ("mailto:a@example.com", "a@example.com", "a@example.com"),
        ("mailto:a@example.com?subject=Hello", "a@example.com", "a@example.com"),
        ("MAILTO:a@example.com?subject=Hello&amp;body=x", "A@Example.com", "a@example.com"),
        ("mailto:a@example.com", "mailto:a@example.com", "a@example.com"),
        ("mailto:a%2Bb@example.com?cc=c@example.com", "a+b@example.com", "a+b@example.com"),
        ("tel:+493012", "+49 30 12", "+49 30 12"),
        ("tel:+49-30-12", "+49 (0)30/12", "+49 (0)30/12"),
        ("tel:+493012", "+493012", "+493012"),
    ],
)  # fmt: skip
def test_a_link_whose_text_is_its_address_stands_once(address, text, shown):
    assert html_to_text(f'<p>See <a href="{address}">{text}</a> now</p>') == f"See {shown} now"


@pytest.mark.parametrize(
    ("address", "text", "shown"),
    [
        ("https://example.com/x", "example.com", "example.com <https://example.com/x>"),
        (
            "https://evil.example",
            "https://example.com",
            "https://example.com <https://evil.example>",
        ),
        ("mailto:a@example.com?subject=Hi", "Write to us", "Write to us <a@example.com>"),
        ("mailto:a@example.com", "b@example.com", "b@example.com <a@example.com>"),
        ("mailto:?subject=Look", "Tell a friend", "Tell a friend"),
        ("tel:+493012", "Call us", "Call us <+493012>"),
        ("tel:+493012", "+49 30 13", "+49 30 13 <+493012>"),
        ("https://sub.example.com", "example.com", "example.com <https://sub.example.com>"),
    ],
)
def test_a_link_with_another_text_stands_with_both(address, text, shown):
    assert html_to_text(f'<a href="{address}">{text}</a>') == shown


@given(st.text(alphabet="display:none;opty0!iman/*()'\" -", max_size=80))
def test_any_style_is_read_without_an_error(style):
    html_to_text(f"<p style='{escape(style)}'>x</p>")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_text_without_markup_keeps_its_words(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    assert html_to_text(f"<p>{escaped}</p>").split() == text.split()


@given(st.text(alphabet="<>/abp div=\"'&;!-tr", max_size=200))
def test_anything_is_read_without_an_error(source):
    html_to_text(source)


def test_many_levels_are_no_matter():
    for levels in (100, 500, 5000):
        html_to_text("<div>" * levels + "deep")
    assert html_to_text("<div>" * 240 + "deep") == "deep"
