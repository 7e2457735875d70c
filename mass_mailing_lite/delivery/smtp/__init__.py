"""Transmits messages (SMTP, RFC 5321).

In: connected ``smtplib.SMTP`` objects and envelopes. Out: an ``outcome.Outcome`` for each envelope.
"""
