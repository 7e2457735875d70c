from . import base_partner_merge, mailing_dialog

# isort: split
from . import (
    mailing_sample,
    partner_mailing_decision,
    partner_mailing_follow_up,
    partner_mailing_import,
    partner_mailing_load_template,
    partner_mailing_mark,
    partner_mailing_preview,
    partner_mailing_refresh,
    partner_mailing_save_template,
    partner_mailing_sender_check,
    partner_mailing_test,
    partner_mailing_version_edit,
)
