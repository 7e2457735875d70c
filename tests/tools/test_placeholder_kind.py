import pytest
from addon.tools.placeholder import HTML, TEXT, find_placeholders
from addon.tools.placeholder_kind import to_elements, to_inline
from hypothesis import given
from hypothesis import strategies as st

KNOWN = {"object.name", "object.function"}.__contains__


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("<p>Dear {{ object.name }},</p>", '<p>Dear <t t-out="object.name"></t>,</p>'),
        ("{{object.name}}", '<t t-out="object.name"></t>'),
        ("{{&nbsp;object.name&nbsp;}}", '<t t-out="object.name"></t>'),
        ("{{\xa0object.name\u200b }}", '<t t-out="object.name"></t>'),
        ("{{ object.name ||| reader }}", '<t t-out="object.name">reader</t>'),
        ('{{ object.name ||| "reader" }}', '<t t-out="object.name">reader</t>'),
        ("{{ object.name ||| A &amp; B }}", '<t t-out="object.name">A &amp; B</t>'),
        ("{{ object.name or 'reader' }}", '<t t-out="object.name">reader</t>'),
        ("{{ object.name or ‘reader’ }}", '<t t-out="object.name">reader</t>'),
        ("{{ <b>object.name</b> }}", '<t t-out="object.name"></t>'),
        ("<b>{{ object.name }}</b>", '<b><t t-out="object.name"></t></b>'),
        ("{{ object.name }} {{ object.function }}",
         '<t t-out="object.name"></t> <t t-out="object.function"></t>'),
        ('&lt;t t-out="object.name"/&gt;', '<t t-out="object.name"></t>'),
        ("&lt;t t-out=”object.name”&gt;reader&lt;/t&gt;", '<t t-out="object.name">reader</t>'),
        ("&lt;t t-esc=&quot;object.name&quot; /&gt;", '<t t-out="object.name"></t>'),
    ],
)  # fmt: skip
def test_what_was_typed_into_a_body_becomes_a_placeholder(source, result):
    converted = to_elements(source, KNOWN)
    assert converted.source == result
    assert converted.count == result.count("t-out")
    assert find_placeholders(converted.source, HTML)


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ object.vat }}</p>",
        "<p>{{ first_name }}</p>",
        "<p>{{ object.name.upper() }}</p>",
        "<p>{{ object.name }</p>",
        "<p><b>{{ object</b>.name }}</p>",
        '<a href="https://example.com/?n={{ object.name }}">x</a>',
        '<a t-attf-href="https://example.com/{{ object.name }}">x</a>',
        "<!-- {{ object.name }} -->",
        '<p><t t-out="object.name"/></p>',
        "<p>{ object.name } {{}} {{ }}</p>",
        "",
    ],
)
def test_the_rest_of_a_body_stays_as_it_is(source):
    assert to_elements(source, KNOWN) == (source, 0)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('Dear <t t-out="object.name"/>!', "Dear {{ object.name }}!"),
        ("<t t-out='object.name'></t>", "{{ object.name }}"),
        ('<t t-esc="object.name">reader</t>', "{{ object.name ||| reader }}"),
        ("<t t-out=“object.name” />", "{{ object.name }}"),
        ('<span t-out="object.name">reader</span>', "{{ object.name ||| reader }}"),
        ('<t t-field="object.name"/>', "{{ object.name }}"),
        ("&lt;t t-out=&quot;object.name&quot;/&gt;", "{{ object.name }}"),
        ('{{ object.name }} <t t-out="object.function"/>',
         "{{ object.name }} {{ object.function }}"),
    ],
)  # fmt: skip
def test_what_was_typed_into_a_subject_becomes_a_placeholder(text, result):
    converted = to_inline(text, KNOWN)
    assert converted.source == result
    assert converted.count
    assert find_placeholders(converted.source, TEXT)


@pytest.mark.parametrize(
    "text",
    [
        '<t t-out="object.vat"/>',
        '<t t-if="object.name">x</t>',
        "1 < 2 & t-out=x",
        "{{ object.name }}",
        "A &amp; B",
    ],
)
def test_the_rest_of_a_subject_stays_as_it_is(text):
    assert to_inline(text, KNOWN) == (text, 0)


@given(st.text(alphabet="{}<>&;lgt/ \"'=-ouobject.name|", max_size=120))
def test_any_source_is_read_without_an_error(source):
    to_elements(source, KNOWN)
    to_inline(source, KNOWN)


@pytest.mark.parametrize(
    "unit", ["{{", "{{a", "<!--", "<t t-out=", "&lt;t t-out", "{{object.name}}", "<b "]
)
def test_a_long_source_takes_time_in_proportion_to_its_length(unit):
    # A quadratic pattern would take minutes, so the test needs no clock.
    source = unit * (200_000 // len(unit))
    to_elements(source, KNOWN)
    to_inline(source, KNOWN)
