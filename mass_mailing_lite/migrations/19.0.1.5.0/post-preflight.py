from odoo import SUPERUSER_ID, api
from odoo.addons.mass_mailing_lite.preflight import Preflight


def migrate(cr, version):
    """Look at what is not decided on with the checks of this version: at lists in the background."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    undecided = (
        env["partner.mailing"]
        .with_context(active_test=False)
        .search([("state", "in", ("draft", "to_validate"))])
    )
    for mailing in undecided:
        mailing._as_system().write({"finding_facts": mailing._look()})
        Preflight(mailing).look_at_list(limit=0)
