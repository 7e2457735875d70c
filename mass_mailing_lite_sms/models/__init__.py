from . import (
    partner_mailing,
    partner_mailing_rate_limit,
    partner_mailing_recipient,
    partner_mailing_sms_price,
    res_company,
    res_config_settings,
    sms_template,
    sms_tracker,
)
