from odoo import SUPERUSER_ID, api
from odoo.addons.mass_mailing_lite.tools.version import get_made_for


def migrate(cr, version):
    """Note the language versions of drafts, of which nobody knows what they were made for.

    The main version is the one in the company's language, or else in English: what was read by
    recipients without a version of their own. The author confirms the others, or changes them.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    mailings = env["partner.mailing"].with_context(active_test=False).search([])
    for mailing in mailings:
        language = mailing.company_id.partner_id.lang
        texts = [by_lang for by_lang in mailing._get_version_texts()[0].values() if by_lang]
        if language and texts and all(language in by_lang for by_lang in texts):
            # By SQL: a text must not change in what was validated.
            cr.execute(
                "UPDATE partner_mailing SET main_lang = %s WHERE id = %s", [language, mailing.id]
            )
    mailings.invalidate_recordset(["main_lang"])
    for mailing in mailings.filtered(lambda mailing: mailing.state in ("draft", "cancelled")):
        stored, main = mailing._get_version_texts()
        mailing._note_versions(get_made_for(stored, main, stale={main: list(stored)}))
