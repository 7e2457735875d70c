from . import (
    mail_template,
    mailing_mailing,
    partner_mailing,
)
