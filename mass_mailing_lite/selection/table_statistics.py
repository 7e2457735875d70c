"""PostgreSQL's statistics of the tables that statements over whole lists join.

Autovacuum renews them up to a minute after an import, and never within a transaction. Until then
PostgreSQL may expect one row where a new tag or list has 100,000, and compare each recipient with
each contact: 34 s for 20,000 contacts of a new tag, growing with the square.
"""

import contextlib
import json

import psycopg2

from odoo.tools import SQL

# What a list is made of. Tables of addons that are not installed are left alone.
TABLES = (
    "res_partner",
    "res_partner_res_partner_category_rel",
    "partner_mailing_marked_partner_rel",
    "partner_mailing_unsubscription",
    "partner_mailing_unsubscription_category_rel",
    "mail_blacklist",
    "phone_blacklist",
    "mailing_contact",
    "mailing_subscription",
)
LIST = "partner_mailing_recipient"
# What the size of a list is estimated from, and how much PostgreSQL samples for it: 3,000 rows, 0.1 s.
LIST_COLUMNS = ("mailing_id", "is_submitted", "state")
LIST_TARGET = 10

# Changed rows from which statistics are renewed: so many, and this share of the table. Autovacuum
# waits for a tenth, in which a tag with a million contacts of ten is not seen.
MIN_CHANGED = 1000
MIN_SHARE = 0.005
# How many times fewer rows of a list PostgreSQL may expect than there are.
MAX_TIMES = 10


def renew_statistics(env):
    """Renew the statistics of contacts, tags, marks, unsubscriptions and the blocklist, if need be.

    What others have committed is read by a connection of its own, so that it is kept when this
    transaction fails: PostgreSQL does not count those changes a second time.
    """
    changed = env.execute_query(
        SQL(
            """
            SELECT c.relname,
                   pg_stat_get_mod_since_analyze(c.oid) >= greatest(%(least)s, %(share)s * rows),
                   own >= greatest(%(least)s, %(share)s * rows)
              FROM pg_class c,
           LATERAL (SELECT pg_stat_get_live_tuples(c.oid) AS rows,
                           pg_stat_get_xact_tuples_inserted(c.oid)
                           + pg_stat_get_xact_tuples_updated(c.oid) AS own) s
             WHERE c.oid = ANY(SELECT to_regclass(name) FROM unnest(%(tables)s) AS t (name))
               AND c.relkind = 'r'
            """,
            least=MIN_CHANGED,
            share=MIN_SHARE,
            tables=list(TABLES),
        )
    )
    if committed := [table for table, is_changed, _own in changed if is_changed]:
        with env.registry.cursor() as cr:
            for table in committed:
                _analyze(cr, table)
    for table, _changed, is_own in changed:
        if is_own:
            _analyze(env.cr, table)


def renew_list_statistics(env, mailing_id, count, condition=None):
    """Renew the statistics of recipients if PostgreSQL expects far fewer than a list has.

    Those of few columns, from a small sample: a full one takes a second at a million rows, and
    autovacuum, which still counts the changes then, makes it later.

    :param count: rows of the list under ``condition``, an ``SQL`` or None
    """
    if count < MIN_CHANGED:
        return
    [(plan,)] = env.execute_query(
        SQL(
            "EXPLAIN (FORMAT JSON) SELECT FROM %s WHERE mailing_id = %s AND %s",
            SQL.identifier(LIST),
            mailing_id,
            condition or SQL("TRUE"),
        )
    )
    plan = json.loads(plan) if isinstance(plan, str) else plan
    if plan[0]["Plan"]["Plan Rows"] * MAX_TIMES < count:
        [(before,)] = env.execute_query(SQL("SELECT current_setting('default_statistics_target')"))
        _set(env.cr, "default_statistics_target", str(LIST_TARGET))
        _analyze(env.cr, LIST, LIST_COLUMNS)
        _set(env.cr, "default_statistics_target", before)


@contextlib.contextmanager
def whole_list(env, count):
    """Within the block, PostgreSQL reads whole tables in place of looking up row by row.

    For statements over lists whose statistics could not be renewed, because the table is being
    vacuumed or another list is submitted at this moment.

    :param count: recipients of the list; of a short one, looking up is faster and always safe
    """
    if count < MIN_CHANGED:
        yield
        return
    [(before,)] = env.execute_query(SQL("SELECT current_setting('enable_nestloop')"))
    _set(env.cr, "enable_nestloop", "off")
    try:
        yield
    finally:
        # After an error of a statement, the setting is undone with the transaction.
        with contextlib.suppress(psycopg2.errors.InFailedSqlTransaction):
            _set(env.cr, "enable_nestloop", before)


def _set(cr, name, value):
    """Change a setting of PostgreSQL until the end of the transaction."""
    cr.execute(SQL("SELECT set_config(%s, %s, TRUE)", name, value), log_exceptions=False)


def _analyze(cr, table, columns=()):
    # Another transaction may do the same at this moment, or vacuum the table: nothing waits for it.
    names = SQL("(%s)", SQL(", ").join(map(SQL.identifier, columns))) if columns else SQL()
    cr.execute(SQL("ANALYZE (SKIP_LOCKED) %s %s", SQL.identifier(table), names))
