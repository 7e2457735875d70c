from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .source import IN, OUT, Source, get_source, register

# Of a recipient ``r``: what became of the message. A recipient that reacted has got it, whatever the
# mail server said.
# Column by column, as the planner has statistics of columns: of a COALESCE it guesses so few rows
# that it looks up each by itself.
READ = SQL(
    "(r.opened_at IS NOT NULL OR r.clicked_at IS NOT NULL OR r.replied_at IS NOT NULL"
    " OR r.downloaded_at IS NOT NULL)",
)
OPENED = SQL("(r.opened_at IS NOT NULL OR r.clicked_at IS NOT NULL)")
CLICKED = SQL("(r.clicked_at IS NOT NULL)")
REPLIED = SQL("(r.replied_at IS NOT NULL)")
# A recipient that is uncertain is in neither of the next two: it may have got the message, and is
# not left without the next one.
GOT = SQL("(r.state = 'sent' OR %s)", READ)
# Of an address that is there a second time, the other row says what became of it.
MISSED = SQL(
    "(r.state IN ('failed', 'bounced') OR (r.state = 'skipped'"
    " AND r.skip_reason NOT IN ('duplicate', 'further_address')))"
)
# An excluded mailing also excludes who may have got it, or is about to: no recipient is written to
# twice by mistake.
MAY_GET = SQL(
    "(%s OR r.state IN ('uncertain', 'sending') OR (r.state = 'pending' AND r.is_submitted))", GOT
)
EVERYBODY, NOBODY = SQL("TRUE"), SQL("FALSE")

# {outcome: (condition on a row, condition that no row of the same person meets)}. A person has
# several rows when further addresses were written to, or contacts were merged since.
OUTCOMES = {
    "sent": (GOT, NOBODY),
    "not_reached": (MISSED, MAY_GET),
    "opened": (OPENED, NOBODY),
    "not_opened": (GOT, READ),
    "clicked": (CLICKED, NOBODY),
    "not_clicked": (GOT, CLICKED),
    "replied": (REPLIED, NOBODY),
    "newcomer": (NOBODY, NOBODY),
}
NEEDS_OPENS = {"opened", "not_opened"}
NEEDS_CLICKS = {"clicked", "not_clicked"}
# Mailings that are looked into: one to those who came in since another, which went to those who came
# in since a third …
MOST_STEPS = 10


def _get_all_entries(mailing):
    """Return the entries of a mailing, of its audiences, and of those that they leave out."""
    found, audiences = mailing.source_ids, mailing.audience_ids
    last = found
    while last:
        last = (last.audience_id | audiences).source_ids - found
        found, audiences = found | last, audiences.browse()
    return found


