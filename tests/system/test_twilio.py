"""Mailings by SMS through Odoo's own `sms_twilio`, unchanged, and a simulated Twilio.

Each answer of Twilio leads to the state that the table of `docs/sms.md` names.
"""

import contextlib

import pytest
import requests

from devtools.rpc import RpcError

from .mailings import MAILING, command, switch_scheduler
from .proofs import wait_for
from .test_rate_limits import LATE, MINUTE, most_in_a_window
from .twilio import ACCOUNT, CUT, HALF, HANG, PAGE, Refusal, Twilio
from .twilio_office import new_number, open_office

# The limit is for the installation of Odoo's addons, once for each version of Odoo.
pytestmark = [pytest.mark.slow(160), pytest.mark.timeout(900)]

LIMIT = 20


@pytest.fixture(scope="module")
def twilio(tmp_path_factory):
    """Return a running Twilio, which every Odoo that is started from here takes for the real one."""
    with (
        Twilio(tmp_path_factory.mktemp("twilio")) as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in running.environment().items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def running_office(tools, twilio):
    with open_office(tools) as office:
        yield office


@pytest.fixture
def office(running_office, twilio):
    """Return a company that writes SMS; each test begins with a Twilio that takes everything."""
    yield running_office
    twilio.answers.clear()
    twilio.before, twilio.is_reachable = None, True
    running_office.cancel_all()


# ------------------------------------------------------------
# Answers
# ------------------------------------------------------------


def test_an_sms_that_twilio_takes_is_sent(office, twilio):
    number = new_number()
    _mailing, reached, found = office.send(number)
    assert (reached, found[number]["state"]) == ("done", "sent")
    assert twilio.taken(number).text == "Our shop is open again."
    assert twilio.requests.count(number) == 1


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, 21211, "The 'To' number is not a valid phone number.", "sms_number"),
        (400, 21614, "'To' number is not a valid mobile number", "sms_number"),
        (400, 21608, "The number is unverified. Trial accounts cannot send to it.", "sms_unverified"),
        (400, 21610, "Attempt to send to unsubscribed recipient", "unknown"),
        (400, 21408, "Permission to send to this region has not been enabled", "unknown"),
    ],
)  # fmt: skip
def test_a_refusal_of_one_number_is_its_own(office, twilio, status, code, message, kind):
    refused, others = new_number(), [new_number() for _number in range(3)]
    twilio.answers[refused] = Refusal(status, code, message)
    _mailing, reached, found = office.send(others[0], refused, *others[1:])
    assert reached == "done"
    row = found[refused]
    assert (row["state"], row["failure_type"]) == ("failed", kind)
    assert message in row["failure_reason"]
    assert {found[number]["state"] for number in others} == {"sent"}


