"""How ``ir.mail_server._connect__`` makes the TLS context of a connection.

It calls ``ssl.create_default_context()`` for each connection and hands the context to ``smtplib``.
For our connections its module gets a context that resumes sessions; for all others nothing changes.
A connection with a client certificate has a context of pyOpenSSL, which is not replaced.
"""

import contextlib
import contextvars
import ssl

from odoo.addons.base.models import ir_mail_server

from ..delivery.smtp.tls_session import TlsSessions

_sessions = TlsSessions()
_is_ours = contextvars.ContextVar("mass_mailing_lite_tls", default=False)


class _Ssl:
    """The module ``ssl`` as Odoo's module sees it."""

    def __getattr__(self, name):
        return getattr(ssl, name)

    @staticmethod
    def create_default_context(*args, **kwargs):
        """Return a context that resumes sessions, if the connection is ours."""
        if _is_ours.get() and not args and not kwargs:
            return _sessions.new_context()
        return ssl.create_default_context(*args, **kwargs)


ir_mail_server.ssl = _Ssl()


@contextlib.contextmanager
def resumed_sessions():
    """Let the connections that ``ir.mail_server`` opens in the block resume TLS sessions."""
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)
