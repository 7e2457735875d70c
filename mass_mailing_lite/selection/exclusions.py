from odoo.tools import SQL

from .source import OUT, get_source

# An audience that leaves out audiences, which leave out others: how many there may be in all.
MAX_AUDIENCES = 50


class Exclusions:
    """Whom an audience leaves out by its entries of *But not to*.

    They hold for the whole mailing to the audience, as its excluded tags do.

    :param audience: a ``partner.mailing.audience`` record
    :param mailing: the mailing whose list is made, else one to the audience alone
    """

    def __init__(self, audience, mailing=None):
        self.audience = audience
        self.env = audience.env
        self.entries = audience.source_ids
        self.mailing = mailing

    @property
    def sources(self):
        mailing = self.mailing or self.audience._new_mailing()
        return [get_source(entry, mailing) for entry in self.entries if entry.kind]

    def get_problem(self):
        """Return why an entry cannot be used, in words with what to do, or False."""
        if not self.entries:
            return False
        if problem := self.get_cycle():
            return problem
        for source in self.sources:
            if problem := source.get_problem():
                return self.env._(
                    'The audience "%(audience)s" cannot be used: under “%(side)s” it has %(entry)s.'
                    " %(problem)s",
                    audience=self.audience.name or "",
                    side=dict(source.entry._fields["side"]._description_selection(self.env))[OUT],
                    entry=source.describe(),
                    problem=problem,
                )
        return False

    def get_cycle(self):
        """Return in words how the audience leaves out itself over others, or False."""
        ways, seen = [[self.audience]], 0
        while ways:
            way = ways.pop()
            seen += 1
            if seen > MAX_AUDIENCES:
                return self.env._(
                    'The audience "%(audience)s" leaves out audiences that leave out others: more'
                    " than %(most)s in all. Leave out fewer.",
                    audience=self.audience.name or "",
                    most=MAX_AUDIENCES,
                )
            for audience in way[-1].sudo().source_ids.audience_id:
                if audience._origin.id in [one._origin.id for one in way]:
                    return self.env._(
                        "An audience cannot leave out itself: %s. Remove one of these entries.",
                        " → ".join(self._name(one) for one in [*way, audience]),
                    )
                ways.append([*way, audience])
        return False

    def _name(self, audience):
        visible = audience.with_env(self.env)
        if visible._origin and not visible._origin.has_access("read"):
            return self.env._("an audience you may not see")
        return visible.name or ""

    def narrow(self, domain):
        """Return a ``Domain`` without the contacts that are left out."""
        for source in self.sources:
            domain &= source.without()
        return domain

    def addresses_sql(self):
        """Return a SELECT of the addresses that are left out: (address); None for none."""
        parts = [sql for one in self.sources if (sql := one.excluded_sql())]
        return SQL(" UNION ALL ").join(parts) if parts else None

    def describe(self):
        """Return in words who is left out, as a part of a sentence; "" for nobody."""
        return "; ".join(source.describe() for source in self.sources)
