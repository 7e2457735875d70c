"""The sender: claim, fill, transmit, record; limits, hours, and what holds a mailing."""

from . import (
    ir_mail_server,
    ir_mail_server_limit,
    ir_websocket,
    partner_mailing_breaker,
    partner_mailing_connection,
    partner_mailing_counter_sending,
    partner_mailing_expected,
    partner_mailing_grant,
    partner_mailing_holding,
    partner_mailing_pace,
    partner_mailing_progress,
    partner_mailing_recipient_domain,
    partner_mailing_recipient_queue,
    partner_mailing_recipient_uncertain,
    partner_mailing_sending,
    res_company_sending,
    res_config_settings_sending,
)
