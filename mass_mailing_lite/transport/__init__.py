"""What carries the messages of a mailing: one class for each way out, behind one interface.

::

    Transport                  base.py        what the rest of the addon asks of a way out
      SmtpTransport            smtp.py        SMTP, over sessions of Odoo's outgoing mail servers
        OneByOneTransport      one_by_one.py  each message through ``ir.mail_server.send_email``

``partner.mailing._get_transport()`` makes the one of a mailing. An addon that brings a channel
(``mass_mailing_lite_sms``) writes a subclass of ``Transport`` and names it in
``partner.mailing._get_transports()``; nothing else asks which channel a mailing has.

Transports are plain objects without a model. They are made anew for each step and keep nothing.
"""
