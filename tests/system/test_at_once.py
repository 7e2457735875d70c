"""Two people at once: what they press in the same moment ends in one true state."""

import collections
import contextlib
import os
import subprocess
import threading

import pytest

from devtools import company
from devtools.rpc import RpcError

from .ledger import Ledger
from .mailings import MAILING, addresses, command, validated, write
from .proofs import wait_for

pytestmark = pytest.mark.slow(25)

ROUNDS = 5


@pytest.fixture(scope="module")
def server(start_server):
    """Return a server with two validators, which sends nothing by itself."""
    with start_server("at_once", max_cron_threads=0) as running:
        admin = running.login("admin")
        company.create_users(admin)
        group = admin.record("mass_mailing_lite.group_validator")
        values = {
            "name": "Second",
            "login": "second",
            "password": "second",
            "email": "second@example.com",
            "notification_type": "inbox",
            "group_ids": [(4, group)],
        }
        admin.call("res.users", "create", [values], context={"no_reset_password": True})
        yield running


def at_once(*calls):
    """Run calls at the same moment; return what each gave: True, or the error."""
    start = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(number, client, method, arguments):
        start.wait()
        try:
            results[number] = client.call(MAILING, method, *arguments) is not None
        except RpcError as error:
            results[number] = error

    threads = [
        threading.Thread(target=run, args=(number, client, method, arguments))
        for number, (client, method, arguments) in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def decisions(server, mailing):
    """Return [(state, validator)] of all requests of a mailing, the oldest first."""
    return server.sql(
        "SELECT a.state, u.login FROM partner_mailing_approval a"
        " LEFT JOIN res_users u ON u.id = a.validator_id"
        f" WHERE a.mailing_id = {mailing} ORDER BY a.id"
    )


def test_of_two_validators_who_press_at_once_one_decides(server):
    author = server.login("marketing")
    validators = [server.login("validator"), server.login("second")]
    for _round in range(ROUNDS):
        mailing = write(author)
        author.call(MAILING, "action_submit", [mailing])
        results = at_once(*[(one, "action_validate", [[mailing]]) for one in validators])
        assert [result is True for result in results].count(True) == 1, results
        [[state, login]] = decisions(server, mailing)
        assert state == "validated"
        assert login == ("validator" if results[0] is True else "second")


def test_of_validating_and_refusing_at_once_one_holds(server):
    author = server.login("marketing")
    yes, no = server.login("validator"), server.login("second")
    for _round in range(ROUNDS):
        mailing = write(author)
        author.call(MAILING, "action_submit", [mailing])
        validated, refused = at_once(
            (yes, "action_validate", [[mailing]]), (no, "action_refuse", [[mailing], "No."])
        )
        assert (validated is True) != (refused is True)
        state = author.read(MAILING, mailing, "state")["state"]
        assert state == ("validated" if validated is True else "draft")
        assert len(decisions(server, mailing)) == 1


def test_what_is_validated_is_what_was_submitted_though_the_author_saves(server):
    author, validator = server.login("marketing"), server.login("validator")
    for _round in range(ROUNDS):
        mailing = write(author)
        author.call(MAILING, "action_submit", [mailing])
        saved, validated = at_once(
            (author, "write", [[mailing], {"subject": "Changed in the last moment"}]),
            (validator, "action_validate", [[mailing]]),
        )
        assert saved is not True
        assert validated is True
        values = author.read(MAILING, mailing, "state", "subject")
        assert (values["state"], values["subject"]) == ("validated", "News for {{ object.name }}")


def test_taking_back_while_it_is_validated_leaves_no_valid_draft(server):
    author, validator = server.login("marketing"), server.login("validator")
    for _round in range(ROUNDS):
        mailing = write(author)
        author.call(MAILING, "action_submit", [mailing])
        at_once(
            (author, "action_back_to_draft", [[mailing]]),
            (validator, "action_validate", [[mailing]]),
        )
        state = author.read(MAILING, mailing, "state")["state"]
        [[decision, _login]] = decisions(server, mailing)
        assert (state, decision) in {
            ("draft", "withdrawn"),
            ("draft", "void"),
            ("validated", "validated"),
        }


@contextlib.contextmanager
def held(server, row):
    """Hold a row in a transaction of its own, which other transactions wait for that write it."""
    postgres = server.tools.server
    psql = postgres.programs / "psql" if postgres.programs else "psql"
    with subprocess.Popen(
        [psql, "-w", "-X", "-q", "-A", "-t", "-d", server.database],
        env={**os.environ, **postgres.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdin.write(f"BEGIN; SELECT 'held' FROM {row} FOR NO KEY UPDATE;\n")
        process.stdin.flush()
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.write("ROLLBACK;\n")
            process.stdin.close()


def test_a_lock_that_is_held_for_a_moment_is_waited_for_and_a_long_one_is_told(server):
    author = server.login("marketing")
    mailing = write(author)
    assert not author.read(MAILING, mailing, "recipients_loaded_at")["recipients_loaded_at"]
    row = f"partner_mailing WHERE id = {mailing}"
    with held(server, row), pytest.raises(RpcError, match="Try again in a moment"):
        author.call(MAILING, "action_load_recipients", [mailing])
    loading = threading.Thread(
        target=author.call, args=(MAILING, "action_load_recipients", [mailing])
    )
    with held(server, row):
        loading.start()
        loading.join(0.5)
        assert loading.is_alive(), "it waits"
    loading.join(60)
    assert author.read(MAILING, mailing, "recipients_loaded_at")["recipients_loaded_at"]


def test_of_two_mailings_that_start_at_once_one_takes_the_last_place_of_each_person(server):
    admin, author, validator = (server.login(name) for name in ("admin", "marketing", "validator"))
    [owner] = admin.search_read("res.company", [], "id")
    limit = {"partner_mailing_pressure_count": 1, "partner_mailing_pressure_days": 7}
    with Ledger() as ledger:
        company.send_to(admin, ledger.port)
        admin.call("res.company", "write", [owner["id"]], limit)
        both = [validated(author, validator, extra_emails=addresses(20)) for _mailing in range(2)]
        # Both processes have begun to start their mailing before one of them can.
        with held(server, f"res_company WHERE id = {owner['id']}"):
            senders = [command(server, "--mailing", str(mailing)) for mailing in both]
            wait_for(
                lambda: (
                    server.sql(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND wait_event_type = 'Lock' AND query LIKE 'UPDATE res_company%'"
                    )
                    == [["2"]]
                ),
                120,
                "two senders that wait for each other",
            )
        for sender in senders:
            output, _nothing = sender.communicate(timeout=120)
            assert sender.returncode == 0, output
        admin.call("res.company", "write", [owner["id"]], dict.fromkeys(limit, 0))
    assert set(collections.Counter(ledger.addresses()).values()) == {1}
    assert len(ledger.addresses()) == 20
    figures = [author.read(MAILING, one, "state", "sent_count", "skipped_count") for one in both]
    assert {one["state"] for one in figures} == {"done"}
    assert sorted((one["sent_count"], one["skipped_count"]) for one in figures) == [
        (0, 20),
        (20, 0),
    ]
