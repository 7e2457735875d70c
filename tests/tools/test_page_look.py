"""What a reader sees of a body is read from its elements."""

import pytest
from addon.tools import page_look
from addon.tools.page_look import get_contrast, read_colour, read_page
from hypothesis import given
from hypothesis import strategies as st

NEWSLETTER = (
    '<div style="display:none;color:#fff;font-size:1px">Hidden words</div>'
    '<table width="100%" style="max-width: 640px; background-color: #ffffff" role="presentation"><tr>'
    '<td style="padding:10px;color:#333333"><h1 style="color:#1a5276">Summer</h1>'
    '<p>Dear <t t-out="object.name">reader</t>, the new catalogue is here, with 200 pages of bicycles'
    " and everything that belongs to them.</p>"
    '<img src="https://example.com/bicycle.jpg" alt="A red bicycle" width="600"/>'
    '<a href="https://example.com" style="background:#0b5394;color:white">See it</a>'
    '<p style="color:#777;font-size:12px">Example Ltd</p></td></tr></table>'
)


def test_an_ordinary_newsletter_has_nothing_to_point_at():
    page = read_page(NEWSLETTER)
    assert (page.undescribed, page.faint, page.wide) == ((), (), ())
    assert page.pictures == 1
    assert page.letters > 60


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#ccc">Words</p>',
        '<p style="color: #FFF">Words</p>',
        '<p style="COLOR: White !important">Words</p>',
        '<p style="color:rgb(255, 255, 0)">Words</p>',
        '<p style="color:rgb(90%, 90%, 90%)">Words</p>',
        '<p style="color:rgba(0,0,0,0.2)">Words</p>',
        '<p style="color:rgb(0 0 0 / 20%)">Words</p>',
        '<p style="color:hsl(60, 100%, 50%)">Words</p>',
        '<p style="color:yellow">Words</p>',
        '<font color="#eeeeee">Words</font>',
        '<p style="background-color:black">Words</p>',
        '<p style="background:#111 no-repeat">Words</p>',
        '<table bgcolor="#222222"><tr><td>Words</td></tr></table>',
        '<div style="color:#eee"><p><b>Words</b></p></div>',
        '<div style="background:#000;color:#fff"><p style="background:#fff">Words</p></div>',
        '<p style="color:#ccc"><t t-out="object.name">Words</t></p>',
        '<a href="https://example.com" style="color:#ffffff">Words</a>',
        "<p>Good <span style='color:lightyellow'>Words</span></p>",
        '<p style="color:#ccc">слова</p>',
        '<p style="color:#ccc">言葉</p>',
    ],
)
def test_words_that_one_hardly_sees_are_found(body):
    [(words, colour, behind)] = read_page(body).faint
    assert words in ("Words", "слова", "言葉")
    assert colour != "" != behind


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#767676">Words</p>',
        '<p style="color:#888">Words</p>',
        '<p style="color:#ccc"> &nbsp; – </p>',
        '<div style="background:#000;color:#fff">Words</div>',
        '<div style="background:#000"><p style="color:white">Words</p></div>',
        '<div style="background:url(a.png);color:#fff">Words</div>',
        '<div style="background-image:linear-gradient(#000, #111);color:#fff">Words</div>',
        '<td background="a.png" style="color:#fff">Words</td>',
        '<div class="bg-dark" style="color:#fff">Words</div>',
        '<div class="o_cc o_cc5"><p style="color:#fff">Words</p></div>',
        '<div style="background:#123456"><a href="https://example.com">Words</a></div>',
        '<p style="color:#fff;display:none">Words</p>',
        '<p style="color:#fff;font-size:0">Words</p>',
        '<p style="color:#fff;mso-hide:all">Words</p>',
        '<p style="color:var(--x)">Words</p>',
        '<p style="color:inherit">Words</p>',
        '<p style="color:rgba(255,255,255,0.9);background:rgba(0,0,0,.8)">Words</p>',
        '<p style="color:transparent">Words</p>',
        "<!-- <p style='color:#fff'>Words</p> --><style>p {color:#fff}</style>",
    ],
)
def test_words_that_one_sees_or_whose_colours_are_not_known_are_not(body):
    assert read_page(body).faint == ()


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="/a/b.png"/>',
        '<img src="/a/b.png" alt="b.png"/>',
        '<img src="/a/b.png" alt="IMG_2041.JPG"/>',
        '<a href="https://example.com"><img src="/a/b.png" alt=""/></a>',
        '<a href="https://example.com"><img src="/a/b.png" alt=" "/></a>',
    ],
)
def test_pictures_that_say_nothing_are_found(tag):
    assert read_page(f"<p>{tag}</p>").undescribed == ("/a/b.png",)


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="/a.png" alt="Our shop"/>',
        '<img src="/a.png" alt=""/>',
        '<img src="/a.png" t-att-alt="object.name"/>',
        '<img src="/a.png" width="1" height="1"/>',
        '<img src="/a.png" style="height: 1px"/>',
        '<img src="/a.png" role="presentation"/>',
        '<a href="https://example.com"><img src="/a.png" alt=""/> Our shop</a>',
        '<img src="/a.png" alt="店"/>',
    ],
)
def test_pictures_with_words_and_ornaments_are_not(tag):
    assert read_page(f"<p>{tag}</p>").undescribed == ()


