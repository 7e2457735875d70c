from . import mailing_mailing, partner_mailing, partner_mailing_past_counter
