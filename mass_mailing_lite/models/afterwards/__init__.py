"""What comes back: bounces, answers, unsubscriptions, openings and clicks; and the figures."""

from . import (
    mail_thread,
    partner_mailing_breakdown,
    partner_mailing_link,
    partner_mailing_privacy,
    partner_mailing_reaction,
    partner_mailing_recipient_bounce,
    partner_mailing_recipient_reaction,
    partner_mailing_recipient_reply,
    partner_mailing_standing,
    partner_mailing_statistics,
    partner_mailing_tracked_message,
    partner_mailing_tracking,
    partner_mailing_unsubscribe_link,
    partner_mailing_unsubscribed,
    partner_mailing_unsubscribing,
    partner_mailing_unsubscription,
)
