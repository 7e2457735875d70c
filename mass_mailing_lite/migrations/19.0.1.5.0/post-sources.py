from odoo.tools import SQL


def migrate(cr, version):
    """Make entries of *Write to* of the audiences of all mailings, which they stand beside now."""
    cr.execute(
        SQL(
            """
            INSERT INTO partner_mailing_source
                   (mailing_id, side, kind, audience_id, create_uid, write_uid, create_date,
                    write_date)
            SELECT r.mailing_id, 'in', 'audience', r.audience_id, m.write_uid, m.write_uid,
                   m.write_date, m.write_date
              FROM partner_mailing_audience_rel r
              JOIN partner_mailing m ON m.id = r.mailing_id
          ORDER BY r.mailing_id, r.audience_id
                ON CONFLICT DO NOTHING
            """
        )
    )
