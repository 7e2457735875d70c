"""What carries the messages of a mailing: one class for each channel, behind one interface.

::

    Transport                  base.py        the interface: what the addon asks of a channel
      SmtpTransport            smtp.py        SMTP, over sessions of Odoo's outgoing mail servers
    OneByOnePool               one_by_one.py  its pool where another addon must get each message:
                                              each goes through ``ir.mail_server.send_email``
    Compiled                   compiled.py    the message of a mailing in one language, to be filled

``partner.mailing._get_transport()`` makes the transport of a mailing; nothing else depends on the
channel. Transports are plain objects, made anew for each step, and keep nothing in between.

An addon that brings a channel (``mass_mailing_lite_sms`` is one) adds:

- A subclass of ``Transport`` with its class attributes and every method that raises
  ``NotImplementedError`` (``make_template``, ``read_extra_addresses``, ``fill``, …), and a pool:
  what ``open_pool`` returns.
- On ``partner.mailing``: a key of ``channel`` with the class in ``_get_transports()``, and the
  fields that the class attributes name (content, extra addresses).
- On ``partner.mailing.recipient``: the columns of ``typed_column`` and ``address_column``, also in
  ``_get_typed_columns()`` and ``_get_address_columns()``, with a unique index as
  ``_address_uniq``; in ``_claimable_sql(mailing_id)`` the condition that an address is not on the channel's
  blocklist; skip reasons and failure types of its own.
- On ``partner.mailing.rate.limit``, where it has limits: a field with a unique index for what they
  are counted for, named in ``get_limit_key``. Claims, waiting and the expected end then follow.
- On the dialog of tests: the field that ``test_field`` names.
- What an address is in a file that is imported, and how it is written (``is_address``,
  ``is_address_list``, ``parse_cell``, ``format_extra_address``, ``heading_words``).
- On ``partner.mailing.unsubscription``: the column of ``address_column``, and an index for
  ``_address_sql``. Unsubscribing, its page and its blocklist then follow from ``blocklist_model``,
  ``blocked_address_sql``, ``holder_address_sql`` (with an index on contacts),
  ``get_blocklist_values`` and ``remove_from_blocklist``.
- What can be clicked in its content (``find_links``), and by what its figures are broken down
  (``breakdown_sql``).
- In ``_blank_sources()``: its own texts and addresses, for the removal of personal data.

The sender calls a transport in this order: ``get_limits``, ``get_limit_key``, ``connect``,
``open_pool``, then ``compile`` once a language and ``fill`` for the rows of each claim. What the
session threads of a pool do must not use the environment; all else runs in the sender's thread.
"""
