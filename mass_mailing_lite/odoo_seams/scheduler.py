"""Triggers of a scheduled action without the ORM (``ir_cron_trigger``, NOTIFY)."""

from odoo import sql_db
from odoo.addons.base.models.ir_cron import ODOO_NOTIFY_FUNCTION
from odoo.tools import SQL


def trigger_now(dbname, cron_id):
    """Let a scheduled action run at once, from a thread that has no environment.

    As ``ir.cron._trigger`` does: a row in ``ir_cron_trigger``, then a notification on the channel
    ``cron_trigger`` of the database ``postgres``, to which all schedulers listen.

    :raises psycopg2.Error: when the database cannot be reached
    """
    with sql_db.db_connect(dbname).cursor() as cr:
        cr.execute(
            SQL(
                "INSERT INTO ir_cron_trigger (cron_id, call_at)"
                " VALUES (%s, date_trunc('second', now() AT TIME ZONE 'UTC'))",
                cron_id,
            )
        )
    with sql_db.db_connect("postgres").cursor() as cr:
        cr.execute(
            SQL("SELECT %s('cron_trigger', %s)", SQL.identifier(ODOO_NOTIFY_FUNCTION), dbname)
        )
