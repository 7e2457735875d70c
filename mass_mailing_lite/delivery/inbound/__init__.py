"""Reads mail that comes back for messages that were sent.

In: an ``email.message.Message``. Out: an ``inbound_mail.InboundMail``: its kind, the Message-IDs
that it is about, and the delivery status of each recipient.
"""
