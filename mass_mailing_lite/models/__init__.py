# First, because other models inherit it.
from . import partner_mailing_guard

# isort: split
from . import (
    ir_mail_server,
    partner_mailing,
    partner_mailing_approval,
    partner_mailing_audience,
    partner_mailing_audience_predefined,
    partner_mailing_counter,
    partner_mailing_extra_address,
    partner_mailing_fingerprint,
    partner_mailing_judgement,
    partner_mailing_loading,
    partner_mailing_marking,
    partner_mailing_message,
    partner_mailing_recipient,
    partner_mailing_recipient_queue,
    partner_mailing_recipient_reference,
    partner_mailing_refresh,
    partner_mailing_sending,
    partner_mailing_workflow,
    res_company,
    res_config_settings,
    res_partner,
)