@pytest.mark.parametrize(
    ("body", "wide"),
    [
        ('<table width="800"><tr><td>x</td></tr></table>', ("table", 800)),
        ('<table style="width: 700px"><tr><td>x</td></tr></table>', ("table", 700)),
        ('<div style="min-width:900px;max-width:100%">x</div>', ("div", 900)),
        ('<td style="width:600pt">x</td>', ("td", 800)),
        ('<img src="a" width="1200"/>', ("img", 1200)),
        ('<img src="a" style="width:1200px"/>', ("img", 1200)),
        ('<table width="700px"><tr><td>x</td></tr></table>', ("table", 700)),
        ('<table style="width:700px;max-width:900px"><tr><td>x</td></tr></table>', ("table", 700)),
    ],
)
def test_what_is_wider_than_a_phone_is_found(body, wide):
    assert read_page(body).wide[0] == wide


@pytest.mark.parametrize(
    "body",
    [
        '<table width="640"><tr><td>x</td></tr></table>',
        '<table width="100%" style="max-width:800px"><tr><td>x</td></tr></table>',
        '<table style="width:800px;max-width:100%"><tr><td>x</td></tr></table>',
        '<img src="a" width="1200" style="width:100%;height:auto"/>',
        '<img src="a" width="1200" style="max-width:100%"/>',
        '<img src="a" width="1200" class="img img-fluid"/>',
        '<!--[if mso]><table width="900"><tr><td><![endif]-->x',
        '<style>@media (max-width: 600px) {.c {width: 100%}}</style><table class="c" width="800"></table>',
        '<table width="9e9"><tr><td>x</td></tr></table>',
    ],
)
def test_what_fits_is_not(body):
    assert read_page(body).wide == ()


def test_icons_are_no_pictures():
    assert read_page('<img src="a" width="32" height="32"/>').pictures == 0
    assert read_page('<img src="a" width="600"/><img src="b"/>').pictures == 2


def test_letters_of_east_asia_count_twice():
    assert read_page("<p>夏のカタログ</p>").letters == 12
    assert read_page("<p>été 24!</p>").letters == 5


@pytest.mark.parametrize(
    ("text", "colour"),
    [("#abc", (170, 187, 204)), ("#aabbcc80", None), ("red", (255, 0, 0)), ("", None), ("x", None),
     ("rgb(1,2,3)", (1, 2, 3)), ("rgb(300,0,0)", None), ("url(a)", None), ("#ab", None)],
)  # fmt: skip
def test_colours_are_read_as_css(text, colour):
    found = read_colour(text)
    assert found == colour or (colour is None and (found is None or max(found) <= 255))


def test_contrast_is_that_of_the_standard():
    assert get_contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert get_contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@given(st.text(max_size=80))
def test_each_colour_is_one_or_none(text):
    for colour in (text, f"rgb({text})", f"rgba(1, 2, 3, {text})", f"#{text}"):
        found = read_colour(colour, (1, 2, 3))
        assert found is None or all(0 <= part <= 255 for part in found)


@given(st.lists(st.sampled_from(
    ["<p style='", "color:#ccc", "'>", "<td width=900", "</p>", "<img src=x", " alt=", "words", "<", ">",
     "&", "\0", "\ud800", "<a href=x>", "</a>", "<!--", "-->", ";", ":", "background:", "rgba(", ")"]
), max_size=30))  # fmt: skip
def test_each_body_is_read(pieces):
    page = read_page("".join(pieces))
    assert page.letters >= 0


def test_a_deep_body_is_read():
    assert read_page("<div>" * 200 + "words").letters == 5
    assert page_look.read_page("   ") == page_look.EMPTY
