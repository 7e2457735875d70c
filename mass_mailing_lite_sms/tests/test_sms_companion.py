from datetime import timedelta

from odoo import Command, fields
from odoo.addons.mass_mailing_lite.review.proof import Proof
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import ANNA, SmsCase

DORA, EMIL = "+34600999888", "+34600999777"


@tagged("post_install", "-at_install")
class TestSmsCompanion(SmsCase):
    """An e-mail, and an SMS to those without an address: two mailings under one approval."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dora = cls._new_contact("Dora", False, cls.news, phone=DORA)
        cls.emil = cls._new_contact("Emil", "emil at example", cls.news, phone=EMIL)
        cls.env.flush_all()

    def new_pair(self, text="Our shop is open again.", **values):
        """Return (e-mail, SMS), both drafts and complete."""
        mailing = self.new_mailing(**values)
        mailing.action_add_companion()
        sms = mailing._get_linked() - mailing
        sms.sms_body = text
        return mailing, sms

    def submitted_pair(self, **values):
        mailing, sms = self.new_pair(**values)
        mailing.action_submit()
        return mailing, sms

    def pair_states(self, *mailings):
        return [mailing.state for mailing in mailings]

    # ------------------------------------------------------------
    # Recipients
    # ------------------------------------------------------------

    def test_the_sms_goes_to_exactly_those_without_a_usable_address(self):
        self.env["mail.blacklist"].create({"email": "boris@example.com"})
        self._new_contact("Twin", "anna@example.com", self.news, phone="+34600111001")
        self._new_contact("Silent", False, self.news)
        self._new_contact("No consent", False, self.news, self.no_consent, phone="+34600111002")
        mailing, sms = self.new_pair()
        self.assertEqual(
            self.results(sms),
            {
                DORA: "pending",
                EMIL: "pending",
                "Silent": "no_number",
                "+34600111002": "excluded_group",
            },
        )
        self.assertEqual(mailing.pending_count, 1)
        self.assertCountersTrue(sms)

    def test_whom_the_e_mail_is_not_to_go_to_gets_no_sms_either(self):
        self.env["partner.mailing.source"].create(
            {
                "of_audience_id": self.audience.id,
                "kind": "address",
                "address": f"{EMIL}, x@example.org",
            }
        )
        contact = {"side": "out", "kind": "contact", "partner_id": self.dora.id}
        mailing, sms = self.new_pair(source_ids=[Command.create(contact)])
        mailing.action_load_recipients()
        self.assertEqual(self.results(sms), {DORA: "excluded_source", EMIL: "excluded_source"})

    def test_a_contact_with_a_second_usable_address_gets_no_sms(self):
        self.emil.email = "emil@@example.com, emil@example.org"
        _mailing, sms = self.new_pair(with_further_addresses=True)
        self.assertEqual(set(self.results(sms)), {DORA})
        self.emil.email = "emil@example.org, emil@@example.com"
        sms.action_load_recipients()
        self.assertEqual(set(self.results(sms)), {DORA})

    def test_extra_numbers_are_added_and_audiences_are_not(self):
        _mailing, sms = self.new_pair()
        sms.extra_numbers = "Zoe <+34 611 222 333>"
        sms.action_load_recipients()
        self.assertEqual(set(self.results(sms)), {DORA, EMIL, "+34611222333"})
        for values in (
            {"audience_ids": [Command.link(self.audience.id)]},
            {"marked_partner_ids": [Command.link(self.anna.id)]},
        ):
            with self.assertRaisesRegex(
                ValidationError, "Choose audiences and contacts in the e-mail"
            ):
                sms.write(values)
        with self.assertRaisesRegex(UserError, "Add them to the e-mail"):
            sms._mark_contacts([("id", "in", self.anna.ids)], 1)

    def test_a_change_of_the_email_list_makes_that_of_the_sms_out_of_date(self):
        mailing, sms = self.new_pair()
        self.assertTrue(sms.recipients_loaded_at)
        mailing.audience_ids = [Command.clear()]
        self.assertFalse(sms.recipients_loaded_at)
        mailing.action_load_recipients()
        self.assertTrue(sms.recipients_loaded_at)
        self.assertFalse(self.results(sms))
        mailing._mark_contacts([("id", "in", self.dora.ids)], 1)
        self.assertFalse(sms.recipients_loaded_at)
        sms.action_load_recipients()
        self.assertEqual(set(self.results(sms)), {DORA})

    def test_updating_the_sms_updates_an_outdated_email_first(self):
        mailing, sms = self.new_pair()
        mailing.extra_emails = "zoe@example.com"
        self.dora.email = "dora@example.com"
        sms.action_load_recipients()
        self.assertTrue(mailing.recipients_loaded_at)
        self.assertIn("dora@example.com", self.states(mailing))
        self.assertEqual(set(self.results(sms)), {EMIL})

    # ------------------------------------------------------------
    # One approval
    # ------------------------------------------------------------

    def test_one_submission_and_one_decision_from_either_form(self):
        for position in (0, 1):
            mailing, sms = pair = self.new_pair()
            pair[position].action_open_submission()
            pair[position].action_submit("Both, please")
            self.assertEqual(self.pair_states(*pair), ["to_validate", "to_validate"])
            self.assertEqual(
                [one.approval_ids.comment for one in pair], ["Both, please", "Both, please"]
            )
            # They are asked once, at the e-mail.
            asked = self.env["mail.activity"].search(
                [("res_model", "=", "partner.mailing"), ("user_id", "=", self.validator.id),
                 ("res_id", "in", [one.id for one in pair])]
            )  # fmt: skip
            self.assertEqual(asked.mapped("res_id"), mailing.ids)
            self.assertIn(sms.name, asked.note)
            pair[1 - position].with_user(self.validator).action_validate()
            self.assertEqual(self.pair_states(*pair), ["validated", "validated"])
            self.assertTrue(mailing._matches_validation() and sms._matches_validation())
            self.assertFalse(asked.exists())

    def test_the_proof_is_of_the_email_and_names_the_sms(self):
        mailing, sms = self.submitted_pair()
        alone = self.new_sms()
        alone.action_submit()
        proofs = self.env["partner.mailing.proof"].sudo()
        found = proofs.search([("user_id", "=", self.validator.id)])
        self.assertEqual(found.mailing_id, mailing, "an SMS has no proof")
        made = Proof(mailing.sudo(), found.approval_id, self.validator)
        reader = made.find_reader()
        self.assertEqual(reader.email, "anna@example.com")
        self.assertIn(sms.name, made.get_around(reader).before)

    def test_the_review_of_either_shows_both(self):
        for one in (pair := self.submitted_pair()):
            page = one.with_user(self.validator).review_html
            for words in (
                "Dear <span",
                "it is summer",
                "Our shop is open again",
                "Dora",
                "anna@example.com",
            ):
                if words != "Dear <span":
                    self.assertIn(words, page)
            self.assertIn("Without a usable e-mail address", page)
            self.assertLess(page.index("E-mail: Summer news"), page.index("SMS: Summer news (SMS)"))
        dialog = self.env["partner.mailing.validate"].with_user(self.validator)
        self.assertIn("(SMS), recipients: 2", dialog.create({"mailing_id": pair[0].id}).linked)

    def test_both_are_sent_and_each_is_paused_for_itself(self):
        mailing, sms = self.submitted_pair(mail_server_id=self.server.id)
        mailing.with_user(self.validator).action_validate()
        sms.action_pause()
        self.run_scheduler()
        self.assertEqual(self.pair_states(mailing, sms), ["done", "paused"])
        self.assertFalse(self.gateway.sent)
        sms.action_resume()
        self.run_scheduler()
        self.assertEqual(sms.state, "done")
        self.assertEqual(self.gateway.numbers, sorted([DORA, EMIL]))
        self.assertEqual(sms.companion_id, mailing)

    def test_refusal_and_return_to_draft_are_of_both(self):
        pair = self.submitted_pair()
        pair[1].with_user(self.validator).action_refuse("No")
        self.assertEqual(self.pair_states(*pair), ["draft", "draft"])
        self.assertEqual([one.approval_ids[:1].state for one in pair], ["refused", "refused"])
        pair[1].action_submit()
        pair[0].with_user(self.validator).action_validate()
        pair[1].action_back_to_draft()
        self.assertEqual(self.pair_states(*pair), ["draft", "draft"])
        self.assertEqual([one.approval_ids[:1].state for one in pair], ["void", "void"])

    def test_a_mailing_that_has_begun_stays_when_the_other_goes_back_to_draft(self):
        mailing, sms = self.submitted_pair(mail_server_id=self.server.id)
        mailing.with_user(self.validator).action_validate()
        sms.action_pause()
        self.run_scheduler()
        sms.action_back_to_draft()
        self.assertEqual(self.pair_states(mailing, sms), ["done", "draft"])
        sms.sms_body = "Another text"
        sms.action_submit()
        self.assertEqual(self.pair_states(mailing, sms), ["done", "to_validate"])

    def test_after_cancelling_one_the_validators_are_asked_about_the_other(self):
        mailing, sms = self.submitted_pair()
        mailing.action_cancel()
        self.assertEqual(self.pair_states(mailing, sms), ["cancelled", "to_validate"])
        self.assertIn(self.validator, sms.activity_ids.user_id)
        self.assertIn("no part of this request", sms.with_user(self.validator).review_html)
        mailing.action_back_to_draft()
        self.assertEqual(self.pair_states(mailing, sms), ["draft", "draft"])

    def test_an_empty_list_does_not_block_the_other(self):
        self.dora.phone = self.emil.phone = False
        mailing, sms = self.new_pair(text=False)
        dialog = self.env["partner.mailing.submit"].with_user(self.marketer)
        words = dialog.create({"mailing_id": mailing.id}).linked
        self.assertIn("has no recipients, and stays a draft", words)
        sms.action_submit()
        self.assertEqual(self.pair_states(mailing, sms), ["to_validate", "draft"])
        mailing.with_user(self.validator).action_validate()
        self.assertEqual(self.pair_states(mailing, sms), ["validated", "draft"])

    def test_an_incomplete_sms_blocks_both(self):
        pair = self.new_pair(text=False)
        for one in pair:
            with self.assertRaisesRegex(UserError, r"Summer news \(SMS\).*SMS Text"):
                one.action_submit()
        self.assertEqual(self.pair_states(*pair), ["draft", "draft"])

    def test_two_validators_agree_on_both_when_both_lists_together_are_long(self):
        self.env.company.partner_mailing_two_validators_from = 4
        mailing, sms = self.submitted_pair()
        sms.with_user(self.validator).action_validate()
        self.assertEqual(self.pair_states(mailing, sms), ["to_validate", "to_validate"])
        for one in (mailing, sms):
            with self.assertRaisesRegex(AccessError, "second validator"):
                one.with_user(self.validator).action_validate()
        mailing.with_user(self.manager).action_validate()
        self.assertEqual(self.pair_states(mailing, sms), ["validated", "validated"])

    def test_a_time_that_has_passed_is_settled_for_the_mailing_that_has_it(self):
        later = fields.Datetime.now() + timedelta(days=1)
        mailing, sms = self.submitted_pair(scheduled_at=later)
        past = fields.Datetime.now() - timedelta(hours=1)
        sms._as_system().scheduled_at = past
        sms.approval_ids._as_system().fingerprint = sms._get_fingerprint()[0]
        dialog = self.env["partner.mailing.validate"].with_user(self.validator)
        self.assertTrue(dialog.create({"mailing_id": mailing.id}).is_past)
        with self.assertRaisesRegex(UserError, "has passed"):
            mailing.with_user(self.validator).action_validate()
        self.assertEqual(self.pair_states(mailing, sms), ["to_validate", "to_validate"])
        mailing.with_user(self.validator).action_validate(scheduled_at=False)
        self.assertEqual(self.pair_states(mailing, sms), ["validated", "validated"])
        self.assertEqual((mailing.scheduled_at, sms.scheduled_at), (later, False))

    # ------------------------------------------------------------
    # Attacks
    # ------------------------------------------------------------

    def test_a_validator_who_changed_the_one_does_not_decide_on_the_other(self):
        mailing, sms = self.new_pair()
        sms.with_user(self.manager).sms_body = "Changed by a validator"
        mailing.action_submit()
        for one in (mailing, sms):
            theirs = one.with_user(self.manager)
            self.assertTrue(theirs.cannot_validate_reason)
            for way in (theirs.action_validate, lambda theirs=theirs: theirs.action_refuse("No")):
                with self.assertRaisesRegex(AccessError, "linked|changed this mailing"):
                    way()
            for user in (self.manager, self.validator):
                found = one.with_user(user).search([("waits_for_me", "=", True)])
                self.assertEqual(one in found, one.with_user(user).waits_for_me)
                self.assertEqual(one in found, user == self.validator)
        self.assertEqual(self.pair_states(mailing, sms), ["to_validate", "to_validate"])

    def test_no_author_and_no_validator_forges_the_link(self):
        mailing, sms = self.submitted_pair()
        other = self.new_sms()
        for user in (self.marketer, self.validator, self.manager):
            for way in (
                lambda: sms.with_user(user).write({"companion_of_id": False}),  # noqa: B023
                lambda: other.with_user(user).write({"companion_of_id": mailing.id}),  # noqa: B023
                lambda: mailing.with_user(user).write({"companion_ids": [(4, other.id)]}),  # noqa: B023
                lambda: self.new_sms(user, companion_of_id=mailing.id),  # noqa: B023
                lambda: sms.with_user(user).read(["companion_of_id"]),  # noqa: B023
            ):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    way()
        forged = other.with_context(default_companion_of_id=mailing.id)
        self.assertNotIn("companion_of_id", forged.default_get(["companion_of_id"]))
        with self.assertRaisesRegex(UserError, "no draft"):
            self.new_validated_mailing().action_add_companion()

    def test_neither_is_validated_when_one_is_not_what_was_submitted(self):
        mailing, sms = self.submitted_pair()
        self.env.cr.execute(
            'UPDATE partner_mailing SET sms_body = \'{"en_US": "Forged"}\' WHERE id = %s', [sms.id]
        )
        sms.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "not what was submitted"):
            mailing.with_user(self.validator).action_validate()
        self.assertEqual(self.pair_states(mailing, sms), ["to_validate", "to_validate"])

    def test_a_link_that_was_cut_past_the_orm_is_noticed_by_the_fingerprint(self):
        mailing, sms = self.submitted_pair()
        mailing.with_user(self.validator).action_validate()
        self.env.cr.execute(
            "UPDATE partner_mailing SET companion_of_id = NULL WHERE id = %s", [sms.id]
        )
        sms.invalidate_recordset()
        self.assertFalse(sms._matches_validation())

    def test_channel_and_access_stay_those_of_a_pair(self):
        mailing, sms = self.new_pair()
        for one, channel in ((mailing, "sms"), (sms, "email")):
            with (
                self.assertRaisesRegex(ValidationError, "linked with another"),
                self.env.cr.savepoint(),
            ):
                one.channel = channel
        group = self.env["res.groups"].create({"name": "Editors"})
        mailing.write({"view_group_ids": [Command.set(group.ids)], "user_id": self.validator.id})
        self.assertEqual((sms.view_group_ids, sms.user_id), (group, self.validator))
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            sms.with_user(self.colleague).read(["name"])

    def test_who_may_not_read_the_one_learns_nothing_of_it_from_the_other(self):
        mailing, sms = self.submitted_pair()
        self.env.cr.execute(
            "INSERT INTO partner_mailing_view_group_rel VALUES (%s, %s)",
            [sms.id, self.env["res.groups"].create({"name": "Few"}).id],
        )
        self.env.invalidate_all()
        theirs = mailing.with_user(self.colleague)
        self.assertFalse(theirs.companion_id or theirs.companion_badge or theirs.companion_count)
        self.assertNotIn("Our shop is open again", theirs.review_html)
        with self.assertRaises(AccessError):
            theirs.action_open_companion()

    # ------------------------------------------------------------
    # Copy, deletion, screens
    # ------------------------------------------------------------

    def test_either_duplicate_is_of_the_pair(self):
        mailing, sms = self.submitted_pair()
        for original, other in ((mailing, sms), (sms, mailing)):
            duplicate = original.copy()
            self.assertEqual(duplicate.companion_id.state, "draft")
            self.assertEqual(duplicate.companion_id.channel, other.channel)
            self.assertEqual(duplicate.companion_id.companion_id, duplicate)
            self.assertNotIn(duplicate.companion_id, mailing | sms)
        both = (sms | mailing).copy()
        self.assertEqual(both.companion_id, both)
        both[0].action_load_recipients()
        self.assertEqual(set(self.results(both[0])), {DORA, EMIL})

    def test_deleting_the_one_leaves_the_other_in_order(self):
        mailing, sms = self.new_pair()
        sms.unlink()
        self.assertFalse(mailing.companion_id)
        mailing.action_add_companion()
        sms = mailing.companion_id
        mailing.unlink()
        self.assertTrue(sms.exists())
        self.assertFalse(sms.recipients_loaded_at or sms.is_companion)
        sms.write({"sms_body": "Text", "audience_ids": [Command.link(self.audience.id)]})
        sms.action_submit()
        self.assertIn(ANNA, self.results(sms))

    def test_an_email_whose_sms_is_submitted_is_not_deleted(self):
        self.anna.email = self.boris.email = False
        mailing, sms = self.submitted_pair()
        self.assertEqual(self.pair_states(mailing, sms), ["draft", "to_validate"])
        with self.assertRaisesRegex(UserError, "no draft any more"):
            mailing.unlink()

    def test_each_leads_to_the_other_and_the_checklist_has_the_sms(self):
        mailing, sms = self.new_pair(text=False)
        self.assertEqual(mailing.action_open_companion()["res_id"], sms.id)
        self.assertEqual(sms.action_open_companion()["res_id"], mailing.id)
        self.assertEqual((mailing.companion_badge, sms.companion_badge), ("+ SMS", "+ E-mail"))
        self.assertEqual(mailing.action_add_companion()["res_id"], sms.id)
        step = {step["key"]: step for step in mailing.checklist}["companion"]
        self.assertEqual((step["status"], step["hint"]), ("open", "Write the text"))
        sms.sms_body = "Text"
        mailing.invalidate_recordset(["checklist"])
        step = {step["key"]: step for step in mailing.checklist}["companion"]
        self.assertEqual((step["status"], step["hint"]), ("done", "To 2 without an address"))
