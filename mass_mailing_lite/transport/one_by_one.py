"""E-mail one by one: each message goes through ``ir.mail_server.send_email``.

An addon that overrides ``_build_email__`` or ``send_email`` (to archive each message, to sign it,
to hand it to a web service) must get each message. The filled message is then parsed and its parts
are given to these methods, as stock Odoo does; what they return or raise becomes an ``Outcome``.
"""

import email
import email.policy
import logging
import smtplib
import time
from collections import deque

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..delivery import outcome as outcomes
from ..delivery.address import same
from ..delivery.compose.header import HeaderError, inert_mailbox, inert_text, with_own_encoding
from ..delivery.outcome import Outcome, from_reply
from ..delivery.smtp import limit
from ..delivery.smtp.fault import FAULTS, decode_reply
from ..delivery.smtp.pool import MAX_DEFERRED, NoSession
from ..odoo_seams.smtp_session import ObservedSession

_logger = logging.getLogger(__name__)

# Header fields that ``_build_email__`` makes from arguments; all others are its ``headers``.
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

_logged = set()  # {(database, modules)} that the log has named already


class OneByOnePool:
    """Sends one message after the other; the interface is that of ``Transport.open_pool``.

    :param mailing: the mailing, for its ``ir.mail_server``
    :param connect: returns a session of ``ir.mail_server``
    :param modules: names of the Python modules that override, for the log
    :param capacity: what the server was found to bear
    :ivar failure: why no session could be opened at the last try, else None
    """

    def __init__(self, mailing, connect, modules, capacity=None):
        self._server = mailing._get_mail_server_model()
        self._server_id = mailing.mail_server_id.id or None
        self._connect = connect
        self._capacity = capacity or limit.Capacity()
        self._session = None
        self._accepted = 0  # messages that the server has accepted in the session
        self._has_progress = False  # it has accepted one since it last refused a session
        # Refusals, as limit.signature, that a new session has not repeated, and that it has.
        self._sessions_own, self._recipients_own = set(), set()
        self._vague = None  # signature of the last message, if it was deferred without a reason
        self._deferred = 0  # messages that a new session has deferred because of a limit, in a row
        self._waiting = deque()
        self.failure = None
        if (key := (mailing.env.cr.dbname, modules)) not in _logged:
            _logged.add(key)
            _logger.info(
                "Messages of mailings are handed to ir.mail_server one by one, which is slower,"
                " because these modules override how it builds or sends them: %s",
                ", ".join(modules),
            )

    def put(self, envelopes):
        """Add messages to those that wait; they are sent when they are collected."""
        self._waiting.extend(envelopes)

    def collect(self, least, seconds):
        """Send in order for ``seconds``, or until ``least`` are done; return (envelope, outcome)s.

        A message that a session could not send after some success is tried once in another one.
        After a server fault the other messages are returned with the same outcome, not sent.

        :raises UserError: see ``Transport.connect``
        """
        until = time.monotonic() + seconds
        results = []
        self.failure = None
        while self._waiting and len(results) < least:
            try:
                outcome = self._send(self._waiting[0])
            except NoSession as error:
                outcome = self.failure = error.outcome
            except Exception:
                if not results:
                    raise
                break  # what is done must be recorded; the next call meets the error again
            results.append((self._waiting.popleft(), outcome))
            if results[-1][1].kind is outcomes.NOT_SENT:
                results += [(left, results[-1][1]) for left in self._waiting]
                self._waiting.clear()
            if time.monotonic() >= until:
                break
        return results

    def withdraw(self):
        """Return the messages that were not begun; they are not sent."""
        withdrawn = list(self._waiting)
        self._waiting.clear()
        return withdrawn

    def close(self):
        """Close the session, with QUIT."""
        if self._session:
            self._session.close()
            self._session = None
            self._capacity.closed()

    def _send(self, envelope):
        """Send a message; in a second session when the first one has reached its end.

        :raises NoSession: when no session can be opened; the message was not sent
        """
        self._open()
        accepted = self._accepted
        outcome = self._send_once(envelope)
        if accepted and self._may_be_of_session(outcome):
            self.close()
            self._open()
            first, outcome = outcome, self._send_once(envelope)
            is_repeated = limit.signature(first) == limit.signature(outcome)
            owner = self._recipients_own if is_repeated else self._sessions_own
            owner.add(limit.signature(first))
        return self._note(outcome)

    def _may_be_of_session(self, outcome):
        """Tell whether another session may send what one did not, after accepted messages."""
        if outcome.kind is outcomes.NOT_SENT:
            return True
        if outcome.kind not in (outcomes.DEFERRED, outcomes.REFUSED):
            return False
        reply = limit.signature(outcome)
        if reply in self._recipients_own:
            return False
        if reply in self._sessions_own or limit.ends_session(outcome):
            return True
        is_repeated = reply == self._vague
        self._vague = reply if limit.is_vague(outcome) else None
        return bool(is_repeated and self._vague)

    def _note(self, outcome):
        """Count what the session has accepted; return the outcome to record.

        What a new session defers one after the other because of a limit is none of the recipients'.
        """
        if outcome.kind is outcomes.SENT:
            self._accepted += 1
            self._has_progress = True
            self._vague, self._deferred = None, 0
        elif outcome.kind is outcomes.DEFERRED and not self._accepted:
            self._deferred = self._deferred + 1 if limit.ends_session(outcome) else 0
            if self._deferred > MAX_DEFERRED:
                self._recipients_own.discard(limit.signature(outcome))
                return outcome._replace(kind=outcomes.NOT_SENT)
        return outcome

    def _open(self):
        """Open a session where there is none; after some success try several times.

        The server may still count a session that is closed.
        """
        if self._session and not self._session.usable:
            self.close()
        if self._session:
            return
        for pause in limit.RETRY_PAUSES if self._has_progress else ():
            try:
                smtp = self._connect()
                break
            except NoSession as error:
                if not limit.is_passing(error.outcome):
                    raise
            time.sleep(pause)
        else:
            self._has_progress = False
            smtp = self._connect()
        self._session = ObservedSession(smtp)
        self._accepted = 0
        self._capacity.opened()

    def _send_once(self, envelope):
        self._session.begin()
        try:
            identifier = self._server.send_email(
                self._build(envelope),
                mail_server_id=self._server_id,
                smtp_session=self._session.smtp,
            )
        except Exception as error:  # any error of an addon concerns this message only
            if not self._session.accepted:
                return self._get_outcome(error, envelope)
            # The server has accepted it: a later error of an addon must not send it again.
            _logger.warning("A message of a mailing was sent; then an addon failed.", exc_info=True)
            return self._session.refusal or Outcome(outcomes.SENT, "end_of_data", 250)
        if refusal := self._session.refusal:
            return refusal
        if not identifier:
            text = "send_email() returned nothing: an addon has kept the message back"
            return Outcome(outcomes.REFUSED, "mail", text=text)
        return Outcome(outcomes.SENT, "end_of_data", 250)

    def _build(self, envelope):
        """Return the message as ``_build_email__`` builds it from the parts of the filled one."""
        filled = email.message_from_bytes(envelope.octets(), policy=email.policy.SMTP)
        plain, html = filled.get_body(("plain",)), filled.get_body(("html",))
        boxes = {
            name: [inert_mailbox(box) for box in getattr(filled[name], "addresses", ())]
            for name in ("From", "To", "Cc", "Reply-To")
        }
        shown = {same(box.addr_spec) for box in getattr(filled["Cc"], "addresses", ())}
        message = self._server._build_email__(
            email_from=", ".join(boxes["From"]),
            email_to=boxes["To"],
            subject=inert_text(str(filled["Subject"])),
            body=html.get_content(),
            subtype="html",
            body_alternative=plain.get_content(),
            subtype_alternative="plain",
            email_cc=boxes["Cc"],
            email_bcc=[address for address in envelope.recipients[1:] if address not in shown],
            reply_to=", ".join(boxes["Reply-To"]),
            message_id=str(filled["Message-Id"]),
            headers={
                name: inert_text(str(text))
                for name, text in filled.items()
                if name.lower() not in BUILT
            },
            attachments=[get_file(part) for part in filled.iter_attachments()],
        )
        message.policy = with_own_encoding(message.policy)
        return message

    def _get_outcome(self, error, envelope):
        """Return the ``Outcome`` that an exception of ``send_email`` means."""
        cause = error.__context__ if isinstance(error, MailDeliveryException) else error
        if isinstance(cause or error, HeaderError):
            return Outcome(outcomes.REFUSED, "making", text=outcomes.clean(str(cause or error)))
        text = outcomes.clean("; ".join(str(part) for part in (cause or error).args))
        if isinstance(cause, smtplib.SMTPRecipientsRefused):
            replies = cause.recipients
            reply = replies.get(envelope.recipients[0]) or next(iter(replies.values()))
            return from_reply("rcpt", reply[0], decode_reply(reply[1]))
        if isinstance(cause, smtplib.SMTPSenderRefused):
            return from_reply("mail", cause.smtp_code, decode_reply(cause.smtp_error))
        if isinstance(cause, smtplib.SMTPDataError):
            return from_reply("end_of_data", cause.smtp_code, decode_reply(cause.smtp_error))
        if isinstance(cause, (smtplib.SMTPNotSupportedError, AssertionError)):
            # ir.mail_server found no address that it accepts: it accepts ASCII only.
            return Outcome(outcomes.REFUSED, "rcpt", None, "5.6.7", text)
        if isinstance(cause, FAULTS):
            kind = outcomes.UNCERTAIN if self._session.in_data else outcomes.NOT_SENT
            self.close()
            return Outcome(kind, "end_of_data" if kind is outcomes.UNCERTAIN else "mail", text=text)
        if self._session.in_data:
            return Outcome(outcomes.UNCERTAIN, "end_of_data", text=text)
        # An error of an addon, of a web service for instance, which may be over later.
        return Outcome(outcomes.DEFERRED, "data", None, "4.3.0", text)


def get_file(part):
    """Return an attachment as ``_build_email__`` takes it: (name, octets, MIME type)."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        return part.get_filename(), part.get_content().as_bytes(), kind
    return part.get_filename(), part.get_payload(decode=True), kind
