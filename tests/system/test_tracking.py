"""Pictures and links of messages that arrived, asked for by many at once while a mailing is sent."""

import email
import email.policy
import http.client
import re
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from devtools import company

from .mailings import MAILING, addresses, validated

pytestmark = pytest.mark.slow(60)

READERS, CLIENTS = 40, 8
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
TOKEN = r"[\w-]{32}"
BODY = '<p>Hello, <a href="https://www.example.com/shop">shop</a></p>'


@pytest.fixture(scope="module")
def server(start_server):
    """Return a server with several workers: requests meet in the database, not in Python."""
    with start_server("tracking", workers=3, max_cron_threads=1) as running:
        company.create_users(running.login("admin"))
        yield running


@pytest.fixture
def mailing(server, inbox):
    """Return (id, [(path of the picture, path of the link)]) of a mailing that was delivered."""
    company.send_to(server.login("admin"), inbox.port)
    number = validated(
        server.login("marketing"),
        server.login("validator"),
        body_html=BODY,
        track_opens=True,
        track_clicks=True,
        extra_emails=addresses(READERS),
    )
    wait_for(lambda: figures(server, number)["state"] == "done")
    server.sql("UPDATE partner_mailing_recipient SET sent_at = sent_at - interval '1 minute'")
    return number, [paths(delivery) for delivery in inbox.deliveries()]


def paths(delivery):
    message = email.message_from_bytes(delivery.content(), policy=email.policy.default)
    html = message.get_body(("html",)).get_content()
    return [
        urllib.parse.urlsplit(re.search(pattern, html)[1]).path
        for pattern in (
            rf'"(https?://\S+?/partner_mailing/open/{TOKEN}\.gif)"',
            rf'"(https?://\S+?/partner_mailing/click/{TOKEN}/\d+)"',
        )
    ]


def wait_for(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.3)


def figures(server, number):
    names = ("state", "sent_count", "opened_count", "clicked_count")
    return server.login("admin").read(MAILING, number, *names)


def ask(server, path):
    """Send one request without cookies; return its status."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request("GET", path, headers=BROWSER)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def ask_all(server, wanted):
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(lambda path: ask(server, path), wanted))


def opened_statistics(server, number):
    """Open the page of figures, which counts what waits, and return the totals."""
    admin = server.login("admin")
    admin.call(MAILING, "action_open_statistics", [number])
    return admin.read(MAILING, number, "statistics")["statistics"]["totals"]


def test_many_requests_at_once_have_one_effect_each(server, mailing):
    number, readers = mailing
    pictures = [picture for picture, _link in readers]
    assert set(ask_all(server, pictures[:1] * 60)) == {200}
    assert opened_statistics(server, number)["opened"] == 1
    assert set(ask_all(server, pictures * 3)) == {200}
    totals = opened_statistics(server, number)
    assert (totals["opened"], totals["clicked"]) == (READERS, 0)
    links = [link for _picture, link in readers]
    assert set(ask_all(server, links * 3)) == {302}
    totals = opened_statistics(server, number)
    assert (totals["opened"], totals["clicked"]) == (READERS, READERS)
    [[rows]] = server.sql("SELECT count(*) FROM partner_mailing_click")
    assert int(rows) == READERS


def test_readers_and_a_sender_do_not_disturb_each_other(server, mailing):
    first, readers = mailing
    more = 2000
    second = validated(
        server.login("marketing"),
        server.login("validator"),
        body_html=BODY,
        extra_emails=addresses(more),
    )
    wait_for(lambda: figures(server, second)["sent_count"] > 0)
    statuses = ask_all(server, [picture for picture, _link in readers] * 4)
    wait_for(lambda: figures(server, second)["state"] == "done")
    assert set(statuses) == {200}
    assert figures(server, second)["sent_count"] == more
    assert opened_statistics(server, first)["opened"] == READERS
