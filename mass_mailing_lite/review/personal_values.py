from odoo.tools import SQL

from ..preflight.list_names import ListNames
from ..tools.person_name import PARTS
from ..tools.placeholder import PATH

# Of each placeholder: how many values the review shows, and how much of each.
LONGEST_VALUES = 5
MAX_VALUE = 200


class PersonalValues:
    """The placeholders of a mailing, with the longest values that submitted recipients have.

    :param mailing: a ``partner.mailing`` record
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def make(self):
        """Return the placeholders with their longest values.

        Once a request. Plan at a million rows: for each placeholder a scan of the list, joined with
        the contacts, and its different values; 1 to 2 s.

        :return: [[expression, [values]]]
        """
        return [
            [expression, values]
            for expression in self._get_expressions()
            if PATH.fullmatch(expression) and (values := self._get_longest(expression))
        ]

    def _get_expressions(self):
        """Return the expressions of all languages, each once, in order."""
        mailing = self.mailing
        stored = mailing.sudo()._get_translations(mailing._get_sent_fields())
        langs = {lang for texts in stored.values() for lang in texts}
        expressions = {}
        for lang in sorted(lang for lang in langs if self.env["res.lang"]._get_data(code=lang)):
            in_lang = mailing.with_context(lang=lang)
            for name in mailing._get_sent_fields():
                expressions.update(dict.fromkeys(in_lang._get_expressions(name)))
        layout = mailing.sudo().layout_id
        if layout and "layout_id" in mailing._get_content_fields():
            expressions.update(dict.fromkeys(layout._get_placeholders()))
        return expressions

    def _get_longest(self, expression):
        """Return the longest values of a path of the contact; none where it is not stored."""
        *through, last = expression.split(".")[1:]
        if not through and last in ("name", "email"):
            return self._get_longest_of_rows(last)
        if not through and last in PARTS:
            return ListNames(self.mailing, [last]).get_longest(LONGEST_VALUES)
        contacts = self.env["res.partner"].sudo().with_context(active_test=False)
        query = contacts._search([])
        model, alias = contacts, query.table
        for name in through:
            field = model._fields.get(name)
            if field is None or field.type != "many2one" or not field.store:
                return []
            model, alias = field.join(model, alias, query)
        field = model._fields.get(last)
        if field is None or field.relational or not (field.store or field.inherited):
            return []
        value = SQL("%s::text", model._field_to_sql(alias, last, query))
        query.add_join(
            "JOIN",
            "listed",
            "partner_mailing_recipient",
            SQL("listed.partner_id = %s", SQL.identifier(query.table, "id")),
        )
        query.add_where(SQL("listed.mailing_id = %s AND listed.is_submitted", self.mailing.id))
        return self._find_longest(query.select(SQL("left(%s, %s)", value, MAX_VALUE)))

    def _get_longest_of_rows(self, name):
        """Return the longest values of a column that recipients without a contact have, too."""
        return self._find_longest(
            SQL(
                """
                SELECT left(COALESCE(p.%(name)s, r.%(name)s), %(size)s)
                  FROM partner_mailing_recipient r
             LEFT JOIN res_partner p ON p.id = r.partner_id
                 WHERE r.mailing_id = %(mailing)s AND r.is_submitted
                """,
                name=SQL.identifier(name),
                size=MAX_VALUE,
                mailing=self.mailing.id,
            )
        )

    def _find_longest(self, values):
        """Return the longest of different values, given as a SELECT of one column."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT value FROM (%s) AS read (value)
                 WHERE value != '' GROUP BY value
              ORDER BY length(value) DESC, value LIMIT %s
                """,
                values,
                LONGEST_VALUES,
            )
        )
        return [value for (value,) in rows]
