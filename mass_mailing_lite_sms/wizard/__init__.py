from . import (
    partner_mailing_import,
    partner_mailing_load_template,
    partner_mailing_preview,
    partner_mailing_sample,
    partner_mailing_save_template,
    partner_mailing_test,
    partner_mailing_version_edit,
)
