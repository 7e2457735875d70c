from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import Command, fields
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, file_open

from ..delivery import outcome as outcomes
from ..models import partner_mailing_sending
from ..sender import starts, worker
from ..sender.sender import Sender
from ..sender.wait import Wait
from .common import SendingCase


def conflicting_once(method, calls):
    """Return the method, which fails at its first call as when two senders write the same rows."""

    def step(records, *args):
        calls.append(args)
        if len(calls) == 1:
            raise SerializationFailure
        return method(records, *args)

    return step


@tagged("post_install", "-at_install")
class TestSending(SendingCase):
    def test_the_scheduler_sends_what_is_validated_and_nothing_else(self):
        mailing = self.new_validated_mailing()
        draft, submitted = self.new_mailing(), self.new_mailing()
        draft.action_load_recipients()
        submitted.action_submit()
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertEqual(mailing.state, "done")
        self.assertEqual(
            (mailing.sent_count, mailing.pending_count, mailing.progress), (2, 0, 100.0)
        )
        self.assertTrue(mailing.started_at <= mailing.finished_at)
        self.assertEqual((draft.state, submitted.state), ("draft", "to_validate"))
        self.assertCountersTrue(mailing)

    def test_each_recipient_gets_their_own_message(self):
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        for name in ("Anna", "Boris"):
            message = self.inbox.message_to(f"{name.lower()}@example.com")
            self.assertEqual(message["Subject"], f"News for {name}")
            self.assertEqual(message["To"].addresses[0].display_name, name)
            self.assertIn(f"Dear {name}, it is summer.", message.get_body(("html",)).get_content())
            self.assertIn(f"Dear {name}, it is summer.", message.get_body(("plain",)).get_content())
        row = self.rows(mailing)["anna@example.com"]
        self.assertEqual(self.inbox.message_to("anna@example.com")["Message-Id"], row.message_id)
        self.assertEqual((row.state, row.attempts), ("sent", 1))
        self.assertTrue(row.sent_at)

    def test_a_refused_recipient_has_failed_with_the_reply_in_words(self):
        self.inbox.replies["anna@example.com"] = "550 5.1.1 No such user here"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        row = self.rows(mailing)["anna@example.com"]
        self.assertEqual((row.state, row.failure_type), ("failed", "address_unknown"))
        self.assertIn("No such user here", row.reason)
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(mailing.state, "done")
        self.assertCountersTrue(mailing)

    def test_failed_ones_can_be_tried_again_and_the_others_get_nothing_twice(self):
        self.inbox.replies["anna@example.com"] = "550 5.1.1 No such user here"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.inbox.replies.clear()
        mailing.action_retry_failed()
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertEqual(mailing.state, "done")
        self.assertCountersTrue(mailing)

    def test_a_deferred_recipient_is_tried_again_later(self):
        self.inbox.replies["anna@example.com"] = "450 4.2.0 Greylisted, come back later"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        row = self.rows(mailing)["anna@example.com"]
        self.assertEqual((row.state, row.failure_type), ("pending", "greylisted"))
        self.assertGreater(row.next_attempt_at, fields.Datetime.now() + timedelta(minutes=29))
        self.assertEqual(mailing.state, "sending", "not done while somebody waits")
        cron = self.env.ref("mass_mailing_lite.ir_cron_send")
        self.assertTrue(
            self.env["ir.cron.trigger"].search(
                [
                    ("cron_id", "=", cron.id),
                    ("call_at", ">=", row.next_attempt_at - timedelta(minutes=1)),
                ]
            )
        )
        self.inbox.replies.clear()
        self.run_scheduler()
        self.assertEqual(row.state, "pending", "not before its time")
        row._as_system().next_attempt_at = fields.Datetime.now() - timedelta(seconds=1)
        self.run_scheduler()
        self.assertEqual(row.state, "sent")
        self.assertEqual(row.attempts, 2)
        self.assertEqual(mailing.state, "done")
        self.assertCountersTrue(mailing)

    def test_a_deferred_recipient_has_failed_after_the_last_attempt(self):
        self.inbox.replies["anna@example.com"] = "450 4.2.0 Come back later"
        mailing = self.new_validated_mailing()
        row = self.rows(mailing)["anna@example.com"]
        row._as_system().attempts = 7
        self.run_scheduler()
        self.assertEqual((row.state, row.attempts), ("failed", 8))

    def test_a_chosen_mail_server_is_used(self):
        other = self.env["ir.mail_server"].create(
            {"name": "Down", "smtp_host": "127.0.0.1", "smtp_port": 1, "sequence": 1}
        )
        mailing = self.new_validated_mailing(mail_server_id=self.server.id)
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.assertTrue(other.active)

    def test_who_comes_onto_the_blocklist_after_validation_is_not_written_to(self):
        mailing = self.new_validated_mailing()
        self.env["mail.blacklist"]._add("anna@example.com")
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(self.states(mailing)["anna@example.com"], "blocklisted")
        self.assertCountersTrue(mailing)

    def test_a_contact_that_is_deleted_is_not_written_to(self):
        mailing = self.new_validated_mailing()
        self.anna.unlink()
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(self.states(mailing)["anna@example.com"], "deleted")

    def test_a_scheduled_mailing_waits_for_its_time(self):
        mailing = self.new_validated_mailing(
            scheduled_at=fields.Datetime.now() + timedelta(hours=1)
        )
        self.run_scheduler()
        self.assertEqual((mailing.state, self.inbox.messages), ("validated", []))

    def test_a_mailing_that_missed_its_time_waits_for_a_person(self):
        mailing = self.new_validated_mailing(
            scheduled_at=fields.Datetime.now() + timedelta(minutes=1)
        )
        with freeze_time(fields.Datetime.now() + timedelta(hours=13)):
            self.run_scheduler()
            self.assertEqual((mailing.state, self.inbox.messages), ("paused", []))
            self.assertIn("did not run", mailing.pause_reason)
            self.assertEqual(mailing.sudo().activity_ids.user_id, self.marketer)
            mailing.action_resume()
            self.run_scheduler()
        self.assertEqual(len(self.inbox.messages), 2)

    def test_a_mailing_validated_after_its_time_is_not_late(self):
        mailing = self.new_mailing(scheduled_at=fields.Datetime.now() + timedelta(hours=1))
        mailing.action_submit()
        with freeze_time(fields.Datetime.now() + timedelta(days=3)):
            mailing.with_user(self.validator).action_validate(scheduled_at=False)
            self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    def test_what_is_not_what_was_validated_is_not_sent(self):
        mailing = self.new_validated_mailing()
        self.env.cr.execute(
            "UPDATE partner_mailing SET subject = jsonb_build_object('en_US', 'Forged') WHERE id = %s",
            [mailing.id],
        )
        self.env.invalidate_all()
        self.run_scheduler()
        self.assertEqual((mailing.state, self.inbox.messages), ("paused", []))
        self.assertIn("not what was validated", mailing.pause_reason)
        self.assertLessEqual(self.marketer | self.manager, mailing.sudo().activity_ids.user_id)

    def test_rows_of_a_sender_that_died_are_uncertain_and_not_sent_again(self):
        mailing = self.new_validated_mailing()
        self._leave_open(mailing, "anna@example.com")
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(self.states(mailing)["anna@example.com"], "uncertain")
        self.assertCountersTrue(mailing)

    def test_uncertain_rows_are_sent_again_where_the_company_says_so(self):
        self.env.company.partner_mailing_resend_uncertain = True
        mailing = self.new_validated_mailing()
        self._leave_open(mailing, "anna@example.com")
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertCountersTrue(mailing)

    def _leave_open(self, mailing, address):
        """Leave a row as a killed sender leaves it: claimed, with nobody holding the lock."""
        self.env.cr.execute("SELECT nextval('partner_mailing_recipient_claim_seq')::integer")
        [number] = self.env.cr.fetchone()
        self.rows(mailing)[address]._as_system().write({"state": "sending", "claim": number})

    def test_a_recipient_whose_message_cannot_be_made_holds_up_nobody(self):
        editor = self.env.ref("mail.group_mail_template_editor")
        self.marketer.group_ids += editor
        mailing = self.new_validated_mailing(
            body_html="<p><t t-out=\"1 / (object.name != 'Anna')\"/></p>"
        )
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        row = self.rows(mailing)["anna@example.com"]
        self.assertEqual((row.state, row.failure_type), ("failed", "rendering"))

    def test_the_responsible_is_told_the_figures_at_the_end(self):
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        message = mailing.message_ids.filtered(lambda m: "Sending has ended" in m.body)
        self.assertIn("2 sent", message.body)
        self.assertIn(self.marketer.partner_id, message.notified_partner_ids)

    def test_a_mailing_whose_recipients_were_all_left_out_is_done(self):
        mailing = self.new_validated_mailing()
        for row in self.rows(mailing).values():
            row.with_user(self.marketer).action_exclude()
        self.run_scheduler()
        self.assertEqual((mailing.state, self.inbox.messages), ("done", []))

    def test_a_copied_database_sends_nothing(self):
        mailing = self.new_validated_mailing()
        self.env.flush_all()
        with file_open("mass_mailing_lite/data/neutralize.sql") as statements:
            self.env.cr.execute(statements.read())
        self.env.invalidate_all()
        self.run_scheduler()
        self.assertEqual((mailing.state, self.inbox.messages), ("paused", []))

    def test_a_cancelled_mailing_sends_nothing(self):
        mailing = self.new_validated_mailing()
        mailing.action_cancel()
        self.run_scheduler()
        self.assertFalse(self.inbox.messages)

    def test_a_mailing_that_goes_on_after_it_was_cancelled_is_not_over(self):
        self.inbox.replies["boris@example.com"] = "451 4.7.1 Try again later"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        mailing.action_cancel()
        self.assertTrue(mailing.finished_at)
        mailing.action_back_to_draft()
        self.assertFalse(mailing.finished_at, "what comes back is looked for until the end")

    def test_attachments_and_copies_arrive(self):
        mailing = self.new_validated_mailing(
            attachment_ids=[
                Command.create(
                    {"name": "prices 2026.txt", "raw": b"1 EUR", "mimetype": "text/plain"}
                )
            ],
            cc="boss@example.com",
            bcc="archive@example.com",
            copy_policy="each",
            priority="high",
            reply_to="answers@example.com",
        )
        self.run_scheduler()
        self.assertEqual(
            set(self.states(mailing).values()),
            {"sent"},
            self.rows(mailing)["anna@example.com"].reason,
        )
        self.assertEqual(self.inbox.addresses.count("archive@example.com"), 2)
        self.assertEqual(mailing.recipient_count, 2)
        _sender, addresses, message = self.inbox.messages[0]
        self.assertEqual(addresses[1:], ["boss@example.com", "archive@example.com"])
        self.assertEqual(message["Cc"], "boss@example.com")
        self.assertNotIn("archive@example.com", message.as_string())
        self.assertEqual(message["X-Priority"], "1")
        self.assertEqual(message["Reply-To"], "answers@example.com")
        [file] = message.iter_attachments()
        self.assertEqual((file.get_filename(), file.get_content()), ("prices 2026.txt", "1 EUR"))

    def test_a_mailing_goes_on_when_its_wait_is_over(self):
        mailing = self.new_validated_mailing().sudo()
        sender = Sender(self.env)
        sender._waits[mailing.id] = wait = Wait("rate_limit", 60)
        self.assertIs(sender.get_wait(mailing), wait)
        self.assertEqual(sender.get_waiting_ids(), [mailing.id])
        self.assertGreater(sender.get_seconds_to_wait(mailing), 50)
        sender._waits[mailing.id] = Wait("rate_limit", 0)
        self.assertIsNone(sender.get_wait(mailing))
        self.assertEqual(sender.get_waiting_ids(), [])
        self.assertEqual(sender.get_seconds_to_wait(mailing), 0)

    def test_a_sender_counts_and_finishes_what_is_being_sent(self):
        first, second = (self.new_validated_mailing().sudo() for _number in range(2))
        sender = Sender(self.env)
        sender._workers = {
            mailing.id: SimpleNamespace(mailing=mailing, open_count=count, finish=lambda n=count: n)
            for mailing, count in ((first, 3), (second, 4))
        }
        self.assertEqual(sender.count_open_of_others(first), 4)
        self.assertEqual(sender.get_busy(), first | second)
        self.assertEqual(sender.finish(first), 3)
        self.assertEqual(sender.finish(), 7)

    def test_a_conflict_with_another_sender_at_the_beginning_is_tried_again(self):
        steps = {
            "partner.mailing": (
                "_skip_rows_of_cancelled",
                "_start_due",
                "_record_sending_hours_wait",
                "_finish_if_settled",
            ),
            "partner.mailing.recipient": ("_recover", "_skip_suppressed"),
            "partner.mailing.reservation": ("_end_reservations_of_dead_senders",),
        }
        for model, names in steps.items():
            for name in names:
                with self.subTest(name):
                    mailing = self.new_validated_mailing()
                    original = getattr(self.registry[model], name)
                    calls = []
                    with patch.object(
                        self.registry[model], name, conflicting_once(original, calls)
                    ):
                        self.run_scheduler()
                    self.assertGreater(len(calls), 1)
                    self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))
                    self.assertFalse(mailing.counter_id.fault_words)

    def test_the_first_of_many_mailings_does_not_wait_for_the_lists_of_the_others(self):
        mailings = [self.new_validated_mailing() for _number in range(3)]
        events = self._events_of_a_run()
        wanted = [(what, one.id) for one in mailings for what in ("compared", "slice")]
        steps = dict.fromkeys(event[:2] for event in events if event[1])
        self.assertEqual(list(steps), wanted)
        firsts = [next(event[2] for event in events if event[:2] == one) for one in wanted[1::2]]
        self.assertEqual(firsts[:2], [starts.FIRST_SLICE] * 2, "short while others wait")
        self.assertGreater(firsts[2], starts.FIRST_SLICE)
        self.assertEqual([one.state for one in mailings], ["done"] * 3)

    def test_a_mailing_validated_during_a_run_begins_with_the_next_slice(self):
        first, second = (self.new_validated_mailing() for _number in range(2))
        late = self.new_mailing()
        late.action_submit()

        def validate(mailing):
            if mailing == first and late.state == "to_validate":
                late.with_env(mailing.env).with_user(self.validator).action_validate()

        events = self._events_of_a_run(validate)
        order = list(dict.fromkeys(number for what, number, _s in events if what == "slice"))
        self.assertEqual(order, [first.id, second.id, late.id])
        self.assertEqual(sum(what == "run" for what, _number, _s in events), 1, "one run")
        self.assertEqual(late.state, "done")

    def _events_of_a_run(self, at_slice=lambda _mailing: None):
        """Return what a run did, in order: (what, id of the mailing, seconds of a slice)."""
        events, model = [], self.registry["partner.mailing"]
        compare, enter, send = model._matches_validation, Sender.__enter__, Sender.send_slice

        def matches_validation(mailing):
            events.append(("compared", mailing.id, None))
            return compare(mailing)

        def send_slice(sender, mailing, seconds, *args):
            events.append(("slice", mailing.id, seconds))
            at_slice(mailing)
            return send(sender, mailing, seconds, *args)

        def begin(sender):
            events.append(("run", None, None))
            return enter(sender)

        with (
            patch.object(model, "_matches_validation", matches_validation),
            patch.object(Sender, "send_slice", send_slice),
            patch.object(Sender, "__enter__", begin),
        ):
            self.run_scheduler()
        return events

    def test_each_outcome_has_its_result(self):
        for kind, code, attempts, wanted in (
            (outcomes.SENT, 250, 1, ("sent", None, True)),
            (outcomes.REFUSED, 550, 1, ("failed", None, True)),
            (outcomes.UNCERTAIN, None, 1, ("uncertain", None, True)),
            (outcomes.NOT_SENT, 421, 1, ("pending", None, False)),
            (outcomes.DEFERRED, 450, 1, ("pending", 1800, True)),
            (outcomes.DEFERRED, 450, 7, ("pending", 86400, True)),
            (outcomes.DEFERRED, 450, 8, ("failed", None, True)),
        ):
            with self.subTest(f"{kind} {attempts}"):
                outcome = outcomes.Outcome(kind, "rcpt", code, "", "busy")
                result = worker.get_result({"id": 1, "attempts": attempts}, outcome)
                found = tuple(result[name] for name in ("state", "delay", "attempted"))
                self.assertEqual(found, wanted)
        result = worker.get_result({"id": 1}, failure=("rendering", "no such field"))
        self.assertEqual((result["state"], result["failure_type"]), ("failed", "rendering"))
        self.assertEqual(result["failure_reason"], "no such field")

    def test_claims_are_as_large_as_what_is_sent_in_25_ms(self):
        sending = worker.Worker.__new__(worker.Worker)
        sending._depth, sending._measured, sending._measured_at = 1, 0, 0.0
        for now, count, depth, why in (
            (0.01, 10, 10, "more than one"),
            (0.02, 5, 15, "not yet measured over 25 ms"),
            (0.05, 15, 15, "30 in 50 ms"),
            (0.15, 4, 14, "1 in 25 ms, but no more than 5 % less at a time"),
            (0.20, 100_000, worker.MAX_CLAIM, "the maximum"),
            (1000, 1, int(worker.MAX_CLAIM * worker.SHRINKAGE), "a slow server"),
        ):
            with patch.object(worker.time, "monotonic", return_value=now):
                sending._adapt(count)
            self.assertEqual(sending._depth, depth, why)

    def test_a_claim_of_large_messages_is_rounded_up_so_that_the_server_need_not_wait(self):
        sending = worker.Worker.__new__(worker.Worker)
        for seconds, depth in ((0.014, 2), (0.024, 2), (0.026, 1), (10, 1)):
            sending._depth, sending._measured, sending._measured_at = 1, 0, 0.0
            with patch.object(worker.time, "monotonic", return_value=10 * seconds):
                sending._adapt(10)
            self.assertEqual(sending._depth, depth, f"each message takes {seconds} s")

    def test_statements_do_not_grow_with_the_list(self):
        # Claims and slices are sized by time, of which a busy machine needs more: let a claim be
        # sized by its limit, and a slice have all of the list.
        with (
            patch.object(worker, "CLAIM_SECONDS", 60),
            patch.object(partner_mailing_sending, "SLICE_SECONDS", 60),
        ):
            small = self._statements_for(300)
            large = self._statements_for(800)
        self.assertLess((large - small) / 500, 0.1, "statements a mail")

    def test_recipients_are_vacuumed_after_a_number_that_a_long_history_does_not_raise(self):
        recipients = self.env["partner.mailing.recipient"]
        options = "SELECT reloptions FROM pg_class WHERE relname = 'partner_mailing_recipient'"
        [[found]] = self.env.execute_query(SQL(options))
        self.assertIn("autovacuum_vacuum_scale_factor=0.01", found)
        self.env.cr.execute(
            "ALTER TABLE partner_mailing_recipient SET (autovacuum_vacuum_scale_factor = 0.005)"
        )
        recipients.init()
        [[found]] = self.env.execute_query(SQL(options))
        self.assertIn("autovacuum_vacuum_scale_factor=0.005", found, "an administrator's own")

    def _statements_for(self, count):
        self.new_validated_mailing(
            audience_ids=False, extra_emails="\n".join(f"x{n}@example.org" for n in range(count))
        )
        before = self.env.cr.sql_log_count
        self.run_scheduler()
        return self.env.cr.sql_log_count - before
