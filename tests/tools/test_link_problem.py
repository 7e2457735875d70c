import pytest
from addon.tools.link_problem import (
    BROKEN,
    EMPTY,
    FILE,
    LOCAL,
    NO_SCHEME,
    PART,
    find_plain_links,
    find_problem,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "http://www.example.com/shop?a=1#top",
        "HTTPS://EXAMPLE.COM/",
        "https://bücher.example/größe",
        "https://user@example.com:8443/x",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1::1]/",
        "https://172.15.0.1",
        "https://localhost.example.com",
        "https://local.example.com/internal",
        "mailto:a@example.com",
        "mailto:?subject=Look",
        "tel:+49301234",
        "sms:+49301234",
        "whatsapp://send?text=x",
        "webcal://example.com/a.ics",
        "#top",
        " https://example.com ",
        "https://example.com/?next=http://localhost/",
        "https://example.com/file:///c:/x",
    ],
)
def test_an_address_that_leads_somewhere_is_none(address):
    assert find_problem(address) is None


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", EMPTY),
        ("  ", EMPTY),
        ("#", EMPTY),
        ("\u200b", EMPTY),
        ("mailto:", EMPTY),
        ("tel:", EMPTY),
        ("www.example.com", NO_SCHEME),
        ("example.com/shop", NO_SCHEME),
        ("shop", NO_SCHEME),
        ("/", NO_SCHEME),
        ("/shop", NO_SCHEME),
        ("../shop.html", NO_SCHEME),
        ("?page=2", NO_SCHEME),
        ("//example.com/x", NO_SCHEME),
        ("info@example.com", NO_SCHEME),
        ("example.com:8080/x", NO_SCHEME),
        ("https//example.com", NO_SCHEME),
        ("localhost:8069/web", LOCAL),
        ("http://localhost", LOCAL),
        ("http://LOCALHOST:8069/web", LOCAL),
        ("http://app.localhost/", LOCAL),
        ("http://127.0.0.1/x", LOCAL),
        ("http://127.1", LOCAL),
        ("http://2130706433/", LOCAL),
        ("http://0x7f.0.0.1/", LOCAL),
        ("http://0.0.0.0:8069", LOCAL),
        ("http://10.1.2.3/x", LOCAL),
        ("https://172.16.0.1", LOCAL),
        ("https://172.31.255.254", LOCAL),
        ("https://192.168.1.10:443/", LOCAL),
        ("http://169.254.1.1", LOCAL),
        ("http://100.64.0.1", LOCAL),
        ("http://[::1]:8069/", LOCAL),
        ("http://[fe80::1]/", LOCAL),
        ("http://[fd00::1]/", LOCAL),
        ("http://[::ffff:10.0.0.1]/", LOCAL),
        ("https://intranet/x", LOCAL),
        ("https://printer.local", LOCAL),
        ("https://wiki.corp/x", LOCAL),
        ("https://nas.lan/", LOCAL),
        ("https://router.home.arpa", LOCAL),
        ("https://odoo.internal.", LOCAL),
        ("file:///home/me/a.pdf", FILE),
        ("FILE://server/a.pdf", FILE),
        ("C:\\Users\\me\\a.png", FILE),
        ("c:/a.png", FILE),
        ("\\\\server\\share\\a.pdf", FILE),
        ("blob:https://example.com/1", FILE),
        ("about:blank", FILE),
        ("cid:image001.png@01D", PART),
        ("CID:x", PART),
        ("http:", BROKEN),
        ("https://", BROKEN),
        ("http:///x", BROKEN),
        ("https:/example.com", BROKEN),
        ("https:example.com", BROKEN),
        ("http://https://example.com", BROKEN),
        ("htp://example.com", BROKEN),
        ("httpss://example.com", BROKEN),
        ("https://exam ple.com", BROKEN),
    ],
)
def test_what_is_wrong_with_an_address_is_named(address, problem):
    assert find_problem(address) == problem


@given(st.text(max_size=80) | st.text(alphabet="htps:/.[]%@#\\0123x", max_size=40))
def test_any_address_is_read_without_an_error(address):
    find_problem(address)


def test_addresses_in_a_text_without_markup_are_found_without_the_marks_of_its_sentence():
    text = (
        "See www.example.com, (https://example.com/y), https://example.com/a_(b). Or HTTP://localhost:8069/x! file:///c/x"
        " and a@www.example.com; https://example.com/{{ object.ref }}"
    )
    assert find_plain_links(text) == [
        "https://www.example.com",
        "https://example.com/y",
        "https://example.com/a_(b)",
        "HTTP://localhost:8069/x",
        "file:///c/x",
    ]
