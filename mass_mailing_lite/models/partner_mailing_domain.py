import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..selection import DEAD_STATES
from ..tools.domain import lookup, mail_hosts
from ..transport.canonical_address import contact_address_sql
from .partner_mailing import UNDECIDED_STATES

_logger = logging.getLogger(__name__)

STATES = [
    (mail_hosts.UNKNOWN, "Not known"),
    (mail_hosts.TAKES, "Gets e-mail"),
    (mail_hosts.REFUSES, "Declares that it gets no e-mail"),
    (mail_hosts.NO_HOST, "Has no mail server"),
    (mail_hosts.NO_DOMAIN, "Does not exist"),
]

# A run asks for so many domains at most, a batch at once: at 4 s for the slowest answers, a batch takes
# 25 s at worst, and its results are committed.
MAX_DOMAINS, BATCH, THREADS = 2000, 100, 16
QUESTIONS_EACH = 10  # MX, A, AAAA, and what aliases lead to
SECONDS, SECONDS_EACH = 60, 4
CONTROL = ("com", "NS")  # what each name server of the internet knows
# After how long a domain is asked again. A dead one sooner: its owner may have forgotten to pay.
AGAIN_AFTER = timedelta(weeks=6)
DEAD_AGAIN_AFTER = timedelta(weeks=2)
UNKNOWN_AGAIN_AFTER = timedelta(days=1)
# How many drafts are looked at again after domains were found dead.
MAX_DRAFTS = 100


