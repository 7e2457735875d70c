import pytest
from addon.tools.allowed_addresses import read

LIST = """agency@Example.com
Anna <anna@example.org>; @test.example , bücher.example
"""


@pytest.mark.parametrize(
    "address",
    ["agency@example.com", "anna@example.org", "x@test.example", "y@xn--bcher-kva.example"],
)
def test_what_is_listed_is_allowed(address):
    assert read(LIST).wrong == ()
    assert read(LIST).allows(address)


@pytest.mark.parametrize(
    "address",
    [
        "other@example.com",
        "x@sub.test.example",
        "test.example",
        "x@eviltest.example",
        "@test.example.org",
        "",
    ],
)
def test_nothing_else_is(address):
    assert not read(LIST).allows(address)


@pytest.mark.parametrize(
    "text", ["*", "com", "*@example.com x", "a b", "@", "@@", "x@", "-", "*.example.com"]
)
def test_what_is_neither_is_named(text):
    found = read(text)
    assert found.wrong
    assert not found.domains


def test_an_empty_list_allows_nothing():
    assert read(None) == read("") == (frozenset(), frozenset(), ())
    assert not read("").allows("")
