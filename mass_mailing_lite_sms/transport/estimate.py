"""How many SMS a mailing is, in which countries, and what they cost.

A text without placeholders has the same number of parts for all. One with placeholders is measured
for some recipients, spread over the list; where these are all of them, the number is exact.
"""

from collections import defaultdict

from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..tools.phone_country import CODE_SIGNS, get_country_code, get_prefix_lengths
from ..tools.sms_length import measure
from .text import TextMessage, clean_text

# Recipients whose texts are measured: 100 reads by index, 10 ms, whatever the length of the list.
MAX_MEASURED = 100
# Lines of countries; the others are added up.
MAX_COUNTRIES = 10


def count_by_country(mailing):
    """Return the numbers that are written to, as a list of [language or None, country code, count].

    :param mailing: a ``partner.mailing`` with a loaded list
    """
    lengths = get_prefix_lengths()
    cases = [
        SQL(
            "WHEN left(phone_sanitized, %s) = %s THEN left(phone_sanitized, %s)",
            len(code),
            code,
            length,
        )
        for code, length in lengths.items()
    ]
    prefix = SQL("left(phone_sanitized, %s)", CODE_SIGNS)
    if cases:
        prefix = SQL("CASE %s ELSE %s END", SQL(" ").join(cases), prefix)
    # One pass over the rows of the mailing; a million numbers make some thousand prefixes at most,
    # of which Python reads one number each.
    rows = mailing.env.execute_query(
        SQL(
            """
            SELECT lang, min(number), count(*)::integer
              FROM (SELECT lang, phone_sanitized AS number, %s AS prefix
                      FROM partner_mailing_recipient
                     WHERE mailing_id = %s AND state <> 'skipped' AND phone_sanitized IS NOT NULL
                   ) numbers
          GROUP BY lang, prefix
            """,
            prefix,
            mailing.id,
        )
    )
    counts = defaultdict(int)
    for lang, number, count in rows:
        counts[lang, get_country_code(number)] += count
    return [[lang, country, count] for (lang, country), count in sorted(counts.items(), key=str)]


