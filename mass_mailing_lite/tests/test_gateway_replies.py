from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .test_gateway_bounces import GatewayCase


@tagged("post_install", "-at_install")
class TestGatewayReplies(GatewayCase):
    def setUp(self):
        super().setUp()
        self.mailing = self.new_sent_mailing(reply_to="catchall@example.com")
        self.row = self.rows(self.mailing)["anna@example.com"]

    def kept(self, record):
        return record.sudo().message_ids.filtered(lambda message: message.message_type == "email")

    def test_an_answer_is_noted_and_kept_with_the_contact(self):
        self.receive(self.answer(self.row))
        self.env.invalidate_all()
        self.assertTrue(self.row.replied_at)
        self.assertEqual(self.mailing.replied_count, 1)
        [message] = self.kept(self.anna)
        self.assertEqual(message.author_id, self.anna)
        self.assertIn("send me the catalogue", message.body)
        self.assertFalse(self.kept(self.mailing))
        self.assertFalse(self.inbox.messages[2:], "Odoo returns nothing to the writer")
        self.assertCountersTrue(self.mailing)

    def test_an_answer_to_a_hidden_mailing_is_kept_with_the_mailing(self):
        self.mailing.view_group_ids = self.env.ref("base.group_system")
        self.receive(self.answer(self.row))
        self.assertFalse(self.kept(self.anna))
        [message] = self.kept(self.mailing)
        self.assertIn("send me the catalogue", message.body)
        self.assertEqual(message.author_id, self.anna)
        self.assertIn(self.marketer.partner_id, message.notified_partner_ids)
        self.env.invalidate_all()
        self.assertTrue(self.row.replied_at)
        for user in (self.colleague, self.outsider):
            with self.assertRaises(AccessError):
                message.with_user(user).read(["body"])
        self.assertTrue(message.with_user(self.validator).read(["body"]))

    def test_an_answer_stays_in_its_company_where_another_one_sees_the_contact(self):
        self.env["res.company"].create({"name": "There"})
        self.receive(self.answer(self.row))
        self.assertTrue(self.kept(self.mailing))
        self.anna.company_id = self.mailing.company_id
        self.receive(self.answer(self.row, **{"Message-Id": "<second@mail.example.org>"}))
        self.assertTrue(self.kept(self.anna))

    def test_the_responsible_is_told(self):
        self.receive(self.answer(self.row))
        [message] = self.kept(self.anna)
        self.assertEqual(message.notified_partner_ids, self.marketer.partner_id)

    def test_an_answer_that_comes_twice_is_kept_and_counted_once(self):
        self.receive(self.answer(self.row))
        self.receive(self.answer(self.row))
        self.assertEqual(len(self.kept(self.anna)), 1)
        self.receive(self.answer(self.row, **{"Message-Id": "<second@mail.example.org>"}))
        self.env.invalidate_all()
        self.assertEqual(len(self.kept(self.anna)), 2, "a second letter is another letter")
        self.assertEqual(self.mailing.replied_count, 1, "by the same recipient")

    def test_an_answer_without_a_contact_is_kept_with_the_mailing(self):
        mailing = self.new_sent_mailing(extra_emails="Vera <vera@example.org>")
        row = mailing.recipient_ids.filtered(lambda row: not row.partner_id)
        self.receive(self.answer(row))
        [message] = self.kept(mailing)
        self.assertIn("vera@example.org", message.email_from)
        self.assertFalse(message.author_id)
        self.env.invalidate_all()
        self.assertTrue(row.replied_at)

    def test_an_answer_from_another_address_keeps_its_writer(self):
        self.receive(self.answer(self.row, From="Anna at home <home@example.org>"))
        [message] = self.kept(self.anna)
        self.assertFalse(message.author_id)
        self.assertIn("home@example.org", message.email_from)

    def test_of_two_contacts_with_an_address_the_one_written_to_is_the_author(self):
        namesake = self._new_contact("Anna's twin", "anna@example.com")
        new_test_user(self.env, "twin", "base.group_user", partner_id=namesake.id)
        self.receive(self.answer(self.row))
        [message] = self.kept(self.anna)
        self.assertEqual(message.author_id, self.anna)

    def test_references_name_the_message_too(self):
        headers = {"In-Reply-To": "", "References": f"<a@example.org>\n {self.row.message_id}"}
        self.receive(self.answer(self.row, **headers))
        self.assertEqual(len(self.kept(self.anna)), 1)

    def test_an_answer_to_the_bounce_address_is_not_lost(self):
        self.receive(self.answer(self.row, To="bounce@example.com"))
        self.assertEqual(len(self.kept(self.anna)), 1)
        self.env.invalidate_all()
        self.assertEqual(self.row.state, "sent")
        self.assertTrue(self.row.replied_at)

    def test_an_answer_to_the_senders_own_mailbox_is_kept(self):
        self.receive(self.answer(self.row, To="shop@example.com"))
        self.assertEqual(len(self.kept(self.anna)), 1)

    def test_where_odoo_has_a_place_it_keeps_it_there(self):
        alias = self.env["mail.alias"].create(
            {
                "alias_name": "desk",
                "alias_domain_id": self.domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.receive(self.answer(self.row, To=alias.alias_full_name))
        self.env.invalidate_all()
        self.assertFalse(self.kept(self.anna))
        self.assertTrue(self.row.replied_at, "noted all the same")
        self.assertEqual(self.mailing.replied_count, 1)

    def test_an_answer_in_a_conversation_of_odoo_goes_on_there(self):
        message = self.boris.message_post(body="Hello", message_type="comment")
        headers = {"References": f"{self.row.message_id} {message.message_id}"}
        self.receive(self.answer(self.row, **headers))
        self.assertEqual(len(self.kept(self.boris)), 1)
        self.assertFalse(self.kept(self.anna))

    def test_mail_that_answers_nothing_is_odoos(self):
        with self.assertRaises(ValueError):
            self.receive(self.answer(self.row, To="x@example.com", **{"In-Reply-To": ""}))
        with self.assertRaises(ValueError):
            forged = self.row.message_id.replace("@", "0@")
            self.receive(self.answer(self.row, To="x@example.com", **{"In-Reply-To": forged}))
        self.env.invalidate_all()
        self.assertFalse(self.row.replied_at)

    def test_the_writer_sees_nothing_more(self):
        portal = new_test_user(self.env, "anna", "base.group_portal", partner_id=self.anna.id)
        self.receive(self.answer(self.row))
        [message] = self.kept(self.anna)
        self.assertNotIn(self.anna, self.anna.message_partner_ids)
        self.assertNotIn(self.anna, self.mailing.message_partner_ids)
        self.assertTrue(message.is_internal or message.subtype_id.internal)
        with self.assertRaises(AccessError):
            self.mailing.with_user(portal).read(["name"])
        with self.assertRaises(AccessError):
            self.row.with_user(portal).read(["email"])

    def test_a_follower_from_outside_does_not_get_it(self):
        follower = self._new_contact("Foreign", "foreign@example.net")
        self.anna.message_subscribe(follower.ids)
        self.anna.message_subscribe(self.colleague.partner_id.ids)
        self.receive(self.answer(self.row))
        [message] = self.kept(self.anna)
        self.assertEqual(message.notified_partner_ids, (self.marketer | self.colleague).partner_id)

    def test_the_gateways_end_is_not_open_to_users(self):
        for name in ("message_post", "message_update"):
            method = getattr(type(self.row), name)
            self.assertTrue(getattr(method, "_api_private", False), name)

    def test_a_postmaster_who_answers_is_a_person(self):
        for number, name in enumerate(("postmaster", "MAILER-DAEMON")):
            sender = f"Otto <{name}@example.com>"
            key = f"<{number}@mail.example.org>"
            self.receive(self.answer(self.row, **{"From": sender, "Message-Id": key}))
        self.assertEqual(len(self.kept(self.anna)), 2)
        self.env.invalidate_all()
        self.assertEqual((self.row.state, self.mailing.replied_count), ("sent", 1))
        self.assertFalse(self.mailing.bounced_count)

    def test_who_asks_for_no_automatic_answer_is_a_program(self):
        for number, (value, count) in enumerate(
            (("All", 0), ("DR, OOF, AutoReply", 0), ("DR, RN, NRN", 1))
        ):
            key = f"<{number}@mail.example.org>"
            headers = {"X-Auto-Response-Suppress": value, "Message-Id": key}
            self.receive(self.answer(self.row, **headers))
            self.env.invalidate_all()
            self.assertEqual(self.mailing.replied_count, count, value)
            self.assertEqual(len(self.kept(self.anna)), count, value)
