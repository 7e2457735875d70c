"""E-mail one by one: each message goes through ``ir.mail_server.send_email``.

An addon that overrides ``_build_email__`` or ``send_email`` (to archive each message, to sign it, to
hand it to a web service) has to see each of them. Then the message that was filled is taken apart
and given to these methods, as stock Odoo does; what they do becomes the same outcomes.
"""

import email
import email.policy
import logging
import smtplib
import time
from collections import deque

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..delivery import outcome as outcomes
from ..delivery.outcome import Outcome, from_reply
from ..delivery.smtp.fault import FAULTS
from ..odoo_seams.smtp_session import ObservedSession, decoded
from .smtp import SmtpTransport

_logger = logging.getLogger(__name__)

# Fields that ``_build_email__`` makes of its arguments; all others are its ``headers``.
BUILT = frozenset(
    [
        "message-id",
        "subject",
        "from",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "date",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "references",
    ]
)

_logged = set()  # what the log has said already: (database, modules)


class OneByOneTransport(SmtpTransport):
    """E-mail for databases in which an addon has to see each message by itself."""

    def open_pool(self, connect, connections):
        modules = self.env["ir.mail_server"]._get_message_overrides()
        return OneByOnePool(self.mailing, connect, modules)


class OneByOnePool:
    """Has the methods of a ``delivery.smtp.pool.Pool``; hands over one message after the other.

    :param mailing: the mailing, for its ``ir.mail_server``
    :param connect: returns a session of ``ir.mail_server``
    :param modules: names of the Python modules that override, for the log
    """

    def __init__(self, mailing, connect, modules):
        self._server = mailing._get_mail_server_model()
        self._server_id = mailing.mail_server_id.id or None
        self._connect = connect
        self._session = None
        self._waiting = deque()
        self.failure = None  # as a pool has it; what keeps a session from being opened is raised
        if (key := (mailing.env.cr.dbname, modules)) not in _logged:
            _logged.add(key)
            _logger.info(
                "Messages of mailings are handed to ir.mail_server one by one, which is slower,"
                " because these modules override how it builds or sends them: %s",
                ", ".join(modules),
            )

    @property
    def open_count(self):
        """Messages that were put and not yet collected."""
        return len(self._waiting)

    def put(self, envelopes):
        """Let these be sent, too; nothing happens before they are collected."""
        self._waiting.extend(envelopes)

    def collect(self, least, seconds):
        """Send in order for ``seconds``, or until ``least`` are done; return (envelope, outcome)s.

        After a failure that is not the recipient's fault the rest is left, with the same words.
        """
        until = time.monotonic() + seconds
        results = []
        while self._waiting and len(results) < least:
            envelope = self._waiting.popleft()
            results.append((envelope, self._send(envelope)))
            if results[-1][1].kind is outcomes.NOT_SENT:
                results += [(left, results[-1][1]) for left in self._waiting]
                self._waiting.clear()
            if time.monotonic() >= until:
                break
        return results

    def withdraw(self):
        """Take back what was not begun."""
        withdrawn = list(self._waiting)
        self._waiting.clear()
        return withdrawn

    def close(self):
        """Close the session politely."""
        if self._session:
            self._session.close()
            self._session = None

    def _send(self, envelope):
        if self._session and not self._session.usable:
            self.close()
        if not self._session:
            self._session = ObservedSession(self._connect())
        self._session.begin()
        try:
            identifier = self._server.send_email(
                self._build(envelope),
                mail_server_id=self._server_id,
                smtp_session=self._session.smtp,
            )
        except Exception as error:  # whatever an addon raises is about this message
            if not self._session.accepted:
                return self._get_outcome(error, envelope)
            # The server has it: what an addon could not do afterwards is no reason to send it again.
            _logger.warning("A message of a mailing was sent; then an addon failed.", exc_info=True)
            return self._session.refusal or Outcome(outcomes.SENT, "end_of_data", 250)
        if refusal := self._session.refusal:
            return refusal
        if not identifier:
            text = "send_email() returned nothing: an addon has kept the message back"
            return Outcome(outcomes.REFUSED, "mail", text=text)
        return Outcome(outcomes.SENT, "end_of_data", 250)

    def _build(self, envelope):
        """Let ``_build_email__`` build the message from the parts of the one that was filled."""
        filled = email.message_from_bytes(envelope.octets(), policy=email.policy.SMTP)
        plain, html = filled.get_body(("plain",)), filled.get_body(("html",))
        shown = {box.addr_spec for box in getattr(filled["Cc"], "addresses", ())}
        return self._server._build_email__(
            email_from=str(filled["From"]),
            email_to=[str(filled["To"])],
            subject=str(filled["Subject"]),
            body=html.get_content(),
            subtype="html",
            body_alternative=plain.get_content(),
            subtype_alternative="plain",
            email_cc=[str(box) for box in getattr(filled["Cc"], "addresses", ())],
            email_bcc=[address for address in envelope.recipients[1:] if address not in shown],
            reply_to=str(filled["Reply-To"]),
            message_id=str(filled["Message-Id"]),
            headers={name: str(text) for name, text in filled.items() if name.lower() not in BUILT},
            attachments=[get_file(part) for part in filled.iter_attachments()],
        )

    def _get_outcome(self, error, envelope):
        """Return the outcome that an exception of ``send_email`` calls for."""
        cause = error.__context__ if isinstance(error, MailDeliveryException) else error
        text = outcomes.clean("; ".join(str(part) for part in (cause or error).args))
        if isinstance(cause, smtplib.SMTPRecipientsRefused):
            replies = cause.recipients
            reply = replies.get(envelope.recipients[0]) or next(iter(replies.values()))
            return from_reply("rcpt", reply[0], decoded(reply[1]))
        if isinstance(cause, smtplib.SMTPSenderRefused):
            return from_reply("mail", cause.smtp_code, decoded(cause.smtp_error))
        if isinstance(cause, smtplib.SMTPDataError):
            return from_reply("end_of_data", cause.smtp_code, decoded(cause.smtp_error))
        if isinstance(cause, (smtplib.SMTPNotSupportedError, AssertionError)):
            # ir.mail_server finds no address that it can write to: it takes ASCII only.
            return Outcome(outcomes.REFUSED, "rcpt", None, "5.6.7", text)
        if isinstance(cause, FAULTS):
            kind = outcomes.UNCERTAIN if self._session.in_data else outcomes.NOT_SENT
            self.close()
            return Outcome(kind, "end_of_data" if kind is outcomes.UNCERTAIN else "mail", text=text)
        if self._session.in_data:
            return Outcome(outcomes.UNCERTAIN, "end_of_data", text=text)
        # An addon's own trouble, with a web service for instance: later it may be over.
        return Outcome(outcomes.DEFERRED, "data", None, "4.3.0", text)


def get_file(part):
    """Return an attachment as ``_build_email__`` takes it: name, octets, type."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        return part.get_filename(), part.get_content().as_bytes(), kind
    return part.get_filename(), part.get_payload(decode=True), kind
