from odoo import SUPERUSER_ID, api
from odoo.addons.mass_mailing_lite.delivery.address import same
from odoo.tools import SQL

# Addresses that may have another form than the canonical one, which earlier versions did not make.
ODD = SQL(r"email_normalized ~ '[^ -~]|[A-Z]|\.$'")


def migrate(cr, version):
    """Give addresses of unsubscriptions their canonical form; let lists of drafts be loaded again.

    Lists that were submitted stay as they are, since the fingerprint covers their addresses; the
    messages go to the canonical ones.
    """
    skip_suppressed(cr)
    cr.execute(
        SQL("SELECT DISTINCT email_normalized FROM partner_mailing_unsubscription WHERE %s", ODD)
    )
    forms = {address: same(address) for (address,) in cr.fetchall()}
    cr.execute(
        """
        UPDATE partner_mailing_unsubscription u SET email_normalized = found.form
          FROM unnest(%s::text[], %s::text[]) found (address, form)
         WHERE u.email_normalized = found.address AND found.form <> found.address
        """,
        [list(forms), list(forms.values())],
    )
    cr.execute(
        SQL(
            """
            UPDATE partner_mailing m SET recipients_loaded_at = NULL
             WHERE m.state = 'draft'
               AND EXISTS (SELECT FROM partner_mailing_recipient r
                            WHERE r.mailing_id = m.id AND %s)
            """,
            ODD,
        )
    )


def skip_suppressed(cr):
    """Skip rows of unfinished mailings whose address was suppressed in the form of before.

    Such rows keep that form, so they would no longer match once the others have the canonical one.
    """
    sources = {
        "blocklisted": SQL("mail_blacklist s WHERE s.active AND lower(s.email)"),
        "unsubscribed": SQL(
            "partner_mailing_unsubscription s WHERE s.undone_at IS NULL AND s.email_normalized"
        ),
    }
    changed = set()
    for reason, source in sources.items():
        cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r SET state = 'skipped', skip_reason = %s
                  FROM partner_mailing m
                 WHERE m.id = r.mailing_id AND r.state = 'pending' AND %s
                   AND m.state IN ('to_validate', 'validated', 'sending', 'paused')
                   AND EXISTS (SELECT FROM %s = r.email_normalized)
             RETURNING m.id
                """,
                reason,
                ODD,
                source,
            )
        )
        changed.update(number for (number,) in cr.fetchall())
    api.Environment(cr, SUPERUSER_ID, {})["partner.mailing"].browse(changed)._recount()
