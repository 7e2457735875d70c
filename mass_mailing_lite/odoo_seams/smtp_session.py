"""What ``smtplib`` does with a message that ``ir.mail_server.send_email`` hands to it."""

from ..delivery.outcome import from_reply
from ..delivery.smtp.session import Session


class ObservedSession:
    """Observes how far ``smtplib`` comes with a message, which its exceptions do not tell.

    Puts itself in place of the session's methods ``data`` and ``rcpt``.

    :param smtp: a session of ``ir.mail_server``
    :ivar in_data: the server has been sent the content: without its reply, the fate is unknown
    :ivar accepted: the server has taken responsibility for the message
    :ivar refusal: outcome of the first recipient, where only copies were accepted
    """

    def __init__(self, smtp):
        self.smtp = smtp
        self._session = Session(smtp)
        self._data, self._rcpt = smtp.data, smtp.rcpt
        smtp.data, smtp.rcpt = self._observed_data, self._observed_rcpt
        self.begin()

    @property
    def usable(self):
        return self.smtp.sock is not None and self._session.usable

    def begin(self):
        self.in_data = self.accepted = self._asked = False
        self.refusal = None

    def close(self):
        self._session.close()

    def _observed_data(self, message):
        self.in_data = True
        code, text = self._data(message)
        self.accepted = code == 250
        return code, text

    def _observed_rcpt(self, *args, **kwargs):
        code, text = self._rcpt(*args, **kwargs)
        if not self._asked and code >= 400:
            self.refusal = from_reply("rcpt", code, decoded(text))
        self._asked = True
        return code, text


def decoded(text):
    """Return the words of a reply, which smtplib gives as octets."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
