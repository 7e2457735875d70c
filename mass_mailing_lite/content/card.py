from markupsafe import Markup

from ..tools.placeholder import (
    HTML,
    TEXT,
    UnsupportedTemplate,
    split_inline,
    substitute_placeholders,
)

# A placeholder, as the client's style sheets show it elsewhere.
CHIP_STYLE = "padding: 0 0.4em; border-radius: 0.7em; color: #714b67; background-color: #eee9ed"


class Card:
    """A subject or body for people to read at a glance: names of fields stand for placeholders.

    On cards of the board, in the list of templates and in the review.

    :param mailing: a ``partner.mailing`` record, perhaps empty
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def get_subject_fields(self):
        """Return the names of the fields that the subject of a card is made from.

        With those that record rules look at: what a column of the list depends on is read together.
        Else Odoo reads all columns of a page of mailings for the rules, bodies among them.
        """
        kinds = self.mailing._get_transports().values()
        rules = ("company_id", "user_id", "create_uid")
        return ["channel", *rules, *{kind.card_field for kind in kinds}]

    def name_placeholders(self, source, kind):
        """Return a subject or body with the names of fields in place of placeholders.

        QWeb logic stays as it is: it is not evaluated for a card. What is no placeholder of the
        list is an expression in a subject: its source is for template editors.

        :param kind: ``TEXT`` or ``HTML`` of ``tools.placeholder``
        :return: text with ``[Name]``; for ``HTML`` a source with chips
        """
        labels, source = self._get_labels(), str(source or "")
        make_filler = self.mailing._make_company_filler
        if kind == TEXT:
            name = make_filler(kind, lambda one: f"[{self._name(one, labels)}]")
            return "".join(
                piece if isinstance(piece, str) else name(piece) for piece in split_inline(source)
            )
        name = make_filler(kind, lambda one: _make_chip(labels[one.path]))
        try:
            return substitute_placeholders(source, kind, frozenset(labels), name)
        except UnsupportedTemplate:
            return source

    def get_miniature(self, body, subject):
        """Return a body as a whole page, for a frame in which no script runs.

        :param body: HTML
        """
        body = self.name_placeholders(body, HTML)
        return Markup(self.mailing._wrap_body(body, subject or "", ""))

    def show_placeholders(self, text):
        """Return a text that is stored as HTML, in which placeholders are chips."""
        labels = self._get_labels()
        return Markup("").join(
            piece if isinstance(piece, str) else _make_chip(self._name(piece, labels))
            for piece in split_inline(text)
        )

    def _get_labels(self):
        return {
            placeholder["expression"]: placeholder["label"]
            for placeholder in self.mailing._get_known_placeholders()
        }

    def _name(self, placeholder, labels):
        return labels.get(placeholder.path) or self.env._("Expression")


def _make_chip(label):
    """Return the HTML of a placeholder that is shown by the name of its field.

    With a style of its own, because it also stands in pages without the client's style sheets.
    """
    return Markup('<span class="o_partner_mailing_chip" style="%s">%s</span>') % (CHIP_STYLE, label)
