"""The links in a message that arrived, used by plain HTTP clients and by a browser."""

import email
import email.policy
import http.client
import random
import re
import string
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from devtools import company

from .mailings import MAILING, validated

pytestmark = pytest.mark.slow(50)

CLIENTS = 8
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# All that a link could change.
# Without the note of a sender's claims, which goes when the run ends.
STATE = """
    SELECT (SELECT md5(string_agg(r::text, '' ORDER BY id)) FROM partner_mailing_recipient r),
           (SELECT md5(string_agg((to_jsonb(k) - 'claimed_by')::text, '' ORDER BY id)) FROM partner_mailing_counter k),
           (SELECT count(*) FROM partner_mailing_unsubscription),
           (SELECT count(*) FROM mail_blacklist),
           (SELECT count(*) FROM res_partner_res_partner_category_rel),
           (SELECT count(*) FROM mail_message)
"""


def ask(server, method, path, body=None):
    """Send one request without cookies; return (status, headers, text)."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request(method, path, body, FORM if body else {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


def path_of(link):
    return urllib.parse.urlsplit(link).path


@pytest.fixture(scope="module")
def tags(odoo_server):
    """Return the ids of two tags, and give each to contacts of the test."""
    admin = odoo_server.login("admin")
    return [admin.create("res.partner.category", name=name) for name in ("News", "Offers")]


@pytest.fixture
def messages(odoo_server, inbox, tags):
    """Return {address: parsed message} of a mailing that was sent to six contacts."""
    admin = odoo_server.login("admin")
    company.send_to(admin, inbox.port)
    run = "".join(random.choices(string.ascii_lowercase, k=8))
    for number in range(6):
        admin.create(
            "res.partner",
            name=f"Reader {number}",
            email=f"{run}{number}@example.com",
            category_id=[(6, 0, tags)],
        )
    audience = admin.create(
        "partner.mailing.audience", name=run, domain=f"[('email', '=like', '{run}%')]"
    )
    author, validator = odoo_server.login("marketing"), odoo_server.login("validator")
    mailing = validated(
        author,
        validator,
        name=f"Links {run}",
        extra_emails=False,
        audience_ids=[(6, 0, [audience])],
        unsubscribe_category_ids=[(6, 0, tags)],
    )
    deadline = time.monotonic() + 120
    while author.read(MAILING, mailing, "state")["state"] != "done":
        assert time.monotonic() < deadline, "the mailing was not sent"
        time.sleep(0.2)
    return {
        delivery.recipients[0]: email.message_from_bytes(
            delivery.content(), policy=email.policy.default
        )
        for delivery in inbox.deliveries()
    }


def links(message):
    """Return the paths of a message's links: {purpose: path}."""
    text = message.get_body(("plain",)).get_content()
    found = {
        purpose: path_of(link)
        for link, purpose in re.findall(r"<(https?://\S+?/partner_mailing/(\w+)/[\w-]+)>", text)
    }
    assert path_of(message["List-Unsubscribe"].strip("<>")) == found["unsubscribe"]
    return found


def count(server, what):
    """Return the number that a statement behind SELECT count(*) gives."""
    [[number]] = server.sql(f"SELECT count(*) {what}")
    return int(number)


def tags_of(server, address):
    """Return how many tags the contact with an address has."""
    return count(
        server,
        "FROM res_partner_res_partner_category_rel t"
        f" JOIN res_partner p ON p.id = t.partner_id WHERE p.email = '{address}'",
    )


def test_one_click_from_the_header_of_a_message_that_arrived(odoo_server, messages):
    (address, message), (other, _message), *_rest = messages.items()
    path = links(message)["unsubscribe"]
    before = odoo_server.sql(STATE)
    for method in ("GET", "HEAD"):
        assert ask(odoo_server, method, path)[0] == 200
    assert odoo_server.sql(STATE) == before, "a look changed something"

    status, headers, _text = ask(odoo_server, "POST", path, ONE_CLICK)
    assert status == 200
    assert "Location" not in headers
    assert "Set-Cookie" not in headers
    assert tags_of(odoo_server, address) == 0
    assert tags_of(odoo_server, other) == 2