@register
class EarlierMailing(Source):
    """The recipients of an earlier mailing, by what became of them.

    Recipients that are no contacts count as people; those whose contact was deleted do not.
    """

    key = "mailing"
    field = "earlier_mailing_id"
    skip_reason = "excluded_mailing"
    is_guarded = True

    def __init__(self, entry, mailing=None):
        super().__init__(entry, mailing)
        self.outcome = entry.outcome
        self.is_person_a_row = False

    def get_problem(self):
        earlier, env = self.value, self.env
        if not earlier:
            return env._("This mailing was deleted. Remove the entry.")
        if not earlier.has_access("read"):
            return env._("You may not see this mailing. Remove the entry, or ask who may.")
        if earlier == self.mailing._origin:
            return env._("This is the mailing itself. Choose an earlier one.")
        if not earlier.started_at:
            return env._("“%s” was not sent yet. Choose a mailing that was.", earlier.name)
        if self._is_forgotten():
            return env._(
                "The personal data of the recipients of “%s” was removed, so they are not known any more. Remove the entry.",
                earlier.name,
            )
        return self._get_outcome_problem()

    def _is_forgotten(self):
        """Return whether names and addresses were removed, or have to be by now."""
        earlier = self.value.sudo()
        return earlier.personal_data_removed_at or (
            earlier in earlier._find_due_for_removal(earlier.company_id)
        )

    def _get_outcome_problem(self):
        earlier, env = self.value, self.env
        if not self.outcome:
            return env._("Choose what became of the recipients of “%s”.", earlier.name)
        if self.outcome in NEEDS_OPENS and not earlier.track_opens:
            return env._(
                "“%s” did not track openings, so it is not known who opened it. Choose another result.",
                earlier.name,
            )
        if self.outcome in NEEDS_CLICKS and not earlier.track_clicks:
            return env._(
                "“%s” did not track clicks, so it is not known who clicked. Choose another result.",
                earlier.name,
            )
        if self.outcome in NEEDS_CLICKS and (problem := self._get_link_problem()):
            return problem
        return self.outcome == "newcomer" and self._get_newcomer_problem()

    def _get_link_problem(self):
        """Return why the link that is meant cannot be used, in words, or False."""
        link = self.entry.sudo().link_id
        if link and link.mailing_id != self.value.sudo():
            return self.env._("The link is none of “%s”. Choose one of its links.", self.value.name)
        if not link and (text := self._get_link()):
            return self.env._(
                "“%(name)s” has no link %(link)s any more. Choose another one.",
                name=self.value.name,
                link=text,
            )
        return False

    def _get_link(self):
        """Return the address of the link that is meant, also of one that is gone; "" for any."""
        if self.outcome not in NEEDS_CLICKS:
            return ""
        return self.entry.sudo().link_id.url or self.entry.link_text or ""

    def _get_newcomer_problem(self):
        """Return why it is not known who came in since, in words, or False."""
        earlier, env = self.value, self.env
        if self._count_steps() > MOST_STEPS:
            return env._(
                "“%(name)s” goes back over more than %(most)s mailings. Choose whom to write to"
                " anew: its audiences, tags or filters.",
                name=earlier.name,
                most=MOST_STEPS,
            )
        if problem := self._get_audience_problem():
            return problem
        query = earlier._query_recipients()
        # Of its audiences, the filters were looked at; what they exclude is among the exclusions.
        chosen = [source for source in query.sources(IN) if source.key != "audience"]
        for source in (*chosen, *self._find_exclusions()):
            entry = source.entry
            if source.get_problem():
                return env._(
                    "It is not known who came in since “%(name)s”, because an entry of it cannot be"
                    " used any more: %(entry)s. Choose another result.",
                    name=earlier.name,
                    entry=source.describe() or dict(entry._fields["kind"].selection)[entry.kind],
                )
        try:
            query.contacts()
        except UserError as error:  # such as the filter of an audience
            return env._(
                "It is not known who came in since “%(name)s”: %(problem)s Choose another result.",
                name=earlier.name,
                problem=error,
            )
        return False

    def _get_audience_problem(self):
        """Return why an audience of the mailing, whose newcomers are meant, cannot be used."""
        for audience in self.value._get_chosen_audiences():
            if not audience.has_access("read"):
                return self.env._(
                    "“%s” went to an audience you may not see. Remove the entry, or ask who may.",
                    self.value.name,
                )
            if problem := audience._get_filter_problem():
                return problem
        return False

    def _find_exclusions(self):
        """Return what the mailing excludes, as ``Source``.

        Not its own newcomers, whom an audience of it may exclude: they came in all the same.
        """
        return [
            one
            for one in self.value._query_recipients().sources(OUT)
            if one.entry.outcome != "newcomer" or one.value != self.value
        ]

    def _count_steps(self):
        """Return how many mailings are looked into for the newcomers, ``MOST_STEPS`` + 1 at most.

        One that is looked into twice counts twice, so that a circle comes to an end.
        """
        steps, waiting = 0, [self.value.sudo()]
        while waiting and steps <= MOST_STEPS:
            steps += 1
            mailing = waiting.pop()
            own = mailing._get_excluding_entries().filtered(
                lambda one, mailing=mailing: one.earlier_mailing_id == mailing
            )
            waiting += [
                one.earlier_mailing_id
                for one in _get_all_entries(mailing) - own
                if one.outcome == "newcomer"
            ]
        return steps

    # ------------------------------------------------------------
    # Recipients by outcome
    # ------------------------------------------------------------

    def count(self):
        """Without further addresses, a person has one row, but for contacts that were merged since.

        The list looks for those, too; here it would take half of the time.
        """
        self.is_person_a_row = not self.value.sudo().further_included_count
        return super().count()

    @property
    def condition(self):
        """SQL of the condition on a recipient ``r``.

        Plan at a million recipients: one scan of the list; where a person must meet a condition in
        no row, a hash of the rows that do, 0.3 s.
        """
        meant, never = OUTCOMES.get(self.outcome, (NOBODY, NOBODY))
        is_out = self.entry.side == OUT
        if self.outcome == "sent" and is_out:
            meant = MAY_GET
        if self.entry.link_id and self.outcome in NEEDS_CLICKS:
            # The same link may have been sent with different parameters.
            clicked = SQL(
                """
                r.id IN (SELECT c.recipient_id
                           FROM partner_mailing_link meant
                           JOIN partner_mailing_link l
                             ON l.mailing_id = meant.mailing_id AND l.url = meant.url
                           JOIN partner_mailing_click c ON c.link_id = l.id
                          WHERE meant.id = %s)
                """,
                self.entry.link_id.id,
            )
            if self.outcome == "clicked":
                meant = clicked
            else:
                never = clicked
        if never is NOBODY:
            once = EVERYBODY
        elif self.is_person_a_row:
            once = SQL("NOT %s", never)
        else:
            once = SQL(
                """
                (NOT %(never)s AND NOT EXISTS (
                    SELECT FROM (SELECT r.partner_id FROM partner_mailing_recipient r
                                  WHERE r.mailing_id = %(mailing)s AND %(never)s) o
                     WHERE o.partner_id = r.partner_id))
                """,
                never=never,
                mailing=self.value.id,
            )
        # Who left by a link of the message is not written to as one of its recipients.
        left = NOBODY if is_out else SQL("r.unsubscribed_at IS NOT NULL")
        return SQL("(%s AND %s AND NOT (%s))", meant, once, left)

    @property
    def _its_address(self):
        """SQL of the address of a recipient ``r`` in the channel of the earlier mailing."""
        return SQL.identifier("r", self.value._get_transport().address_column)

    def get_contacts(self):
        if self.get_problem():
            return Domain.FALSE
        if self.outcome == "newcomer":
            return Domain("id", "in", self._newcomers_sql())
        contacts = SQL(
            "SELECT r.partner_id FROM partner_mailing_recipient r"
            " WHERE r.mailing_id = %s AND r.partner_id IS NOT NULL AND %s",
            self.value.id,
            self.condition,
        )
        if self.value.channel != self.mailing.channel:
            contacts = SQL("%s UNION ALL %s", contacts, self._holders_sql())
        return Domain("id", "in", SQL("(%s)", contacts))

    def _holders_sql(self):
        """Return a SELECT of the contacts with the address of a recipient that was no contact.

        For a mailing of another channel, in which that address means nothing. Plan: the recipients
        that are no contacts, and each address in the index of contacts.
        """
        return SQL(
            """
            SELECT p.id FROM partner_mailing_recipient r
              JOIN res_partner p ON %(holder)s = %(address)s
             WHERE r.mailing_id = %(mailing)s AND r.partner_id IS NULL
               AND r.contact_deleted IS NOT TRUE AND %(condition)s
            """,
            holder=self.value._get_transport().holder_address_sql("p"),
            address=self._its_address,
            mailing=self.value.id,
            condition=self.condition,
        )

    def people_sql(self):
        # An address of one channel is none of another.
        if self.get_problem() or self.value.channel != self.mailing.channel:
            return None
        if self.outcome == "newcomer":
            return self._new_people_sql()
        return SQL(
            """
            SELECT r.name, COALESCE(%(typed)s, %(address)s) AS typed, %(address)s AS address
              FROM partner_mailing_recipient r
             WHERE r.mailing_id = %(mailing)s AND r.partner_id IS NULL
               AND r.contact_deleted IS NOT TRUE AND %(address)s IS NOT NULL AND %(condition)s
            """,
            typed=SQL.identifier("r", self.transport.typed_column),
            address=self._its_address,
            mailing=self.value.id,
            condition=self.condition,
        )

    def refusals(self, seen=()):
        """Of what the earlier mailing was written to: it holds for those who get another one, too."""
        earlier = self.value.sudo()
        if not earlier or earlier.id in seen:
            return []
        return [
            refusal
            for entry in earlier.source_ids.filtered(lambda one: one.side == IN)
            for refusal in get_source(entry, self.mailing).refusals((*seen, earlier.id))
        ]

    def counted_people_sql(self):
        """Return None where none were chosen: to look for them takes a scan of all lists.

        What they were chosen by is locked since the mailing was sent.
        """
        earlier = self.value
        others = any(source.people_sql() for source in earlier._query_recipients().sources(IN))
        if others or earlier._get_transport().read_extra_addresses():
            return self.people_sql()
        return None

    def excluded_sql(self):
        """Also the address that the message went to, which may not be the contact's any more.

        All addresses of a contact are excluded, whether the user may read the contact or not: its
        row in the list of the earlier mailing can be read.
        """
        if self.get_problem():
            return None
        people = self.people_sql()
        if self.outcome == "newcomer":
            contacts = super().excluded_sql()
            if not people:
                return contacts
            return SQL("%s UNION ALL SELECT lower(address) FROM (%s) p", contacts, people)
        parts = SQL(
            """
            SELECT %(address)s FROM partner_mailing_recipient r
             WHERE r.mailing_id = %(mailing)s AND %(address)s IS NOT NULL AND %(condition)s
         UNION ALL
            SELECT lower(%(now)s) FROM partner_mailing_recipient r
              JOIN res_partner p ON p.id = r.partner_id
             WHERE r.mailing_id = %(mailing)s AND %(condition)s
               AND lower(%(now)s) IS DISTINCT FROM %(address)s AND %(now)s IS NOT NULL
         UNION ALL
            SELECT f.address FROM partner_mailing_recipient r
              JOIN res_partner p ON p.id = r.partner_id
             CROSS JOIN LATERAL jsonb_to_recordset(%(further)s) AS f (address text)
             WHERE r.mailing_id = %(mailing)s AND %(condition)s AND %(further)s IS NOT NULL
            """,
            address=SQL.identifier("r", self.transport.address_column),
            now=self.transport.contact_address_sql("p"),
            further=self.transport.further_addresses_sql("p"),
            mailing=self.value.id,
            condition=self.condition,
        )
        if self.value.channel == self.mailing.channel:
            return parts
        contacts = self.env["res.partner"].sudo().with_context(active_test=False)
        holders = contacts._search(Domain("id", "in", SQL("(%s)", self._holders_sql())))
        return SQL("%s UNION ALL %s", parts, self.all_addresses_sql(holders))

    # ------------------------------------------------------------
    # Newcomers
    # ------------------------------------------------------------

    # In its sources by now, not in its list then. Whom its entries of *But not to* exclude is not in
    # its sources; its excluded tags are those of the new mailing, too: see ``_get_excluded_tags``.

    def _newcomers_sql(self):
        """Return a SELECT of the contacts that came in since."""
        earlier = self.value
        return SQL(
            """
            (SELECT c.id FROM (%(contacts)s) c
              WHERE NOT EXISTS (SELECT FROM partner_mailing_recipient r
                                 WHERE r.mailing_id = %(mailing)s AND r.partner_id = c.id)
                AND NOT EXISTS (SELECT FROM partner_mailing_recipient r
                                 WHERE r.mailing_id = %(mailing)s AND %(address)s = lower(c.address))
                AND %(not_excluded)s)
            """,
            contacts=earlier._query_recipients().chosen(),
            mailing=earlier.id,
            address=self._its_address,
            not_excluded=self._not_excluded_sql(),
        )

    def _new_people_sql(self):
        """Return a SELECT of the people that came in since and are no contacts.

        Such as those who clicked a link of a third mailing by now, which this one went to.
        """
        earlier = self.value
        return SQL(
            """
            SELECT c.name, c.typed, c.address
              FROM (%(people)s) c (position, name, typed, address)
             WHERE c.address IS NOT NULL
               AND NOT EXISTS (SELECT FROM partner_mailing_recipient r
                                WHERE r.mailing_id = %(mailing)s AND %(address)s = lower(c.address))
               AND %(not_excluded)s
            """,
            people=earlier._query_recipients().extra(),
            mailing=earlier.id,
            address=self._its_address,
            not_excluded=self._not_excluded_sql(),
        )

    def _not_excluded_sql(self):
        """Return SQL of the condition that no entry of the earlier mailing excludes an address."""
        parts = [one.excluded_sql() for one in self._find_exclusions() if one.key != "tag"]
        parts = [SQL("(SELECT * FROM (%s) x (address))", part) for part in parts if part]
        if not parts:
            return EVERYBODY
        return SQL(
            "NOT EXISTS (SELECT FROM (%s) x (address) WHERE x.address = lower(c.address))",
            SQL(" UNION ALL ").join(parts),
        )

    # ------------------------------------------------------------
    # In words
    # ------------------------------------------------------------

    def without(self):
        return Domain.custom(to_sql=self._without_sql)

    def _without_sql(self, model, alias, query):
        excluded = self.excluded_sql()
        if excluded is None:
            return SQL("TRUE")
        if self.outcome == "newcomer":
            return SQL(
                "NOT EXISTS (SELECT FROM %s n WHERE n.id = %s)",
                self._newcomers_sql(),
                SQL.identifier(alias, "id"),
            )
        # Two hash joins. Whom the message could not go to for want of an address is known by id.
        return SQL(
            """
            (NOT EXISTS (SELECT FROM partner_mailing_recipient r
                          WHERE r.mailing_id = %(mailing)s AND r.partner_id = %(id)s
                            AND %(condition)s)
             AND NOT EXISTS (SELECT FROM (%(excluded)s) x (address)
                              WHERE x.address = lower(%(address)s)))
            """,
            mailing=self.value.id,
            id=SQL.identifier(alias, "id"),
            condition=self.condition,
            excluded=excluded,
            address=self.transport.contact_address_sql(alias),
        )

    def get_facts(self):
        facts = {**super().get_facts(), "outcome": self.outcome or "", "mailing": self.value.id}
        link = self._get_link()
        return {**facts, "link": link} if link else facts

    def get_name(self):
        if not self.value:
            return ""
        return self.value.sudo(False).has_access("read") and self.value.name

    def describe_for_all(self):
        facts = {**self.get_facts(), "mailing": False}
        if facts["name"] and self.value._is_hidden_at(self.mailing):
            facts = {**facts, "name": self.value._get_name_at(self.mailing), "link": False}
        return self.put_in_words(self.env, facts)

    @staticmethod
    def put_in_words(env, facts):
        if facts["name"] == "":
            return env._("a mailing that was deleted")
        # Facts are kept with a request, which is read by users with other rights.
        mailing = env["partner.mailing"].browse(facts.get("mailing") or []).exists()
        is_asked = mailing and env.uid != SUPERUSER_ID  # a page is made as the superuser
        if not facts["name"] or (is_asked and not mailing.sudo(False).has_access("read")):
            return env._("a mailing you may not see")
        outcome = env["partner.mailing.source"]._fields["outcome"]
        label = dict(outcome._description_selection(env)).get(facts["outcome"], "")
        words = env._(
            "mailing “%(name)s”: %(outcome)s",
            name=facts["name"],
            outcome=label[:1].lower() + label[1:],
        )
        if not facts.get("link"):
            return words
        return env._("%(mailing)s (%(link)s)", mailing=words, link=facts["link"])