class PartnerMailingDomain(models.Model):
    """One domain of addresses of contacts, and whether it gets e-mail, as the DNS says.

    A scheduled action asks, which is off until an administrator switches it on in the settings. An
    answer that does not come (a timeout, a fault of a name server) changes nothing.
    """

    _name = "partner.mailing.domain"
    _inherit = ["partner.mailing.guard"]
    _description = "Domain of Addresses"
    _order = "name"
    _log_access = False  # written by SQL

    name = fields.Char("Domain", required=True)
    state = fields.Selection(STATES, required=True, default=mail_hosts.UNKNOWN)
    checked_at = fields.Datetime("Checked On", help="When the DNS last gave an answer.")
    next_check_at = fields.Datetime("Next Check", required=True, index=True)

    _name_uniq = models.UniqueIndex("(name)")
    # The few that the preflight of each list asks for.
    _dead_idx = models.Index(
        f"(name) WHERE state IN ({', '.join(repr(state) for state in DEAD_STATES)})"
    )

    @api.model
    def _cron_check(self):
        """Ask the DNS for the domains that are due, in batches, as long as the scheduler allows."""
        if not lookup.is_available():
            _logger.warning("Domains of contacts are not checked: install the library dnspython.")
            return
        cron = self.env["ir.cron"]
        self._collect()
        seconds_left = cron._commit_progress(remaining=self._count_due())
        done, has_changed = 0, False
        while done < MAX_DOMAINS and seconds_left > 0:
            names = self._get_due()
            if not names:
                break
            results = ask(names)
            has_changed |= self._record(results)
            done += len(names)
            if not any(state != mail_hosts.UNKNOWN for state in results.values()):
                # The resolver cannot be reached, knows nothing of the internet, or has had enough.
                _logger.warning("The DNS gave no answer about %s domains.", len(names))
                cron._commit_progress(len(names), remaining=0)
                break
            seconds_left = cron._commit_progress(len(names), remaining=self._count_due())
        if has_changed:
            self._look_at_drafts()
            cron._commit_progress()

    @api.model
    def _collect(self):
        """Add the domains of contacts that are new, and remove those that no contact has any more.

        Plan at a million contacts: one scan, a hash of their domains, and one hash join with the
        table; 2 s, once a day.
        """
        self.env["res.partner"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH found AS MATERIALIZED (
                    SELECT DISTINCT split_part(address, '@', 2) AS name
                      FROM (SELECT %(address)s AS address FROM res_partner p WHERE p.active
                         UNION ALL
                            SELECT f.address
                              FROM res_partner p
                             CROSS JOIN LATERAL
                                   jsonb_to_recordset(p.partner_mailing_further) AS f (address text)
                             WHERE p.active AND p.partner_mailing_further IS NOT NULL) a
                     WHERE address IS NOT NULL
                ), gone AS (
                    DELETE FROM partner_mailing_domain d
                     WHERE NOT EXISTS (SELECT FROM found f WHERE f.name = d.name)
                )
                INSERT INTO partner_mailing_domain (name, state, next_check_at)
                SELECT f.name, %(unknown)s, %(now)s
                  FROM found f
                 WHERE f.name ~ %(pattern)s AND length(f.name) <= 253
           ORDER BY f.name
                    ON CONFLICT DO NOTHING
                """,
                address=contact_address_sql("p"),
                unknown=mail_hosts.UNKNOWN,
                now=fields.Datetime.now(),
                # No IP addresses in brackets, and no name without a dot, which is one of a network.
                pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)+$",
            )
        )
        self.invalidate_model(flush=False)

    @api.model
    def _get_due(self):
        """Return the names of the next domains to ask for, those that were never asked first."""
        domain = [("next_check_at", "<=", fields.Datetime.now())]
        order = "checked_at NULLS FIRST, next_check_at, id"
        return self.sudo().search_fetch(domain, ["name"], order=order, limit=BATCH).mapped("name")

    @api.model
    def _count_due(self):
        return self.sudo().search_count([("next_check_at", "<=", fields.Datetime.now())])

    @api.model
    def _record(self, results):
        """Write what the DNS said; return whether a domain has become dead, or lives again.

        :param results: {domain: state}
        """
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                """
                WITH old AS (
                    SELECT d.id, d.state AS old_state, r.state
                      FROM unnest(%(names)s::text[], %(states)s::text[]) AS r (name, state)
                      JOIN partner_mailing_domain d ON d.name = r.name
                ), recorded AS (
                    UPDATE partner_mailing_domain d
                       SET state = CASE WHEN old.state = %(unknown)s THEN d.state
                                        ELSE old.state END,
                           checked_at = CASE WHEN old.state = %(unknown)s THEN d.checked_at
                                             ELSE %(now)s END,
                           next_check_at = %(now)s + CASE
                               WHEN old.state = %(unknown)s THEN %(unknown_again)s
                               WHEN old.state IN %(dead)s THEN %(dead_again)s
                               ELSE %(again)s END
                      FROM old
                     WHERE d.id = old.id)
                SELECT count(*) FROM old
                 WHERE old.state != %(unknown)s
                   AND (old.state IN %(dead)s) != (old.old_state IN %(dead)s)
                """,
                names=list(results),
                states=list(results.values()),
                unknown=mail_hosts.UNKNOWN,
                dead=DEAD_STATES,
                now=now,
                again=AGAIN_AFTER,
                dead_again=DEAD_AGAIN_AFTER,
                unknown_again=UNKNOWN_AGAIN_AFTER,
            )
        )
        self.invalidate_model(flush=False)
        return bool(rows[0][0])

    @api.model
    def _look_at_drafts(self):
        """Look again at the lists that are not decided on, so that their forms show what was found."""
        drafts = self.env["partner.mailing"].sudo()
        for mailing in drafts.search(
            [("state", "in", UNDECIDED_STATES), ("counter_id.recipient_count", ">", 0)],
            order="write_date desc",
            limit=MAX_DRAFTS,
        ):
            mailing._store_list_facts()


def ask(names):
    """Return {domain: state} of domains, asked at the same time; it uses no database.

    A name server inside a closed network may say that no domain of the internet exists. So where none
    of the domains gets mail, it is asked for one that does exist, and believed only if it knows it.
    """
    look = lookup.Lookup(
        seconds=SECONDS, seconds_each=SECONDS_EACH, max_questions=QUESTIONS_EACH * len(names) + 1
    )
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        found = pool.map(lambda name: mail_hosts.find_mail_hosts(look, name).status, names)
        results = dict(zip(names, found, strict=True))
    if mail_hosts.TAKES not in results.values() and look.ask(*CONTROL).status != lookup.FOUND:
        return dict.fromkeys(names, mail_hosts.UNKNOWN)
    return results
