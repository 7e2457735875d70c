"""What a mailing is, and its way from draft to done."""

from . import (
    mailing_guard,
    partner_mailing,
    partner_mailing_archiving,
    partner_mailing_card,
    partner_mailing_counter,
    partner_mailing_dialogs,
    partner_mailing_road,
    partner_mailing_workflow,
)