@pytest.mark.parametrize(
    "answer",
    [
        Refusal(400, 21606, "The 'From' number is not a message-capable Twilio number"),
        Refusal(401, 20003, "Authenticate"),
        Refusal(403, 20005, "Account is not active"),
        Refusal(429, 20429, "Too Many Requests"),
        Refusal(429, 21611, "This 'From' number has too many messages in its queue"),
    ],
)
def test_what_is_about_the_account_makes_all_wait(office, twilio, answer):
    numbers = [new_number() for _number in range(3)]
    twilio.answers.update(dict.fromkeys(numbers, answer))
    mailing, reached, found = office.send(*numbers)
    assert reached == "server"
    assert {row["state"] for row in found.values()} == {"pending"}
    words = office.author.read(MAILING, mailing, "fault_text")["fault_text"]
    assert f"{answer.message} ({answer.code})" in words
    assert len(set(twilio.requests) & set(numbers)) == 1, "one number was enough to learn it"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sms_twilio_auth_token": "an old one"}, "Authenticate (20003)"),
        ({"sms_twilio_account_sid": "AC" + "f" * 32}, "Authenticate (20003)"),
        ({"sms_twilio_account_sid": "AC1"}, "Invalid Twilio Account SID"),
        ({"sms_twilio_number_ids": [(5,)]}, "'From' phone number is required. (21603)"),
    ],
)
def test_with_a_wrong_setting_all_wait_until_it_is_corrected(office, values, words):
    before = office.set_company(**values)
    number = new_number()
    try:
        mailing, reached, found = office.send(number)
        assert (reached, found[number]["state"]) == ("server", "pending")
        assert words in office.author.read(MAILING, mailing, "fault_text")["fault_text"]
    finally:
        corrected = {name: before[name] for name in values if name != "sms_twilio_number_ids"}
        if "sms_twilio_number_ids" in values:
            corrected["sms_twilio_number_ids"] = [office.own_number()]
        office.set_company(**corrected)
    office.author.call(MAILING, "action_pause", [mailing])
    office.author.call(MAILING, "action_resume", [mailing])
    assert office.settle(mailing, until=("done",))
    assert office.recipients(mailing)[number]["state"] == "sent"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sms_twilio_account_sid": "AC1"}, "account SID or token"),
        ({"sms_twilio_auth_token": False}, "account SID or token"),
        ({"sms_twilio_number_ids": [(5,)]}, "No number is set up at Twilio"),
        ({}, None),
    ],
)
def test_a_draft_tells_which_setting_is_missing(office, values, words):
    before = office.set_company(**values) if values else {}
    try:
        mailing = office.author.create(
            MAILING, name="Draft", channel="sms", sms_body="Open again. Reply STOP to end."
        )
        found = office.author.read(MAILING, mailing, "findings")["findings"] or []
        messages = [one["message"] for one in found if one["key"] == "sms_sender"]
        assert (len(messages), words is None or words in messages[0]) == (bool(words), True)
    finally:
        corrected = {name: before[name] for name in values if name != "sms_twilio_number_ids"}
        if "sms_twilio_number_ids" in values:
            corrected["sms_twilio_number_ids"] = [office.own_number()]
        if corrected:
            office.set_company(**corrected)


def test_where_twilio_cannot_be_reached_all_wait(office, twilio):
    twilio.is_reachable = False
    _mailing, reached, found = office.send(new_number(), new_number())
    assert reached == "server"
    assert {row["state"] for row in found.values()} == {"pending"}


@pytest.mark.parametrize("answer", [HANG, CUT, PAGE, Refusal(500, 20500, "Internal Server Error")])
def test_without_a_clear_answer_one_is_uncertain_and_a_person_looks(office, twilio, answer):
    numbers = [new_number() for _number in range(3)]
    twilio.answers.update(dict.fromkeys(numbers, answer))
    mailing, reached, found = office.send(*numbers)
    assert reached == "paused"
    assert sorted(row["state"] for row in found.values()) == ["pending", "pending", "uncertain"]
    [row] = [row for row in found.values() if row["state"] == "uncertain"]
    assert row["failure_type"] == "sms_gateway"
    twilio.answers.clear()
    office.author.call(MAILING, "action_resume", [mailing])
    assert office.settle(mailing, until=("done",))
    assert twilio.requests.count(row["phone_sanitized"]) == 1, "never again by itself"
    assert sorted(row["state"] for row in office.recipients(mailing).values()) == [
        "sent", "sent", "uncertain",
    ]  # fmt: skip


@pytest.mark.parametrize("answer", [HANG, CUT, PAGE, HALF])
def test_a_fault_with_one_of_a_batch_leaves_the_others_alone(office, twilio, answer):
    numbers = [new_number() for _number in range(15)]
    # The batches are of 1, 2, 4 and 8: this one is in the middle of the third.
    odd = numbers[4]
    twilio.answers[odd] = answer
    _mailing, reached, found = office.send(*numbers)
    assert reached == "done"
    # Twilio did take it where its answer breaks off.
    assert found[odd]["state"] == ("sent" if answer == HALF else "uncertain")
    assert {found[number]["state"] for number in numbers if number != odd} == {"sent"}
    assert all(twilio.requests.count(number) == 1 for number in numbers)


def test_a_test_arrives_or_says_what_twilio_said(office, twilio):
    mailing = office.author.create(
        MAILING, name="Not sent", channel="sms", sms_body="Our shop is open again."
    )
    good, bad = new_number(), new_number()
    twilio.answers[bad] = Refusal(429, 20429, "Too Many Requests")
    office.set_company(partner_mailing_test_numbers=f"{good}\n{bad}")
    for number in (good, bad):
        dialog = office.author.create("partner.mailing.test", mailing_id=mailing, numbers=number)
        if number == bad:
            with pytest.raises(RpcError, match=r"Too Many Requests \(20429\)"):
                office.author.call("partner.mailing.test", "action_send", [dialog])
        else:
            office.author.call("partner.mailing.test", "action_send", [dialog])
    assert twilio.taken(good).text == "[Test] Our shop is open again."


