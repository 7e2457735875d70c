"""Blocks that are shown to some recipients only.

In a design, such a block has a domain of contacts in its attribute ``data-filter-domain``. In the body
it has ``t-if="object.filtered_domain(…)"``, which QWeb evaluates for each recipient. The body's condition
is always made here, of the attribute. Template editors may use any domain. For all others a domain is
safe when it compares stored fields of the contact, which they may read, with plain values; then no code
of theirs is evaluated, and they learn nothing that they could not read.
"""

import ast
import json
import re

from lxml import etree, html

from odoo.exceptions import ValidationError
from odoo.fields import Domain

EDITOR_GROUP = "mail.group_mail_template_editor"
# In the context, compared by identity, while rights are checked: conditions that all authors may use are
# left out then.
SAFE, SAFE_KEY = object(), "partner_mailing_without_safe_conditions"

ATTRIBUTE, CALL = "data-filter-domain", "filtered_domain"
# As stock's builder writes it. Bounded, and read once.
EXPRESSION = re.compile(r"\s*object\.filtered_domain\((.*)\)\s*", re.DOTALL)
MAX_LENGTH = 10_000  # characters of a domain: ids of 1,000 tags
MAX_CONDITIONS = 100
MAX_VALUES = 1000
MAX_STEPS = 3
OPERATORS = frozenset(
    (
        *("=", "!=", "<", ">", "<=", ">=", "in", "not in"),
        *("like", "ilike", "not like", "not ilike", "=like", "=ilike"),
    )
)
# Through these models a path may go on: what they hold is no secret of an app.
FOLLOWED = frozenset(
    (
        "res.partner",
        "res.partner.category",
        "res.partner.industry",
        "res.country",
        "res.country.state",
        "res.company",
        "res.lang",
    )
)
# A path may end in a record of these.
ENDS = FOLLOWED | {"res.users"}
UNUSABLE = ("binary", "html", "json", "properties", "properties_definition", "reference")
SHOWN = 60  # characters of a block that are quoted

WRAPPER = "div"


class Conditions:
    """The conditions in bodies and designs, for the user of an environment."""

    def __init__(self, env):
        # A check as the superuser would find nothing that the user may not read.
        self.env = env(su=False)

    # ------------------------------------------------------------
    # What is written
    # ------------------------------------------------------------

    def complete(self, source, is_design):
        """Return HTML as it is stored: a body has conditions for QWeb, a design has attributes.

        :param source: HTML that is written
        :param bool is_design: whether it is a design, which keeps the attributes
        :raises ValidationError: for a domain that cannot be used by anybody; names block and remedy
        """
        if not has_conditions(source):
            return source
        tree, has_changed = parse(source), False
        for element in list(tree.iter(etree.Element)):
            expression = element.get("t-if")
            if (text := element.get(ATTRIBUTE)) is not None:
                domain = self._check(element, text)
                # Odoo's builder writes the same condition into the body, in its own words.
                if is_design:
                    element.attrib.pop("t-if", None)
                    has_changed |= expression is not None
                    continue
                del element.attrib[ATTRIBUTE]
                has_changed = True
                if domain:
                    element.set("t-if", f"object.filtered_domain({domain!r})")
                elif expression is not None and EXPRESSION.fullmatch(expression):
                    del element.attrib["t-if"]
            elif expression is not None and (call := EXPRESSION.fullmatch(expression)):
                self._check(element, call[1])
        return unparse(tree) if has_changed else source

    def _check(self, element, text):
        """Return the domain in a text, or raise for one that cannot be used by anybody."""
        domain, problem = self._read(text)
        if problem:
            raise ValidationError(
                self.env._(
                    'The condition of the block "%(block)s" cannot be used: %(problem)s. Open the'
                    " block's options and set the condition anew, or remove it. It is: %(domain)s",
                    block=name_block(element),
                    problem=problem,
                    domain=shorten(text, 200),
                )
            )
        return domain

    def _read(self, text):
        """Return ``(domain, problem)`` of the text in an attribute or a call."""
        if len(text) > MAX_LENGTH:
            return None, self.env._(
                "it has %(length)s characters, and at most %(most)s are possible. Use a tag of the"
                " contacts instead of a long list",
                length=len(text),
                most=MAX_LENGTH,
            )
        domain = read_domain(text)
        if domain is None:
            return None, self.env._("it is no filter of contacts")
        try:
            parsed = Domain(domain)
            conditions = list(parsed.iter_conditions())
            if len(conditions) > MAX_CONDITIONS:
                return None, self.env._(
                    "it compares %(count)s values, and at most %(most)s are possible",
                    count=len(conditions),
                    most=MAX_CONDITIONS,
                )
            partners = self.env["res.partner"].sudo()
            # As the sender evaluates it, for a contact that is none.
            partners.new({}).filtered_domain(domain)
        except Exception as error:  # nonsense makes Odoo raise errors of any kind
            return None, shorten(str(error), 200) or self.env._("it is no filter of contacts")
        return domain, ""

    # ------------------------------------------------------------
    # What all authors may use
    # ------------------------------------------------------------

    def strip_safe(self, source):
        """Return a body without the conditions that all authors may use: the rest is looked at."""
        if CALL not in source:
            return source
        tree = parse(source)
        for element in tree.iter(etree.Element):
            if (expression := element.get("t-if")) and self.is_safe(expression):
                del element.attrib["t-if"]
        return unparse(tree)

    def find_forbidden(self, source):
        """Return ``[(expression, block, problem)]`` of the conditions that not all authors may use.

        Those in the attributes of a design are among them: an author who opens the design in the builder
        writes them into the body. An expression is what the body would have.
        """
        if not has_conditions(source):
            return []
        forbidden = []
        for element in parse(source).iter(etree.Element):
            expression = element.get("t-if")
            if (text := element.get(ATTRIBUTE)) is not None:
                expression = f"object.{CALL}({text})"
            if expression and (problem := self.get_problem(expression)):
                forbidden.append((expression, name_block(element), problem))
        return forbidden

    def is_safe(self, expression):
        """Tell whether all authors may use the condition in a ``t-if``."""
        return self.get_problem(expression) is None

    def get_problem(self, expression):
        """Return why not all authors may use a condition, in words; None when they may.

        "" for one that is no domain of contacts.
        """
        call = EXPRESSION.fullmatch(expression)
        if not call:
            return ""
        domain, problem = self._read(call[1])
        if problem:
            return problem
        for condition in Domain(domain).iter_conditions():
            if fault := self._get_fault(condition):
                return fault
        return None

    def _get_fault(self, condition):
        """Return why a comparison is not for all authors, in words, or None."""
        path, operator, value = condition.field_expr, condition.operator, condition.value
        if operator not in OPERATORS:
            return self.env._(
                'it uses "%(operator)s" for "%(field)s"', operator=operator, field=path
            )
        values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        if len(values) > MAX_VALUES or not all(
            one is None or isinstance(one, (str, int, float)) for one in values
        ):
            return self.env._('it compares "%s" with something else than a few plain values', path)
        model, names = self.env["res.partner"], path.split(".")
        for position, name in enumerate(names):
            field = model is not None and model._fields.get(name)
            if not field or position >= MAX_STEPS:
                return self._name_forbidden(path)
            if not (field.store and model._has_field_access(field, "read")):
                return self._name_forbidden(path)
            if field.type in UNUSABLE:
                return self._name_forbidden(path)
            is_last = position == len(names) - 1
            if field.relational:
                if field.comodel_name not in (ENDS if is_last else FOLLOWED):
                    return self._name_forbidden(path)
                model = self.env[field.comodel_name]
                if not model.has_access("read"):
                    return self._name_forbidden(path)
            elif not is_last:
                return self._name_forbidden(path)  # a part of a date, of properties
        return None

    def _name_forbidden(self, path):
        return self.env._('it uses the field "%s"', path)

    def describe_forbidden(self, source):
        """Return a sentence about the first condition that the user may not use; "" without one.

        :param source: a body or a design
        """
        for _expression, block, problem in self.find_forbidden(source):
            return self.env._(
                'You may not use the condition of the block "%(block)s": %(problem)s. Conditions of all'
                " users compare fields of the contact, such as language, country, tags or city, with"
                " values. Change the condition in the block's options, remove it, or ask a member of the"
                " group %(group)s.",
                block=block,
                problem=problem,
                group=self.env.ref(EDITOR_GROUP).sudo().display_name,
            )
        return ""


