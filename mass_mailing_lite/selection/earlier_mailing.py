from odoo.fields import Domain
from odoo.tools import SQL

from .source import IN, OUT, Source, register

# Of a recipient ``r``: what became of the message. Whoever may have got it has not been missed, and
# is not left without the next one: an uncertain recipient is among neither.
GOT = SQL("r.state = 'sent'")
# Nobody is written to twice by mistake: of an excluded mailing also who may have got it, or is about
# to.
MAY_GET = SQL(
    "(r.state IN ('sent', 'uncertain', 'sending') OR (r.state = 'pending' AND r.is_submitted))"
)
# Not of an address that is there a second time: the other row got it.
MISSED = SQL(
    "(r.state IN ('failed', 'bounced') OR (r.state = 'skipped'"
    " AND r.skip_reason NOT IN ('duplicate', 'further_address')))"
)
OPENED = SQL("(r.opened_at IS NOT NULL OR r.clicked_at IS NOT NULL)")
CLICKED = SQL("r.clicked_at IS NOT NULL")
REPLIED = SQL("r.replied_at IS NOT NULL")

OUTCOMES = {
    "sent": GOT,
    "not_reached": MISSED,
    "opened": SQL("(%s AND %s)", GOT, OPENED),
    "not_opened": SQL("(%s AND NOT %s AND r.replied_at IS NULL)", GOT, OPENED),
    "clicked": SQL("(%s AND %s)", GOT, CLICKED),
    "not_clicked": SQL("(%s AND NOT %s)", GOT, CLICKED),
    "replied": REPLIED,
    "newcomer": SQL("FALSE"),
}
NEEDS_OPENS = {"opened", "not_opened"}
NEEDS_CLICKS = {"clicked", "not_clicked"}
# A mailing to those who came in since another, which went to those who came in since a third …
MOST_STEPS = 10


@register
class EarlierMailing(Source):
    """The recipients of an earlier mailing, by what became of them.

    Recipients that are no contacts count as people; those whose contact was deleted do not.
    """

    key = "mailing"
    field = "earlier_mailing_id"
    skip_reason = "excluded_mailing"

    def __init__(self, entry, mailing=None):
        super().__init__(entry, mailing)
        self.outcome = entry.outcome

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
        if earlier.personal_data_removed_at:
            return env._(
                "The personal data of the recipients of “%s” was removed, so they are not known any more. Remove the entry.",
                earlier.name,
            )
        return self._get_outcome_problem()

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
        link = self.entry.sudo().link_id
        if link and link.mailing_id != earlier:
            return env._("The link is none of “%s”. Choose one of its links.", earlier.name)
        if self.entry.link_text and not link and self.outcome in NEEDS_CLICKS:
            return env._(
                "“%(name)s” has no link %(link)s any more. Choose another one.",
                name=earlier.name,
                link=self.entry.link_text,
            )
        if self.outcome == "newcomer":
            if self._count_steps() > MOST_STEPS:
                return env._("This goes back over more than %s mailings.", MOST_STEPS)
            return self._get_audience_problem()
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

    def _count_steps(self):
        """Return over how many mailings the newcomers go back; each was sent before the other."""
        steps, mailings = 1, self.value.sudo()
        while mailings and steps <= MOST_STEPS:
            entries = mailings.source_ids.filtered(lambda one: one.outcome == "newcomer")
            mailings = entries.earlier_mailing_id
            steps += bool(mailings)
        return steps

    @property
    def condition(self):
        """SQL of the condition on a recipient ``r``."""
        if self.entry.side == OUT and self.outcome == "sent":
            return MAY_GET
        condition = OUTCOMES.get(self.outcome, SQL("FALSE"))
        if self.entry.link_id and self.outcome in NEEDS_CLICKS:
            clicked = SQL(
                "r.id IN (SELECT recipient_id FROM partner_mailing_click WHERE link_id = %s)",
                self.entry.link_id.id,
            )
            if self.outcome == "clicked":
                return SQL("(%s AND %s)", condition, clicked)
            return SQL("(%s AND NOT %s)", GOT, clicked)
        return condition

    def get_contacts(self):
        if self.get_problem():
            return Domain.FALSE
        if self.outcome == "newcomer":
            return Domain("id", "in", self._newcomers_sql())
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT r.partner_id FROM partner_mailing_recipient r"
                " WHERE r.mailing_id = %s AND r.partner_id IS NOT NULL AND %s)",
                self.value.id,
                self.condition,
            ),
        )

    def _newcomers_sql(self):
        """Return a SELECT of the contacts in its sources by now that were not in its list then."""
        earlier = self.value
        return SQL(
            """
            (SELECT c.id FROM (%(contacts)s) c
              WHERE NOT EXISTS (SELECT FROM partner_mailing_recipient r
                                 WHERE r.mailing_id = %(mailing)s AND r.partner_id = c.id)
                AND NOT EXISTS (SELECT FROM partner_mailing_recipient r
                                 WHERE r.mailing_id = %(mailing)s AND %(address)s = c.address))
            """,
            contacts=earlier._query_recipients().chosen(),
            mailing=earlier.id,
            address=SQL.identifier("r", earlier._get_transport().address_column),
        )

    def people_sql(self):
        if self.get_problem() or self.outcome == "newcomer":
            return None
        return SQL(
            """
            SELECT r.name, COALESCE(%(typed)s, %(address)s) AS typed, %(address)s AS address
              FROM partner_mailing_recipient r
             WHERE r.mailing_id = %(mailing)s AND r.partner_id IS NULL
               AND r.contact_deleted IS NOT TRUE AND %(address)s IS NOT NULL AND %(condition)s
            """,
            typed=SQL.identifier("r", self.transport.typed_column),
            address=SQL.identifier("r", self.transport.address_column),
            mailing=self.value.id,
            condition=self.condition,
        )

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
        """Also the address that the message went to, which may not be the contact's any more."""
        if self.get_problem():
            return None
        if self.outcome == "newcomer":
            return super().excluded_sql()
        return SQL(
            """
            SELECT %(address)s FROM partner_mailing_recipient r
             WHERE r.mailing_id = %(mailing)s AND %(address)s IS NOT NULL AND %(condition)s
         UNION ALL
            SELECT lower(%(now)s) FROM partner_mailing_recipient r
              JOIN res_partner p ON p.id = r.partner_id
             WHERE r.mailing_id = %(mailing)s AND %(condition)s
               AND lower(%(now)s) IS DISTINCT FROM %(address)s AND %(now)s IS NOT NULL
            """,
            address=SQL.identifier("r", self.transport.address_column),
            now=self.transport.contact_address_sql("p"),
            mailing=self.value.id,
            condition=self.condition,
        )

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
        facts = {**super().get_facts(), "outcome": self.outcome or ""}
        return {**facts, "link": self.entry.link_text} if self.entry.link_text else facts

    def get_name(self):
        if not self.value:
            return ""
        return self.value.sudo(False).has_access("read") and self.value.name

    @staticmethod
    def put_in_words(env, facts):
        if facts["name"] == "":
            return env._("a mailing that was deleted")
        if not facts["name"]:
            return env._("a mailing you may not see")
        outcome = env["partner.mailing.source"]._fields["outcome"]
        labels = dict(outcome._description_selection(env))
        words = env._(
            "mailing “%(name)s”: %(outcome)s",
            name=facts["name"],
            outcome=labels.get(facts["outcome"], "").lower(),
        )
        if not facts.get("link"):
            return words
        return env._("%(mailing)s (%(link)s)", mailing=words, link=facts["link"])
