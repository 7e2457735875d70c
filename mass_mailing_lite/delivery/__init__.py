"""Exact and fast delivery of one message to many recipients; plain Python, nothing of Odoo.

Read in this order; data flows from left to right::

    template ─▶ message ─▶ smtp ─▶ outcome          pool: several smtp sessions at once

* ``template``  finds plain placeholders and puts marks in their place
* ``message``   compiles the message that holds the marks into octets, fills it per recipient
  (``quoted_printable`` and ``header`` encode what is filled in)
* ``smtp``      speaks SMTP on a session that is already connected and logged in
  (``wire`` moves octets and reads replies, ``dialogue`` is the order of commands)
* ``pool``      spreads envelopes over several sessions, reconnects
* ``link_token`` makes and reads the tokens of a recipient's own links
* ``outcome``   says, as a value, what became of one message (``fault`` makes it from exceptions)

Everything inside uses relative imports only, so that the folder can be imported on its own.
"""