def has_conditions(source):
    """Tell whether HTML may have a condition of contacts."""
    return ATTRIBUTE in source or CALL in source


def parse(source):
    """Return HTML as a tree, within an element of its own."""
    # NUL and halves of characters are none for libxml2.
    source = source.replace("\0", "").encode("utf-8", "replace").decode()
    return html.fragment_fromstring(source, create_parent=WRAPPER)


def unparse(tree):
    """Return the HTML of what is within the element around it."""
    text = etree.tostring(tree, encoding="unicode", method="html")
    return text[len(WRAPPER) + 2 : -len(WRAPPER) - 3]


def read_domain(text):
    """Return the list in JSON or in Python's notation; None when it is none."""
    for read in (_read_json, ast.literal_eval):
        try:
            domain = read(text.strip() or "[]")
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        return domain if isinstance(domain, list) else None
    return None


def _read_json(text):
    return json.loads(text, parse_constant=ast.literal_eval)  # no Infinity and the like


def read_directive(expression):
    """Return the condition in a directive ``t-if="…"``; None for another one."""
    prefix = 't-if="'
    return expression[len(prefix) : -1] if expression.startswith(prefix) else None


def show_all(source):
    """Return a body in which the blocks for some are shown to all: for a card, which nobody receives."""
    if CALL not in source:
        return source
    tree = parse(source)
    for element in tree.iter(etree.Element):
        if EXPRESSION.fullmatch(element.get("t-if") or ""):
            del element.attrib["t-if"]
    return unparse(tree)


def find_blocks(source):
    """Return ``[(name of the block, domain)]`` of the conditional blocks in a body, in order.

    The domain is None for a condition that is none of contacts.
    """
    if "t-if" not in source and "t-foreach" not in source:
        return []
    return [
        (name_block(element), read_domain(call[1]) if call else None)
        for element in parse(source).iter(etree.Element)
        if (expression := element.get("t-if"))
        for call in [EXPRESSION.fullmatch(expression)]
    ]


def without_conditional(source):
    """Return a body without what is shown on a condition."""
    if "t-if" not in source and "t-elif" not in source and "t-foreach" not in source:
        return source
    tree = parse(source)
    for element in list(tree.iter(etree.Element)):
        if {"t-if", "t-elif", "t-else", "t-foreach"} & set(element.attrib):
            element.drop_tree()
    return unparse(tree)


def find_fields(source):
    """Return the names of the contact's fields that conditions in a body ask for."""
    return {
        condition.field_expr.partition(".")[0]
        for _name, domain in find_blocks(source)
        if domain
        for condition in Domain(domain).iter_conditions()
    }


def name_block(element):
    """Return the beginning of a block's text, and its name in the builder."""
    words = " ".join(" ".join(element.itertext(etree.Element)).split())
    name = element.get("data-name") or ""
    return " – ".join(filter(None, (name, shorten(words, SHOWN)))) or element.tag


def shorten(text, most):
    return text if len(text) <= most else f"{text[: most - 1]}…"
