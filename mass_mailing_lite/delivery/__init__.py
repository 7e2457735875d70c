"""Exact and fast delivery of one message to many recipients, and what comes back of it.

Outgoing, from left to right::

    compose ─▶ smtp ─▶ outcome

==============================  ==================================================================
``outcome``                     what became of one message: sent, deferred, refused …, and why
``address``                     the domain of an address in ASCII (IDNA)
``compose.slots``               stand-in texts where recipients differ
``compose.message``             compiles a message once, fills it for each recipient
``compose.skeleton``            cuts a message into static octets and slots
``compose.header``              header fields as octets
``compose.encoded_word``        text that is not ASCII in header fields
``compose.quoted_printable``    text parts as octets
``compose.plain_text``          the plain text of an HTML body
``compose.repeated_text``       the same for many renderings of one template
``compose.link_token``          tokens of the links that belong to one recipient
``smtp.envelope``               one message to transmit and its addresses
``smtp.session``                a connected SMTP session: sends envelopes, returns outcomes
``smtp.pool``                   several sessions at once, each in its thread
``smtp.transaction``            the order of commands and replies, with and without PIPELINING
``smtp.connection``             octets to the socket, replies from it
``smtp.extensions``             what the server offers, and the commands that follow from it
``smtp.fault``                  why no session could be opened, from exceptions
``inbound.inbound_mail``        what an inbound mail is, and which message it is about
``inbound.status``              what a delivery status says about one recipient
``inbound.delivery_status``     delivery status notifications (RFC 3464)
``inbound.plain_bounce``        notifications that do not follow it
``inbound.feedback``            feedback reports (RFC 5965)
``inbound.automatic``           automatic answers (RFC 3834)
``inbound.mime``                tolerant reading of messages
``schedule.hours``              days and hours at which messages may leave
``schedule.rate_limit``         limits of a mail server, and when a mailing ends under them
==============================  ==================================================================

Plain Python 3.10 or later that imports nothing of Odoo; dependencies are ``idna``, ``lxml`` and
``markupsafe``. All imports are relative, so that the folder can be imported as a package of its own.
Nothing does input or output but ``smtp`` on the sockets that it is given. Templates and keys are
immutable, so threads may share them.
"""
