"""Twilio, simulated on loopback: its API for messages over TLS, and what it posts later.

That is reports about messages, and the answers of those who got them.

Odoo's `sms_twilio` has the address of the API in its code. Its process reaches the simulated one
as it would reach the real one from behind a company's proxy: by its environment, and with a
certificate that it was told to trust. Nothing in it is replaced.
"""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
import time
import urllib.parse
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

import requests

HOST = "api.twilio.com"
ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "a-token"
SENDER = "+34600000000"

# What a misbehaving Twilio does instead of answering; the message is on its way all the same.
HANG, CUT = "hang", "cut"
# An answer of something that stands before the API, and one that breaks off.
PAGE, HALF = "page", "half"


class Refusal(NamedTuple):
    """An error of the API: HTTP status, Twilio's number for it, and its words."""

    status: int
    code: int
    message: str


@dataclass
class Message:
    """A message that was taken: when (monotonic seconds), what, and where reports go."""

    moment: float
    number: str
    text: str
    callback: str
    sid: str


class Twilio:
    """Twilio and the proxy before it, for a `with` block.

    :ivar answers: {number: a Refusal, HANG, CUT, PAGE or HALF}; all others are taken
    :ivar before: called with each Message that was taken, before the answer
    :ivar messages: those that were taken, in order
    :ivar requests: the numbers of all requests, in order
    :ivar is_reachable: whether the proxy finds it
    """

    def __init__(self, folder):
        self.answers, self.before = {}, None
        self.messages, self.requests = [], []
        self.is_reachable = True
        self.certificate = folder / "cert.pem"
        key = folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key,
             "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate, key)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
        self._server.twilio = self

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()

    def environment(self):
        """Return the variables by which a process comes here, and nowhere else by HTTPS."""
        proxy = f"http://127.0.0.1:{self._server.server_port}"
        local = "127.0.0.1,localhost"
        return {
            "HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": local, "no_proxy": local,
            "REQUESTS_CA_BUNDLE": str(self.certificate),
        }  # fmt: skip

    def taken(self, number):
        """Return the last message to a number."""
        return [message for message in self.messages if message.number == number][-1]

    def report(self, message, status, code=None, token=TOKEN):
        """Post what became of a message, signed as Twilio signs; return the HTTP status."""
        fields = {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "From": SENDER, "To": message.number,
            "MessageSid": message.sid, "SmsSid": message.sid, "MessageStatus": status,
            "SmsStatus": status,
        }  # fmt: skip
        if code:
            fields["ErrorCode"] = str(code)
        return self._post(message.callback, message.callback, fields, token).status_code

    def answer(self, number, text, webhook, *, sid=None, token=TOKEN, through=None, further=None):
        """Post an SMS that came in, signed as Twilio signs; return the response.

        :param webhook: the address that was entered for the number
        :param sid: Twilio's identifier of the SMS, a new one when not given
        :param through: where the request really goes, behind a company's proxy
        :param further: {name: value} of other or further fields
        """
        sid = sid or "SM" + uuid4().hex
        fields = {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "From": number, "To": SENDER,
            "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "SmsStatus": "received",
            "Body": text, "NumMedia": "0", "NumSegments": "1", "FromCity": "", "FromCountry": "ES",
            **(further or {}),
        }  # fmt: skip
        return self._post(through or webhook, webhook, fields, token)

    def _post(self, address, signed_address, fields, token):
        signed = signed_address + "".join(name + fields[name] for name in sorted(fields))
        signature = hmac.digest(token.encode(), signed.encode(), hashlib.sha1)
        return requests.post(
            address,
            data=fields,
            headers={"X-Twilio-Signature": base64.b64encode(signature).decode()},
            timeout=60,
        )


class Conversation(http.server.BaseHTTPRequestHandler):
    """One connection: first to the proxy, then through it to the API."""

    protocol_version = "HTTP/1.1"

    @property
    def twilio(self):
        """The simulated Twilio."""
        return self.server.twilio

    def do_CONNECT(self):
        """Act as the proxy, which leads to the API only."""
        if self.path != f"{HOST}:443" or not self.twilio.is_reachable:
            self.send_error(502)
            return
        self.send_response_only(200)
        self.end_headers()
        self.connection = self.twilio.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_POST(self):
        """Act as the API: take a message, or say why not."""
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = dict(urllib.parse.parse_qsl(content, keep_blank_values=True))
        self.twilio.requests.append(fields["To"])
        answer = self._refusal(fields) or self.twilio.answers.get(fields["To"])
        if answer == PAGE:
            self._say(502, "<html>Bad gateway</html>", "text/html")
        elif isinstance(answer, Refusal):
            self._say(answer.status, json.dumps(answer._asdict()))
        else:
            self._take(fields, answer)

    def _refusal(self, fields):
        """Return the Refusal that the request calls for by itself, if it does."""
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {login}":
            return Refusal(401, 20003, "Authenticate")
        if self.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return Refusal(404, 20404, "The requested resource was not found")
        if not fields["From"]:
            return Refusal(400, 21603, "A 'From' phone number is required.")
        if fields["From"] == fields["To"]:
            return Refusal(400, 21266, "'To' and 'From' number cannot be the same")
        return None

    def _take(self, fields, answer):
        message = Message(
            time.monotonic(), fields["To"], fields["Body"], fields["StatusCallback"],
            "SM" + uuid4().hex,
        )  # fmt: skip
        self.twilio.messages.append(message)
        if self.twilio.before:
            self.twilio.before(message)
        if answer == HANG:
            self.rfile.read(1)  # until the other side gives up
        if answer in (HANG, CUT):
            self.close_connection = True
        else:
            words = {"sid": message.sid, "status": "queued", "error_code": None, "to": fields["To"]}
            self._say(201, json.dumps(words)[: 10 if answer == HALF else None])

    def _say(self, status, text, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def handle(self):
        """Handle requests; a connection that is cut off is no error here."""
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self):
        """Close what TLS was wrapped around, too."""
        with contextlib.suppress(OSError):
            super().finish()
            self.connection.close()

    def log_message(self, *_args):
        """Say nothing on standard error."""
