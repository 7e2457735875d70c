{
    "name": "Mass Mailing Lite: Email Marketing",
    "summary": "Odoo's mail builder and mailing lists, approved by a second pair of eyes",
    "version": "19.0.1.0.0",
    "category": "Marketing/Mass Mailing",
    "author": "Mass Mailing Lite contributors",
    "license": "LGPL-3",
    "depends": ["mass_mailing_lite", "mass_mailing"],
    "data": [
        "wizard/partner_mailing_load_template_views.xml",
        "views/partner_mailing_source_views.xml",
        "views/partner_mailing_unsubscription_views.xml",
        "views/partner_mailing_views.xml",
    ],
    "assets": {
        "web.assets_backend": ["mass_mailing_lite_email_marketing/static/src/sources/**/*"],
    },
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
