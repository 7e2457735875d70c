"""Makes messages.

In: an ``email.message.EmailMessage`` with slot markers where recipients differ, and the values of
each recipient. Out: the octets of each recipient's message (RFC 5322, MIME RFC 2045 to 2047).
"""
