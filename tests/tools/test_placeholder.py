"""Plain placeholders are found and replaced; whatever is more is left to QWeb."""

import contextlib

import pytest
from addon.tools.placeholder import (
    HTML,
    TEXT,
    Placeholder,
    UnsupportedTemplate,
    find_placeholders,
    split_inline,
    substitute_placeholders,
)

ALLOWED = frozenset({"object.name", "object.company_id.name"})


def substitute(source, kind):
    return substitute_placeholders(source, kind, ALLOWED, lambda p: f"[{p.path}|{p.fallback}]")


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("no placeholder", "no placeholder"),
        ("", ""),
        ("Hi {{ object.name }}!", "Hi [object.name|]!"),
        ("{{object.name}}{{object.name}}", "[object.name|][object.name|]"),
        ("{{ object.company_id.name }}", "[object.company_id.name|]"),
        ("{{ object.name ||| friend}}", "[object.name|friend]"),
        # as Odoo: blanks before }} and quotation marks belong to the fallback
        ('{{ object.name |||  "my friend" }}!', "[object.name|my friend]!"),
        ("{{ object.name ||| }}", "[object.name|]"),
        ("{{ }}empty", "empty"),
        ("{ object.name }", "{ object.name }"),
        ("{{ object\n.name }}", "{{ object\n.name }}"),
        ("{{ unclosed", "{{ unclosed"),
        ("<b>{{ object.name }}</b>", "<b>[object.name|]</b>"),
    ],
)
def test_inline_placeholder_is_replaced(source, result):
    assert substitute(source, TEXT) == result


@pytest.mark.parametrize(
    "expression",
    ["object.email", "object.name.upper()", "object", "object.name or 'x'", "user.name", "1 + 1",
     "object['name']", "object.__class__", "object.name | upper", "{ object.name"],
)  # fmt: skip
def test_inline_expression_is_left_to_odoo(expression):
    with pytest.raises(UnsupportedTemplate) as caught:
        substitute("Hi {{ " + expression + " }}", TEXT)
    assert caught.value.expression == expression


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("", ""),
        ("<p>Hi</p>", "<p>Hi</p>"),
        ('<p>Hi <t t-out="object.name"/>!</p>', "<p>Hi [object.name|]!</p>"),
        ("<p>Hi <t t-out='object.name' />!</p>", "<p>Hi [object.name|]!</p>"),
        ('<t t-out="object.name"></t>', "[object.name|]"),
        ('<t\n t-out = " object.name "\n>friend</t>', "[object.name|friend]"),
        ('<t t-out="object.name">\n  you &amp; me </t>', "[object.name|you & me]"),
        ('<t t-esc="object.name">you</t>', "[object.name|you]"),
        ('<T T-OUT="object.name">you</T>', "[object.name|you]"),
        ('<t class="x" t-out="object.name">you</t>', "[object.name|you]"),
        ('<b t-out="object.name">you</b>', "<b>[object.name|you]</b>"),
        ('<b t-out="object.name"/>', "<b>[object.name|]</b>"),
        # what is no placeholder stays as it was written
        ("<P ID=x Class='y'>a < b & c<br/><IMG src=a></p >", None),
        ("<p>{{ object.email }}</p>", None),
        ("<p title=\"<t t-out='object.email'/>\">x</p>", None),
        ("<style>a > b { } /* <b> */</style><p>x</p>", None),
        ("<!DOCTYPE html><?xml a?><![CDATA[x]]><p>", None),
        ("<!-- <b --><p>a</p><!-->b<!--->c", None),
        ("5 <6 and 7> 3 <", None),
        ("<p", None),
        ("<!--[if mso]><td><t t-out='object.name'/></td><![endif]-->",
         "<!--[if mso]><td>[object.name|]</td><![endif]-->"),
        ("<!-- \" ' <b x=\" --><t t-out='object.name'/>", "<!-- \" ' <b x=\" -->[object.name|]"),
    ],
)  # fmt: skip
def test_html_placeholder_is_replaced_and_the_rest_untouched(source, result):
    assert substitute(source, HTML) == (source if result is None else result)


@pytest.mark.parametrize(
    "source",
    [
        '<t t-out="object.email"/>',
        '<t t-out="object.name.upper()"/>',
        '<t t-out="object.name"><b>x</b></t>',
        '<t t-out="object.name">x',
        '<t t-out="object.name">x</b>',
        '<t t-out="object.name" t-if="x"/>',
        '<t t-out="object.name" t-options="{}"/>',
        '<t t-if="object.name">x</t>',
        '<t t-foreach="x" t-as="y"/>',
        '<t t-set="x" t-value="1"/>',
        '<t t-call="x"/>',
        '<t t-raw="object.name"/>',
        '<span t-field="object.name"/>',
        "<t>x</t>",
        '<a t-att-href="object.name">x</a>',
        '<a t-attf-href="{{ object.name }}">x</a>',
        '<p groups="base.group_user">x</p>',
        '<b class="x" t-out="object.name">x</b>',
        '<img t-out="object.name"/>',
        '<style t-out="object.name"/>',
        '<style><t t-out="object.name"/></style>',
        '<p T-IF="x">y</p>',
        "<!-- <t t-if='x'/> -->",
        '<p <t t-if="x">y</p>',
        '<p title="unclosed t-if=x',
        '<t t-out="object.name"',
        '<p a="1"t-if="x">',
        "<p a=1/t-if='x' t-if=y>",
    ],
)
def test_other_html_is_left_to_qweb(source):
    with pytest.raises(UnsupportedTemplate):
        substitute(source, HTML)


@pytest.mark.parametrize("piece", ["<!--", "<", "<t ", "<p a=", " ", "{{", "</t>", "<p a='"])
def test_rubbish_takes_no_time(piece):
    for source in (piece * 20_000, "<p " + piece * 20_000):
        with contextlib.suppress(UnsupportedTemplate):
            assert substitute(source, HTML) == source
    substitute(piece * 2000, TEXT)


def test_placeholders_are_listed_in_order():
    source = "{{ object.b }} {{ object.a ||| x}} {{ object.b }}"
    assert find_placeholders(source, TEXT) == [
        Placeholder("object.b", ""),
        Placeholder("object.a", "x"),
        Placeholder("object.b", ""),
    ]


def test_a_text_is_cut_for_people_whatever_is_in_it():
    assert split_inline("Hi {{ object.a ||| x }}, {{ a + 1 }} {{ } {{object.b}}{{ }}") == [
        "Hi ",
        Placeholder("object.a", "x"),
        ", ",
        Placeholder("a + 1", ""),
        " ",
        Placeholder("} {{object.b", ""),
    ]
    assert split_inline("") == []


def test_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="kind"):
        find_placeholders("x", "markdown")
