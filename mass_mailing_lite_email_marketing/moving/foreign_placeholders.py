from lxml import etree

from odoo.addons.mass_mailing_lite.content.placeholders import VALUE_DIRECTIVES
from odoo.addons.mass_mailing_lite.tools.placeholder import PATH, Placeholder, split_inline

from ..content.conditions import ATTRIBUTE, CALL, Conditions, parse, unparse

# Fields of the records that Email Marketing writes to, and what says the same of a contact.
SAME = {
    "mailing.contact": {
        "company_name": "commercial_company_name",
        "first_name": "partner_mailing_first_name",
        "last_name": "partner_mailing_surname",
    },
}
# Of other documents, where they have no field of that name for something else.
SAME_OF_DOCUMENTS = {
    "contact_name": "name",
    "email_from": "email",
    "partner_name": "commercial_company_name",
}
WAY_TO_CONTACT = "partner_id."


class ForeignPlaceholders:
    """Texts about records of any model, turned into texts about contacts.

    :param mailing: a ``partner.mailing`` record, which knows the placeholders
    :param model: name of the model that the texts are about
    :ivar dropped: placeholders that were left out, as typed, in order and each once
    :ivar conditions: other directives that were left out, in the same way
    """

    def __init__(self, mailing, model):
        self.mailing = mailing
        self.model = model
        self.dropped = []
        self.conditions = []

    def is_about_contacts(self):
        """Tell whether the texts are about contacts already."""
        return self.model == "res.partner"

    def rename(self, expression):
        """Return the expression of a contact that says the same; the same one where none is known."""
        path = expression.strip()
        if self.is_about_contacts() or not PATH.fullmatch(path):
            return path
        name = path.removeprefix("object.")
        if self.model == "mailing.contact":
            return f"object.{SAME['mailing.contact'].get(name, name)}"
        if name.startswith(WAY_TO_CONTACT):
            return f"object.{name.removeprefix(WAY_TO_CONTACT)}"
        return f"object.{SAME_OF_DOCUMENTS.get(name, name)}"

    def _keep(self, expression):
        """Return the expression to write, None for one that is left out."""
        renamed = self.rename(expression)
        if self._is_usable(renamed):
            return renamed
        self._drop(expression.strip())
        return None

    def _is_usable(self, expression):
        """Tell whether all users may use an expression, and contacts have what it names."""
        known = self.mailing._placeholders()
        return known.is_allowed(expression) and not known.is_unknown(expression)

    def _drop(self, text):
        if text and text not in self.dropped:
            self.dropped.append(text)

    def _drop_directive(self, text):
        if text not in self.conditions:
            self.conditions.append(text)

    def translate_text(self, source):
        """Return a subject, with the fallback in place of each placeholder that is left out."""
        pieces = []
        for piece in split_inline(source):
            if isinstance(piece, Placeholder):
                renamed = self._keep(piece.path)
                if renamed is None:
                    pieces.append(piece.fallback)
                elif piece.fallback:
                    pieces.append(f"{{{{ {renamed} ||| {piece.fallback} }}}}")
                else:
                    pieces.append(f"{{{{ {renamed} }}}}")
            else:
                pieces.append(piece)
        return "".join(pieces)

    def translate_html(self, source):
        """Return a body without directives that are not allowed: their content stays.

        A body without directives is returned as it is. Others are parsed and written again, as
        Odoo's sanitizer does.
        """
        if " t-" not in source and ATTRIBUTE not in source:
            return source
        tree = parse(source)
        for element in list(tree.iter(etree.Element)):
            self._translate_element(element)
        return unparse(tree)

    def _translate_element(self, element):
        self._drop_condition(element)
        names = [name for name in element.attrib if name.startswith("t-")]
        is_plain = len(names) == 1 and not len(element)
        for name in names:
            value = element.attrib[name]
            if name == "t-if" and self._is_safe_condition(value):
                continue
            is_value = name in VALUE_DIRECTIVES
            # One with further attributes or elements needs QWeb; see split_html of the main addon.
            if is_value and is_plain and (element.tag == "t" or len(element.attrib) == 1):
                if (renamed := self._keep(value)) is not None:
                    del element.attrib[name]
                    element.attrib["t-out"] = renamed
                    continue
            elif is_value and self._is_usable(self.rename(value)):
                self._move_inside(element, name)
                continue
            elif is_value:
                self._drop(value.strip())
            else:
                self._drop_directive(f'{name}="{value}"')
            del element.attrib[name]
        if element.tag == "t" and not element.attrib:
            element.drop_tag()

    def _drop_condition(self, element):
        """Remove the condition of a block, unless all users may use it for contacts."""
        domain = element.get(ATTRIBUTE)
        if domain is not None and not self._is_safe_condition(f"object.{CALL}({domain})"):
            self._drop_directive(f't-if="object.{CALL}({domain})"')
            del element.attrib[ATTRIBUTE]

    def _is_safe_condition(self, expression):
        return (
            self.is_about_contacts()
            and CALL in expression
            and Conditions(self.mailing.env).is_safe(expression)
        )

    def _move_inside(self, element, name):
        """Put a plain placeholder into an element that has other attributes, too."""
        fallback = "".join(element.itertext()).strip()
        inner = etree.Element("t", {"t-out": self.rename(element.attrib.pop(name))})
        inner.text = fallback or None
        for child in list(element):
            element.remove(child)
        element.text = None
        element.append(inner)
