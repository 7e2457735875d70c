"""The layout around the body of messages: a QWeb template with one place for the body.

A layout is rendered once a language, with the data of the company, so its logic costs nothing for a
recipient. What differs from recipient to recipient are plain placeholders (``t-out="object.name"``),
which stay as they are; they are filled with those of the body.
"""

import ast
import re
from html.parser import HTMLParser

from lxml import etree, html

# The words of Odoo's own layouts (mail.mail_notification_layout).
BODY = "message.body"
#: What a layout may say of the company, as ``company.name``.
COMPANY_NAMES = frozenset(
    ("name", "address", "website", "email", "phone", "logo", "logo_url", "email_primary_color",
     "email_secondary_color")
)  # fmt: skip
#: What else its logic may ask: whether the mailing has an unsubscribe link.
KNOWN_NAMES = frozenset({"company", "unsubscribe", "true", "false", "True", "False", "None"})
COMPANY_PLACEHOLDER = "object.partner_mailing_company_"
# Of one layout. Gmail shows 102 KB of a message, most of which is for the body.
MAX_SIZE = 40_000

# Why a layout is refused.
NO_BODY, SEVERAL_BODIES, CONDITIONAL_BODY, BODY_PLACE = "none", "several", "conditional", "place"
NOT_CLOSED, TOO_LONG, TAG, DIRECTIVE = "not_closed", "too_long", "tag", "directive"
EXPRESSION, PERSONAL, LITERAL, NO_UNSUBSCRIBE = "expression", "personal", "literal", "unsubscribe"

WRAPPER = "div"
_PLAIN = re.compile(r"object(?:\.[A-Za-z_]\w*)+", re.ASCII)
_FORMATTED = re.compile(r"\{\{([^{}]*)\}\}|#\{([^{}]*)\}")
_BODY_ELEMENT = re.compile(r'<t t-out="message\.body"\s{0,9}(?:/>|></t>)')
_LOGO = re.compile(r'<img src="[^"<>]{0,2000}/web/binary/company_logo\?[^<>]{0,500}>')
_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none", re.IGNORECASE)

_VALUES = ("t-out", "t-esc")
_CONDITIONS = ("t-if", "t-elif", "t-else")
_DIRECTIVES = frozenset((*_VALUES, *_CONDITIONS, "t-set", "t-value"))
# Where blocks may stand; elsewhere mail programs end the element before them.
_BLOCKS = frozenset({WRAPPER, "td", "th", "center", "section", "main", "article"})
_AROUND = _BLOCKS | {"t", "table", "tbody", "tr"}
# The page around a layout is the addon's; the others are removed from messages.
_REFUSED = frozenset(
    ("html", "head", "body", "title", "meta", "link", "base", "script", "iframe", "frame", "object",
     "embed", "form", "input", "button", "textarea", "select")
)  # fmt: skip
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
     "track", "wbr")
)  # fmt: skip


_CONDITIONAL_COMMENTS = ("[if ", "<![endif]")


class LayoutError(Exception):
    """A layout cannot be used.

    :ivar reason: one of the constants of this module
    :ivar value: what is wrong, as it was typed
    """

    def __init__(self, reason, value=""):
        super().__init__(reason, value)
        self.reason = reason
        self.value = str(value)[:120]


def check_source(source):
    """Refuse what an HTML parser would mend or drop in silence.

    :param str source: as it was typed
    :raises LayoutError: names the element
    """
    if len(source) > MAX_SIZE:
        raise LayoutError(TOO_LONG, len(source))
    parser = _Balance()
    parser.feed(source)
    parser.close()
    if parser.open:
        raise LayoutError(NOT_CLOSED, parser.open[-1])


class _Balance(HTMLParser):
    """Compares tags that begin with tags that end."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag in _REFUSED:
            raise LayoutError(TAG, f"<{tag}>")
        if tag not in _VOID:
            self.open.append(f"<{tag}>")

    def handle_startendtag(self, tag, attrs):
        if tag in _REFUSED:
            raise LayoutError(TAG, f"<{tag}>")

    def handle_endtag(self, tag):
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != f"<{tag}>":
            raise LayoutError(NOT_CLOSED, self.open[-1] if self.open else f"</{tag}>")
        self.open.pop()


def check_template(source, is_allowed):
    """Refuse a template that has not exactly one place for the body, or too much logic.

    :param str source: as it is stored
    :param is_allowed: callable, expression of a contact -> whether all users may use it
    :return: the set of the ``COMPANY_NAMES`` that it uses
    :raises LayoutError: names the expression or element
    """
    tree = _parse(source)
    names, used = set(KNOWN_NAMES), set()
    names.update(filter(None, (element.get("t-set") for element in tree.iter(etree.Element))))
    bodies = []
    for element in tree.iter(etree.Element):
        if "{{" in f"{element.text or ''}{element.tail or ''}":
            raise LayoutError(LITERAL, f"{element.text or ''} {element.tail or ''}".strip())
        for name, value in element.attrib.items():
            if name in _VALUES and value.strip() == BODY:
                bodies.append(element)
            elif name in _VALUES and _PLAIN.fullmatch(value.strip()):
                used |= _check_placeholder(value.strip(), is_allowed)
            else:
                for expression in _get_expressions(name, value):
                    used |= _check_expression(expression, names)
    if len(bodies) != 1:
        raise LayoutError(SEVERAL_BODIES if bodies else NO_BODY)
    _check_place(bodies[0])
    return used


def _get_expressions(name, value):
    """Return the expressions in an attribute."""
    if name.startswith("t-attf-"):
        return [one or other for one, other in _FORMATTED.findall(value)]
    if name == "groups":  # QWeb would ask for the groups of the user who sends
        raise LayoutError(DIRECTIVE, f'{name}="{value}"')
    if not name.startswith("t-"):
        if "{{" in value:
            raise LayoutError(LITERAL, value)
        return []
    if not name.startswith("t-att-") and name not in _DIRECTIVES:
        raise LayoutError(DIRECTIVE, f'{name}="{value}"')
    return [] if name in ("t-else", "t-set") else [value]


def _check_placeholder(expression, is_allowed):
    """Return the name of the company's data in a plain placeholder, as a set."""
    if expression.startswith(COMPANY_PLACEHOLDER):
        name = expression.removeprefix(COMPANY_PLACEHOLDER)
        if name not in COMPANY_NAMES:
            raise LayoutError(EXPRESSION, expression)
        return {name}
    if not is_allowed(expression):
        raise LayoutError(EXPRESSION, expression)
    return set()


