from . import (
    partner_mailing,
    partner_mailing_answer,
    partner_mailing_companion,
    partner_mailing_rate_limit,
    partner_mailing_recipient,
    partner_mailing_sms_price,
    partner_mailing_unsubscription,
    res_company,
    res_config_settings,
    res_partner,
    sms_template,
    sms_tracker,
)
