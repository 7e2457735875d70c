from . import (
    partner_mailing,
    partner_mailing_holding,
    partner_mailing_length,
    partner_mailing_message,
    partner_mailing_numbers,
    partner_mailing_privacy,
    partner_mailing_recipient,
    partner_mailing_recipient_report,
    partner_mailing_review,
    partner_mailing_road,
    sms_tracker,
)
