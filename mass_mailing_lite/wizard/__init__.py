from . import (
    partner_mailing_import,
    partner_mailing_mark,
    partner_mailing_preview,
    partner_mailing_refresh,
    partner_mailing_refuse,
    partner_mailing_test,
)
