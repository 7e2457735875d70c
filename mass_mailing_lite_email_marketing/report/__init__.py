from . import partner_mailing_report
