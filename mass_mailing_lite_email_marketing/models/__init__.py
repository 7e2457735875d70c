from . import (
    mail_template,
    mailing_contact,
    mailing_list,
    mailing_mailing,
    partner_mailing,
    partner_mailing_past_counter,
    partner_mailing_recipient,
    partner_mailing_source,
    partner_mailing_unsubscription,
)
