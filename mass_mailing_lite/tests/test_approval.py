from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

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
