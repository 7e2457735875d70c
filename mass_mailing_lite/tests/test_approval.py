from datetime import timedelta

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL
from odoo.tools.mail import html2plaintext
from odoo.tools.safe_eval import safe_eval

from .common import MailingCase


@tagged("post_install", "-at_install")
class TestApproval(MailingCase):
    def test_a_mailing_says_what_it_lacks(self):
        mailing = self.new_mailing(
            subject=False, body_html="<p><br></p>", email_from=False, audience_ids=False
        )
        with self.assertRaisesRegex(UserError, "Subject, Body, From, Recipients"):
            mailing.action_submit()
        self.assertEqual(mailing.state, "draft")

    def test_a_sender_that_is_no_address_is_named(self):
        for value in ("shop", "a@example.com, b@example.com", "x@example.com\nBcc: y@example.com"):
            with self.subTest(value), self.assertRaisesRegex(UserError, "From"):
                self.new_mailing(email_from=value).action_submit()

    def test_submitting_loads_the_list_and_opens_a_request(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")
        request = mailing.approval_ids
        self.assertEqual(request.state, "pending")
        self.assertEqual(request.requested_by_id, self.marketer)
        self.assertEqual(request.recipient_count, 2)
        self.assertIn(self.validator, mailing.sudo().activity_ids.user_id)
        self.assertNotIn(self.marketer, mailing.sudo().activity_ids.user_id)

    def test_submitting_again_loads_the_list_again_when_the_audience_was_changed(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing.extra_emails = "late@example.org"
        mailing.action_submit()
        self.assertIn("late@example.org", self.states(mailing))

    def test_a_validator_validates(self):
        mailing = self.new_validated_mailing()
        self.assertEqual(mailing.state, "validated")
        self.assertEqual(mailing.approval_ids.state, "validated")
        self.assertEqual(mailing.approval_ids.validator_id, self.validator)
        self.assertFalse(mailing.sudo().activity_ids)

    def test_a_user_cannot_validate(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        with self.assertRaisesRegex(AccessError, "group Validator"):
            mailing.with_user(self.colleague).action_validate()

    def test_a_validator_cannot_validate_what_she_created(self):
        mailing = self.new_mailing(self.validator, user_id=self.marketer.id)
        mailing.with_user(self.marketer).action_submit()
        with self.assertRaisesRegex(AccessError, "You created"):
            mailing.with_user(self.validator).action_validate()

    def test_a_validator_cannot_validate_what_she_submitted(self):
        mailing = self.new_mailing()
        mailing.user_id = self.manager
        mailing.with_user(self.manager).action_submit()
        with self.assertRaisesRegex(AccessError, "You submitted"):
            mailing.with_user(self.manager).action_validate()

    def test_a_validator_cannot_validate_what_she_edited(self):
        mailing = self.new_mailing()
        mailing.user_id = self.manager
        mailing.with_user(self.manager).subject = "Better"
        mailing.action_submit()
        with self.assertRaisesRegex(AccessError, "You changed"):
            mailing.with_user(self.manager).action_validate()
        mailing.with_user(self.validator).action_validate()

    def test_a_translation_counts_as_an_edit(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing()
        mailing.user_id = self.manager
        mailing.with_user(self.manager).update_field_translations("subject", {"fr_FR": "Nouvelles"})
        mailing.action_submit()
        with self.assertRaisesRegex(AccessError, "You changed"):
            mailing.with_user(self.manager).action_validate()

    def test_a_refusal_needs_a_reason_and_tells_the_author(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        as_validator = mailing.with_user(self.validator)
        with self.assertRaisesRegex(UserError, "why"):
            as_validator.action_refuse("  ")
        as_validator.action_refuse("The date is wrong.")
        self.assertEqual(mailing.state, "draft")
        self.assertEqual(mailing.approval_ids.state, "refused")
        self.assertEqual(mailing.approval_ids.reason, "The date is wrong.")
        message = mailing.message_ids[0]
        self.assertIn("The date is wrong.", message.body)
        self.assertIn(self.marketer.partner_id, message.notified_partner_ids)

    def test_each_decision_is_kept(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("No.")
        mailing.action_submit()
        mailing.action_back_to_draft()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        mailing.action_back_to_draft()
        self.assertEqual(
            mailing.approval_ids.sorted("id").mapped("state"), ["refused", "withdrawn", "void"]
        )

    def test_what_was_submitted_is_locked(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        for name, value in (
            ("subject", "Else"),
            ("body_html", "<p>Else</p>"),
            ("email_from", "else@example.com"),
            ("extra_emails", "else@example.com"),
            ("scheduled_at", fields.Datetime.now()),
            ("audience_ids", [Command.clear()]),
            ("attachment_ids", [Command.create({"name": "x.txt", "raw": b"x"})]),
        ):
            with self.subTest(name), self.assertRaisesRegex(UserError, "cannot be changed"):
                mailing.write({name: value})
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            mailing.update_field_translations("subject", {"en_US": "Else"})
        with self.assertRaises(UserError):
            mailing.action_load_recipients()

    def test_a_validated_mailing_can_lose_recipients_but_not_gain_any(self):
        mailing = self.new_validated_mailing()
        row = self.rows(mailing)["anna@example.com"].with_user(self.marketer)
        row.action_exclude()
        self.assertEqual(row.skip_reason, "by_hand")
        self.assertTrue(mailing.sudo()._matches_validation(), "fewer is what was validated")
        with self.assertRaises(UserError):
            row.action_include()

    def test_what_changed_behind_the_guard_is_not_validated(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        self.env.cr.execute(
            "UPDATE partner_mailing SET email_from = 'evil@example.com' WHERE id = %s", [mailing.id]
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "not what was submitted"):
            mailing.with_user(self.validator).action_validate()

    def test_an_attachment_that_changes_changes_the_fingerprint(self):
        mailing = self.new_mailing(
            attachment_ids=[Command.create({"name": "a.txt", "raw": b"one"})]
        )
        before = mailing._get_fingerprint()
        mailing.attachment_ids.sudo().raw = b"two"
        self.assertNotEqual(mailing._get_fingerprint(), before)

    def test_a_picture_that_changes_changes_the_fingerprint_however_it_is_named(self):
        for address in (
            "/web/image/%s",
            "https://example.com/web/image/%s-0a1b2c3d/news.png",
            "/web/image/ir.attachment/%s/raw/100x100",
            "/web/image?id=%s",
            "/web/content/?model=ir.attachment&amp;id=%s&amp;field=raw",
        ):
            with self.subTest(address):
                picture = self.env["ir.attachment"].create({"name": "a.png", "raw": b"a"})
                image = f'<img src="{address % picture.id}"/>'
                mailing = self.new_mailing(body_html=f"<p>Summer</p>{image}")
                before, _count = mailing._get_fingerprint()
                picture.raw = b"b"
                self.assertNotEqual(mailing._get_fingerprint()[0], before)

    def test_a_copy_is_a_draft_without_history(self):
        later = fields.Datetime.now() + timedelta(days=1)
        mailing = self.new_validated_mailing(scheduled_at=later)
        copy = mailing.copy()
        self.assertEqual(copy.state, "draft")
        self.assertFalse(copy.approval_ids)
        self.assertFalse(copy.scheduled_at)
        self.assertEqual(copy.recipient_count, 0)
        self.assertNotEqual(copy.sudo().counter_id, mailing.sudo().counter_id)
        self.assertEqual(copy.audience_ids, mailing.audience_ids)

    def test_a_mailing_that_is_no_draft_cannot_be_deleted(self):
        mailing = self.new_validated_mailing()
        with self.assertRaisesRegex(UserError, "Archive"):
            mailing.unlink()
        draft = self.new_mailing()
        draft.action_load_recipients()
        counter = draft.sudo().counter_id
        draft.unlink()
        self.assertFalse(counter.exists())

    def test_pausing_resuming_and_cancelling(self):
        mailing = self.new_validated_mailing()
        mailing.action_pause()
        self.assertEqual(mailing.state, "paused")
        self.assertIn(self.marketer.name, mailing.pause_reason)
        mailing.action_resume()
        self.assertEqual(mailing.state, "validated")
        mailing.action_cancel()
        self.assertEqual(set(self.states(mailing).values()), {"cancelled"})
        mailing.action_back_to_draft()
        self.assertEqual(set(self.states(mailing).values()), {"pending"})
        self.assertEqual(mailing.approval_ids.state, "void")
        self.assertCountersTrue(mailing)

    def test_validating_tells_requester_and_responsible_with_the_note(self):
        mailing = self.new_mailing()
        mailing.user_id = self.colleague
        mailing.with_user(self.colleague).action_submit()
        mailing.with_user(self.validator).action_validate("Well done.")
        message = mailing.sudo().message_ids.filtered(lambda m: "Well done." in m.body)
        self.assertEqual(message.author_id, self.validator.partner_id)
        self.assertIn(self.colleague.partner_id, message.notified_partner_ids)
        self.assertEqual(mailing.sudo().approval_ids.reason, "Well done.")

    def test_a_company_of_one_may_validate_its_own_and_the_approval_says_so(self):
        mailing = self.new_mailing(self.validator)
        mailing.action_submit()
        with self.assertRaises(AccessError):
            mailing.action_validate()
        self.env.company.partner_mailing_self_validation = True
        mailing.action_validate()
        self.assertEqual(mailing.state, "validated")
        self.assertTrue(mailing.approval_ids.is_self_validation)

    def test_four_eyes_are_not_called_self_validation(self):
        self.env.company.partner_mailing_self_validation = True
        self.assertFalse(self.new_validated_mailing().approval_ids.is_self_validation)

    def test_long_lists_need_two_validators(self):
        self.env.company.partner_mailing_two_validators_from = 2
        mailing = self.new_validated_mailing()
        self.assertEqual(mailing.state, "to_validate")
        self.assertEqual(mailing.approval_ids.first_validator_id, self.validator)
        with self.assertRaisesRegex(AccessError, "second validator"):
            mailing.with_user(self.validator).action_validate()
        self.assertNotIn(self.validator, mailing.sudo().activity_ids.user_id)
        mailing.with_user(self.manager).action_validate()
        self.assertEqual(mailing.state, "validated")
        self.assertEqual(mailing.approval_ids.validator_id, self.manager)

    def test_short_lists_need_one_validator(self):
        self.env.company.partner_mailing_two_validators_from = 3
        self.assertEqual(self.new_validated_mailing().state, "validated")

    def test_files_of_a_submitted_mailing_stay_as_they_are(self):
        picture = (
            self.env["ir.attachment"]
            .with_user(self.marketer)
            .create({"name": "logo.png", "raw": b"one", "res_model": "partner.mailing"})
        )
        mailing = self.new_mailing(
            attachment_ids=[Command.create({"name": "a.txt", "raw": b"one"})],
            body_html=f'<p>Hi <img src="/web/image/{picture.id}"/></p>',
        )
        picture.sudo().res_id = mailing.id
        before = mailing._get_fingerprint()
        picture.sudo().raw = b"two"
        self.assertNotEqual(mailing._get_fingerprint(), before, "a picture is content")
        mailing.action_submit()
        for file in (mailing.attachment_ids, picture):
            for user in (self.marketer, self.manager):
                with self.subTest(file=file.name, user=user.login):
                    with self.assertRaisesRegex(UserError, "is no draft"):
                        file.with_user(user).raw = b"three"
                    with self.assertRaisesRegex(UserError, "is no draft"):
                        file.with_user(user).unlink()
        mailing.action_back_to_draft()
        mailing.attachment_ids.raw = b"four"

    def test_the_review_shows_what_a_validator_needs(self):
        self._new_contact("Broken", "broken", self.news)
        mailing = self.new_mailing(
            extra_emails="extra@example.org",
            note="Please before noon",
            attachment_ids=[Command.create({"name": "prices.csv", "raw": b"1"})],
        )
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        for expected in (
            self.marketer.name,
            "News for Anna",
            "Dear Anna",
            "prices.csv",
            "Please before noon",
            "Readers of the news",
            "Extra addresses",
            "Invalid e-mail address",
            "anna@example.com",
        ):
            self.assertIn(expected, review)
        self.assertEqual(mailing.approval_ids.summary["left_out"], [["invalid", 1]])

    def test_the_review_shows_what_changed_since_the_refusal(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        self.assertNotIn("Changed since", mailing.review_html)
        mailing.with_user(self.validator).action_refuse("No.")
        mailing.write({"subject": "Better news", "body_html": "<p>Now it is winter.</p>"})
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertIn("Changed since", review)
        self.assertIn("Better news", review)
        self.assertIn("Now it is winter.", review)

    def test_the_review_shows_what_changed_in_each_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing()
        french = mailing.with_context(lang="fr_FR")
        french.body_html = "<p>Bonjour</p>"
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("No.")
        french.body_html = "<p>Achetez</p>"
        mailing.copy_policy = "each"
        french.action_submit()
        mailing.invalidate_recordset()
        request = mailing.approval_ids[:1]
        self.assertEqual(
            mailing._get_changes(request),
            [
                ("Copies", "One copy of the mailing", "A copy of each message", []),
                (
                    "Body (French / Français)",
                    "Bonjour",
                    "Achetez",
                    [("-", "Bonjour"), ("+", "Achetez")],
                ),
            ],
        )
        review = mailing.with_user(self.validator).review_html
        self.assertIn("Achetez", review)

    def test_the_review_names_placeholders_and_shows_none_as_it_is_stored(self):
        mailing = self.new_mailing(preview_text="For {{ object.city ||| you }}")
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("No.")
        # A placeholder alone is changed: by its text nobody would see it.
        mailing.write(
            {
                "subject": "News for {{ object.function ||| 1 < 2 }}",
                "preview_text": "For {{ object.country_id.name }}",
                "body_html": '<p>Dear <t t-out="object.function"/>, it is summer.</p>',
            }
        )
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertNotIn("{{", review)
        self.assertRegex(review, r'text-success">\+? ?News for <span [^>]*>Job Position</span>')
        self.assertRegex(review, r"Dear <span [^>]*>Job Position</span>, it is summer")
        self.assertRegex(review, r"For <span [^>]*>Country</span>")

    def test_the_review_shows_each_version_as_an_inbox_does(self):
        mailing = self.new_mailing(preview_text="Read on, {{ object.name }}")
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertIn("The Shop</b>", review)
        self.assertIn("News for Anna</b>", review)
        self.assertIn("Read on, Anna Dear Anna, it is summer.</div>", review)
        self.assertNotIn("first words of the message", review)

    def test_the_review_reads_as_much_for_many_as_for_few(self):
        self._count_queries_of_review(10)  # what a worker has cached
        self.assertEqual(self._count_queries_of_review(10), self._count_queries_of_review(300))

    def _count_queries_of_review(self, count):
        addresses = "\n".join(f"x{number}@example.org" for number in range(count))
        mailing = self.new_mailing(extra_emails=addresses)
        mailing.action_submit()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.assertTrue(mailing.with_user(self.validator).review_html)
        return self.env.cr.sql_log_count - before

    def test_nothing_on_its_way_goes_into_the_archive(self):
        waiting = self.new_mailing()
        waiting.action_submit()
        paused = self.new_validated_mailing()
        paused.action_pause()
        for mailing in (waiting, paused, self.new_validated_mailing()):
            with self.subTest(mailing.state), self.assertRaisesRegex(UserError, "archive it"):
                mailing.action_archive()
        draft = self.new_mailing()
        draft.action_archive()
        draft.action_submit()
        self.assertTrue(draft.active, "what is submitted comes out of the archive")

    def test_a_draft_that_was_submitted_once_is_archived_and_not_deleted(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("No.")
        with self.assertRaisesRegex(UserError, "Archive"):
            mailing.unlink()
        mailing.active = False
        self.assertEqual(mailing.approval_ids.state, "refused")

    def test_the_fingerprint_takes_as_many_queries_for_many_as_for_few(self):
        mailing = self.new_mailing(extra_emails="\n".join(f"x{n}@example.org" for n in range(500)))
        mailing.action_submit()
        mailing.sudo()._get_fingerprint()
        with self.assertQueryCount(2):
            mailing.sudo()._get_fingerprint()

    # ------------------------------------------------------------
    # Submission and refusal on the screens
    # ------------------------------------------------------------

    def open_submission(self, mailing):
        """Return the form of the dialog that the button *Submit for Validation* opens."""
        action = mailing.action_open_submission()
        return Form(mailing.env[action["res_model"]].with_context(**action["context"]))

    def test_the_button_says_what_happens_and_takes_a_comment(self):
        mailing = self.new_mailing()
        dialog = self.open_submission(mailing)
        self.assertEqual(mailing.state, "draft")
        self.assertEqual((dialog.recipients, dialog.begin), ("2", "as soon as it is validated"))
        self.assertIn("never tested", dialog.test_status)
        self.assertIn(self.validator.name, dialog.validators)
        self.assertNotIn(self.marketer.name, dialog.validators)
        dialog.comment = "Prices <of> May\nand June"
        dialog.save().action_submit()
        self.assertEqual(mailing.state, "to_validate")
        self.assertEqual(mailing.approval_ids.comment, "Prices <of> May\nand June")
        activity = mailing.sudo().activity_ids.filtered(lambda one: one.user_id == self.validator)
        for place in (mailing.with_user(self.validator).review_html, activity.note):
            self.assertIn("Prices &lt;of&gt; May", place)

    def test_validators_get_the_request_as_they_get_messages(self):
        """In Odoo or by e-mail; to most tests of this suite the message does not matter."""
        self.validator.notification_type = "email"
        mailing = self.new_mailing().with_context(mail_activity_quick_update=False)
        mailing.action_submit()
        kinds = {}
        for message in self.env["mail.message"].search(
            [("model", "=", mailing._name), ("res_id", "=", mailing.id)]
        ):
            for one in message.notification_ids.filtered("notification_type"):
                kinds[one.res_partner_id] = (one.notification_type, message.body)
        for user, kind in ((self.validator, "email"), (self.manager, "inbox")):
            found, body = kinds[user.partner_id]
            self.assertEqual(found, kind)
            self.assertIn(mailing.name, body)

    def test_the_button_opens_no_dialog_for_what_is_not_complete(self):
        with self.assertRaisesRegex(UserError, "Subject"):
            self.new_mailing(subject=False).action_open_submission()
        with self.assertRaises(AccessError):
            self.new_mailing().with_user(self.colleague).action_open_submission()

    def test_who_is_asked_is_named(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        self.assertIn(self.validator.name, mailing.asked_names)
        own = self.new_mailing(self.validator)
        self.assertNotIn(self.validator.name, self.open_submission(own).validators or "")
        validators = self.env.ref("mass_mailing_lite.group_validator").all_user_ids
        (validators - self.validator).active = False
        self.assertFalse(self.open_submission(own).validators)

    def test_a_refusal_stays_in_sight_until_the_next_submission(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("The date\nis <wrong>.")
        self.assertTrue(mailing.is_refused)
        self.assertEqual(mailing.refusal_reason, "The date\nis <wrong>.")
        self.assertIn(self.validator.name, mailing.refusal_status)
        [activity] = mailing.sudo().activity_ids
        self.assertEqual(activity.user_id, self.marketer)
        self.assertIn("is &lt;wrong&gt;.", activity.note)
        Mailing = self.env["partner.mailing"].with_user(self.marketer)
        self.assertEqual(Mailing.search([("refusal_id", "!=", False)]), mailing)
        self.assertFalse(mailing.copy().is_refused)
        mailing.action_submit()
        self.assertFalse(mailing.is_refused)
        self.assertFalse(activity.exists().active)
        self.assertNotIn(self.marketer, mailing.sudo().activity_ids.user_id)

    def test_a_refusal_is_not_written_by_hand(self):
        mailing = self.new_mailing()
        with self.assertRaisesRegex(AccessError, "kept by the system"):
            mailing.refusal_id = False

    def test_a_cancelled_mailing_asks_its_author_nothing(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("No.")
        mailing.action_cancel()
        self.assertFalse(mailing.sudo().activity_ids)
        self.assertFalse(mailing.is_refused)

    def test_taking_back_keeps_who_validated(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate("Well done.")
        mailing.action_back_to_draft()
        request = mailing.approval_ids
        self.assertEqual(
            (request.state, request.validator_id, request.reason),
            ("void", self.validator, "Well done."),
        )
        mailing.action_submit()
        review = mailing.with_user(self.manager).review_html
        self.assertIn("Taken back to draft", review)
        self.assertIn("Nothing has changed", review)

    # ------------------------------------------------------------
    # What waits for a validator
    # ------------------------------------------------------------

    def test_what_waits_for_me_is_what_i_may_decide(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.manager.company_ids |= other
        waiting = [
            self.new_mailing(),
            self.new_mailing(self.validator),
            self.new_mailing(self.manager),
            self.new_mailing(user_id=self.validator.id),
            self.new_mailing(user_id=self.validator.id),
            self.new_mailing(user_id=self.manager.id),
            self.new_mailing(),
        ]
        waiting[3].with_user(self.validator).subject = "Better"
        waiting[5].with_user(self.manager).action_submit()
        for mailing in waiting[:5] + waiting[6:]:
            mailing.action_submit()
        waiting[6].with_user(self.validator).action_refuse("No.")
        self.new_mailing()
        for two, self_validation in ((0, False), (1, False), (1, True)):
            self.env.company.partner_mailing_two_validators_from = two
            self.env.company.partner_mailing_self_validation = self_validation
            if two and not self_validation:
                waiting[0].with_user(self.validator).action_validate()
            for user in (self.marketer, self.validator, self.manager):
                Mailing = self.env["partner.mailing"].with_user(user)
                Mailing.invalidate_model()
                found = Mailing.search([("waits_for_me", "=", True)])
                rest = Mailing.search([("waits_for_me", "=", False)])
                everything = Mailing.search([])
                mine = everything.filtered(lambda one: not one.cannot_validate_reason)
                self.assertEqual(found, mine, user.login)
                self.assertEqual(rest, everything - mine, user.login)
                self.assertEqual(found, everything.filtered("waits_for_me"))
        self.assertTrue(
            self.env["partner.mailing"]
            .with_user(self.validator)
            .search_count([("waits_for_me", "=", True)])
        )

    def test_the_first_screen_of_a_validator_is_what_waits_for_her(self):
        root = self.env.ref("mass_mailing_lite.menu_root").with_user(self.validator)
        first = root.child_id._filter_visible_menus().sorted("sequence")[0]
        self.assertEqual(first, self.env.ref("mass_mailing_lite.menu_to_validate"))
        self.assertIn("search_default_waits_for_me", first.sudo().action.context)

    def test_the_clock_leads_to_what_waits_for_me(self):
        asked, other = self.new_mailing(), self.new_mailing()
        asked.action_submit()
        Mailing = self.env["partner.mailing"].with_user(self.validator)
        arch = Mailing.get_view(view_type="search")["arch"]
        found = {}
        for name in (
            "filter_activities_my",
            "activities_overdue",
            "activities_today",
            "activities_upcoming_all",
        ):
            [node] = etree.fromstring(arch).xpath(f"//filter[@name='{name}']")
            domain = safe_eval(node.get("domain"), {"uid": self.validator.id})
            found[name] = Mailing.search(domain)
        self.assertEqual(found["filter_activities_my"], asked)
        self.assertEqual(found["activities_today"], asked)
        self.assertFalse(found["activities_overdue"] | found["activities_upcoming_all"])
        self.assertNotIn(other, found["filter_activities_my"])

    def test_each_window_action_in_a_menu_has_a_short_address(self):
        menus = self.env["ir.ui.menu"].search(
            [("id", "child_of", self.env.ref("mass_mailing_lite.menu_root").id)]
        )
        actions = [menu.action for menu in menus if menu.action]
        ours = [
            one
            for one in actions
            if (one.get_external_id()[one.id] or "").startswith("mass_mailing_lite")
        ]
        self.assertGreater(len(ours), 10)
        self.assertFalse([one.name for one in ours if not one.path])

    # ------------------------------------------------------------
    # The review, word by word
    # ------------------------------------------------------------

    def review(self, mailing):
        mailing.invalidate_recordset()
        return " ".join(html2plaintext(mailing.with_user(self.validator).review_html).split())

    def test_the_review_says_what_copies_get(self):
        mailing = self.new_mailing(cc="boss@example.com", copy_policy="each", priority="high")
        mailing.action_submit()
        review = self.review(mailing)
        self.assertIn("each gets a copy of each message: 2", review)
        self.assertIn("High", review)
        mailing = self.new_mailing(cc="boss@example.com", extra_emails="x@example.org")
        mailing.action_submit()
        review = self.review(mailing)
        self.assertIn("each gets one copy of the mailing", review)
        self.assertEqual(mailing.approval_ids.summary["copies"], 1)
        self.assertIn(
            ["", 1], mailing.approval_ids.summary["audiences"], "a copy is no extra address"
        )

    def test_the_review_counts_marked_contacts_and_says_where_sources_overlap(self):
        mailing = self.new_mailing()
        mailing._add_marked(SQL("SELECT %s", self.anna.id))
        mailing.action_load_recipients()
        mailing.action_submit()
        review = self.review(mailing)
        self.assertIn("Marked contacts", review)
        self.assertIn("gets one message", review)
        self.assertIn("All recipients:", review)
        self.assertNotIn("Excluded, not written to", review)

    def test_the_review_says_who_was_excluded_since(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        self.rows(mailing)["anna@example.com"].with_user(self.marketer).action_exclude()
        review = self.review(mailing)
        self.assertIn("Excluded since it was submitted: 1", review)
        self.assertIn("As Boris reads it", review)
        self.assertNotIn("anna@example.com", review)

    def test_the_review_sees_other_recipients_of_the_same_number(self):
        mailing = self.new_mailing(audience_ids=False, extra_emails="one@example.org")
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("No.")
        mailing.extra_emails = "two@example.org"
        mailing.action_submit()
        self.assertIn("1, not the same", self.review(mailing))

    def test_the_review_says_that_it_is_ones_own(self):
        self.env.company.partner_mailing_self_validation = True
        own = self.new_mailing(self.validator)
        own.action_submit()
        self.assertIn("You took part", self.review(own))
        others = self.new_mailing()
        others.action_submit()
        self.assertNotIn("You took part", self.review(others))

    def test_the_review_shows_the_preview_text_as_a_recipient_gets_it(self):
        mailing = self.new_mailing(preview_text="For you, {{ object.name }}, alone")
        mailing.action_submit()
        self.assertIn("For you, Anna, alone", self.review(mailing))

    def test_the_order_of_tags_is_no_change(self):
        """Odoo sorts tags by their name, which differs from language to language."""
        self.env["res.lang"]._activate_lang("fr_FR")
        tags = self.env["res.partner.category"].create([{"name": "Pears"}, {"name": "Apples"}])
        for tag, name in zip(tags, ("Poires", "Pommes"), strict=True):
            tag.with_context(lang="fr_FR").name = name
        mailing = self.new_mailing(unsubscribe_category_ids=[Command.set(tags.ids)])
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.env.flush_all()
        for lang in ("en_US", "fr_FR", None):
            self.env.invalidate_all()
            self.assertTrue(mailing.with_context(lang=lang)._matches_validation(), lang)
