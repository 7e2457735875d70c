"""The domain of an address in ASCII, by one standard everywhere."""

import idna
import pytest
from delivery.address import ascii_domain
from delivery.compose import header
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("address", "ascii_form"),
    [
        ("a@example.com", "a@example.com"),
        ("A@Example.COM", "A@Example.COM"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.Example", "a@xn--bcher-kva.example"),
        ("a@bu\u0308cher.example", "a@xn--bcher-kva.example"),
        # a letter of its own in IDNA 2008; "strasse" in IDNA 2003, which is another domain
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@日本。jp", "a@xn--wgv71a.jp"),
        ("a@ＡＢＣ.ü", "a@abc.xn--tda"),
        ("zoë@bücher.example", "zoë@xn--bcher-kva.example"),
        ("zoë@example.com", "zoë@example.com"),
        ('"a@b"@bücher.example', '"a@b"@xn--bcher-kva.example'),
        ("bücher.example", "xn--bcher-kva.example"),
        ("", ""),
    ],
)
def test_domain_becomes_ascii_and_the_local_part_stays(address, ascii_form):
    assert ascii_domain(address) == ascii_form


@pytest.mark.parametrize(
    "domain",
    ["☃.example", "ü..example", "-ü.example", "ü_a.example", "a b.ü", "\ud800.example",
     "ü" * 60 + ".example", "ü." * 127 + "example"],
)  # fmt: skip
def test_domain_without_an_ascii_form_is_an_error(domain):
    with pytest.raises(idna.IDNAError) as caught:
        ascii_domain(f"a@{domain}")
    assert isinstance(caught.value, UnicodeError)


@pytest.mark.parametrize("domain", ["ü" * 60 + ".example", "ü." * 127 + "example"])
def test_error_tells_a_long_domain_from_a_wrong_one(domain):
    with pytest.raises(idna.IDNAError, match="too long"):
        ascii_domain(f"a@{domain}")


@given(st.text(max_size=60))
@example("@" + "ü" * 100_000)
@example("@" + "٠" * 250)
def test_any_text_has_an_ascii_domain_or_is_an_error(text):
    try:
        address = ascii_domain(text)
    except idna.IDNAError:
        return
    assert address.rpartition("@")[2].isascii()
    assert ascii_domain(address) == address


def test_header_has_the_domain_that_the_envelope_has():
    for address in ("a@straße.example", "zoë@bücher.example"):
        field = header.encoder("To")(("", address))
        assert field == f"To: {ascii_domain(address)}\r\n".encode()


def test_header_keeps_a_domain_without_ascii_form():
    assert header.encoder("To")(("", "a@☃.example")) == "To: a@☃.example\r\n".encode()
