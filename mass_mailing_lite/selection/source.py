from odoo.fields import Domain
from odoo.tools import SQL

IN, OUT = SIDES = ("in", "out")

#: {key: class} of the kinds of entries that any addon in this process has registered. Of several
#: databases, one may not have that addon: see ``get_kinds``.
SOURCES: dict[str, type["Source"]] = {}


class Source:
    """What one entry of *Write to* or *But not to* stands for.

    Methods ``…_sql`` return an ``odoo.tools.SQL``, or None where there is nothing.

    :param entry: a ``partner.mailing.source`` record, perhaps not saved
    :param mailing: the mailing whose list is made, where the entry is one of an audience
    """

    #: Identifies the kind: a value of the field ``kind``.
    key: str
    #: Name of the field of the entry that says what is meant.
    field: str
    #: Why somebody is left out whom the entry excludes.
    skip_reason = "excluded_source"
    #: Whether only a user who may read what the entry names may name it.
    is_guarded = False

    def __init__(self, entry, mailing=None):
        self.entry = entry
        self.env = entry.env
        self.mailing = mailing or entry.mailing_id or entry.of_audience_id._new_mailing()
        self.transport = self.mailing._get_transport()

    @property
    def value(self):
        return self.entry[self.field]

    def get_problem(self):
        """Return why the entry stands for nobody, in words with what to do, or False."""
        return not self.value and self.env._("What is meant is gone. Remove the entry.")

    def get_contacts(self):
        """Return the ``Domain`` of the contacts; of them, those that the user may read count."""
        return Domain.FALSE

    def without(self):
        """Return the ``Domain`` of the contacts that an entry of *But not to* does not exclude."""
        return ~self.get_contacts()

    def people_sql(self):
        """Return a SELECT of people who are no contacts: (name, typed, address)."""

    def new_people_sql(self, before):
        """Return ``people_sql`` without the people who are in entries before it.

        An address that two entries have is in the list twice, the second time as a duplicate. A
        kind whose people are records, of which each is meant once, leaves those out.

        :param before: the entries of *Write to* before this one, as ``Source``
        """
        return self.people_sql()

    def people_at_once_sql(self):
        """Return a SELECT of all addresses of an entry of *Write to*, for a number in the form.

        Columns: address. None where the contacts and the others are counted by themselves.
        """

    def refusals(self, seen=()):
        """Return [(SELECT of addresses, skip reason)] of people who refuse what they are chosen by.

        An entry of *Write to* has them in its list, excluded with that reason. It is looked at again
        before each slice of sending, and does not depend on the rights of the user.

        :param seen: ids of the mailings that led to this entry
        """
        return []

    def read_addresses(self):
        """Read addresses that were written past the ORM, before recipients are loaded."""

    def excluded_sql(self):
        """Return a SELECT of the addresses that an entry of *But not to* excludes: (address).

        All addresses of a contact are excluded, its further ones among them. Contacts that the user
        may not read are not: what becomes of their addresses would tell what they are.
        """
        contacts = self.env["res.partner"].with_context(active_test=False)
        return self.all_addresses_sql(contacts._search(self.get_contacts()))

    def all_addresses_sql(self, contacts):
        """Return a SELECT of all addresses of the contacts of a query: (address)."""
        return SQL(
            """
            SELECT lower(c.address) FROM (%(contacts)s) c WHERE c.address IS NOT NULL
         UNION ALL
            SELECT f.address
              FROM (%(contacts)s) c
             CROSS JOIN LATERAL jsonb_to_recordset(c.further) AS f (address text)
             WHERE c.further IS NOT NULL
            """,
            contacts=self.transport.contact_columns_sql(contacts),
        )

    def count(self):
        """Return how many people the entry stands for, in one statement."""
        return self.count_contacts(self.get_contacts())

    def count_contacts(self, domain):
        """Return how many contacts of a domain the mailing may use, and people who are none."""
        self.env["res.partner"].flush_model()
        self.env["partner.mailing.recipient"].flush_model()
        contacts = self.mailing._readable_contacts(domain)
        counts = [
            contacts.select(SQL("count(*)")),
            *(
                SQL("SELECT count(*) FROM (%s) p", sql)
                for sql in [self.counted_people_sql()]
                if sql
            ),
        ]
        total = SQL(" + ").join(SQL("(%s)", one) for one in counts)
        [(count,)] = self.env.execute_query(SQL("SELECT %s", total))
        return count

    def counted_people_sql(self):
        """Return ``people_sql``, or None where it is known that there are none."""
        return self.people_sql()

    def get_facts(self):
        """Return who is meant as JSON, from which ``put_in_words`` makes words in any language."""
        facts = {"kind": self.key, "name": self.get_name()}
        audience = self.entry.of_audience_id
        return {**facts, "of": audience.name or ""} if audience else facts

    def get_name(self):
        return self.value.display_name or ""

    def describe(self):
        """Return in words who is meant, as a part of a sentence."""
        return SOURCES[self.key].put_in_words(self.env, self.get_facts())

    def describe_for_all(self):
        """Return in words who is meant, for the chatter, which users with other rights read."""
        return self.describe()

    @staticmethod
    def put_in_words(env, facts):
        """Return the words for facts; see ``get_facts``."""
        raise NotImplementedError


def get_kinds(env):
    """Return {key: class} of the kinds of entries that the database has."""
    known = env["partner.mailing.source"]._fields["kind"].get_values(env)
    return {key: SOURCES[key] for key in known if key in SOURCES}


def get_source(entry, mailing=None):
    """Return the ``Source`` of an entry; see there."""
    return SOURCES[entry.kind](entry, mailing)


def put_in_words(env, facts):
    """Return in words who is meant by an entry, of which ``facts`` were kept."""
    if facts["kind"] not in SOURCES:
        return ""
    words = SOURCES[facts["kind"]].put_in_words(env, facts)
    if not facts.get("of"):
        return words
    return env._("%(entry)s (of audience “%(audience)s”)", entry=words, audience=facts["of"])


def register(source):
    """Add a kind of entries to those of all mailings."""
    SOURCES[source.key] = source
    return source
