{
    "name": "Mass Mailing Lite: SMS",
    "summary": "Mailings by SMS, approved by a second pair of eyes",
    "version": "19.0.1.2.0",
    "category": "Marketing/Mass Mailing",
    "author": "Mass Mailing Lite contributors",
    "license": "LGPL-3",
    "depends": ["mass_mailing_lite", "sms", "phone_validation"],
    "data": [
        "data/mailing_review_templates.xml",
        "wizard/partner_mailing_preview_views.xml",
        "wizard/partner_mailing_test_views.xml",
        "wizard/partner_mailing_version_edit_views.xml",
        "views/partner_mailing_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "auto_install": ["mass_mailing_lite", "sms"],
    "uninstall_hook": "uninstall_hook",
}
