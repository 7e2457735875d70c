from odoo import Command
from odoo.tests import Form, tagged

from . import pages
from .common import MailingCase


@tagged("post_install", "-at_install")
class TestChecklist(MailingCase):
    def checklist(self, mailing, user=None):
        """Return {key: step}, as a user's form shows it."""
        mailing = mailing.with_user(user or self.marketer)
        mailing.invalidate_recordset()
        return {step["key"]: step for step in mailing.checklist or []}

    def next_step(self, mailing):
        [step] = [step["key"] for step in self.checklist(mailing).values() if step["is_next"]]
        return step

    def test_each_step_follows_the_one_before(self):
        mailing = self.new_mailing(
            name="News", subject=False, body_html=False, audience_ids=[Command.clear()]
        )
        self.assertEqual(self.next_step(mailing), "template")
        mailing.subject = "News"
        self.assertEqual(self.next_step(mailing), "write")
        self.assertIn("Body", self.checklist(mailing)["write"]["hint"])
        mailing.body_html = "<p>News</p>"
        self.assertEqual(self.next_step(mailing), "recipients")
        mailing.audience_ids = self.audience
        self.assertEqual(self.next_step(mailing), "recipients", "chosen, and not yet loaded")
        mailing.action_load_recipients()
        self.assertEqual(self.next_step(mailing), "preview")
        mailing.action_preview()
        self.assertEqual(self.next_step(mailing), "test")
        mailing._record_test()
        self.assertEqual(self.next_step(mailing), "submit")
        mailing.action_submit()
        self.assertEqual(self.next_step(mailing), "validation")

    def test_a_new_form_shows_the_way(self):
        form = Form(self.env["partner.mailing"].with_user(self.marketer))
        steps = {step["key"]: step for step in form.checklist}
        self.assertTrue(steps["template"]["is_next"])
        self.assertEqual(steps["template"]["focus"], "template_id", "there is nothing to save yet")
        form.subject = "News"
        steps = {step["key"]: step for step in form.checklist}
        self.assertEqual(steps["write"]["focus"], "name")

    def test_what_was_seen_and_tested_is_to_be_looked_at_again_once_it_changes(self):
        mailing = self.new_mailing()
        mailing.action_preview()
        mailing._record_test()
        before = self.checklist(mailing)
        self.assertEqual((before["preview"]["status"], before["test"]["status"]), ("done", "done"))
        mailing.subject = "Other news"
        after = self.checklist(mailing)
        self.assertEqual(
            (after["preview"]["status"], after["test"]["status"]), ("attention", "attention")
        )

    def test_a_list_that_does_not_follow_its_audiences_is_pointed_out(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.checklist(mailing)["recipients"]["status"], "done")
        mailing.extra_emails = "zoe@example.org"
        self.assertEqual(self.checklist(mailing)["recipients"]["status"], "attention")
        mailing.extra_emails = "zoe@@example.org"
        self.assertIn("cannot be read", self.checklist(mailing)["recipients"]["hint"])

    def test_all_left_out_is_no_list(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing.action_exclude_all()
        self.assertEqual(self.checklist(mailing)["recipients"]["status"], "attention")

    def test_a_look_of_the_validator_is_not_the_authors(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        mailing.with_user(self.validator).action_preview()
        self.assertFalse(mailing.seen_versions)

    def test_nobody_writes_that_it_was_seen(self):
        mailing = self.new_mailing()
        with self.assertRaises(Exception) as caught:
            mailing.seen_versions = mailing.version_fingerprints
        self.assertIn("kept by the system", str(caught.exception))

    def test_what_is_sent_has_no_checklist(self):
        mailing = self.new_validated_mailing()
        self.assertFalse(self.checklist(mailing))

    def test_the_checklist_costs_the_form_few_queries(self):
        env = self.env(user=self.marketer)
        mailing = self.new_mailing().with_env(env)
        mailing.action_load_recipients()
        mailing.action_preview()
        mailing._record_test()
        form = pages.opening_form(env, mailing)
        rest = pages.opening_form(env, mailing, without=("checklist",))
        pages.cost(env, form)  # what a worker has read once for all is not the checklist's
        without, with_checklist = pages.cost(env, rest)[0], pages.cost(env, form)[0]
        self.assertLessEqual(with_checklist - without, 2)

    def test_the_board_shows_the_way_and_what_is_off_it(self):
        Mailing = self.env["partner.mailing"].with_user(self.marketer)
        mailing = self.new_mailing()
        domain = [("id", "=", mailing.id)]

        def columns():
            groups = Mailing.with_context(read_group_expand=True).formatted_read_group(
                domain, ["state"], ["__count"]
            )
            return [group["state"] for group in groups]

        way = ["draft", "to_validate", "validated", "sending", "done"]
        self.assertEqual(columns(), way)
        mailing.action_cancel()
        self.assertEqual(columns(), [*way, "cancelled"])

    def test_a_card_names_placeholders_and_runs_nothing(self):
        mailing = self.new_mailing()
        self.assertEqual(mailing.subject_in_words, "News for [Name]")
        self.assertRegex(mailing.miniature, r"Dear <span [^>]*>Name</span>, it is summer\.")
        mailing.body_html = False
        self.assertFalse(mailing.miniature)
        logic = mailing.sudo()
        logic.body_html = '<p><t t-if="1 / 0">never</t></p>'
        logic.invalidate_recordset()
        self.assertIn("never", logic.miniature)