# ------------------------------------------------------------
# Reports
# ------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("queued", None, ("sent", False, False)),
        ("sent", None, ("sent", False, False)),
        ("delivered", None, ("sent", False, False)),
        ("undelivered", 30003, ("bounced", "sms_destination", "permanent")),
        ("undelivered", 30006, ("bounced", "sms_not_allowed", "permanent")),
        ("failed", 30007, ("bounced", "sms_rejected", "transient")),
        ("undelivered", 30008, ("bounced", "sms_not_delivered", "transient")),
        ("undelivered", 30034, ("bounced", "sms_not_delivered", "transient")),
        ("failed", 30034, ("bounced", "unknown", "transient")),
    ],
)
def test_what_twilio_reports_later_becomes_the_result(office, twilio, status, code, expected):
    number = new_number()
    mailing, _reached, _found = office.send(number)
    assert twilio.report(twilio.taken(number), status, code) == 200
    row = office.recipients(mailing)[number]
    assert (row["state"], row["failure_type"], row["bounce_type"]) == expected


def test_a_report_that_twilio_did_not_sign_changes_nothing(office, twilio):
    number = new_number()
    mailing, _reached, _found = office.send(number)
    assert twilio.report(twilio.taken(number), "undelivered", 30003, token="guessed") == 404
    assert office.recipients(mailing)[number]["state"] == "sent"


def test_an_uncertain_one_is_sent_when_twilio_reports_that_it_arrived(office, twilio):
    number = new_number()
    twilio.answers[number] = CUT
    mailing, _reached, found = office.send(number)
    assert found[number]["state"] == "uncertain"
    assert twilio.report(twilio.taken(number), "delivered") == 200
    assert office.recipients(mailing)[number]["state"] == "sent"


@pytest.mark.parametrize(
    ("answer", "status", "code", "state"),
    [
        (HANG, "delivered", None, "sent"),
        (None, "delivered", None, "sent"),
        (None, "undelivered", 30003, "bounced"),
    ],
)
def test_a_report_may_come_before_the_answer(office, twilio, answer, status, code, state):
    number, codes = new_number(), []
    twilio.answers[number] = answer
    twilio.before = lambda message: codes.append(twilio.report(message, status, code))
    mailing, _reached, found = office.send(number)
    assert codes == [200]
    assert found[number]["state"] == state
    totals = office.author.read(MAILING, mailing, "sent_count", "bounced_count", "pending_count")
    assert [totals["sent_count"], totals["bounced_count"], totals["pending_count"]] == [
        int(state == "sent"), int(state == "bounced"), 0,
    ]  # fmt: skip


# ------------------------------------------------------------
# Answers of recipients
# ------------------------------------------------------------


def test_stop_and_start_are_taken_from_twilio(office, twilio):
    number, webhook = new_number(), office.webhook()
    mailing, _reached, _found = office.send(number)
    answer = twilio.answer(number, "Stop.", webhook)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response/>")
    assert office.is_blocklisted(number)
    assert office.author.read(MAILING, mailing, "unsubscribed_count")["unsubscribed_count"] == 1
    _mailing, _reached, found = office.send(new_number(), number)
    assert (found[number]["state"], twilio.requests.count(number)) == ("skipped", 1)
    assert twilio.answer(number, "START", webhook).status_code == 200
    assert not office.is_blocklisted(number)
    assert twilio.answer(number, "Baja, por favor", webhook).status_code == 200
    assert office.is_blocklisted(number)
    totals = office.author.read(MAILING, mailing, "unsubscribed_count", "replied_count")
    assert [totals["unsubscribed_count"], totals["replied_count"]] == [1, 1]


def test_a_reply_is_counted_once_however_often_twilio_sends_it(office, twilio):
    number, webhook = new_number(), office.webhook()
    mailing, _reached, _found = office.send(number)
    for _time in range(2):
        answer = twilio.answer(number, "¿Cuándo abren? 🙂 a+b&c=d", webhook, sid="SM" + "1" * 32)
        assert answer.status_code == 200
    [found] = office.answers(number)
    assert (found["text"], found["kind"]) == ("¿Cuándo abren? 🙂 a+b&c=d", "reply")
    assert found["mailing_id"][0] == mailing
    assert office.author.read(MAILING, mailing, "replied_count")["replied_count"] == 1


