from odoo.tools import SQL


def migrate(cr, version):
    """Move the numbers of recipients out of the columns for e-mail addresses into their own.

    In one statement, which leaves the ids and all that a fingerprint covers as they are. No number
    meets another one in the unique index: it was unique among the same rows in the index of
    addresses. In the order of the list, so that the new index grows at its end.
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
    # The index of a table that has another name since.
    cr.execute(SQL("DROP INDEX IF EXISTS partner_mailing_pace_sms_company_uniq"))
