"""What the world does with a mailing: mailboxes that do not exist, readers, and messages that return.

So that pictures of statistics show figures which came about as they do anywhere: by SMTP, by HTTP
and by Odoo's mail gateway. The same at each run.
"""

import email
import re
import time
import urllib.request
from email import policy

from .console import step
from .inbox import Inbox

UNTIL_PERSON = 12  # seconds after delivery; before, it is taken for a scanner
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
UNKNOWN = "550 5.1.1 User unknown"

# One in so many does it.
REFUSED, OPENS, CLICKS, LEAVES, RETURNS = 83, 3, 15, 111, 97
MOST = 900  # messages that are looked at

RETURNED = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.org
To: bounce@example.com
Subject: Undelivered Mail Returned to Sender
Message-ID: <returned-{number}@mx.example.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain

Your message could not be delivered.

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 Mailbox full

--part
Content-Type: text/rfc822-headers

Message-Id: {message_id}

--part--
"""


class PickyInbox(Inbox):
    """An inbox that does not know a few of its recipients."""

    asked = 0

    async def handle_DATA(self, server, session, envelope):
        """Refuse one message in so many, for good."""
        self.asked += 1
        if self.asked % REFUSED == 0:
            return UNKNOWN
        return await super().handle_DATA(server, session, envelope)


def react(admin, deliveries):
    """Open, click, leave and return messages, as far as they have what that takes."""
    time.sleep(UNTIL_PERSON)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
    with step("Readers open, click and leave; a few messages come back"):
        for number, delivery in enumerate(deliveries[:MOST], 1):
            if number % RETURNS == 0:
                _give_back(admin, number, delivery)
            elif number % OPENS == 0:
                _read(opener, number, delivery)


def get_link(delivery):
    """Return the address at which the recipient of a message unsubscribes."""
    return re.search(r"<(http[^>]+)>", delivery.headers["List-Unsubscribe"])[1]


class _Stay(urllib.request.HTTPRedirectHandler):
    """Links lead out of the machine, so they are asked for and not followed."""

    def http_error_302(self, _request, response, *_answer):
        return response


def _read(opener, number, delivery):
    message = email.message_from_bytes(delivery.content(), policy=policy.default)
    text = message.get_body(("html",)).get_content()
    found = re.findall(r'"(http://[^"]+/partner_mailing/open/[^"]+)"', text)
    if number % CLICKS == 0:
        found += re.findall(r'"(http://[^"]+/partner_mailing/click/[^"]+)"', text)
    for address in found:
        opener.open(urllib.request.Request(address, headers=BROWSER), timeout=60).close()
    if number % LEAVES == 0:
        request = urllib.request.Request(get_link(delivery), data=b"List-Unsubscribe=One-Click")
        opener.open(request, timeout=60).close()


def _give_back(admin, number, delivery):
    report = RETURNED.format(number=number, address=delivery.to[0], message_id=delivery.message_id)
    admin.call("mail.thread", "message_process", False, report)