def _check_expression(expression, names):
    """Return the names of the company's data in an expression.

    :raises LayoutError: for an expression that is none, or asks for anything else
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise LayoutError(EXPRESSION, expression) from error
    of_company = {
        id(node.value): node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    used = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name):
            continue
        if node.id in ("object", "message"):
            raise LayoutError(PERSONAL, expression)
        if node.id not in names:
            raise LayoutError(EXPRESSION, expression)
        if node.id == "company":
            name = of_company.get(id(node))
            if name not in COMPANY_NAMES:
                raise LayoutError(EXPRESSION, expression)
            used.add(name)
    return used


def _check_place(element):
    """Refuse a place for the body that is not always shown, or where no blocks may stand."""
    parent = None
    for one in (element, *element.iterancestors()):
        if any(name in one.attrib for name in _CONDITIONS):
            raise LayoutError(CONDITIONAL_BODY)
        if one.get("t-set") or (one is not element and _is_value(one)):
            raise LayoutError(BODY_PLACE, f"<{one.tag}>")
        if one.tag == "t":
            continue
        parent = parent if parent is not None else one.tag
        if one.tag not in _AROUND:
            raise LayoutError(BODY_PLACE, f"<{one.tag}>")
    if parent not in _BLOCKS:
        raise LayoutError(BODY_PLACE, f"<{parent}>")


def _is_value(element):
    return any(name in element.attrib for name in _VALUES)


def prepare(source):
    """Return ``(tree, kept)``: the template for QWeb, and what it leaves as it is.

    The tree refers to what is kept as ``kept[0]`` and so on: the place for the body and the plain
    placeholders of contacts, as HTML. Data of the company become ``company.name`` and the like.

    :param str source: a template that ``check_template`` accepts
    """
    tree, kept = _parse(source), []
    for comment in list(tree.iter(etree.Comment)):
        # Those that Outlook reads are content; others are notes of the webmaster.
        if not comment.text.startswith(_CONDITIONAL_COMMENTS):
            comment.drop_tree()
    for element in list(tree.iter(etree.Element)):
        name = next((name for name in _VALUES if name in element.attrib), None)
        if not name:
            continue
        expression = element.get(name).strip()
        if expression.startswith(COMPANY_PLACEHOLDER):
            element.set(name, f"company.{expression.removeprefix(COMPANY_PLACEHOLDER)}")
        elif expression == BODY or _PLAIN.fullmatch(expression):
            fallback = "" if expression == BODY else "".join(element.itertext()).strip()
            stays = html.Element("t", {"t-out": expression})
            stays.text = fallback
            kept.append(html.tostring(stays, encoding="unicode"))
            del element[:]
            element.text = None
            element.set(name, f"kept[{len(kept) - 1}]")
    return tree, kept


def find_placeholders(source):
    """Return the set of the contact's expressions that a template shows."""
    return {
        value.strip()
        for element in _parse(source).iter(etree.Element)
        for name, value in element.attrib.items()
        if name in _VALUES
        and _PLAIN.fullmatch(value.strip())
        and not value.strip().startswith(COMPANY_PLACEHOLDER)
    }


def split_frame(frame):
    """Return what a rendered layout has before and behind the place for the body, as HTML.

    :raises LayoutError: unless it has one such place
    """
    parts = _BODY_ELEMENT.split(frame)
    if len(parts) != 2:
        raise LayoutError(SEVERAL_BODIES if len(parts) > 2 else NO_BODY)
    return parts


def has_unsubscribe_link(frame):
    """Tell whether a rendered layout has an unsubscribe link that recipients see."""
    for link in _parse(frame).iter("a"):
        if "/partner_mailing/unsubscribe" not in (link.get("href") or ""):
            continue
        around = (link, *link.iterancestors())
        if any(_HIDDEN.search(element.get("style") or "") for element in around):
            continue
        if "".join(link.itertext()).strip() or link.find(".//img") is not None:
            return True
    return False


def has_logo(frame):
    """Tell whether HTML shows the logo of the company."""
    return "/web/binary/company_logo" in frame


def remove_logo(body):
    """Return a body without the company's logo, which the layout shows."""
    return _LOGO.sub("", body)


def _parse(source):
    return html.fragment_fromstring(source, create_parent=WRAPPER)
