from . import (
    ir_attachment,
    ir_mail_server,
    ir_websocket,
    ir_qweb,
    mail_template,
    mailing_guard,
    partner_mailing,
    partner_mailing_approval,
    partner_mailing_approving,
    partner_mailing_audience,
    partner_mailing_counter,
    partner_mailing_fingerprint,
    partner_mailing_loading,
    partner_mailing_message,
    partner_mailing_progress,
    partner_mailing_recipient,
    partner_mailing_recipient_queue,
    partner_mailing_recipient_uncertain,
    partner_mailing_review,
    partner_mailing_sending,
    partner_mailing_workflow,
    res_company,
    res_config_settings,
    res_partner,
)

# isort: split
# After what they extend: the content of a mailing.
from . import (
    partner_mailing_language,
    partner_mailing_notice,
    partner_mailing_placeholder,
    partner_mailing_qweb,
    partner_mailing_size,
    partner_mailing_template,
    partner_mailing_tested,
)
