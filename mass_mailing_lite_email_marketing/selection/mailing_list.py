from odoo.addons.mass_mailing_lite.selection import IN, Source, add_reason, register
from odoo.fields import Domain
from odoo.tools import SQL

from .list_terms import ListAddress, lists_of_mailing_sql, read_list_contacts

OPTED_OUT = "opted_out_of_list"
add_reason(OPTED_OUT)


@register
class MailingList(Source):
    """The people in a mailing list of Email Marketing.

    A person whose address is that of a contact is that contact: of those that the user may read and
    the company may use, a person before a company, then the oldest. The others are extra addresses,
    with the name from the list.

    Who has opted out of the list is named in the list of recipients, with that reason, unless the
    address is subscribed to another list that the mailing goes to.
    """

    key = "mailing_list"
    field = "mailing_list_id"
    is_guarded = True

    def __init__(self, entry, mailing=None):
        super().__init__(entry, mailing)
        self.address = ListAddress(self.env, self.transport)

    # ------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------

    def get_problem(self):
        if problem := super().get_problem():
            return problem
        if not self._is_readable():
            return self.env._(
                "You may not see this mailing list. Remove the entry, or ask who may."
            )
        if self.entry.side == IN and not self.value.sudo().active:
            return self.env._(
                "The mailing list “%s” is archived. Restore it, or remove the entry.",
                self.value.sudo().name,
            )
        return False

    def _is_readable(self):
        """Tell whether the user may read the list and its contacts, by the rights of Odoo's app."""
        return self.value._origin.sudo(False).has_access("read") and all(
            self.env[name].sudo(False).has_access("read")
            for name in ("mailing.contact", "mailing.subscription")
        )

    def read_addresses(self):
        read_list_contacts(self.env)

    # ------------------------------------------------------------
    # People
    # ------------------------------------------------------------

    def _members_sql(self, for_all=False):
        """Return a SELECT of the people in the list: (id, name, typed, address, opted_out).

        Plan at a million: the subscriptions of the list, and a hash join with the list contacts.
        Addresses are taken as the indexes have them: of another expression, such as ``lower()``, the
        planner knows nothing, and sorts both sides of each join.

        :param for_all: also those whom the user may not read: an exclusion does not depend on it
        """
        contacts = self.env["mailing.contact"].sudo(for_all or self.env.su)
        contacts.flush_model()
        self.env["mailing.subscription"].flush_model()
        query = contacts._search(Domain.TRUE)
        table = query.table
        return SQL(
            """
            SELECT c.id, c.name, c.typed, c.address, s.opt_out IS TRUE AS opted_out
              FROM mailing_subscription s
              JOIN (%(contacts)s) c ON c.id = s.contact_id
             WHERE s.list_id = %(list)s
            """,
            contacts=query.select(
                SQL.identifier(table, "id"),
                SQL.identifier(table, "name"),
                SQL("%s AS typed", SQL.identifier(table, self.address.typed_column)),
                SQL("%s AS address", self.address.sql(table)),
            ),
            list=self.value._origin.id or None,
        )

    def _holders_sql(self):
        """Return a SELECT of the contacts that may hold an address: (id, is_company, address)."""
        contacts = self.mailing._readable_contacts()
        table = contacts.table
        return contacts.select(
            SQL.identifier(table, "id"),
            SQL.identifier(table, "is_company"),
            SQL("%s AS address", self.address.holder_sql(table)),
        )

    def get_contacts(self):
        """Return the ``Domain`` of the contacts that people in the list are, one for an address.

        Plan at a million contacts: two hash joins of the addresses, and one of the ids. The ids are
        those of a table, of which PostgreSQL knows that each is there once: of a subquery it does not,
        guesses 200, and looks up each contact by itself. Of an expression in a partial index it has no
        statistics: it guesses a half for EXISTS and NOT EXISTS, and for a join so many or so few rows
        that the rest of the plan is of no use.
        """
        if self.get_problem():
            return Domain.FALSE
        return Domain(
            "id",
            "in",
            SQL(
                """
                (SELECT p.id
                   FROM (%(holders)s) p
                  WHERE EXISTS (SELECT FROM (%(members)s) m WHERE m.address = p.address)
                    AND NOT EXISTS (
                        SELECT FROM (%(holders)s) first
                         WHERE first.address = p.address
                           AND (COALESCE(first.is_company, FALSE), first.id)
                               < (COALESCE(p.is_company, FALSE), p.id)))
                """,
                holders=self._holders_sql(),
                members=self._members_sql(),
            ),
        )

    def people_sql(self):
        return self.new_people_sql(())

    def new_people_sql(self, before):
        """Return the people who are no contacts, of several chosen lists once."""
        # An address of one channel is none of another.
        if self.get_problem() or not self.address.is_of_channel:
            return None
        lists = [one.value._origin.id for one in before if one.key == self.key and one.value]
        once = SQL()
        if lists:
            once = SQL(
                """
                AND NOT EXISTS (SELECT FROM mailing_subscription o
                                 WHERE o.contact_id = m.id AND o.list_id = ANY(%s))
                """,
                lists,
            )
        # An address in the place of a name is no name: "Dear anna@example.com".
        return SQL(
            """
            SELECT CASE WHEN m.name ~ '\\S'
                         AND btrim(lower(m.name)) NOT IN (lower(m.typed), COALESCE(m.address, ''))
                        THEN m.name ELSE '' END AS name,
                   COALESCE(m.typed, '') AS typed, m.address
              FROM (%(members)s) m
             WHERE NOT EXISTS (SELECT FROM (%(holders)s) p WHERE p.address = m.address) %(once)s
            """,
            members=self._members_sql(),
            holders=self._holders_sql(),
            once=once,
        )

    def people_at_once_sql(self):
        if not self.address.is_of_channel:
            return None
        return SQL("SELECT m.address FROM (%s) m WHERE NOT m.opted_out", self._members_sql())

    def count(self):
        """Return how many are subscribed; of *But not to*, how many are in the list."""
        subscribed = SQL("WHERE NOT m.opted_out") if self.entry.side == IN else SQL()
        [(count,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM (%s) m %s", self._members_sql(), subscribed)
        )
        return count

    # ------------------------------------------------------------
    # Opt-outs and exclusions
    # ------------------------------------------------------------

    def refusals(self, seen=()):
        """Return the addresses that have opted out of the list, and are in no other one by now.

        Plan: the opt-outs of the list, and a hash join with the subscribed of all lists.
        """
        if not self.value:
            return []
        opted_out = SQL(
            """
            SELECT o.address FROM (%(members)s) o
             WHERE o.opted_out AND o.address IS NOT NULL
               AND NOT EXISTS (
                   SELECT FROM mailing_subscription s
                     JOIN mailing_contact c ON c.id = s.contact_id
                    WHERE s.list_id IN %(lists)s AND s.opt_out IS NOT TRUE
                      AND %(address)s = o.address)
            """,
            members=self._members_sql(for_all=True),
            lists=lists_of_mailing_sql(self.mailing),
            address=self.address.sql("c"),
        )
        return [(self._all_addresses_sql(opted_out), OPTED_OUT)]

    def excluded_sql(self):
        if not self.value:
            return None
        members = self._members_sql(for_all=True)
        return self._all_addresses_sql(
            SQL("SELECT m.address FROM (%s) m WHERE m.address IS NOT NULL", members)
        )

    def _all_addresses_sql(self, addresses):
        """Return a SELECT of the addresses, and of further ones of contacts who have them.

        For a channel of which list contacts have no address: of the addresses of these contacts.
        """
        transport = self.transport
        if self.address.is_of_channel:
            first = addresses
        else:
            first = SQL(
                """
                SELECT lower(%(own)s) FROM res_partner p
                  JOIN (%(addresses)s) m (address) ON m.address = %(holder)s
                 WHERE %(own)s IS NOT NULL
                """,
                own=transport.contact_address_sql("p"),
                addresses=addresses,
                holder=self.address.holder_sql("p"),
            )
        return SQL(
            """
            %(first)s
         UNION ALL
            SELECT f.address FROM res_partner p
              JOIN (%(addresses)s) m (address) ON m.address = %(holder)s
             CROSS JOIN LATERAL jsonb_to_recordset(%(further)s) AS f (address text)
             WHERE %(further)s IS NOT NULL AND f.address IS NOT NULL
            """,
            first=first,
            addresses=addresses,
            holder=self.address.holder_sql("p"),
            further=transport.further_addresses_sql("p"),
        )

    def without(self):
        return Domain.custom(to_sql=self._without_sql)

    def _without_sql(self, model, alias, query):
        excluded = self.excluded_sql()
        if excluded is None:
            return SQL("TRUE")
        return SQL(
            "NOT EXISTS (SELECT FROM (%s) x (address) WHERE x.address = lower(%s))",
            excluded,
            self.transport.contact_address_sql(alias),
        )

    # ------------------------------------------------------------
    # In words
    # ------------------------------------------------------------

    def get_name(self):
        if not self.value:
            return ""
        return self._is_readable() and self.value.sudo().name

    def describe_for_all(self):
        # Not all who read the chatter may see the list.
        return self.env._("a mailing list") if self.value else self.describe()

    @staticmethod
    def put_in_words(env, facts):
        if facts["name"] == "":
            return env._("a mailing list that was deleted")
        if not facts["name"]:
            return env._("a mailing list you may not see")
        return env._("mailing list “%s”", facts["name"])
