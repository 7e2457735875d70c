from lxml import html as lxml_html

from odoo.tools import SQL

from ..tools.placeholder import PATH

SAMPLE = 200  # recipients for whom a body with logic is rendered, or a value computed
MAX_SHOWN = 5_000  # recipients that one list of them shows
VALUE_DIRECTIVES = ("t-out", "t-esc", "t-field")
NUMBERS = ("integer", "float", "monetary")
# In place of a fallback while a sample is rendered: private characters around its number.
OPEN, CLOSE = "\ue0f0", "\ue0f1"


class ListValues:
    """What placeholders of a mailing are filled with, in its list of recipients.

    A recipient without a contact has a name and an address alone, as the sender makes it.

    :param mailing: a ``partner.mailing`` record
    """

    def __init__(self, mailing):
        self.mailing = mailing.sudo().with_company(mailing.company_id)
        self.env = self.mailing.env

    def count_empty(self, asked):
        """Return how many recipients have no value: {(path, any key): number}.

        One statement for all paths whose values are in columns, through many2one fields or not. Plan
        at a million: a scan of the list, one of the contacts, and a hash join; 0.9 s. Values that Odoo computes are read of a sample, and the number is estimated
        from it.

        :param asked: {(path, any key): [languages of messages]}
        """
        counts = dict.fromkeys(asked, 0)
        query, columns, computed = self._query(), {}, []
        for key in asked:
            condition = self._empty_sql(query, key[0])
            if condition is None:
                computed.append(key)
            else:
                columns[key] = SQL(
                    "count(*) FILTER (WHERE %s AND %s)", condition, self._in_langs(asked[key])
                )
        if columns:
            [found] = self.env.execute_query(query.select(*columns.values()))
            counts.update(zip(columns, found, strict=True))
        for key in computed:
            counts[key] = self._estimate(*key[:1], asked[key])
        for key, number in self._count_without_contact(asked).items():
            counts[key] += number
        return counts

    def find_empty(self, path, langs, most=MAX_SHOWN):
        """Return the ids of recipients without a value, the first of the list.

        :param langs: languages of the recipients that read the placeholder
        """
        query = self._query()
        condition = self._empty_sql(query, path)
        if condition is None:
            rows = self._get_sample(langs)
            return [row.id for row in rows if not has_value(self._get_contact(row), path)]
        query.add_where(condition)
        query.add_where(self._in_langs(langs))
        ids = query.select(SQL("listed.id"))
        without = self._empty_row_sql(path)
        rows = self.env.execute_query(
            SQL(
                """
                (%s ORDER BY listed.id LIMIT %s)
                UNION ALL
                (SELECT listed.id FROM partner_mailing_recipient listed
                  WHERE listed.mailing_id = %s AND listed.state != 'skipped'
                    AND listed.partner_id IS NULL AND %s AND %s
                  ORDER BY listed.id LIMIT %s)
                LIMIT %s
                """,
                ids,
                most,
                self.mailing.id,
                without,
                self._in_langs(langs),
                most,
                most,
            )
        )
        return [number for (number,) in rows]

    def sample_body(self, version, langs):
        """Render the body of a version for a sample of its readers.

        :return: (recipients in the sample, {(expression, fallback): how many of them read it})
        """
        mailing = self.mailing.with_context(lang=version)
        source, places = mark_fallbacks(str(mailing.body_html or ""))
        rows = self._get_sample(langs)
        if not places or not rows:
            return len(rows), {}
        read = dict.fromkeys(places, 0)
        try:
            # In a savepoint: what an author wrote may fail in the database.
            with self.env.cr.savepoint():
                render = mailing._make_qweb_renderer(source)
                for row in rows:
                    shown = "".join(render(self._get_contact(row)).html)
                    for number, place in enumerate(places):
                        read[place] += f"{OPEN}{number}{CLOSE}" in shown
        except Exception:
            # The submission says what cannot be rendered, and for whom.
            return 0, {}
        return len(rows), {place: number for place, number in read.items() if number}

    # ------------------------------------------------------------

    def _query(self):
        """Return a query on the contacts of the list; recipients are in it as ``listed``."""
        contacts = self.env["res.partner"].with_context(active_test=False)
        contacts.flush_model()
        query = contacts._search([])
        query.add_join(
            "JOIN",
            "listed",
            "partner_mailing_recipient",
            SQL("listed.partner_id = %s", SQL.identifier(query.table, "id")),
        )
        query.add_where(
            SQL("listed.mailing_id = %s AND listed.state != 'skipped'", self.mailing.id)
        )
        return query

    def _empty_sql(self, query, path):
        """Return SQL that is true where a contact has no value; None if it is in no column."""
        if not PATH.fullmatch(path):
            return None
        *through, last = path.split(".")[1:]
        model, alias = self.env["res.partner"], query.table
        for name in through:
            field = model._fields.get(name)
            if field is None or field.type != "many2one" or not field.store:
                return None
            model, alias = field.join(model, alias, query)
        field = model._fields.get(last)
        if field is None or not (field.store or field.inherited):
            return None
        if field.type in ("one2many", "many2many", "binary") or (
            field.relational and field.type != "many2one"
        ):
            return None
        value = model._field_to_sql(alias, last, query)
        if field.type in NUMBERS:
            # Odoo reads no number as 0, which is shown; without the record before there is none.
            return SQL("%s IS NULL", SQL.identifier(alias, "id"))
        if field.type == "boolean":
            return SQL("%s IS NOT TRUE", value)
        if field.type in ("char", "text", "html", "selection"):
            return SQL("COALESCE(%s::text, '') = ''", value)
        return SQL("%s IS NULL", value)

    def _empty_row_sql(self, path):
        """Return SQL that is true where a recipient without a contact has no value."""
        own = {"object.name": "name", "object.display_name": "name"}
        own[f"object.{self._get_address_name()}"] = self.mailing._get_transport().address_column
        if column := own.get(path):
            return SQL("COALESCE(listed.%s, '') = ''", SQL.identifier(column))
        return SQL("TRUE")

    def _get_address_name(self):
        """Return the field of a contact with the address that messages go to."""
        return next(iter(self.mailing._get_transport().get_contact_values("")))

    def _count_without_contact(self, asked):
        columns = {
            key: SQL(
                "count(*) FILTER (WHERE %s AND %s)",
                self._empty_row_sql(key[0]),
                self._in_langs(asked[key]),
            )
            for key in asked
        }
        if not columns:
            return {}
        [found] = self.env.execute_query(
            SQL(
                """
                SELECT %s FROM partner_mailing_recipient listed
                 WHERE listed.mailing_id = %s AND listed.state != 'skipped'
                   AND listed.partner_id IS NULL
                """,
                SQL(", ").join(columns.values()),
                self.mailing.id,
            )
        )
        return dict(zip(columns, found, strict=True))

    def _get_sample(self, langs):
        """Return recipients with one of the languages, from the whole list.

        Taken by a hash of their number, which is as good as by chance and always the same.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT listed.id FROM partner_mailing_recipient listed
                 WHERE listed.mailing_id = %s AND listed.state != 'skipped' AND %s
              ORDER BY hashint8(listed.id), listed.id LIMIT %s
                """,
                self.mailing.id,
                self._in_langs(langs),
                SAMPLE,
            )
        )
        return self.env["partner.mailing.recipient"].browse(number for (number,) in rows)

    def _get_contact(self, row):
        if row.partner_id:
            return row.partner_id
        address = row[self.mailing._get_transport().address_column]
        values = self.mailing._get_transport().get_contact_values(address)
        return self.env["res.partner"].new({"name": row.name, **values})

    def _in_langs(self, langs):
        """Return SQL that is true for recipients ``listed`` whose message is in one of the languages.

        Without a language, or with one that is not installed, it is in the company's.
        """
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        others = SQL("FALSE")
        if self.mailing._get_recipient_language({"lang": None}) in langs:
            others = SQL("COALESCE(listed.lang, '') != ALL(%s)", installed)
        return SQL("(listed.lang = ANY(%s) OR %s)", list(langs), others)

    def _estimate(self, path, langs):
        """Return how many contacts have no value, estimated from a sample; exact for a short list."""
        rows = self._get_sample(langs).filtered("partner_id")
        if not rows:
            return 0
        empty = sum(not has_value(row.partner_id, path) for row in rows)
        counts = self.mailing.language_counts or {}
        total = sum(counts.get(lang, 0) for lang in langs)
        return empty if total <= SAMPLE else round(empty * total / len(rows))


def has_value(contact, path):
    """Tell whether a placeholder shows a value of a contact; True for what cannot be read."""
    if not PATH.fullmatch(path):
        return True
    value = contact
    try:
        for name in path.split(".")[1:]:
            value = value[name]
    except (KeyError, AttributeError, TypeError):
        return True
    return bool(value) or (value == 0 and value is not False)


def mark_fallbacks(source):
    """Return a body with a number in place of each fallback, and (expression, fallback) of each."""
    if not source.strip():
        return source, []
    tree, places = lxml_html.fragment_fromstring(source, create_parent="div"), {}
    for element in list(tree.iter()):
        expression = next(
            (element.get(name) for name in VALUE_DIRECTIVES if element.get(name) is not None), None
        )
        if expression is None or expression.strip() == "0":
            continue
        fallback = " ".join(element.text_content().split())
        number = places.setdefault((expression.strip(), fallback), len(places))
        for child in list(element):
            element.remove(child)
        element.text = f"{OPEN}{number}{CLOSE}"
    inner = tree.text or ""
    inner += "".join(lxml_html.tostring(child, encoding="unicode") for child in tree)
    return inner, list(places)
