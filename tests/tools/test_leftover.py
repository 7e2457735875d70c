import pytest
from addon.tools.leftover import find_leftovers
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "placeholder",
    [
        "{{ object.name }}",
        "{{object.name|||reader}}",
        "{{ first_name }}",
        "{{ object.name",
        "{{ object.name }",
        "${object.name}",
        "${first_name!'reader'}",
        "#{name}",
        "{!Contact.FirstName}",
        "{$name}",
        "{% if name %}",
        "*|FNAME|*",
        "*|IF:FNAME|*",
        "%%first name%%",
        "%%=v(@name)=%%",
        "[%name%]",
        "[% contact.name %]",
        "##NAME##",
        "<%= name %>",
        '<t t-out="object.name"/>',
        "<t t-esc='object.name'>",
        "[FIRST NAME]",
        "[First Name]",
        "[FIRSTNAME]",
        "[first_name]",
        "[FirstName]",
        "[Name]",
        "[NAME]",
        "[Your Name]",
        "[Insert Name Here]",
        "[INSERT DATE]",
        "[your link here]",
        "[Company Name]",
        "[Customer Name]",
        "[VORNAME]",
        "[Vorname Nachname]",
        "[Name des Kunden]",
        "[Ihr Name]",
        "[PRÉNOM]",
        "[Nom de famille du client]",
        "[Nombre]",
        "[Apellidos]",
        "[Nome]",
        "[Voornaam]",
        "[Imię]",
        "[Имя]",
        "[姓名]",
        "[[Name]]",
        "[[first_name]]",
        "<<Name>>",
        "<<First Name>>",
        "<< name >>",
        "<Name>",
        "<FIRST NAME>",
        "«First_Name»",
        "«Vorname»",
        "« Prénom »",
        "{first_name}",
        "{name}",
        "{FIRSTNAME}",
        "{First Name}",
        "{contact.name}",
        "{Vorname}",
        "%FIRSTNAME%",
        "%first_name%",
        "%recipient.name%",
        "%Name%",
        "@@name@@",
        "__NAME__",
        "|FNAME|",
    ],
)
def test_a_placeholder_that_was_left_is_found(placeholder):
    assert find_leftovers(f"Dear {placeholder}, it is summer.") == [placeholder]
    assert find_leftovers(placeholder) == [placeholder]


@pytest.mark.parametrize(
    "text",
    [
        "As we wrote [1], and before [2, 3] and [12]; see [a], [iv] and [sic].",
        "[...] and […] and [ ] and []",
        "[Newsletter] Summer news",
        "[EXTERNAL] [URGENT] [Update] [Action required]",
        "[Company News] [Example Ltd] [Odoo]",
        "From 50 % to 20% off, 5%-10%, 100%",
        "50%off%now 3%Rabatt%",
        "It costs $5, ${ and $ {x}; 10 € [incl. VAT]",
        "On 2026-11-27, 27.11.2026 and 11/27/2026 [Mon]",
        "{color: red} {a, b} {} {1} {x} {…}",
        "a << b and b >> c, x < y > z, 1 <2> 3",
        "Jane <jane@example.com>, <https://example.com/name>",
        "https://example.com/?a=%20name%20&b=%C3%BC%C3%A4",
        "«Anna» and « bonjour » and «Neues aus der Stadt»",
        "Write to me@name.example or @name or @@",
        "snake_case and __init__ and x__y",
        "| Name | City |",
        "#name ##",
        "*bold* and **bold** and *|* ",
        ":-] [: {: <3 >_< (name)",
        "if (x) { return name; }",
        "",
    ],
)
def test_what_people_write_otherwise_is_none(text):
    assert find_leftovers(text) == []


def test_each_is_named_once_in_order():
    text = "*|NAME|* [First Name] ${x} [First Name] *|NAME|*"
    assert find_leftovers(text) == ["*|NAME|*", "[First Name]", "${x}"]


def test_brackets_are_also_a_part_of_addresses():
    address = "https://example.com/?filter[name]=1&b={name}"
    assert find_leftovers(address, only_certain=True) == []
    assert find_leftovers(f"{address}*|NAME|*", only_certain=True) == ["*|NAME|*"]


@given(st.text(alphabet="{}[]<>%*|$#@_«» na/=t-", max_size=200))
def test_any_text_is_read_without_an_error(text):
    for placeholder in find_leftovers(text):
        assert placeholder in text


@pytest.mark.parametrize(
    "unit", ["{{", "[", "<<", "«", "%a", "@", "__a", "|A", "*|", "[[NAME]]", "${", "<t "]
)
def test_a_long_text_takes_time_in_proportion_to_its_length(unit):
    # A quadratic pattern would take minutes, so the test needs no clock.
    find_leftovers(unit * (200_000 // len(unit)))
