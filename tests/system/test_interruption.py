"""A sender that is killed: nobody gets a message twice, nobody is forgotten, nothing is invented."""

import collections
import random
import signal
import subprocess
import threading
import time

import pytest

from devtools import company

from .ledger import SILENCE, Ledger
from .mailings import addresses, command, validated
from .proofs import compare, states, wait_for

pytestmark = pytest.mark.slow(120)

COUNT = 1500
# Each begins the command anew, of which seconds pass before it sends; test_proof_kills.py kills
# more often, senders that begin at once.
KILLS = 3


@pytest.fixture(scope="module")
def server(start_server):
    """Return a server without scheduled actions: the command sends, and is killed."""
    with start_server("interruption", max_cron_threads=0) as running:
        company.create_users(running.login("admin"))
        yield running


def think(stage, _address):
    """Let a mailing take a few seconds: it is not done before something happens to its sender."""
    if stage == "content":
        time.sleep(0.002)


class Held:
    """Thinks as well, and takes no more than ``most`` messages until that is raised."""

    def __init__(self, most):
        self._taken, self._most = 0, most
        self._changed = threading.Condition()

    def __call__(self, stage, address):
        think(stage, address)
        if stage == "content":
            with self._changed:
                self._changed.wait_for(lambda: self._taken < self._most, 120)
                self._taken += 1

    def take(self, further):
        """Take so many messages beside those that were taken."""
        with self._changed:
            self._most = self._taken + further
            self._changed.notify_all()


def wait_for_more(ledger, sender):
    """Wait until a sender that was started has sent something, or has ended."""
    before = len(ledger.entries)
    wait_for(lambda: len(ledger.entries) > before or sender.poll() is not None, 120, "sends")


def wait_for_words(sender, words):
    """Read what a sender says until it says this."""
    assert any(words in line for line in sender.stdout)


