import html
from urllib.parse import parse_qsl, urlsplit

import pytest
from addon.tools.link_address import LINK, get_address
from addon.tools.link_parameters import add_in_html, add_parameters
from hypothesis import given
from hypothesis import strategies as st

CAMPAIGN = [("utm_campaign", "Spring"), ("utm_source", "News & more"), ("utm_medium", "Email")]
ADDED = "utm_campaign=Spring&utm_source=News+%26+more&utm_medium=Email"
OWN = "https://odoo.example.com"
MARKER = "mk0123456789abcdefx1km"


@pytest.mark.parametrize(
    ("address", "extended"),
    [
        ("https://example.com", f"https://example.com?{ADDED}"),
        ("https://example.com/", f"https://example.com/?{ADDED}"),
        ("HTTP://example.com/shop", f"HTTP://example.com/shop?{ADDED}"),
        ("https://example.com/?", f"https://example.com/?{ADDED}"),
        ("https://example.com/?a=1", f"https://example.com/?a=1&{ADDED}"),
        ("https://example.com/?a=1&", f"https://example.com/?a=1&{ADDED}"),
        ("https://example.com/?a=1#top", f"https://example.com/?a=1&{ADDED}#top"),
        ("https://example.com#top", f"https://example.com?{ADDED}#top"),
        ("https://example.com/#/page?x=1", f"https://example.com/?{ADDED}#/page?x=1"),
        ("https://example.com/a%20b?q=%26%C3%A4", f"https://example.com/a%20b?q=%26%C3%A4&{ADDED}"),
        ("https://bücher.example/größe?q=ä", f"https://bücher.example/größe?q=ä&{ADDED}"),
        ("https://u:p@example.com:8443/x", f"https://u:p@example.com:8443/x?{ADDED}"),
        ("https://[2001:db8::1]/x", f"https://[2001:db8::1]/x?{ADDED}"),
        ("https://example.com/?to=https://example.org/?utm_source=x",
         f"https://example.com/?to=https://example.org/?utm_source=x&{ADDED}"),
        ("https://example.com/get.php?file=a.pdf", f"https://example.com/get.php?file=a.pdf&{ADDED}"),
        ("https://example.zip", f"https://example.zip?{ADDED}"),
        ("https://example.com/v1.2/", f"https://example.com/v1.2/?{ADDED}"),
        ("https://example.com/index.html", f"https://example.com/index.html?{ADDED}"),
        (f"{OWN}/shop", f"{OWN}/shop?{ADDED}"),
        (f"{OWN}/views", f"{OWN}/views?{ADDED}"),
        ("https://example.com/r/python", f"https://example.com/r/python?{ADDED}"),
        (f"https://example.com/of/{MARKER}", f"https://example.com/of/{MARKER}?{ADDED}"),
        (f"https://example.com/?ref={MARKER}#x", f"https://example.com/?ref={MARKER}&{ADDED}#x"),
    ],
)  # fmt: skip
def test_a_link_to_a_page_gets_the_parameters(address, extended):
    assert add_parameters(address, CAMPAIGN, OWN) == extended
    assert add_parameters(extended, CAMPAIGN, OWN) == extended, "none is added twice"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "#",
        "#top",
        "/shop",
        "//example.com/shop",
        "mailto:a@example.com?subject=https://example.com/",
        "tel:+49301234",
        "sms:+49301234",
        "ftp://example.com/",
        "javascript:void(0)",
        "https://",
        "https:///x",
        f"{OWN}/partner_mailing/unsubscribe",
        f"{OWN}/partner_mailing/view/{MARKER}",
        f"{OWN}/some/path/partner_mailing/file/x/1",
        f"{OWN}/r/abc",
        f"{OWN}/view",
        f"{OWN}/unsubscribe_from_list",
        f"{OWN}/mailing/12/unsubscribe",
        "https://example.com/price%20list.PDF",
        "https://example.com/a.tar.gz?v=2",
        "https://example.com/logo.png#x",
        "https://example.com/date.ics",
        f"{OWN}/web/content/12?download=true",
        f"{OWN}/web/image/12/x",
        "https://s3.example.com/page?X-Amz-Credential=a&X-Amz-Signature=b",
        "https://cdn.example.com/x?Expires=1&Signature=b&Key-Pair-Id=c",
        "https://example.com/{{ object.ref }}",
        "https://example.com/?a=#{ref}",
        f"https://{MARKER}/x",
        f"https://www.{MARKER}.example.com",
        MARKER,
    ],
)
def test_other_links_stay_as_they_are(address):
    assert add_parameters(address, CAMPAIGN, OWN) == address
    source = f'<p><a href="{html.escape(address)}">x</a></p>'
    assert add_in_html(source, CAMPAIGN, OWN) == source


