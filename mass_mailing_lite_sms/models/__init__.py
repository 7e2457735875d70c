from . import (
    partner_mailing,
    partner_mailing_companion,
    partner_mailing_rate_limit,
    partner_mailing_recipient,
    res_company,
    res_config_settings,
    sms_tracker,
)
