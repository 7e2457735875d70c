import json

from odoo import SUPERUSER_ID, api
from odoo.addons.mass_mailing_lite_sms.models.partner_mailing import ESTIMATED_STATES
from odoo.addons.mass_mailing_lite_sms.transport.estimate import count_by_country
from odoo.tools import SQL


def migrate(cr, version):
    """Count the countries of lists that were loaded before, for the number of SMS and their cost.

    By SQL: a mailing that was submitted cannot be changed in another way.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    mailings = env["partner.mailing"].search(
        [("channel", "=", "sms"), ("state", "in", ESTIMATED_STATES)]
    )
    for mailing in mailings:
        if counts := count_by_country(mailing):
            cr.execute(
                SQL(
                    "UPDATE partner_mailing SET sms_countries = %s WHERE id = %s",
                    json.dumps(counts),
                    mailing.id,
                )
            )
    mailings.invalidate_recordset(["sms_countries"], flush=False)
