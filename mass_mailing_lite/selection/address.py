from functools import cached_property

from odoo.fields import Domain
from odoo.tools import SQL

from .source import Source, register

# How many addresses the words for an entry name.
NAMED = 3


@register
class Address(Source):
    """Addresses that were typed, of the channel of the mailing; most are of no contact.

    An audience serves all channels: of its addresses, those of the channel count.
    """

    key = "address"
    field = "address"

    @cached_property
    def addresses(self):
        """The addresses, as a list of (name, typed, address); "" for what is no address."""
        return self._read(self.transport)

    def _read(self, transport):
        """Return the addresses for a channel, read once in a transaction: 50,000 take a second."""
        company = self.mailing.sudo().company_id
        # A phone number is read as one of the country.
        key = (Address, type(transport), company.id, company.country_id.id, self.value)
        cache = self.env.cr.cache
        if key not in cache:
            cache[key] = transport.read_typed_addresses(self.value)
        return cache[key]

    def get_problem(self):
        wrong = [typed for _name, typed, address in self.addresses if not address]
        if self.entry.of_audience_id and wrong:
            wrong = self._get_wrong_everywhere(wrong)
        if wrong or not self.addresses:
            return self.env._(
                "This is no address: %s. Correct it, or remove the entry.",
                self._shorten(wrong) or "–",
            )
        return False

    def _get_wrong_everywhere(self, wrong):
        """Return those of the texts that are an address of no channel."""
        for kind in self.mailing._get_transports().values():
            read = self._read(kind(self.mailing))
            others = {typed for _name, typed, address in read if not address}
            wrong = [typed for typed in wrong if typed in others]
        return wrong

    def without(self):
        return Domain.custom(to_sql=self._without_sql)

    def _without_sql(self, model, alias, query):
        return SQL(
            "NOT EXISTS (SELECT FROM (%s) x (address) WHERE x.address = lower(%s))",
            self.excluded_sql(),
            self.transport.contact_address_sql(alias),
        )

    def people_sql(self):
        read = self.addresses
        return SQL(
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS p (name, typed, address)",
            [name for name, _typed, _address in read],
            [typed.replace("\0", "\N{REPLACEMENT CHARACTER}") for _name, typed, _address in read],
            [address or None for _name, _typed, address in read],
        )

    def excluded_sql(self):
        return SQL("SELECT lower(address) FROM (%s) p WHERE address IS NOT NULL", self.people_sql())

    def get_name(self):
        return self._shorten([typed for _name, typed, _address in self.addresses])

    def _shorten(self, texts):
        """Return the first of the texts, and how many more there are."""
        shown = ", ".join(texts[:NAMED])
        more = len(texts) - NAMED
        if more <= 0:
            return shown
        return self.env._("%(addresses)s and %(count)s more", addresses=shown, count=more)

    @staticmethod
    def put_in_words(env, facts):
        return facts["name"] or env._("addresses that were removed")
