"""How ``smtplib`` transmits a message that ``ir.mail_server.send_email`` hands to it."""

from ..delivery.outcome import from_reply
from ..delivery.smtp.fault import decode_reply
from ..delivery.smtp.session import Session


class ObservedSession:
    """Observes how far ``smtplib`` has transmitted a message, which its exceptions do not tell.

    Replaces the methods ``data`` and ``rcpt`` of the session by its own, which call them.

    :param smtp: a session of ``ir.mail_server``
    :ivar in_data: whether the content was sent: without a reply, the outcome is then uncertain
    :ivar accepted: whether the server has accepted the message
    :ivar refusal: ``Outcome`` of the first recipient when it was refused; copies may be accepted
    """

    def __init__(self, smtp):
        self.smtp = smtp
        self._session = Session(smtp)
        self._data, self._rcpt = smtp.data, smtp.rcpt
        smtp.data, smtp.rcpt = self._observed_data, self._observed_rcpt
        self.begin()

    @property
    def usable(self):
        """Whether the session can send another message."""
        return self.smtp.sock is not None and self._session.usable

    def begin(self):
        """Begin to observe another message."""
        self.in_data = self.accepted = self._asked = False
        self.refusal = None

    def close(self):
        """Close the session, with QUIT."""
        self._session.close()

    def _observed_data(self, message):
        self.in_data = True
        code, text = self._data(message)
        self.accepted = code == 250
        return code, text

    def _observed_rcpt(self, *args, **kwargs):
        code, text = self._rcpt(*args, **kwargs)
        if not self._asked and code >= 400:
            self.refusal = from_reply("rcpt", code, decode_reply(text))
        self._asked = True
        return code, text
