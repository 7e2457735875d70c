from odoo.tools import SQL


def migrate(cr, version):
    """Keep the files of mailings that were validated or sent before this version as they are."""
    cr.execute(
        SQL(
            """
            UPDATE ir_attachment a
               SET partner_mailing_is_frozen = TRUE
              FROM partner_mailing m
             WHERE a.res_model = 'partner.mailing' AND a.res_id = m.id AND a.res_field IS NULL
               AND (m.started_at IS NOT NULL
                    OR EXISTS (SELECT FROM partner_mailing_approval p
                                WHERE p.mailing_id = m.id AND p.state IN ('validated', 'void')))
            """
        )
    )
