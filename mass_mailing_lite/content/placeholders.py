from lxml import etree, html

from odoo.tools.rendering_tools import parse_inline_template

from ..tools.person_name import PARTS
from ..tools.placeholder import PATH

VALUE_DIRECTIVES = ("t-out", "t-esc", "t-field")


class Placeholders:
    """The placeholders of a contact: which there are, their names, and which all users may use.

    :param env: an environment; its language is that of the names
    :param company_fields: names of the fields with data of the company, whose logo is HTML
    """

    def __init__(self, env, company_fields):
        self.env = env
        self.company_fields = company_fields

    def get_all(self):
        """Return the placeholders that all users may use, see ``get_placeholders`` of a mailing."""
        placeholders = [
            {
                "expression": expression,
                "path": expression.removeprefix("object."),
                "label": self.get_label(expression),
                # Many names are not clear, and "Dear ," is no greeting.
                "fallback": self.env._("customer")
                if expression.removeprefix("object.") in PARTS
                else "",
            }
            for expression in self.env["res.partner"].mail_allowed_qweb_expressions()
            if self._ends_in_value(expression)
        ]
        return sorted(placeholders, key=lambda placeholder: placeholder["label"])

    def get_label(self, expression):
        """Return the name of a placeholder in the current language."""
        own = {
            "object.commercial_company_name": self.env._("Company"),
            "object.lang": self.env._("Language Code"),
            "object.user_id.signature": self.env._("Salesperson's Signature"),
        }
        if expression in own:
            return own[expression]
        model, label = self.env["res.partner"], ""
        for name in expression.split(".")[1:]:
            field = model._fields[name]
            if name != "name" or not label:  # the name of the country is the country
                label = field._description_string(self.env)
            if field.relational:
                model = self.env[field.comodel_name]
        return label

    def _ends_in_value(self, expression):
        """Return whether a path of the contact exists and ends in a value, not in a record."""
        field = self._get_last_field(expression)
        return field is not None and not field.relational and not self.is_markup(expression)

    def _get_last_field(self, expression):
        """Return the field in which a path of the contact ends; None when it does not exist."""
        model, field = self.env["res.partner"], None
        for name in expression.split(".")[1:]:
            if model is None or name not in model._fields:
                return None
            field = model._fields[name]
            model = self.env[field.comodel_name] if field.relational else None
        return field

    def is_allowed(self, expression):
        """Tell whether all users may use an expression.

        Not one with HTML, such as a salesperson's signature: its writer could put links
        and pictures into what was validated.
        """
        is_allowed = self.env["ir.qweb"]._is_expression_allowed(expression, "res.partner")
        return is_allowed and not self.is_markup(expression)

    def is_markup(self, expression):
        """Tell whether an expression is the path of a field with HTML that people write.

        The company's logo is HTML of the addon.
        """
        path = expression.removeprefix("object.")
        if not PATH.fullmatch(expression) or path in self.company_fields:
            return False
        field = self._get_last_field(expression)
        return field is not None and field.type == "html"

    def is_unknown(self, expression):
        """Return whether a path has a name that is no field.

        Methods and attributes count as known, because template editors may use them.
        """
        model = self.env["res.partner"]
        for name in expression.split(".")[1:]:
            if name not in model._fields:
                return not hasattr(type(model), name)
            field = model._fields[name]
            if not field.relational:
                return False
            model = self.env[field.comodel_name]
        return False


def find_expressions(source, is_html):
    """Return the expressions that a template evaluates, as typed, in order.

    A directive that is no placeholder is returned with its name: ``t-if="object.city"``.

    :param bool is_html: for a body (QWeb), not for a text (inline template)
    """
    if not is_html:
        found = (expression for _text, expression, _default in parse_inline_template(source))
        return [expression for expression in found if expression]
    if not source.strip():
        return []
    expressions = []
    for element in html.fragment_fromstring(source, create_parent="div").iter(etree.Element):
        for attribute, value in element.attrib.items():
            if attribute in VALUE_DIRECTIVES:
                expressions.append(value.strip())
                if len(element) or len(element.attrib) > 1:
                    # The element has more than a value, so it needs QWeb.
                    expressions.append(etree.tostring(element, encoding="unicode")[:80])
            elif attribute.startswith("t-"):
                expressions.append(f'{attribute}="{value}"')
    return expressions
