import json
from contextlib import nullcontext

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..sender.rate_limiter import RateLimiter
from ..sender.transaction import in_transaction

# For rows of a mailing that other transactions write; longer than any of a sender.
LOCK_TIMEOUT = "5s"
# Number of the sender in the reservations of tests: of no sender, whose numbers are positive.
NO_SENDER = 0
# Until the next try of proofs, where a part of them had room.
RETRY_SECONDS = 60


class PartnerMailingTester(models.Model):
    """How many tests a user has sent on the last day with tests, and the addresses used last."""

    _name = "partner.mailing.tester"
    _inherit = ["partner.mailing.guard"]
    _description = "Tests of a User"
    _rec_name = "user_id"
    _log_access = False

    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    day = fields.Date(help="In UTC.")
    count = fields.Integer("Messages", default=0, required=True)
    typed = fields.Json("Addresses Used Last", help="{name of the dialog's field: what it held}")

    _user_uniq = models.UniqueIndex("(user_id)")

    @api.model
    def _get_last_typed(self, name):
        """Return what the current user typed last into a field of the dialog, or False."""
        own = self.sudo().search([("user_id", "=", self.env.uid)])
        return (own.typed or {}).get(name, False)

    @api.model
    def _count_test(self, mailing, addresses, typed, words):
        """Count a test and write it into the chatter of its mailing, before it is sent.

        In a transaction of its own: an error at the last of ten addresses must not undo what the
        first nine have got.

        :param addresses: list of normalised addresses
        :param typed: {name of the dialog's field: what it holds}
        :param words: text for the chatter
        :raises UserError: when the user's quota of the day, or the limit of the server, is used up
        """

        def step(tester, mailing, limiter):
            if limiter:
                tester._reserve_all(limiter, addresses)
            tester._take(mailing, len(addresses), typed)
            mailing.sudo().message_post(
                body=words,
                author_id=tester.env.user.partner_id.id,
                subtype_xmlid="mail.mt_note",
            )

        self._run_apart(mailing, step, with_limits=True)

    @api.model
    def _record_test(self, mailing, lang):
        """Record on the mailing that it was tested, after the messages have left.

        In a transaction of its own, too: after a conflict with another user's change of the mailing,
        Odoo would repeat the whole request, and with it the messages.
        """
        self._run_apart(mailing, lambda _tester, mailing, _limiter: mailing._record_test(lang))
        mailing.invalidate_recordset(flush=False)

    @api.model
    def _reserve_proofs(self, mailing, addresses):
        """Count proofs against the limits of the mailing's server, before they are sent.

        :param addresses: list of normalised addresses
        :return: list of the addresses that there is room for now, and the seconds until there is
            room for others
        """

        def step(tester, _mailing, limiter):
            if not limiter:
                return addresses, 0
            return tester._reserve(limiter, addresses), limiter.wait or RETRY_SECONDS

        return self._run_apart(mailing, step, with_limits=True)

    def _run_apart(self, mailing, step, with_limits=False):
        """Run ``step(self, mailing, limiter)`` in a transaction of its own, again after conflicts.

        Return what it returns.

        What is not committed yet (a mailing that is made in the same transaction) is seen by the
        current transaction alone, which then does it.

        :param with_limits: whether a ``RateLimiter`` is given, where the mailing's server has limits
        """
        seen = SQL(
            "SELECT FROM res_users u, partner_mailing m WHERE u.id = %s AND m.id = %s",
            self.env.uid,
            mailing.id,
        )
        with self.pool.cursor() as cr:
            cr.execute(seen)
            is_committed = bool(cr.rowcount)
            cr.rollback()
            if is_committed:
                apart = self.with_env(self.env(cr=cr))
                theirs = mailing.with_env(apart.env)
                limiter = apart._get_limiter(theirs) if with_limits else None
                cr.commit()  # pylint: disable=invalid-commit  # a cursor of its own
                try:
                    with limiter.exclusive() if limiter else nullcontext():
                        return in_transaction(
                            cr, lambda: apart._run(step, theirs, limiter, LOCK_TIMEOUT)
                        )
                except psycopg2.errors.LockNotAvailable:
                    # The current transaction itself may have written the mailing.
                    cr.rollback()
        return self._run(step, mailing, self._get_limiter(mailing) if with_limits else None)

    def _run(self, step, mailing, limiter, lock_timeout=None):
        if lock_timeout:
            self.env.cr.execute(SQL("SET LOCAL lock_timeout = %s", lock_timeout))
        result = step(self, mailing, limiter)
        self.env.flush_all()
        return result

    def _get_limiter(self, mailing):
        """Return the ``RateLimiter`` of the mailing's server, None where it has no limits."""
        transport = mailing.sudo()._get_transport()
        limits = transport.get_limits()
        if not limits:
            return None
        limiter = RateLimiter(self.sudo().env, transport.get_limit_key(), NO_SENDER, limits)
        limiter.prepare()
        return limiter

    def _reserve_all(self, limiter, addresses):
        """Count the messages of a test against the limits of the server.

        :raises UserError: when there is no room for all of them
        """
        if not self._reserve(limiter, addresses, or_none=True):
            raise UserError(
                self.env._(
                    "The test was not sent: the limit of the mail server has no room for"
                    " %(number)s messages now. Try again in %(minutes)s minutes, or write to fewer"
                    " addresses.",
                    number=len(addresses),
                    minutes=max(1, round((limiter.wait or 60) / 60)),
                )
            )

    def _reserve(self, limiter, addresses, or_none=False):
        """Count messages against the limits of the server, as those of a mailing.

        :param or_none: count none of them where there is no room for all
        :return: list of the addresses that are counted
        """
        rows = [{"id": number, "address": one} for number, one in enumerate(addresses)]
        rows = limiter.pick(rows)
        if not rows or (or_none and len(rows) < len(addresses)):
            return []
        results = [{"id": row["id"], "attempted": True} for row in rows]
        limiter.reserve(rows)
        limiter.confirm([])
        limiter.settle(results)
        limiter.confirm(results)
        return [row["address"] for row in rows]

    def _take(self, mailing, number, typed):
        """Count messages of the current user, in one statement; two tests at once both count.

        :raises UserError: when the quota of the day is used up
        """
        quota = mailing.sudo().company_id.partner_mailing_test_limit_day
        used = SQL("CASE WHEN t.day = EXCLUDED.day THEN t.count ELSE 0 END")
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO partner_mailing_tester AS t (user_id, day, count, typed)
                SELECT %(user)s, (now() AT TIME ZONE 'UTC')::date, %(number)s, %(typed)s::jsonb
                 WHERE %(quota)s = 0 OR %(number)s <= %(quota)s
                    ON CONFLICT (user_id) DO UPDATE
                   SET count = %(used)s + EXCLUDED.count, day = EXCLUDED.day,
                       typed = COALESCE(t.typed, '{}') || EXCLUDED.typed
                 WHERE %(quota)s = 0 OR %(used)s + EXCLUDED.count <= %(quota)s
             RETURNING id
                """,
                user=self.env.uid,
                number=number,
                typed=json.dumps(typed),
                quota=quota,
                used=used,
            )
        )
        self.env["partner.mailing.tester"].invalidate_model(flush=False)
        if not rows:
            raise UserError(
                self.env._(
                    "The test was not sent: you may send %(quota)s test messages a day, and this one"
                    " would be more. Wait until tomorrow, or ask an administrator to raise the limit"
                    " in the settings.",
                    quota=quota,
                )
            )
