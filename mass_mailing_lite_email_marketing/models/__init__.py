from . import partner_mailing
