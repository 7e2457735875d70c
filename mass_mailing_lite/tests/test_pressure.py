"""The limit of mailings for each person: who had enough lately, and what becomes of the others."""

import contextlib
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SendingCase
from .test_sources import SourceCase


class PressureCase(SourceCase):
    def setUp(self):
        super().setUp()
        self.env.company.write(
            {"partner_mailing_pressure_count": 1, "partner_mailing_pressure_days": 7}
        )

    def rows(self, mailing):
        """Return {normalized address: recipient row}."""
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        return {row.email_normalized: row for row in rows}

    def load_for(self, **values):
        """Return {address: state or reason} of a new draft."""
        return self.load(**{"audience_ids": [Command.link(self.audience.id)], **values})


@tagged("post_install", "-at_install")
class TestWhoCounts(PressureCase):
    def test_people_without_a_contact_count(self):
        self.new_sent({"zoe@example.org": {"state": "sent"}}, extra_emails="Zoe <zoe@example.org>")
        found = self.load_for(audience_ids=[], extra_emails="ZOE@example.org, yan@example.org")
        self.assertEqual(
            found, {"zoe@example.org": "written_to_lately", "yan@example.org": "pending"}
        )

    def test_a_contact_counts_whose_address_has_changed(self):
        self.new_sent({"anna@example.com": {"state": "sent"}})
        self.anna.email = "anna.new@example.com"
        found = self.load_for(extra_emails="anna@example.com")
        self.assertEqual(found["anna.new@example.com"], "written_to_lately")
        self.assertEqual(found["anna@example.com"], "written_to_lately")

    def test_a_further_address_counts_for_itself(self):
        self.anna.email = "anna@example.com, anna@example.org"
        self.new_sent({"anna@example.com": {"state": "sent"}})
        found = self.load_for(with_further_addresses=True)
        states = sorted(state for one, state in found.items() if "anna" in one)
        self.assertEqual(states, ["pending", "written_to_lately"])

    def test_who_got_nothing_is_written_to(self):
        self.new_sent(
            {
                "anna@example.com": {"state": "bounced"},
                "boris@example.com": {"state": "failed", "sent_at": False},
            }
        )
        self.assertEqual(set(self.load_for().values()), {"pending"})

    def test_a_mailing_of_another_company_does_not_count(self):
        self.new_sent({"anna@example.com": {"state": "sent"}})
        other = self.env["res.company"].create(
            {
                "name": "Other",
                "partner_mailing_pressure_count": 1,
                "partner_mailing_pressure_days": 7,
            }
        )
        self.marketer.company_ids = [Command.link(other.id)]
        self.audience.company_id = False
        found = self.load_for(company_id=other.id)
        self.assertEqual(found["anna@example.com"], "pending")

    def test_a_mailing_that_ignores_the_limit_counts_for_the_next_one(self):
        self.new_sent({"anna@example.com": {"state": "sent"}}, ignores_pressure=True)
        self.assertEqual(self.load_for()["anna@example.com"], "written_to_lately")

    def test_what_was_sent_of_a_mailing_counts_when_it_is_taken_back_to_draft(self):
        stopped = self.new_validated_mailing()
        self.env["partner.mailing"]._start_due()
        self.rows(stopped)["anna@example.com"]._as_system().write(
            {"state": "sent", "sent_at": fields.Datetime.now()}
        )
        stopped.action_pause()
        stopped.action_back_to_draft()
        self.assertEqual(
            self.load_for(),
            {"anna@example.com": "written_to_lately", "boris@example.com": "pending"},
        )

    def test_what_is_waiting_for_a_person_counts_until_it_is_cancelled(self):
        waiting = self.new_validated_mailing()
        self.env["partner.mailing"]._start_due()
        waiting.action_pause()
        self.assertEqual(set(self.load_for().values()), {"written_to_lately"})
        waiting.action_cancel()
        self.assertEqual(set(self.load_for().values()), {"pending"})


@tagged("post_install", "-at_install")
class TestExemption(PressureCase):
    def test_validators_are_told_where_they_are_asked_and_where_they_decide(self):
        words = "people who had as many mailings lately as the company allows"
        for ignores in (True, False):
            mailing = self.new_mailing(ignores_pressure=ignores)
            mailing.action_submit()
            asked = mailing.sudo().activity_ids.filtered(
                lambda activity: activity.user_id == self.validator
            )
            self.assertEqual(words in str(asked.note), ignores)
            page = str(mailing.with_user(self.validator).review_html)
            self.assertEqual(words in page, ignores)

    def test_it_cannot_be_added_to_what_is_submitted(self):
        mailing = self.new_mailing()
        other = self.new_mailing()
        mailing.action_submit()
        for attack in (
            lambda: mailing.write({"ignores_pressure": True}),
            lambda: mailing.web_save({"ignores_pressure": True}, {}),
            lambda: mailing.load([".id", "ignores_pressure"], [[str(mailing.id), "1"]]),
            lambda: other.write(
                {"follow_up_ids": [Command.update(mailing.id, {"ignores_pressure": True})]}
            ),
        ):
            with contextlib.suppress(UserError):
                attack()
            mailing.invalidate_recordset()
            self.assertFalse(mailing.ignores_pressure)

    def test_a_change_of_it_is_shown_to_who_decides_again(self):
        mailing = self.new_validated_mailing()
        mailing.action_back_to_draft()
        mailing.ignores_pressure = True
        mailing.action_submit()
        page = str(mailing.with_user(self.validator).review_html)
        self.assertIn("Also to People Written to Lately", page)

    def test_the_form_says_what_the_limit_is(self):
        self.assertIn("Most mailings for each person: 1.", self.new_mailing().pressure_text)
        self.env.company.partner_mailing_pressure_count = 0
        self.assertFalse(self.new_mailing().pressure_text)