def test_a_mail_program_that_sends_multipart_is_understood(odoo_server, messages):
    """RFC 8058 allows both kinds of forms."""
    address, message = next(iter(messages.items()))
    place = urllib.parse.urlsplit(odoo_server.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    body = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    connection.request(
        "POST",
        links(message)["unsubscribe"],
        body,
        {"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert connection.getresponse().status == 200
    assert tags_of(odoo_server, address) == 0


def test_the_same_click_many_times_at_once_has_one_effect(odoo_server, messages):
    address, message = next(iter(messages.items()))
    path = links(message)["unsubscribe"]
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(
            clients.map(lambda _: ask(odoo_server, "POST", path, ONE_CLICK)[0], range(CLIENTS))
        )
    assert answers == [200] * CLIENTS
    acts = f"FROM partner_mailing_unsubscription WHERE email_normalized = '{address}'"
    assert count(odoo_server, acts) == 1
    assert tags_of(odoo_server, address) == 0
    assert count(odoo_server, f"FROM mail_blacklist WHERE email = '{address}'") == 0
    logged = (
        "FROM mail_message g JOIN res_partner p ON p.id = g.res_id"
        f" WHERE g.model = 'res.partner' AND p.email = '{address}' AND g.body LIKE '%Unsubscribed%'"
    )
    assert count(odoo_server, logged) == 1


def test_everybody_leaves_at_once_and_the_totals_are_true(odoo_server, messages):
    paths = [links(message)["unsubscribe"] for message in messages.values()]
    with ThreadPoolExecutor(len(paths)) as clients:
        answers = list(
            clients.map(lambda path: ask(odoo_server, "POST", path, "do=leave_all")[0], paths)
        )
    assert answers == [200] * len(paths)
    counted = odoo_server.sql(
        "SELECT k.unsubscribed_count, count(r.unsubscribed_at)"
        "  FROM partner_mailing m JOIN partner_mailing_counter k ON k.id = m.counter_id"
        "  JOIN partner_mailing_recipient r ON r.mailing_id = m.id"
        " WHERE m.id = (SELECT max(id) FROM partner_mailing) GROUP BY 1"
    )
    assert counted == [[str(len(paths))] * 2]


def test_forged_requests_change_nothing_and_look_alike(odoo_server, messages):
    """Each letter of each link is changed once, the last ones too, of which some bits are spare."""
    lots = random.Random(8058)
    real = [path for message in messages.values() for path in links(message).values()]
    before = odoo_server.sql(STATE)

    def forge(path, position):
        stem, _slash, token = path.rpartition("/")
        letters = list(token)
        letters[position] = lots.choice([c for c in string.ascii_letters if c != letters[position]])
        body = lots.choice([None, ONE_CLICK, "do=leave_all", "do=undo"])
        if "view" in stem:
            body = None
        answer = ask(odoo_server, "POST" if body else "GET", f"{stem}/{''.join(letters)}", body)
        return answer[0], len(answer[2])

    places = [(path, place) for path in real for place in range(len(path.rpartition("/")[2]))]
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = set(clients.map(forge, *zip(*places, strict=True)))
    assert len(answers) == 1, "status and size are always the same"
    assert next(iter(answers))[0] == 404
    assert odoo_server.sql(STATE) == before


def test_the_message_is_seen_in_the_browser_and_runs_nothing(odoo_server, messages, page):
    message = next(iter(messages.values()))
    answer = page.goto(f"{odoo_server.url}{links(message)['view']}")
    assert answer.status == 200
    assert "Reader 0" in page.inner_text("body")
    assert page.evaluate("window.origin") == "null", "it is outside of Odoo's origin"


@pytest.mark.parametrize("width", [390, 1280])
def test_a_person_leaves_gives_a_reason_and_comes_back(odoo_server, messages, page, width):
    address, message = next(iter(messages.items()))
    errors = []
    page.on("console", lambda line: line.type == "error" and errors.append(line.text))
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{odoo_server.url}{links(message)['unsubscribe']}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.uncheck("text=Offers")
    page.click("text=Leave these groups")
    page.wait_for_selector("main:has-text('has left: News')")
    assert tags_of(odoo_server, address) == 1
    page.check("text=Too many messages")
    page.fill("textarea", "Once a month would do.")
    page.click("text=Send")
    page.wait_for_selector("h1:has-text('Thank you')")
    kept = "SELECT reason, comment FROM partner_mailing_unsubscription ORDER BY id DESC LIMIT 1"
    assert odoo_server.sql(kept) == [["too_often", "Once a month would do."]]
    page.click("text=Undo")
    page.wait_for_selector("h1:has-text('You are subscribed again')")
    assert tags_of(odoo_server, address) == 2
    assert not errors
