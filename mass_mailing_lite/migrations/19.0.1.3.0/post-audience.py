from odoo.tools import SQL


def migrate(cr, version):
    """Count the further addresses of each list, which are maintained from now on.

    Plan: the index of further addresses, which has no other row.
    """
    cr.execute(
        SQL(
            """
            UPDATE partner_mailing_counter k
               SET further_count = r.excluded, further_included_count = r.included
              FROM (SELECT mailing_id,
                           count(*) FILTER (WHERE skip_reason = 'further_address') AS excluded,
                           count(*) FILTER (WHERE skip_reason IS NULL) AS included
                      FROM partner_mailing_recipient
                     WHERE is_further
                  GROUP BY mailing_id) r
              JOIN partner_mailing m ON m.id = r.mailing_id
             WHERE k.id = m.counter_id
            """
        )
    )