class Estimate:
    """The number of SMS of a mailing and their cost, as far as they can be known before sending.

    :param transport: the ``SmsTransport`` of the mailing
    :ivar recipients: number of recipients
    :ivar sms: number of SMS of all of them; rounded where it is not exact
    :ivar is_exact: whether each text was measured, or all are the same
    :ivar measured: number of recipients whose texts were measured
    :ivar countries: list of dicts: ``name``, ``recipients``, ``sms`` and ``cost`` (words or False),
        the country with the most recipients first
    :ivar costs: what all of them cost, a list of words, one for each currency
    :ivar unpriced: names of the countries whose price is not known, "" without any
    """

    def __init__(self, transport):
        self._transport = transport
        self._mailing = transport.mailing
        self._env = transport.env
        self._sample = self._read_sample()
        self.is_exact, self.measured = True, 0
        by_country, parts = defaultdict(lambda: [0, 0.0]), {}
        for lang, code, count in self._mailing.sms_countries or ():
            read = self._mailing._get_recipient_language({"lang": lang})
            version = self._mailing._get_read_version(read)
            if version not in parts:
                parts[version] = self._measure(version)
            by_country[code][0] += count
            by_country[code][1] += count * parts[version]
        self.recipients = sum(count for count, _sms in by_country.values())
        self.sms = round(sum(sms for _count, sms in by_country.values()))
        self._show(by_country)

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def describe(self):
        """Return the number of SMS, and what they cost if prices are known, in words."""
        values = {
            "sms": formatLang(self._env, self.sms, digits=0),
            "recipients": formatLang(self._env, self.recipients, digits=0),
        }
        if self.is_exact:
            words = self._env._("%(sms)s SMS to %(recipients)s recipients", **values)
        else:
            words = self._env._("About %(sms)s SMS to %(recipients)s recipients", **values)
        if self.costs:
            costs = " + ".join(self.costs)
            words = self._env._("%(number)s: %(cost)s", number=words, cost=costs)
        return words

    def describe_method(self):
        """Return how a number that is not exact was found, in words."""
        if not self.measured:
            return self._env._("The text has template logic, which is not run for this figure.")
        return self._env._(
            "Placeholders make texts of different length: those of %s recipients were measured.",
            formatLang(self._env, self.measured, digits=0),
        )

    def describe_unpriced(self):
        """Return which countries are not in the cost, in words."""
        return self._env._("Without a price, and not in the cost: %s", self.unpriced)

    # ------------------------------------------------------------
    # Length of the texts
    # ------------------------------------------------------------

    def _measure(self, version):
        """Return how many SMS the text of a version is on average."""
        mailing = self._mailing.with_context(lang=version)
        if any(not mailing._is_allowed(one) for one in mailing._get_expressions("sms_body")):
            # Logic of a template editor is not run for a figure.
            self.is_exact = False
            return measure(clean_text(mailing.sms_body or "")).parts
        compiled = self._transport.compile(version, None)
        own = [row for row in self._sample if row["version"] == version]
        if not compiled.slots:
            own = self._sample[:1]
        elif not own or len(self._sample) < self._mailing.pending_count:
            self.is_exact = False
        rows = own or self._sample[:MAX_MEASURED]
        if not rows:
            return measure(self._transport.get_sample_text()).parts
        lengths = [
            measure(message.text).parts
            for _row, message, _error in self._transport.fill(compiled, rows)
            if isinstance(message, TextMessage)
        ]
        if compiled.slots:
            self.measured += len(lengths)
        return sum(lengths) / len(lengths) if lengths else 0

    def _read_sample(self):
        """Return rows as ``fill`` takes them, spread over the list, with the version that each reads."""
        mailing = self._mailing._origin
        if not mailing:
            return []
        condition = SQL("mailing_id = %s AND state = 'pending'", mailing.id)
        # Each step is one look into the index (mailing_id, state, id).
        rows = self._env.execute_query_dict(
            SQL(
                """
                WITH bounds AS (
                    SELECT (SELECT id FROM partner_mailing_recipient WHERE %(condition)s
                          ORDER BY id LIMIT 1)::bigint AS low,
                           (SELECT id FROM partner_mailing_recipient WHERE %(condition)s
                          ORDER BY id DESC LIMIT 1)::bigint AS high)
                SELECT DISTINCT ON (picked.id) picked.*
                  FROM bounds, generate_series(0, %(steps)s) step
                 CROSS JOIN LATERAL (
                       SELECT id, partner_id, name, phone_sanitized AS address, lang
                         FROM partner_mailing_recipient
                        WHERE %(condition)s AND id >= low + (high - low) * step / %(steps)s
                     ORDER BY id LIMIT 1) picked
                """,
                condition=condition,
                steps=MAX_MEASURED - 1,
            )
        )
        if len(rows) < min(mailing.pending_count, MAX_MEASURED):
            # A short list with gaps between its ids, which the steps passed over.
            rows = self._env.execute_query_dict(
                SQL(
                    """
                    SELECT id, partner_id, name, phone_sanitized AS address, lang
                      FROM partner_mailing_recipient WHERE %s ORDER BY id LIMIT %s
                    """,
                    condition,
                    MAX_MEASURED,
                )
            )
        for row in rows:
            read = mailing._get_recipient_language(row)
            row.update(version=mailing._get_read_version(read), is_sample=True, attempts=1)
            row["message_id"] = ""
        return rows

    # ------------------------------------------------------------
    # Cost
    # ------------------------------------------------------------

    def _show(self, by_country):
        """Set what is shown of each country.

        :param by_country: {country code: (recipients, SMS)}
        """
        known = self._env["res.country"].search([("code", "in", list(filter(None, by_country)))])
        country_of = {country.code: country for country in known}
        totals, unpriced, lines = defaultdict(float), [], []
        for code, (count, sms) in sorted(by_country.items(), key=lambda item: -item[1][0]):
            country = country_of.get(code, known.browse())
            name = country.name or self._env._("Unknown country")
            price = self._transport.get_price(country) if country else None
            if price:
                totals[price[1]] += sms * price[0]
            else:
                unpriced.append(name)
            cost = price and formatLang(self._env, sms * price[0], currency_obj=price[1])
            line = {"name": name, "recipients": count, "sms": round(sms), "cost": cost or False}
            lines.append(line)
        self.countries = lines[:MAX_COUNTRIES]
        if rest := lines[MAX_COUNTRIES:]:
            self.countries.append(
                {
                    "name": self._env._("Other countries: %s", len(rest)),
                    "recipients": sum(line["recipients"] for line in rest),
                    "sms": sum(line["sms"] for line in rest),
                    "cost": False,
                }
            )
        self.costs = [
            formatLang(self._env, amount, currency_obj=currency)
            for currency, amount in totals.items()
        ]
        self.unpriced = ", ".join(unpriced[:MAX_COUNTRIES]) if totals else ""
