"""Mailings to recipients of earlier mailings, and the button that makes them."""

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_sources import SourceCase

SENT = {"state": "sent"}


class FollowUpCase(SourceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clara = cls._new_contact("Clara", "clara@example.com", cls.news)
        cls.dora = cls._new_contact("Dora", "dora@example.com", cls.news)

    def rows(self, mailing):
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        return {row.email_normalized or row.email: row for row in rows}

    def of(self, earlier, outcome, side="in", **values):
        """Return the command that adds an entry with recipients of an earlier mailing."""
        return self.entry("mailing", side, earlier_mailing_id=earlier.id, outcome=outcome, **values)

    def new_earlier(self, outcomes=None, **values):
        """Return a mailing that Anna opened and clicked, Boris and an extra address got, and that
        did not reach Clara and Dora.
        """
        now = fields.Datetime.now()
        if outcomes is None:
            outcomes = {
                "anna@example.com": {**SENT, "opened_at": now, "clicked_at": now},
                "boris@example.com": SENT,
                "clara@example.com": {"state": "failed"},
                "dora@example.com": {"state": "bounced"},
                "xenia@example.org": SENT,
            }
        values = {"track_opens": True, "track_clicks": True, **values}
        values.setdefault("extra_emails", "xenia@example.org")
        return self.new_sent(outcomes, **values)

    def written_to(self, mailing):
        """Return the names before the @ of those whom a draft would be sent to."""
        mailing.action_load_recipients()
        self.assertCountersTrue(mailing)
        states = self.states(mailing)
        return sorted(one.split("@")[0] for one, state in states.items() if state == "pending")

    def chosen(self, *entries, **values):
        return self.written_to(self.new_draft(*entries, **values))

    def end(self, mailing):
        """Submit, validate and send a draft to all its recipients."""
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        now = fields.Datetime.now()
        rows = self.rows(mailing).values()
        for row in rows:
            if row.state == "pending":
                row._as_system().write({**SENT, "sent_at": now})
        mailing._as_system().write({"state": "done", "started_at": now, "finished_at": now})
        mailing._recount()


@tagged("post_install", "-at_install")
class TestOutcomesOfPeople(FollowUpCase):
    def test_who_opened_at_one_of_several_addresses_has_opened(self):
        self.anna.email = "anna@example.com, anna@example.net"
        now = fields.Datetime.now()
        earlier = self.new_earlier(
            {
                "anna@example.com": SENT,
                "anna@example.net": {**SENT, "opened_at": now},
                "boris@example.com": SENT,
            },
            with_further_addresses=True,
        )
        self.assertNotIn("anna", self.chosen(self.of(earlier, "not_opened")))
        [entry] = self.new_draft(self.of(earlier, "not_opened")).source_ids
        self.assertEqual(entry.count, 1, "the number is that of people, too")
        self.assertEqual(self.chosen(self.of(earlier, "opened")), ["anna"])

    def test_who_was_reached_at_one_of_several_addresses_was_reached(self):
        self.anna.email = "anna@example.com, anna@example.net"
        earlier = self.new_earlier(
            {"anna@example.com": {"state": "bounced"}, "anna@example.net": SENT},
            with_further_addresses=True,
        )
        self.assertNotIn("anna", self.chosen(self.of(earlier, "not_reached")))

    def test_all_addresses_of_a_contact_are_excluded(self):
        earlier = self.new_earlier()
        self.anna.email = "anna@example.com, anna@example.net"
        draft = self.new_draft(
            self.entry("tag", category_id=self.news.id),
            self.of(earlier, "opened", "out"),
            with_further_addresses=True,
        )
        draft.action_load_recipients()
        states = self.states(draft)
        self.assertEqual(states["anna@example.com"], "excluded_mailing")
        self.assertEqual(states["anna@example.net"], "excluded_mailing")

    def test_merged_contacts_are_one_person(self):
        earlier = self.new_earlier()
        wizard = self.env["base.partner.merge.automatic.wizard"]
        with mute_logger("odoo.addons.base.models.ir_model"):
            wizard._merge((self.anna + self.boris).ids, self.boris)
        self.assertNotIn("boris", self.chosen(self.of(earlier, "not_opened")))
        self.assertEqual(self.chosen(self.of(earlier, "opened")), ["boris"])

    def test_who_reacted_has_got_it_whatever_the_mail_server_said(self):
        now = fields.Datetime.now()
        earlier = self.new_earlier(
            {
                "anna@example.com": {"state": "uncertain", "opened_at": now},
                "boris@example.com": {"state": "bounced", "replied_at": now},
                "clara@example.com": {"state": "uncertain"},
                "dora@example.com": {**SENT, "downloaded_at": now},
            }
        )
        self.assertEqual(self.chosen(self.of(earlier, "sent")), ["anna", "boris", "dora"])
        self.assertEqual(self.chosen(self.of(earlier, "opened")), ["anna"])
        self.assertEqual(self.chosen(self.of(earlier, "not_reached")), [])
        self.assertEqual(self.chosen(self.of(earlier, "not_opened")), [])

    def test_who_unsubscribed_by_a_link_of_it_is_not_written_to_as_its_recipient(self):
        earlier = self.new_earlier()
        self.rows(earlier)["boris@example.com"]._as_system().unsubscribed_at = fields.Datetime.now()
        self.assertEqual(self.chosen(self.of(earlier, "not_opened")), ["xenia"])
        found = self.load(
            self.entry("contact", partner_id=self.boris.id), self.of(earlier, "sent", "out")
        )
        self.assertEqual(found["boris@example.com"], "excluded_mailing")

    def test_people_without_a_contact_are_found_when_they_have_become_one(self):
        earlier = self.new_earlier()
        xenia = self._new_contact("Xenia", "xenia@example.org", lang="en_US")
        draft = self.new_draft(self.of(earlier, "not_opened"))
        draft.action_load_recipients()
        row = self.rows(draft)["xenia@example.org"]
        self.assertEqual((row.partner_id, row.name), (xenia, "Xenia"))

    def test_who_was_excluded_did_not_get_it(self):
        self._new_contact("Nora", False, self.news)
        earlier = self.new_earlier()
        self.env["res.partner"].search([("name", "=", "Nora")]).email = "nora@example.com"
        self.assertEqual(self.chosen(self.of(earlier, "not_reached")), ["clara", "dora", "nora"])

    def test_of_a_cancelled_mailing_it_is_known_who_got_it(self):
        earlier = self.new_earlier({"anna@example.com": SENT})
        earlier._as_system().state = "paused"
        earlier.action_cancel()
        self.assertEqual(self.chosen(self.of(earlier, "sent")), ["anna"])
        missed = ["boris", "clara", "dora", "xenia"]
        self.assertEqual(self.chosen(self.of(earlier, "not_reached")), missed)

    def test_of_a_paused_mailing_those_who_are_still_to_get_it_are_excluded(self):
        earlier = self.new_earlier({"anna@example.com": SENT})
        earlier._as_system().state = "paused"
        draft = self.new_draft(
            self.entry("tag", category_id=self.news.id), self.of(earlier, "sent", "out")
        )
        self.assertEqual(self.written_to(draft), [])
        self.assertEqual(self.chosen(self.of(earlier, "not_reached")), [])

    def test_an_archived_mailing_can_be_used(self):
        earlier = self.new_earlier()
        earlier.active = False
        self.assertEqual(self.chosen(self.of(earlier, "opened")), ["anna"])

    def test_what_has_to_be_removed_by_now_is_not_used(self):
        earlier = self.new_earlier()
        self.env.company.partner_mailing_keep_months = 1
        earlier._as_system().finished_at = "2020-01-01 00:00:00"
        self.env.flush_all()
        draft = self.new_draft(self.of(earlier, "sent"))
        self.assertIn("was removed", draft.source_ids.problem)
        self.assertEqual(draft.source_ids.count, 0)

    def test_any_link_can_be_chosen_after_one(self):
        earlier = self.new_earlier()
        system = self.env["partner.mailing"]._as_system().env
        link = system["partner.mailing.link"].create(
            {"mailing_id": earlier.id, "url": "https://secret.example/"}
        )
        draft = self.new_draft(self.of(earlier, "clicked", link_id=link.id))
        draft.source_ids.link_id = False
        self.assertFalse(draft.source_ids.problem)
        self.assertEqual(self.written_to(draft), ["anna"])

    def test_a_link_of_a_mailing_that_the_user_may_not_see_is_not_told(self):
        earlier = self.new_earlier()
        system = self.env["partner.mailing"]._as_system().env
        link = system["partner.mailing.link"].create(
            {"mailing_id": earlier.id, "url": "https://secret.example/"}
        )
        draft = self.new_draft(
            self.of(earlier, "not_clicked", link_id=link.id), user=self.colleague
        )
        draft.action_load_recipients()
        draft.action_submit()
        facts = draft.approval_ids.summary["sources"]
        self.assertIn("secret.example", str(facts))
        earlier.view_group_ids = self.env["res.groups"].create({"name": "Closed"})
        self.env.flush_all()
        self.env.invalidate_all()
        theirs = draft.with_user(self.colleague).source_ids
        spec = {"link_id": {"fields": {"display_name": {}}}, "display_name": {}, "problem": {}}
        self.assertNotIn("secret.example", str(theirs.web_read(spec)))
        review = str(draft.with_user(self.colleague).review_html)
        self.assertNotIn("secret.example", review)
        self.assertNotIn("Summer news”: ", review)


@tagged("post_install", "-at_install")
class TestNewcomers(FollowUpCase):
    def test_newcomers_have_none_of_what_the_earlier_mailing_excludes(self):
        earlier = self.new_earlier(
            source_ids=[self.entry("domain", "out", domain="[('function', '=', 'Baker')]")]
        )
        self._new_contact("Nora", "nora@example.com", self.news)
        self._new_contact("Fred", "fred@example.com", self.news, function="Baker")
        self._new_contact("No", "no@example.com", self.news, self.no_consent)
        draft = self.new_draft(self.of(earlier, "newcomer"))
        self.assertEqual(draft.source_ids.count, 2)
        self.assertEqual(self.written_to(draft), ["nora"])
        self.assertEqual(self.states(draft)["no@example.com"], "excluded_group")

    def test_newcomers_can_be_excluded(self):
        earlier = self.new_earlier()
        self._new_contact("Nora", "nora@example.com", self.news)
        found = self.load(
            self.entry("tag", category_id=self.news.id), self.of(earlier, "newcomer", "out")
        )
        self.assertEqual(found.pop("nora@example.com"), "excluded_mailing")
        self.assertEqual(set(found.values()), {"pending"})

    def test_people_without_a_contact_can_be_newcomers(self):
        first = self.new_earlier()
        second = self.new_sent({}, audience_ids=[], source_ids=[self.of(first, "clicked")])
        now = fields.Datetime.now()
        self.rows(first)["xenia@example.org"]._as_system().write({"clicked_at": now})
        self.assertEqual(self.chosen(self.of(second, "newcomer")), ["xenia"])

    def test_newcomers_of_newcomers(self):
        first = self.new_earlier()
        self._new_contact("Nora", "nora@example.com", self.news)
        second = first._follow_up("newcomer")
        self.assertEqual(self.written_to(second), ["nora"])
        self.end(second)
        self._new_contact("Olga", "olga@example.com", self.news)
        third = second._follow_up("newcomer")
        self.assertEqual(self.written_to(third), ["olga"])
        again = first._follow_up("newcomer")
        self.assertEqual(self.written_to(again), ["olga"], "Nora has got the first follow-up")
        self.end(third)
        self.assertEqual(self.written_to(first._follow_up("newcomer")), [])

    def test_newcomers_are_not_known_when_a_source_is_gone(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        for side in ("in", "out"):
            earlier = self.new_earlier(source_ids=[self.entry("tag", side, category_id=vip.id)])
            draft = self.new_draft(self.of(earlier, "newcomer"))
            self.assertFalse(draft.source_ids.problem)
            with self.env.cr.savepoint() as savepoint:
                vip.unlink()
                draft.source_ids.invalidate_recordset()
                self.assertIn("came in since", draft.source_ids.problem)
                self.assertEqual(draft.source_ids.count, 0)
                with self.assertRaisesRegex(UserError, "came in since"):
                    draft.action_load_recipients()
                savepoint.rollback()
            self.env.invalidate_all()

    def test_a_circle_of_newcomers_is_said(self):
        first = self.new_earlier()
        self._new_contact("Nora", "nora@example.com", self.news)
        second = self.new_sent({}, audience_ids=[], source_ids=[self.of(first, "newcomer")])
        entries = first._as_system().env["partner.mailing.source"]
        for _entry in range(2):
            entries.create(
                {"mailing_id": first.id, "kind": "mailing", "outcome": "newcomer",
                 "earlier_mailing_id": second.id}
            )  # fmt: skip
        draft = self.new_draft(self.of(second, "newcomer"))
        self.assertIn("more than 10 mailings", draft.source_ids.problem)
        with self.assertRaisesRegex(UserError, "more than 10 mailings"):
            draft.action_load_recipients()


@tagged("post_install", "-at_install")
class TestFollowUp(FollowUpCase):
    def dialog(self, mailing, user=None):
        action = mailing.with_user(user or self.marketer).action_follow_up()
        return (
            self.env[action["res_model"]].with_user(user or self.marketer).browse(action["res_id"])
        )

    def test_each_choice_has_its_number_which_is_that_of_the_new_list(self):
        earlier = self.new_earlier(
            source_ids=[self.entry("contact", "out", partner_id=self.dora.id)],
        )
        self._new_contact("Nora", "nora@example.com", self.news)
        self._new_contact("No", "no@example.com", self.news, self.no_consent)
        dialog = self.dialog(earlier)
        expected = {
            "newcomer": ["nora"],
            "not_opened": ["boris", "xenia"],
            "not_clicked": ["boris", "xenia"],
            "not_reached": ["clara"],
        }
        for outcome, names in expected.items():
            with self.subTest(outcome):
                self.assertFalse(dialog[f"{outcome}_problem"])
                self.assertEqual(dialog[f"{outcome}_count"], len(names))
                action = getattr(dialog, f"action_{outcome}")()
                draft = (
                    self.env["partner.mailing"].with_user(self.marketer).browse(action["res_id"])
                )
                self.assertEqual((draft.state, draft.follow_up_of_id), ("draft", earlier))
                self.assertEqual(self.written_to(draft), names)

    def test_what_cannot_be_chosen_says_why(self):
        earlier = self.new_earlier(
            {f"{name}@example.com": SENT for name in ("anna", "boris", "clara", "dora")},
            extra_emails=False,
            track_opens=False,
        )
        dialog = self.dialog(earlier)
        self.assertIn("Openings were not tracked", dialog.not_opened_problem)
        self.assertIn("nobody whom it did not reach", dialog.not_reached_problem)
        self.assertIn("no newcomers", dialog.newcomer_problem)
        self.assertEqual(dialog.not_clicked_count, 4)
        for outcome in ("not_opened", "not_reached", "newcomer"):
            with self.subTest(outcome), self.assertRaises(UserError):
                getattr(dialog, f"action_{outcome}")()
        earlier._remove_personal_data(lambda _count: float("inf"))
        dialog = self.dialog(earlier)
        for outcome in ("newcomer", "not_clicked", "not_reached"):
            with self.subTest(outcome):
                self.assertTrue(dialog[f"{outcome}_problem"])
        self.assertIn("personal data", dialog.not_clicked_problem)
        with self.assertRaisesRegex(UserError, "personal data"):
            earlier._follow_up("not_clicked")

    def test_only_what_was_sent_to_its_end_is_followed_up(self):
        draft = self.new_mailing()
        with self.assertRaisesRegex(UserError, "not sent to its end"):
            draft.action_follow_up()
        earlier = self.new_earlier()
        earlier._as_system().state = "paused"
        with self.assertRaisesRegex(UserError, "not sent to its end"):
            earlier.action_follow_up()

    def test_the_draft_has_content_options_and_files_of_the_mailing(self):
        earlier = self.new_earlier(
            attachment_ids=[Command.create({"name": "Leaflet", "raw": b"PDF"})],
            reply_to="answers@example.com",
            ignores_pressure=True,
        )
        draft = earlier._follow_up("not_opened")
        for name in (
            "subject",
            "body_html",
            "email_from",
            "reply_to",
            "track_opens",
            "ignores_pressure",
        ):
            self.assertEqual(draft[name], earlier[name], name)
        self.assertEqual(draft.attachment_ids.mapped("name"), ["Leaflet"])
        self.assertFalse(draft.extra_emails)
        self.assertFalse(draft.scheduled_at)
        self.assertFalse(draft.recipients_loaded_at)

    def test_who_was_excluded_by_hand_stays_so(self):
        mailing = self.new_mailing(track_opens=True)
        mailing.action_load_recipients()
        self.rows(mailing)["clara@example.com"].action_exclude()
        self.end(mailing)
        dialog = self.dialog(mailing)
        self.assertTrue(dialog.not_reached_problem)
        self.assertEqual(dialog.not_opened_count, 3)
        draft = mailing._follow_up("not_opened")
        self.assertEqual(self.written_to(draft), ["anna", "boris", "dora"])

    def test_who_got_a_second_try_does_not_get_a_third(self):
        earlier = self.new_earlier()
        self.end(earlier._follow_up("not_reached"))
        dialog = self.dialog(earlier)
        self.assertTrue(dialog.not_reached_problem)
        self.assertIn("Follow-up to Summer news (Done)", dialog.earlier_names)
        self.assertEqual(self.written_to(earlier._follow_up("not_reached")), [])

    def test_both_name_each_other_to_those_who_may_see_them(self):
        earlier = self.new_earlier()
        draft = earlier.with_user(self.colleague)._follow_up("not_opened")
        self.assertIn(f'data-oe-id="{earlier.id}"', draft.message_ids[0].body)
        self.assertIn("Summer news", draft.message_ids[0].body)
        self.assertIn("did not open it", draft.message_ids[0].body)
        self.assertIn(f'data-oe-id="{draft.id}"', earlier.message_ids[0].body)
        self.assertEqual([one["id"] for one in draft.follow_ups["original"]], [earlier.id])
        self.assertEqual([one["id"] for one in earlier.follow_ups["follow_ups"]], [draft.id])
        self.assertFalse(self.new_mailing().follow_ups)
        earlier.view_group_ids = self.env["res.groups"].create({"name": "Closed"})
        draft.name = "A second try"
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(draft.with_user(self.colleague).follow_ups)
        other = self.env["res.groups"].create({"name": "Other"})
        draft.write({"user_id": self.colleague.id, "view_group_ids": [Command.link(other.id)]})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(earlier.with_user(self.marketer).follow_ups)

    def test_a_restricted_mailing_is_named_by_its_number_in_the_chatter(self):
        group = self.env["res.groups"].create(
            {"name": "Closed", "user_ids": [Command.link(self.marketer.id)]}
        )
        earlier = self.new_earlier(name="Secret plans", view_group_ids=[Command.link(group.id)])
        draft = earlier._follow_up("not_opened")
        body = draft.message_ids[0].body
        self.assertNotIn("Secret plans", body)
        self.assertIn(f"No. {earlier.id}", body)

    def test_the_pair_is_not_copied(self):
        earlier = self.new_earlier()
        draft = earlier._follow_up("not_opened")
        self.assertFalse(draft.copy().follow_up_of_id)
        self.assertFalse(earlier.copy().follow_up_ids)

    def test_when_the_earlier_mailing_is_deleted_the_follow_up_stays_and_says_so(self):
        earlier = self.new_earlier()
        draft = earlier._follow_up("not_opened")
        draft.action_load_recipients()
        earlier.approval_ids.sudo()._as_system().unlink()
        earlier._as_system().write({"state": "draft", "started_at": False})
        earlier.unlink()
        self.env.invalidate_all()
        self.assertTrue(draft.exists())
        self.assertFalse(draft.follow_up_of_id)
        self.assertFalse(draft.follow_ups)
        [entry] = draft.source_ids.filtered(lambda one: one.side == "in")
        self.assertIn("deleted", entry.problem)
        with self.assertRaisesRegex(UserError, "deleted"):
            draft.action_load_recipients()
        self.assertEqual(draft.recipient_count, 2, "nothing is lost")
        entry.unlink()
        draft.source_ids = [self.entry("contact", partner_id=self.anna.id)]
        self.assertEqual(self.written_to(draft), ["anna"])

    def test_rights_are_those_of_who_presses(self):
        earlier = self.new_earlier()
        viewer = self._new_user("viewer", "viewer")
        with self.assertRaises(AccessError):
            earlier.with_user(viewer).action_follow_up()
        with self.assertRaises(AccessError):
            earlier.with_user(self.outsider).action_follow_up()
        dialog = self.dialog(earlier, self.colleague)
        earlier.view_group_ids = self.env["res.groups"].create({"name": "Closed"})
        self.env.flush_all()
        self.env.invalidate_all()
        for call in (
            lambda: earlier.with_user(self.colleague).action_follow_up(),
            dialog.action_not_opened,
            dialog.action_newcomer,
            lambda: dialog.read(["not_opened_count"]),
            lambda: dialog.create({"mailing_id": earlier.id}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                call()
        with self.assertRaises(AccessError):
            earlier.with_user(self.colleague).write({"follow_up_of_id": False})
        mine = self.new_mailing(user=self.colleague)
        with self.assertRaises(AccessError):
            mine.write({"follow_up_of_id": earlier.id})

    def test_a_duplicate_says_which_entries_it_has(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        addresses = ", ".join(f"address{number}@example.org" for number in range(50))
        group = self.env["res.groups"].create(
            {"name": "Closed", "user_ids": [Command.link(self.marketer.id)]}
        )
        secret = self.new_earlier(name="Secret plans", view_group_ids=[Command.link(group.id)])
        mailing = self.new_mailing(
            source_ids=[
                self.entry("tag", category_id=vip.id),
                self.entry("contact", "out", partner_id=self.clara.id),
                self.entry("address", "out", address=addresses),
                self.of(secret, "opened", "out"),
            ]
        )
        note = mailing.copy().message_ids[0].body
        self.assertIn("Write to: tag “VIP”", note)
        self.assertIn("But not to: Clara", note)
        self.assertIn(f"mailing “No. {secret.id}”: opened it", note)
        self.assertNotIn("Secret plans", note)
        self.assertIn("address0@example.org", note)
        self.assertNotIn("address49@example.org", note)


@tagged("post_install", "-at_install")
class TestFamily(FollowUpCase):
    def test_the_statistics_show_a_mailing_with_its_follow_ups(self):
        earlier = self.new_earlier()
        now = fields.Datetime.now()
        earlier.counter_id._as_system().write({"opened_count": 1, "clicked_count": 1})
        draft = earlier._follow_up("not_opened")
        self.assertFalse(earlier.statistics["family"], "a draft has no figures")
        self.end(draft)
        self.rows(draft)["boris@example.com"]._as_system().write({"opened_at": now})
        draft.counter_id._as_system().write({"opened_count": 1})
        for page in (earlier, draft):
            page.invalidate_recordset()
            family = page.statistics["family"]
            self.assertEqual(
                [(row["id"], row["recipients"], row["opened"]) for row in family["rows"]],
                [(earlier.id, 5, 1), (draft.id, 2, 1)],
            )
            self.assertEqual(
                family["together"], {"recipients": 5, "sent": 4, "opened": 2, "clicked": 1}
            )

    def test_a_mailing_that_the_user_may_not_see_is_in_no_figure(self):
        earlier = self.new_earlier()
        draft = earlier.with_user(self.colleague)._follow_up("not_opened")
        self.end(draft)
        earlier.view_group_ids = self.env["res.groups"].create({"name": "Closed"})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(draft.with_user(self.colleague).statistics["family"])

    def test_a_person_is_counted_once_also_when_it_has_become_a_contact(self):
        earlier = self.new_earlier()
        self._new_contact("Xenia", "xenia@example.org")
        draft = earlier._follow_up("not_opened")
        self.end(draft)
        earlier.invalidate_recordset()
        self.assertEqual(earlier.statistics["family"]["together"]["recipients"], 5)

    def test_people_are_not_counted_when_they_are_not_known_any_more(self):
        earlier = self.new_earlier()
        self.end(earlier._follow_up("not_opened"))
        earlier._remove_personal_data(lambda _count: float("inf"))
        earlier.invalidate_recordset()
        family = earlier.statistics["family"]
        self.assertIs(family["together"], False)
        self.assertEqual(len(family["rows"]), 2)