@pytest.mark.parametrize(
    ("address", "extended"),
    [
        ("https://example.com/?utm_source=mine",
         "https://example.com/?utm_source=mine&utm_campaign=Spring&utm_medium=Email"),
        ("https://example.com/?utm_source=",
         "https://example.com/?utm_source=&utm_campaign=Spring&utm_medium=Email"),
        ("https://example.com/?utm%5Fmedium=a&utm_campaign=b#c",
         "https://example.com/?utm%5Fmedium=a&utm_campaign=b&utm_source=News+%26+more#c"),
        ("https://example.com/?utm_medium=a&utm_campaign=b&utm_source=c",
         "https://example.com/?utm_medium=a&utm_campaign=b&utm_source=c"),
    ],
)  # fmt: skip
def test_parameters_of_the_author_win(address, extended):
    assert add_parameters(address, CAMPAIGN) == extended


def test_a_link_that_would_become_too_long_stays():
    address = f"https://example.com/{'a' * 7960}"
    assert add_parameters(address, CAMPAIGN) == address


def test_what_is_added_is_encoded():
    extended = add_parameters("https://example.com/", [("utm_source", "Größe... 50% <b>\"'+#")])
    assert extended == (
        "https://example.com/?utm_source=Gr%C3%B6%C3%9Fe%2E%2E%2E+50%25+%3Cb%3E%22%27%2B%23"
    )


@pytest.mark.parametrize(
    ("source", "extended"),
    [
        ('<a href="https://example.com/?a=1&amp;b=2#top">x</a>',
         '<a href="https://example.com/?a=1&amp;b=2&amp;m=E&amp;c=S#top">x</a>'),
        ("<a title='y' href='https://example.com/ä'>x</a>",
         "<a title='y' href='https://example.com/ä?m=E&amp;c=S'>x</a>"),
        ('<A CLASS="b" HREF = " https://example.com/ ">x</A>',
         '<A CLASS="b" HREF = "https://example.com/?m=E&amp;c=S">x</A>'),
        ('<a href="https://example.com/&#35;top">x</a>',
         '<a href="https://example.com/?m=E&amp;c=S#top">x</a>'),
        ('<a href="https://example.com/?a=1&#38;b=2">x</a>',
         '<a href="https://example.com/?a=1&#38;b=2&amp;m=E&amp;c=S">x</a>'),
        ('<!--[if mso]><v:roundrect href="https://example.com/?a&copy=1"><![endif]-->',
         '<!--[if mso]><v:roundrect href="https://example.com/?a&copy=1&amp;m=E&amp;c=S"><![endif]-->'),
        ('<map><area href="https://example.com/"/></map>',
         '<map><area href="https://example.com/?m=E&amp;c=S"/></map>'),
        ('<img src="https://example.com/x"/> https://example.com/', None),
        ('<link href="https://example.com/x.css"/>', None),
        ('<a t-attf-href="https://example.com/{{ object.ref or \'#\' }}?a=#{1}#top">x</a>',
         '<a t-attf-href="https://example.com/{{ object.ref or \'#\' }}?a=#{1}&amp;m=E&amp;c=S#top">x</a>'),
        ('<a t-attf-href="https://{{ object.website }}/x">x</a>', None),
        ('<a t-attf-href="https://example.com/{{ {1: 2} }}">x</a>', None),
        ('<a t-attf-href="{{ object.website }}">x</a>', None),
        ('<a t-att-href="object.website">x</a>', None),
        ('<a data-href="https://example.com/">x</a>', None),
    ],
)  # fmt: skip
def test_in_html_only_the_addition_is_put_into_links(source, extended):
    done = add_in_html(source, [("m", "E"), ("c", "S")])
    assert done == (extended or source)
    assert add_in_html(done, [("m", "E"), ("c", "S")]) == done


@given(
    st.text("/?#&=;%a1ä.+ -_~:@'\"<>\n", max_size=40),
    st.lists(st.tuples(st.sampled_from(["utm_a", "utm_b"]), st.text(max_size=12)), max_size=2),
)
def test_html_and_address_are_extended_in_the_same_way(rest, parameters):
    address = f"https://example.com/{rest}"
    source = f'<a href="{html.escape(address)}">x</a>'
    [match] = LINK.finditer(add_in_html(source, parameters))
    clean = get_address(next(LINK.finditer(source)))
    if clean is None:
        return
    assert get_address(match) == add_parameters(clean, parameters)


@given(
    st.text("/?#&=;%a1ä.+-_~:@", max_size=40),
    st.dictionaries(st.sampled_from(["utm_a", "utm_b", "utm_c"]), st.text(max_size=12)),
)
def test_what_was_there_is_still_there_and_the_values_can_be_read(rest, parameters):
    address = f"https://example.com/{rest}"
    extended = add_parameters(address, list(parameters.items()))
    before, after = urlsplit(address), urlsplit(extended)
    assert (before.path, before.fragment) == (after.path, after.fragment)
    assert after.query.startswith(before.query)
    if extended != address:
        values = dict(parse_qsl(after.query, keep_blank_values=True, strict_parsing=False))
        for name, value in parameters.items():
            assert values[name] == value
