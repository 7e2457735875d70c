"""The second person: requests, decisions, and the fingerprint of what was validated."""

from . import (
    partner_mailing_approval,
    partner_mailing_approving,
    partner_mailing_fingerprint,
    partner_mailing_review,
)
