from odoo.tools import SQL
from odoo.tools.misc import formatLang

from .check import INFO, PEOPLE, WARNING, Check, register

# From this share of the list on, addresses that bounced harm the reputation of the sender: large
# providers slow down a sender with 5 % of unknown recipients.
HARMFUL_SHARE = 0.02


@register
class LastMailing(Check):
    """How many recipients are new since the last mailing, and for how many that one bounced.

    The last mailing of the company in the channel, among those that the responsible may read; it is
    not named, because the validator may not be allowed to read it.
    """

    key = "last_mailing"
    kind = PEOPLE
    level = INFO
    sequence = 81

    def get_title(self):
        return self.env._("new and bounced recipients")

    def get_question(self):
        return self.env._("How many are new since the last mailing, or bounced then?")

    def look_at_list(self):
        """Return their numbers: ``new`` and ``bounced``.

        Plan at a million rows in both mailings: a hash join of the two lists, 1 s.
        """
        mailing = self.mailing
        last = self._find_last()
        if not last:
            return None
        column = SQL.identifier(mailing._get_transport().address_column)
        [(new, bounced)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE e.id IS NULL),
                       count(*) FILTER (WHERE e.state = 'bounced')
                  FROM partner_mailing_recipient r
             LEFT JOIN partner_mailing_recipient e
                    ON e.mailing_id = %(last)s AND e.%(address)s = r.%(address)s
                   AND e.state != 'skipped'
                 WHERE r.mailing_id = %(mailing)s AND r.state != 'skipped'
                """,
                last=last.id,
                address=column,
                mailing=mailing.id,
            )
        )
        return {"new": new, "bounced": bounced, "total": mailing.recipient_count}

    def _find_last(self):
        mailing = self.mailing
        domain = [
            ("id", "!=", mailing.id),
            ("channel", "=", mailing.channel),
            ("company_id", "=", mailing.company_id.id),
            ("started_at", "!=", False),
            ("personal_data_removed_at", "=", False),
        ]
        reader = mailing.user_id or mailing.create_uid
        mailings = mailing.with_user(reader).with_context(active_test=False)
        return mailings.search(domain, order="started_at desc", limit=1).sudo()

    def describe(self, facts):
        found = self.list_facts
        if not found:
            return []
        findings = []
        if found["new"]:
            message = self.env._(
                "New since the last mailing: %s.", formatLang(self.env, found["new"], digits=0)
            )
            findings.append(self.make_finding(message, "", count=found["new"], page="recipients"))
        if found["bounced"]:
            is_harmful = found["bounced"] > HARMFUL_SHARE * (found["total"] or 1)
            message = self.env._(
                "The message of the last mailing came back from: %s.",
                formatLang(self.env, found["bounced"], digits=0),
            )
            remedy = is_harmful and self.env._(
                "Exclude them: under But not to, choose the last mailing and its recipients that it"
                " did not reach."
            )
            findings.append(
                self.make_finding(
                    message,
                    remedy or "",
                    count=found["bounced"],
                    page="recipients",
                    level=WARNING if is_harmful else INFO,
                )
            )
        return findings
