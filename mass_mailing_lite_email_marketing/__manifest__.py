{
    "name": "Mass Mailing Lite: Email Marketing",
    "summary": "Odoo's mail builder and mailing lists, approved by a second pair of eyes",
    "version": "19.0.1.0.0",
    "category": "Marketing/Mass Mailing",
    "author": "Mass Mailing Lite contributors",
    "license": "LGPL-3",
    "depends": ["mass_mailing_lite", "mass_mailing"],
    "data": [
        "security/ir.model.access.csv",
        "security/mass_mailing_lite_email_marketing_rules.xml",
        "data/ir_cron_data.xml",
        "wizard/partner_mailing_load_template_views.xml",
        "wizard/partner_mailing_version_edit_views.xml",
        "report/partner_mailing_report_views.xml",
        "views/mailing_mailing_views.xml",
        "views/partner_mailing_source_views.xml",
        "views/partner_mailing_unsubscription_views.xml",
        "views/partner_mailing_utm_views.xml",
        "views/res_config_settings_views.xml",
        "views/utm_campaign_views.xml",
        "views/partner_mailing_moving_views.xml",
        "views/partner_mailing_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "mass_mailing_lite_email_marketing/static/src/sources/**/*",
            "mass_mailing_lite_email_marketing/static/src/fields/**/*",
        ],
        "mass_mailing.assets_builder": [
            "mass_mailing_lite_email_marketing/static/src/builder/**/*",
        ],
        "mass_mailing.assets_inside_builder_iframe": [
            "mass_mailing_lite/static/src/placeholder/body_chip.scss",
            "mass_mailing_lite_email_marketing/static/src/inside/**/*",
        ],
        "web.assets_tests": [
            "mass_mailing_lite_email_marketing/static/tests/tours/**/*",
        ],
    },
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
