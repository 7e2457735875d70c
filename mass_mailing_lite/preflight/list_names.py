from odoo.tools import SQL

from ..tools.person_name import MAX_NAME, PARTS, read_contact
from ..transport.compiled import get_contact_key

BATCH = 20_000  # rows that are read at once
SHOWN = 5  # names that a finding quotes
MAX_OPENED = 5_000  # recipients that one list of them shows
LONGEST_NAMES = 10_000  # of which the longest parts are found


class ListNames:
    """The parts of the names in the list of a mailing, read as the sender reads them.

    The rules are Python, so the names go through it: 6 s at a million rows, once a loading of the
    list, and only for a text that shows a part of a name.

    :param mailing: a ``partner.mailing`` record
    :param fields: fields of contacts with parts of a name, of ``PARTS``
    """

    def __init__(self, mailing, fields):
        self.mailing = mailing
        self.env = mailing.env
        self.fields = list(fields)
        self._parts = [PARTS[name] for name in fields]
        contacts = self.env["res.partner"]
        self._columns = contacts._get_name_columns()
        contacts.flush_model(self._columns)

    def get_facts(self):
        """Return how many recipients get a fallback, for how many the rules could not tell, and names.

        :return: dict of ``fields``, ``fallback``, ``unsure`` (numbers) and ``names`` (of the unsure)
        """
        fallback = unsure = 0
        names = []
        for _number, name, person in self._read():
            if all(getattr(person, part) for part in self._parts):
                continue
            fallback += 1
            if not person.is_sure:
                unsure += 1
                if len(names) < SHOWN and name not in names:
                    names.append(name)
        return {"fields": self.fields, "fallback": fallback, "unsure": unsure, "names": names}

    def find(self, only_unsure=False, most=MAX_OPENED):
        """Return the ids of recipients that get a fallback, the first ones of the list."""
        found = []
        for number, _name, person in self._read():
            if all(getattr(person, part) for part in self._parts):
                continue
            if not only_unsure or not person.is_sure:
                found.append(number)
                if len(found) == most:
                    break
        return found

    def get_longest(self, count):
        """Return the longest values of the first field among the submitted recipients.

        They are looked for in the longest names.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT %s, length(COALESCE(p.name, r.name)) AS size
                  FROM partner_mailing_recipient r
             LEFT JOIN res_partner p ON p.id = r.partner_id
                 WHERE r.mailing_id = %s AND r.is_submitted
                   AND length(COALESCE(p.name, r.name)) BETWEEN 1 AND %s
              ORDER BY size DESC
                 LIMIT %s
                """,
                self._columns_sql(),
                self.mailing.id,
                MAX_NAME,
                LONGEST_NAMES,
            )
        )
        values = {
            getattr(self._read_row(row[:-1]), part) for row in rows for part in self._parts[:1]
        }
        return sorted(values - {""}, key=lambda value: (-len(value), value))[:count]

    def _read(self):
        """Yield (id, name, ``PersonName``) of the recipients that are written to, in their order."""
        last = 0
        while True:
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT r.id, %s
                      FROM partner_mailing_recipient r
                 LEFT JOIN res_partner p ON p.id = r.partner_id
                     WHERE r.mailing_id = %s AND r.state != 'skipped' AND r.id > %s
                  ORDER BY r.id
                     LIMIT %s
                    """,
                    self._columns_sql(),
                    self.mailing.id,
                    last,
                    BATCH,
                )
            )
            for number, *values in rows:
                yield number, values[0] or "", self._read_row(values)
            if len(rows) < BATCH:
                return
            last = rows[-1][0]

    def _columns_sql(self):
        """Return SQL for the columns of a name; a recipient without a contact has a name alone."""
        return SQL(", ").join(
            SQL("COALESCE(p.name, r.name)")
            if name == "name"
            else SQL("%s AS %s", SQL.identifier("p", name), SQL.identifier(get_contact_key(name)))
            for name in self._columns
        )

    def _read_row(self, values):
        return read_contact(dict(zip(self._columns, values, strict=True)))