def test_a_killed_sender_sends_nothing_twice_and_forgets_nobody(server):
    admin, author = server.login("admin"), server.login("marketing")
    chance = random.Random(19)
    held = Held(0)
    with Ledger(held) as ledger:
        company.send_to(admin, ledger.port)
        mailing = validated(author, server.login("validator"), extra_emails=addresses(COUNT))
        for _kill in range(KILLS):
            held.take(COUNT // (KILLS + 1))
            sender = command(server)
            wait_for_more(ledger, sender)
            time.sleep(chance.uniform(0, 0.15))
            sender.send_signal(signal.SIGKILL)
            sender.communicate(timeout=120)
            assert sender.returncode == -signal.SIGKILL, "it was killed before it was done"
        held.take(COUNT)
        last = command(server)
        output, _nothing = last.communicate(timeout=120)
    found = states(server, mailing)
    assert len(found) == COUNT, output
    # A claim takes about 25 ms; on this server that is far below a hundred messages.
    assert compare(ledger, found) <= KILLS * 100
    assert set(found.values()) <= {"sent", "uncertain"}, "forgotten"
    totals = collections.Counter(found.values())
    values = author.read("partner.mailing", mailing, "state", "sent_count", "uncertain_count")
    assert values["state"] == "done"
    assert (values["sent_count"], values["uncertain_count"]) == (
        totals["sent"], totals["uncertain"],
    )  # fmt: skip


def test_a_sender_that_is_asked_to_stop_leaves_nothing_open(server):
    held = Held(COUNT // 2)
    with Ledger(held) as ledger:
        company.send_to(server.login("admin"), ledger.port)
        mailing = validated(
            server.login("marketing"), server.login("validator"), extra_emails=addresses(COUNT)
        )
        sender = command(server, "--mailing", str(mailing))
        wait_for(lambda: ledger.entries or sender.poll() is not None, 120, "sends")
        sender.send_signal(signal.SIGINT)
        wait_for_words(sender, "Ctrl-C")
        held.take(COUNT)
        output, _nothing = sender.communicate(timeout=120)
    assert sender.returncode == 2, output
    found = collections.Counter(states(server, mailing).values())
    assert set(found) <= {"sent", "pending"}
    assert found["sent"] == len(ledger.entries)


def test_a_sender_whose_server_is_silent_is_stopped_with_one_message_uncertain(server):
    waiting = threading.Event()

    def misbehave(stage, _address):
        if stage == "content" and len(ledger.entries) >= COUNT // 10:
            waiting.set()
            return SILENCE
        return None

    with Ledger(misbehave) as ledger:
        company.send_to(server.login("admin"), ledger.port)
        mailing = validated(
            server.login("marketing"), server.login("validator"), extra_emails=addresses(COUNT)
        )
        sender = command(server, "--mailing", str(mailing))
        assert waiting.wait(120)
        sender.send_signal(signal.SIGINT)
        # It waits for the reply that decides the fate of a message, and says so.
        with pytest.raises(subprocess.TimeoutExpired):
            sender.wait(timeout=2)
        sender.send_signal(signal.SIGINT)
        output, _nothing = sender.communicate(timeout=120)
    assert sender.returncode == 2, output
    assert "A second Ctrl-C ends at once" in output
    found = collections.Counter(states(server, mailing).values())
    assert set(found) == {"sent", "pending", "uncertain"}
    assert found["uncertain"] == 1, "the one whose content was on its way"
    assert found["sent"] == len(ledger.entries) - 1
    server.sql(f"UPDATE partner_mailing SET state = 'cancelled' WHERE id = {mailing}")


def test_the_command_says_what_it_did_by_its_exit_code(server, inbox):
    company.send_to(server.login("admin"), inbox.port)
    server.sql("UPDATE partner_mailing SET state = 'cancelled' WHERE state <> 'done'")
    mailing = validated(server.login("marketing"), server.login("validator"))
    sender = command(server, "--mailing", str(mailing), "--limit", "1")
    output, _nothing = sender.communicate(timeout=120)
    assert (sender.returncode, len(inbox.deliveries())) == (0, 1), output
    sender = command(server)
    output, _nothing = sender.communicate(timeout=120)
    assert (sender.returncode, len(inbox.deliveries())) == (0, 2), output
    assert "System test" in output
    sender = command(server, "--mailing", str(mailing))
    output, _nothing = sender.communicate(timeout=120)
    assert sender.returncode == 2
    assert "only validated mailings are sent" in output
    sender = command(server, "--mailing", "0")
    output, _nothing = sender.communicate(timeout=120)
    assert sender.returncode == 2
    assert "There is no mailing 0." in output


def test_the_command_says_that_some_failed_by_its_exit_code(server):
    def refuse(stage, address):
        refused = stage == "rcpt" and address == "ben@example.org"
        return "550 5.1.1 No such user" if refused else None

    with Ledger(refuse) as ledger:
        company.send_to(server.login("admin"), ledger.port)
        mailing = validated(server.login("marketing"), server.login("validator"))
        sender = command(server, "--mailing", str(mailing))
        output, _nothing = sender.communicate(timeout=120)
        assert ledger.addresses() == ["ana@example.com"]
    assert sender.returncode == 1, output


def test_two_senders_share_a_mailing_and_nobody_gets_it_twice(server):
    author = server.login("marketing")
    with Ledger(think) as ledger:
        company.send_to(server.login("admin"), ledger.port)
        mailing = validated(author, server.login("validator"), extra_emails=addresses(COUNT))
        first = command(server, "--mailing", str(mailing))
        wait_for_more(ledger, first)
        # Claimed by the first alone until now; a number from the sequence for each sender.
        second = command(server, "--mailing", str(mailing))
        outputs = [sender.communicate(timeout=240)[0] for sender in (first, second)]
    assert compare(ledger, states(server, mailing)) == 0, outputs
    values = author.read("partner.mailing", mailing, "state", "sent_count")
    assert (values["state"], values["sent_count"]) == ("done", COUNT), outputs
