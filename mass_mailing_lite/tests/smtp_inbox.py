"""A real SMTP server on loopback, for tests that look at what was delivered."""

import email
import email.policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class _Controller(Controller):
    """Listens where the system chooses: a port that was free before may be taken by then."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        return super()._trigger_server()


class SmtpInbox:
    """Keeps what it accepts; answers some recipients with the reply that a test names.

    :ivar messages: list of ``(envelope sender, [envelope recipients], EmailMessage)``
    :ivar replies: {recipient address: reply to RCPT, e.g. "550 5.1.1 No such user"}
    """

    def __init__(self):
        self.messages = []
        self.replies = {}
        self._controller = _Controller(
            self,
            hostname="127.0.0.1",
            port=0,
            ready_timeout=60,
            enable_SMTPUTF8=True,
            authenticator=self._authenticate,
            auth_require_tls=False,
        )
        self._login_refusal = None

    @property
    def port(self):
        """The port that it listens on, once it has begun."""
        return self._controller.port

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_exc):
        self._controller.stop()

    @property
    def addresses(self):
        """The recipients of all accepted messages, sorted."""
        return sorted(
            address for _sender, addresses, _message in self.messages for address in addresses
        )

    def message_to(self, address):
        """Return the one message that went to ``address``."""
        [found] = [message for _sender, addresses, message in self.messages if address in addresses]
        return found

    def refuse_logins(self, reply):
        """Answer each login with ``reply`` from now on."""
        self._login_refusal = reply

    def _authenticate(self, _server, _session, _envelope, _mechanism, _data):
        if self._login_refusal:
            return AuthResult(success=False, handled=False, message=self._login_refusal)
        return AuthResult(success=True)

    # The hooks of aiosmtpd, by its names.

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if reply := self.replies.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append((envelope.mail_from, list(envelope.rcpt_tos), message))
        return "250 2.0.0 Kept"
