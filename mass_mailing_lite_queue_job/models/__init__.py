from . import ir_mail_server, partner_mailing
