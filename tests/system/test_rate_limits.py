"""Limits of mail servers, as the servers see them: several senders, several mailings, one minute."""

import contextlib
import time

import pytest

from devtools import company

from .ledger import Ledger
from .mailings import MAILING, command, switch_scheduler, validated
from .proofs import wait_for

# It waits for most of the time, so it begins early, beside what computes.
pytestmark = pytest.mark.slow(120)

MINUTE = 60.0
# How late a message may be that has to wait: the scheduler is told, begins its job, connects. On a
# busy machine that takes many seconds; a scheduler that is not told looks after 60.
LATE = 40.0
SHARED_LIMIT, DOMAIN_LIMIT = 60, 10


def most_in_a_window(moments, seconds=MINUTE):
    """Return how many moments the fullest window holds, wherever it begins."""
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


def to(domain, count):
    return "\n".join(f"reader{number}@{domain}" for number in range(count))


@pytest.fixture(scope="module")
def server(start_server):
    with start_server("rate_limits") as running:
        company.create_users(running.login("admin"))
        yield running


LIMITS = {
    "shared": {"partner_mailing_limit_minute": SHARED_LIMIT},
    "single": {"partner_mailing_limit_minute": 1},
    "domain": {"partner_mailing_limit_domain_minute": DOMAIN_LIMIT},
    "free": {},
}
EMAILS = {
    "shared": [to("one.example", SHARED_LIMIT + 5), to("two.example", SHARED_LIMIT - 15)],
    "single": [to("example.com", 2)],
    "domain": [f"{to('big.example', 16)}\n{to('small.example', 4)}"],
    "free": [to("example.com", 300)],
}


@pytest.fixture(scope="module")
def mail_servers():
    """Run an SMTP server for each kind of limit; return them by name."""
    with contextlib.ExitStack() as running:
        yield {name: running.enter_context(Ledger()) for name in LIMITS}


@pytest.fixture(scope="module")
def ledgers(server, mail_servers):
    """Send through four servers at once, until all is done; return what each of them noted.

    Two processes of the command and the scheduled action share the mailings of the first.
    """
    admin, author, validator = (server.login(name) for name in ("admin", "marketing", "validator"))
    numbers = {
        name: admin.create(
            "ir.mail_server",
            name=name,
            smtp_host="127.0.0.1",
            smtp_port=mail_servers[name].port,
            smtp_encryption="none",
            **values,
        )
        for name, values in LIMITS.items()
    }

    def write(name):
        return [
            validated(author, validator, extra_emails=one, mail_server_id=numbers[name])
            for one in EMAILS[name]
        ]

    # Both commands begin before the scheduled action could have done the mailing of one of them.
    switch_scheduler(server, False)
    mailings = {"shared": write("shared")}
    senders = [command(server, "--mailing", str(one)) for one in mailings["shared"]]
    wait_for(lambda: len(mail_servers["shared"].entries) >= SHARED_LIMIT, 120, "sends")
    switch_scheduler(server, True)
    mailings.update({name: write(name) for name in ("single", "domain", "free")})
    outputs = [sender.communicate(timeout=150)[0] for sender in senders]
    assert [sender.returncode for sender in senders] == [0, 0], outputs
    everything = [one for some in mailings.values() for one in some]
    until = time.monotonic() + 120
    while {row["state"] for row in author.call(MAILING, "read", everything, ["state"])} != {"done"}:
        assert time.monotonic() < until, author.call(MAILING, "read", everything, ["state"])
        time.sleep(0.5)
    return mail_servers


def test_no_window_holds_more_than_the_limit_whoever_sends(ledgers):
    moments = ledgers["shared"].moments()
    assert len(moments) == 110
    assert most_in_a_window(moments) == SHARED_LIMIT, "and it is used fully"


def test_what_waits_goes_on_as_soon_as_there_is_room(ledgers):
    moments = ledgers["shared"].moments()
    assert moments[SHARED_LIMIT] - moments[0] <= MINUTE + LATE
    assert moments[-1] - moments[SHARED_LIMIT - 1] <= MINUTE + LATE


def test_one_a_minute_is_one_each_minute(ledgers):
    first, second = ledgers["single"].moments()
    assert MINUTE <= second - first <= MINUTE + LATE


def test_one_domain_waits_for_its_minute_and_another_does_not(ledgers):
    ledger = ledgers["domain"]
    big, small = ledger.moments("@big.example"), ledger.moments("@small.example")
    assert (len(big), len(small)) == (16, 4)
    assert most_in_a_window(big) == DOMAIN_LIMIT
    assert small[-1] < big[DOMAIN_LIMIT]
    assert big[-1] - big[0] <= MINUTE + LATE


def test_a_server_without_limits_waits_for_nobody(ledgers):
    free, shared = ledgers["free"].moments(), ledgers["shared"].moments()
    assert len(free) == 300
    assert free[-1] < shared[SHARED_LIMIT]


def test_the_command_sends_nothing_outside_the_sending_hours(server, inbox):
    admin, author = server.login("admin"), server.login("marketing")
    company.send_to(admin, inbox.port)
    [[today, hour]] = server.sql(
        "SELECT lower(to_char(now() AT TIME ZONE 'UTC', 'dy')), "
        " extract(hour FROM now() AT TIME ZONE 'UTC')::integer"
    )
    closed = {
        "partner_mailing_use_hours": True,
        "partner_mailing_tz": "UTC",
        "partner_mailing_hour_from": (int(hour) + 3) % 24,
        "partner_mailing_hour_to": (int(hour) + 4) % 24,
        **{f"partner_mailing_on_{day}": True for day in ("sat", "sun", today)},
    }
    [[number]] = server.sql("SELECT min(id) FROM res_company")
    admin.call("res.company", "write", [int(number)], closed)
    [own] = admin.search_read("ir.mail_server", [("name", "=", company.MAIL_SERVER)], "id")
    mailing = validated(author, server.login("validator"), mail_server_id=own["id"])
    sender = command(server, "--mailing", str(mailing))
    output, _nothing = sender.communicate(timeout=120)
    assert sender.returncode == 2, output
    assert "outside the sending hours" in output
    assert not inbox.deliveries()
    admin.call("res.company", "write", [int(number)], {"partner_mailing_use_hours": False})
    until = time.monotonic() + LATE
    while not inbox.deliveries():
        assert time.monotonic() < until, "the scheduler goes on when the hours are changed"
        time.sleep(0.2)
