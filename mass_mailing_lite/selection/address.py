from odoo.tools import SQL

from .source import Source, register


@register
class Address(Source):
    """Addresses that were typed, of the channel of the mailing; most are of no contact."""

    key = "address"
    field = "address"

    def get_problem(self):
        read = self.transport.read_typed_addresses(self.value)
        wrong = [typed for _name, typed, address in read if not address]
        if wrong or not read:
            return self.env._(
                "This is no address: %s. Correct it, or remove the entry.",
                ", ".join(wrong) or self.value or "–",
            )
        return False

    def people_sql(self):
        read = self.transport.read_typed_addresses(self.value)
        return SQL(
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS p (name, typed, address)",
            [name for name, _typed, _address in read],
            [typed.replace("\0", "\N{REPLACEMENT CHARACTER}") for _name, typed, _address in read],
            [address or None for _name, _typed, address in read],
        )

    def excluded_sql(self):
        return SQL("SELECT lower(address) FROM (%s) p WHERE address IS NOT NULL", self.people_sql())

    def get_name(self):
        return self.value or ""

    @staticmethod
    def put_in_words(env, facts):
        return facts["name"]
