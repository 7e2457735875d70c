from odoo.tools import SQL


def migrate(cr, version):
    """Move the numbers of recipients out of the columns for e-mail addresses into their own.

    In one statement, which leaves the ids and all that a fingerprint covers as they are. No two
    numbers meet in the new unique index, which has the same condition as that of the addresses
    where they come from.
    """
    cr.execute(
        SQL(
            """
            UPDATE partner_mailing_recipient r
               SET phone = r.email, phone_sanitized = r.email_normalized,
                   email = NULL, email_normalized = NULL
              FROM partner_mailing m
             WHERE m.id = r.mailing_id AND m.channel = 'sms'
               AND (r.email IS NOT NULL OR r.email_normalized IS NOT NULL)
            """
        )
    )
