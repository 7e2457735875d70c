from . import ir_mail_server, ir_mail_server_lane, partner_mailing
