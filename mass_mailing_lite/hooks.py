from odoo.tools import SQL


def uninstall_hook(env):
    """Forget the names that other addons gave to what they bring into our models.

    Odoo takes the fields along with the models, and leaves the names that addons such as
    `mail` have for them.
    """
    env.cr.execute(
        SQL(
            """
            DELETE FROM ir_model_data
             WHERE module <> 'mass_mailing_lite'
               AND model IN ('ir.model.fields', 'ir.model.fields.selection', 'ir.model.inherit')
               AND name ~ '^(field|selection|model_inherit)_+partner_mailing_'
            """
        )
    )
