from odoo.tools import SQL

NAMES = {
    "ir_cron_send": ("Mailings: send what is validated", "Mailings: Send Validated Mailings"),
    "ir_cron_count_reactions": (
        "Mailings: count what was opened and clicked",
        "Mailings: Update Statistics",
    ),
    "ir_cron_remove_personal_data": (
        "Mailings: remove personal data whose time is over",
        "Mailings: Remove Expired Personal Data",
    ),
}


def migrate(cr, version):
    """Rename the scheduled actions, which an upgrade does not write, unless users renamed them.

    Translations of the old name are dropped: the upgrade then loads those of the new one.
    """
    for name, (old, new) in NAMES.items():
        cr.execute(
            SQL(
                """
                WITH action AS (
                    UPDATE ir_act_server a SET name = jsonb_build_object('en_US', %(new)s::text)
                      FROM ir_cron c JOIN ir_model_data d ON d.res_id = c.id AND d.model = 'ir.cron'
                     WHERE a.id = c.ir_actions_server_id AND a.name->>'en_US' = %(old)s
                       AND d.module = 'mass_mailing_lite' AND d.name = %(name)s
                 RETURNING a.id)
                UPDATE ir_cron SET cron_name = %(new)s
                 WHERE ir_actions_server_id IN (SELECT id FROM action)
                """,
                name=name,
                old=old,
                new=new,
            )
        )
