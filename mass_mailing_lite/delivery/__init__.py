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

What the package promises:

* Plain Python 3.10 or later; it imports nothing of Odoo. Dependencies: ``idna``, ``lxml``,
  ``markupsafe``. All imports are relative: the folder is a package of its own when copied
  elsewhere.
* No input or output, except that ``smtp`` uses the connected sockets that it is given, and logs
  bugs. ``smtp.pool`` starts threads, no other module does.
* Templates, keys, envelopes, outcomes and limits are immutable: threads may share them. A session,
  a pool or a ``RepeatedBody`` is for one thread at a time.
* Each module names the standards that it follows: SMTP RFC 5321 with SIZE 1870, PIPELINING 2920,
  8BITMIME 6152, SMTPUTF8 6531; messages RFC 5322, MIME 2045 to 2047; status codes RFC 3463;
  notifications RFC 3464, 3834, 5965.
* Whatever a server replies becomes an outcome, and whatever mail comes in is read: nothing raises.
"""
