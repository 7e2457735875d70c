# In the order of a mailing's life.
from . import mailing_call

# isort: split
from . import mailing_addresses, mailing_favorites, mailing_guard, mailing_template

# isort: split
# What a mailing is, and its way from draft to done.
from . import (
    partner_mailing,
    partner_mailing_checklist,
    partner_mailing_counter,
)

# isort: split
# Who gets it, what is written, and the approval.
from . import (
    partner_mailing_approval,
    partner_mailing_audience,
    partner_mailing_checked_address,
    partner_mailing_content,
    partner_mailing_layout,
    partner_mailing_message,
    partner_mailing_proof,
    partner_mailing_recipient,
    partner_mailing_recipients,
    partner_mailing_sender,
    partner_mailing_sender_look,
    partner_mailing_source,
    partner_mailing_tester,
    partner_mailing_version,
)

# isort: split
# Sending.
from . import (
    partner_mailing_rate_limit,
    partner_mailing_recipient_queue,
    partner_mailing_reservation,
    partner_mailing_sending,
)

# isort: split
# Results.
from . import (
    partner_mailing_breakdown,
    partner_mailing_domain,
    partner_mailing_file,
    partner_mailing_link,
    partner_mailing_reaction,
    partner_mailing_recipient_results,
    partner_mailing_results,
    partner_mailing_unsubscription,
)

# isort: split
# What is added to other models.
from . import (
    ir_attachment,
    ir_mail_server,
    ir_websocket,
    mail_blacklist,
    mail_template,
    res_company,
    res_config_settings,
    res_partner,
    res_users,
)
