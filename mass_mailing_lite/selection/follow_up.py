from odoo.exceptions import UserError
from odoo.tools import SQL

from .earlier_mailing import NEEDS_CLICKS, NEEDS_OPENS
from .recipient_query import REASONS, RecipientQuery
from .source import IN, OUT, get_kinds, get_source

#: What the button offers, in this order.
CHOICES = ("newcomer", "not_opened", "not_clicked", "not_reached")
# Outcomes that stay true of a person who got a follow-up: a second one does not go there again.
STAY_TRUE = {"newcomer", "not_reached"}
# Counters of which one at least is above zero where an outcome is true of anyone.
COUNTED_IN = {
    "not_opened": ("sent_count", "bounced_count", "uncertain_count"),
    "not_clicked": ("sent_count", "bounced_count", "uncertain_count"),
    "not_reached": ("failed_count", "bounced_count", "skipped_count"),
}


def _get_values(entry):
    """Return the values of an entry for another one that stands for the same people."""
    kinds = get_kinds(entry.env).values()
    names = {"side", "kind", "outcome", "link_id", *(kind.field for kind in kinds)}
    values = {name: entry[name] for name in names}
    return {name: getattr(value, "id", value) for name, value in values.items() if value}


class FollowUp:
    """A new mailing to recipients of one that was sent: its two sides, and how many people.

    *Write to* has the recipients of the earlier mailing by what became of them; *But not to* has
    what the earlier mailing excludes.

    :param mailing: the earlier ``partner.mailing``; its environment decides rights and language
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def get_problem(self):
        """Return why nothing can follow on the mailing, in words, or False."""
        mailing = self.mailing
        if mailing.started_at and mailing.state in ("done", "cancelled"):
            return False
        return self.env._(
            "The mailing “%s” was not sent to its end yet. A follow-up is made when it is done.",
            mailing.name,
        )

    def get_choices(self):
        """Return {outcome: (number of people, why it cannot be chosen or False)}."""
        return {outcome: self.get_choice(outcome) for outcome in CHOICES}

    def get_choice(self, outcome):
        """Return the number of people of one outcome, and why it cannot be chosen, or False.

        What the counters of the mailing know is not counted in its list.
        """
        if problem := self.get_problem() or self._get_reason(outcome):
            return 0, problem
        counters = COUNTED_IN.get(outcome)
        if counters and not any(self.mailing[name] for name in counters):
            return 0, self._get_nobody(outcome)
        count = self._count(outcome)
        return count, not count and self._get_nobody(outcome)

    def _get_reason(self, outcome):
        """Return why it is not known of whom an outcome is true, in words, or False."""
        mailing, env = self.mailing, self.env
        if outcome in NEEDS_OPENS and not mailing.track_opens:
            return env._("Openings were not tracked.")
        if outcome in NEEDS_CLICKS and not mailing.track_clicks:
            return env._("Clicks were not tracked.")
        return get_source(self._new_draft(outcome).source_ids[:1]).get_problem()

    def _get_nobody(self, outcome):
        env = self.env
        return {
            "newcomer": env._("There are no newcomers."),
            "not_opened": env._("Each recipient that got it has opened it or answered."),
            "not_clicked": env._("Each recipient that got it has clicked."),
            "not_reached": env._(
                "There is nobody whom it did not reach and who can be written to now."
            ),
        }[outcome]

    # ------------------------------------------------------------
    # The two sides
    # ------------------------------------------------------------

    def get_entries(self, outcome):
        """Return the values of the entries of the new mailing, that of *Write to* first."""
        mailing = self.mailing
        entries = [
            {"side": IN, "kind": "mailing", "earlier_mailing_id": mailing.id, "outcome": outcome}
        ]
        for entry in mailing.source_ids.filtered(lambda entry: entry.side == OUT):
            entries.append(_get_values(entry))
        return entries + self.get_further_exclusions(outcome)

    def get_further_exclusions(self, outcome):
        """Return the values of the entries of *But not to* that the earlier mailing does not have.

        These are the excluded tags and the entries of its audiences; and, where the outcome stays
        true of who got an earlier follow-up, the follow-ups.
        """
        mailing = self.mailing
        own = mailing.source_ids.filtered(lambda entry: entry.side == OUT)
        others = mailing._get_excluding_entries() - own
        tags = mailing._get_excluded_tags() - (own | others).category_id
        entries = [{"side": OUT, "kind": "tag", "category_id": tag.id} for tag in tags]
        entries += [_get_values(entry) for entry in others]
        if outcome in STAY_TRUE:
            known = own.filtered(lambda entry: entry.outcome == "sent").earlier_mailing_id
            entries += [
                {
                    "side": OUT,
                    "kind": "mailing",
                    "earlier_mailing_id": follow_up.id,
                    "outcome": "sent",
                }
                for follow_up in self._get_sent_follow_ups() - known
            ]
        return entries

    def _get_sent_follow_ups(self):
        """Return the follow-ups that were sent and whose recipients are known, theirs among them."""
        found, last = self.mailing.browse(), self.mailing
        while last := last._get_follow_ups() - found - self.mailing:
            found |= last
        return found.filtered(lambda one: one.started_at and not one.personal_data_removed_at)

    def _new_draft(self, outcome):
        """Return a mailing with the two sides, which is not saved."""
        mailing = self.mailing
        draft = mailing.browse().new(
            {
                "company_id": mailing.company_id.id,
                "channel": mailing.channel,
                "ignores_pressure": mailing.ignores_pressure,
            }
        )
        entries = self.env["partner.mailing.source"]
        for values in self.get_entries(outcome):
            entries += entries.new(values)
        entries.mailing_id = draft
        draft.source_ids = entries
        return draft

    # ------------------------------------------------------------
    # Numbers, and the draft
    # ------------------------------------------------------------

    def _count(self, outcome):
        """Return how many people would be written to, in one statement.

        Plan at a million recipients: as for the total of a form.
        """
        self.env.flush_all()
        query = FollowUpQuery(self._new_draft(outcome), self.mailing)
        [(count,)] = self.env.execute_query(query.count())
        return count

    def make_draft(self, outcome):
        """Return the new draft, with the content of the mailing.

        :raises UserError: when it is not known of whom the outcome is true, with what to do
        """
        mailing = self.mailing
        if problem := get_source(self._new_draft(outcome).source_ids[:1]).get_problem():
            raise UserError(problem)
        draft = (
            mailing.with_context(partner_mailing_follow_up=True)
            .copy(
                {
                    "name": self.env._("Follow-up to %s", mailing.name),
                    "audience_ids": [],
                    "marked_partner_ids": [],
                    **dict.fromkeys(mailing._get_extra_fields(), False),
                }
            )
            .with_env(self.env)
        )
        draft._as_system().follow_up_of_id = mailing
        wanted = self.get_entries(outcome)[:1] + self.get_further_exclusions(outcome)
        self.env["partner.mailing.source"].create(
            [{**values, "mailing_id": draft.id} for values in wanted]
        )
        self._log(draft, outcome)
        return draft

    def _log(self, draft, outcome):
        """Name each mailing in the chatter of the other, by number where its title is hidden."""
        mailing, env = self.mailing, self.env
        people = {
            "sent": env._("those who got it"),
            "not_reached": env._("those who did not get it"),
            "opened": env._("those who opened it"),
            "not_opened": env._("those who did not open it"),
            "clicked": env._("those who clicked a link"),
            "not_clicked": env._("those who did not click a link"),
            "replied": env._("those who answered"),
            "newcomer": env._("those who came in since"),
        }[outcome]
        draft._log_duplicate(
            env._(
                "This mailing is a follow-up to %(mailing)s. It goes to: %(people)s.",
                mailing=mailing._get_html_link(title=mailing._get_name_at(draft)),
                people=people,
            )
        )
        mailing._message_log(
            body=env._(
                "A follow-up was made: %(mailing)s. It goes to: %(people)s.",
                mailing=draft._get_html_link(title=draft._get_name_at(mailing)),
                people=people,
            )
        )


class FollowUpQuery(RecipientQuery):
    """The statements of a follow-up that is not saved: it takes over who was excluded by hand.

    :param earlier: the mailing that it follows
    """

    def __init__(self, mailing, earlier):
        super().__init__(mailing)
        self.earlier = earlier

    def refused(self, **options):
        return SQL(
            """
            %(refused)s
         UNION ALL
            SELECT %(address)s, %(reason)s::bigint, 0::bigint FROM partner_mailing_recipient r
             WHERE r.mailing_id = %(earlier)s AND r.state = 'skipped' AND r.skip_reason = 'by_hand'
            """,
            refused=super().refused(**options),
            address=SQL.identifier("r", self.transport.address_column),
            reason=REASONS.index("excluded_source") + 1,
            earlier=self.earlier.id,
        )


class Family:
    """A mailing that was sent, its follow-ups and theirs, as far as the user may read them.

    :param mailing: any of them
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def find(self):
        """Return the mailings of the family that were sent, in the order of sending."""
        self.mailing.flush_model(["follow_up_of_id", "started_at"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE up AS (
                    SELECT id, follow_up_of_id FROM partner_mailing WHERE id = %s
                     UNION
                    SELECT m.id, m.follow_up_of_id
                      FROM partner_mailing m JOIN up ON m.id = up.follow_up_of_id
                ), family AS (
                    SELECT id FROM up
                     UNION
                    SELECT m.id FROM partner_mailing m JOIN family f ON m.follow_up_of_id = f.id
                )
                SELECT m.id FROM partner_mailing m JOIN family f ON f.id = m.id
                 WHERE m.started_at IS NOT NULL ORDER BY m.started_at, m.id
                """,
                self.mailing.id,
            )
        )
        if len(rows) < 2:
            return self.mailing
        return self.mailing.browse(number for (number,) in rows)._filtered_access("read")

    def get_figures(self):
        """Return the rows of the table and the sum over people, False for a mailing by itself.

        :return: {"rows": [{id, name, recipients, sent, opened, clicked, tracks}],
            "together": the same of all people, each once; False where they are not known any more}
        """
        mailings = self.find()
        if len(mailings) < 2:
            return False
        rows = []
        for mailing in mailings:
            totals = mailing._get_totals()
            rows.append(
                {
                    "id": mailing.id,
                    "name": mailing.name,
                    **{name: totals[name] for name in ("recipients", "sent", "opened", "clicked")},
                    "tracks": {"opened": mailing.track_opens, "clicked": mailing.track_clicks},
                }
            )
        return {"rows": rows, "together": self._count_people(mailings)}

    def _count_people(self, mailings):
        """Return the figures of all people, each counted once.

        A person is a contact, or an address that is no contact in any of the lists. Plan for two
        lists of a million: one scan of each and one hash of people.
        """
        if any(mailing.personal_data_removed_at for mailing in mailings):
            return False
        recipients = self.env["partner.mailing.recipient"]
        recipients.flush_model()
        [figures] = self.env.execute_query_dict(
            SQL(
                """
                WITH rows AS (
                    SELECT r.partner_id, %(address)s AS address, r.state IN ('sent', 'bounced') AS sent,
                           r.opened_at IS NOT NULL AS opened, r.clicked_at IS NOT NULL AS clicked
                      FROM partner_mailing_recipient r
                     WHERE r.mailing_id = ANY(%(mailings)s) AND r.state != 'skipped'
                ), holders AS (
                    SELECT address, min(partner_id) AS partner_id FROM rows
                     WHERE partner_id IS NOT NULL
                       AND address IN (SELECT address FROM rows WHERE partner_id IS NULL)
                  GROUP BY address
                ), people AS (
                    SELECT bool_or(sent) AS sent, bool_or(opened) AS opened,
                           bool_or(clicked) AS clicked
                      FROM rows LEFT JOIN holders h ON rows.partner_id IS NULL
                                                   AND h.address = rows.address
                  GROUP BY COALESCE(rows.partner_id, h.partner_id),
                           CASE WHEN COALESCE(rows.partner_id, h.partner_id) IS NULL
                                THEN rows.address END
                )
                SELECT count(*) AS recipients, count(*) FILTER (WHERE sent) AS sent,
                       count(*) FILTER (WHERE opened) AS opened,
                       count(*) FILTER (WHERE clicked) AS clicked
                  FROM people
                """,
                address=recipients._address_sql("r"),
                mailings=mailings.ids,
            )
        )
        return figures