def test_what_twilio_did_not_sign_is_refused(office, twilio):
    number, webhook = new_number(), office.webhook()
    for response in (
        twilio.answer(number, "STOP", webhook, token="guessed"),
        twilio.answer(number, "STOP", webhook, token=""),
        twilio.answer(number, "STOP", webhook + "?more=1", through=webhook),
        twilio.answer(number, "STOP", webhook, further={"AccountSid": "AC" + "0" * 32}),
        requests.post(webhook, data={"AccountSid": ACCOUNT, "Body": "STOP"}, timeout=60),
        requests.post(webhook, data=b"\xff\x00" * 1000, timeout=60),
    ):
        assert response.status_code == 403
    assert twilio.answer(number, "x" * 70_000, webhook).status_code == 413
    assert not office.is_blocklisted(number)
    assert office.answers(number) == []
    # Signed by Twilio and strange all the same.
    odd = twilio.answer("\0", "\0" * 100, webhook, further={"self": "1", "To": ""})
    assert odd.status_code == 200


def test_behind_a_proxy_the_public_address_is_signed(office, twilio):
    number, inside = new_number(), office.webhook()
    before = office.admin.call("ir.config_parameter", "get_param", "web.base.url")
    office.admin.call(
        "ir.config_parameter", "set_param", "web.base.url", "https://odoo.example.com/"
    )
    try:
        outside = office.webhook()
        assert outside == "https://odoo.example.com/partner_mailing/sms/twilio"
        assert twilio.answer(number, "STOP", inside).status_code == 403
        assert twilio.answer(number, "STOP", outside, through=inside).status_code == 200
        query = "?company=1&x=%20"
        answer = twilio.answer(number, "Hello", outside + query, through=inside + query)
        assert answer.status_code == 200
    finally:
        office.admin.call("ir.config_parameter", "set_param", "web.base.url", before)
    assert [answer["kind"] for answer in office.answers(number)] == ["stop", "reply"]


# ------------------------------------------------------------
# Rate limits
# ------------------------------------------------------------


def test_no_minute_holds_more_than_the_limit_over_all_senders(office, twilio):
    """Two processes of the command and the scheduled action share the company's limit."""
    office.set_company(partner_mailing_sms_limit_minute=LIMIT)
    try:
        # Two minutes' worth. The commands begin before the scheduled action could have sent all of
        # a mailing; the third mailing calls it.
        lists = [[new_number() for _number in range(count)] for count in (30, 9, 1)]
        switch_scheduler(office.server, False)
        mailings = [office.write(numbers) for numbers in lists[:2]]
        with contextlib.ExitStack() as stack:
            senders = [
                stack.enter_context(command(office.server, "--mailing", str(mailing)))
                for mailing in mailings
            ]
            everyone = {number for some in lists for number in some}
            wait_for(lambda: len(everyone & set(twilio.requests)) >= LIMIT, 120, "sends")
            switch_scheduler(office.server, True)
            mailings.append(office.write(lists[2]))
            outputs = [sender.communicate(timeout=150)[0] for sender in senders]
            assert [sender.returncode for sender in senders] == [0, 0], outputs
        assert [office.settle(mailing, until=("done",)) for mailing in mailings] == ["done"] * 3
    finally:
        switch_scheduler(office.server, True)
        office.set_company(partner_mailing_sms_limit_minute=0)
    numbers = [number for some in lists for number in some]
    moments = sorted(twilio.taken(number).moment for number in numbers)
    assert all(twilio.requests.count(number) == 1 for number in numbers)
    assert most_in_a_window(moments) == LIMIT, "and it is used fully"
    assert moments[-1] - moments[LIMIT - 1] <= MINUTE + LATE
    assert "waits for a limit until" in "".join(outputs)


def test_only_an_administrator_of_the_system_sets_the_limits(office):
    [own] = office.author.search_read("res.company", [], "id")
    with pytest.raises(RpcError, match="not allowed"):
        office.author.call(
            "res.company", "write", [own["id"]], {"partner_mailing_sms_limit_minute": 0}
        )
