from . import partner_mailing_decision, partner_mailing_preview, partner_mailing_test
