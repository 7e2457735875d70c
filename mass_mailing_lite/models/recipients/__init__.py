"""Who is written to: audiences become the frozen list."""

from . import (
    partner_mailing_audience,
    partner_mailing_audience_predefined,
    partner_mailing_extra_address,
    partner_mailing_judgement,
    partner_mailing_loading,
    partner_mailing_marking,
    partner_mailing_recipient,
    partner_mailing_recipient_reference,
    partner_mailing_refresh,
    partner_mailing_window,
)

# isort: split
# After what they extend.
from . import (
    partner_mailing_leaving_out,
)