@tagged("post_install", "-at_install")
class TestAtTheStart(PressureCase, SendingCase):
    """Who had enough by the time a mailing starts."""

    def setUp(self):
        super().setUp()
        self.mailing = self.new_validated_mailing()

    def send_another(self, *contacts, **values):
        """Let another mailing to contacts start before, and return it."""
        return self.new_sent(
            {contact.email: {"state": "sent"} for contact in contacts},
            **{
                "audience_ids": [],
                "source_ids": [self.entry("contact", partner_id=one.id) for one in contacts],
                **values,
            },
        )

    def start(self):
        self.env["partner.mailing"]._start_due()
        self.env.flush_all()
        self.mailing.invalidate_recordset()

    def test_the_others_get_it_and_it_is_still_what_was_validated(self):
        self.send_another(self.anna)
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(
            self.states(self.mailing),
            {"anna@example.com": "written_to_lately", "boris@example.com": "sent"},
        )
        mailing = self.mailing
        self.assertTrue(mailing._matches_validation())
        mailing.action_open_statistics()
        [excluded] = mailing.statistics["excluded"]
        self.assertEqual(excluded, {"name": "Written to lately", "count": 1})
        self.assertEqual((mailing.state, mailing.sent_count, mailing.progress), ("done", 1, 100))
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (1, 1))
        self.assertCountersTrue(mailing)

    def test_it_is_done_when_nobody_is_left(self):
        self.send_another(self.anna, self.boris)
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, [])
        self.assertEqual((self.mailing.state, self.mailing.skipped_count), ("done", 2))
        self.assertTrue(self.mailing.finished_at)
        self.assertCountersTrue(self.mailing)

    def test_who_had_enough_since_a_pause_is_skipped_when_it_is_resumed(self):
        self.start()
        self.mailing.action_pause()
        self.send_another(self.anna, ignores_pressure=True)
        self.mailing.with_user(self.validator).action_resume()
        self.assertEqual(
            self.states(self.mailing),
            {"anna@example.com": "written_to_lately", "boris@example.com": "pending"},
        )
        self.assertTrue(self.mailing._matches_validation())
        self.assertCountersTrue(self.mailing)

    def test_a_mailing_is_done_when_nobody_is_left_at_a_resumption(self):
        self.start()
        self.mailing.action_pause()
        self.send_another(self.anna, self.boris, ignores_pressure=True)
        self.mailing.action_resume()
        self.assertEqual((self.mailing.state, self.mailing.skipped_count), ("done", 2))

    def test_who_had_enough_since_is_skipped_when_failed_ones_are_tried_again(self):
        self.start()
        for row in self.rows(self.mailing).values():
            row._as_system().state = "failed"
        self.mailing._as_system().write({"state": "done", "finished_at": fields.Datetime.now()})
        self.mailing._recount()
        self.send_another(self.anna, self.boris)
        self.mailing.action_retry_failed()
        self.assertEqual(set(self.states(self.mailing).values()), {"written_to_lately"})
        self.run_scheduler()
        self.assertEqual((self.mailing.state, self.inbox.addresses), ("done", []))
        self.assertCountersTrue(self.mailing)

    def test_who_had_enough_since_is_not_sent_to_again_by_a_press(self):
        self.start()
        for row in self.rows(self.mailing).values():
            row._as_system().state = "uncertain"
        self.mailing._as_system().write({"state": "done", "finished_at": fields.Datetime.now()})
        self.mailing._recount()
        self.send_another(self.anna, ignores_pressure=True)
        rows = self.rows(self.mailing)
        anna = rows["anna@example.com"].with_user(self.marketer)
        with self.assertRaisesRegex(UserError, "Anna"):
            anna.action_send_again()
        (anna | rows["boris@example.com"]).with_user(self.marketer).action_send_again()
        self.assertEqual(
            self.states(self.mailing),
            {"anna@example.com": "uncertain", "boris@example.com": "pending"},
        )
        self.assertCountersTrue(self.mailing)

    def test_what_was_long_ago_does_not_count(self):
        past = fields.Datetime.now() - timedelta(days=8)
        earlier = self.send_another(self.anna)
        self.rows(earlier)["anna@example.com"]._as_system().sent_at = past
        self.start()
        self.assertEqual(set(self.states(self.mailing).values()), {"pending"})
