from datetime import timedelta

from odoo import Command, fields
from odoo.addons.mass_mailing_lite.tests.common import GROUP, MailingCase
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

STOCK_GROUP = "mass_mailing.group_mass_mailing_user"
ARCH = (
    '<div class="o_layout"><section><p>Dear <t t-out="object.name">reader</t></p>'
    '<a href="/unsubscribe_from_list">Unsubscribe</a></section></div>'
)


class MovingCase(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Whether groups of ours imply one of Odoo's depends on the database.
        cls.both = new_test_user(
            cls.env,
            "both",
            f"base.group_user,{STOCK_GROUP},{GROUP % 'user'}",
            email="both@example.com",
        )
        cls.stock_user = new_test_user(
            cls.env, "stock_user", f"base.group_user,{STOCK_GROUP}", email="stock@example.com"
        )
        cls.env["ir.mail_server"].search([]).active = False

    def new_stock(self, **values):
        """Return a mailing of Email Marketing to contacts, as its user prepares it."""
        return (
            self.env["mailing.mailing"]
            .with_user(self.both)
            .create(
                {
                    "subject": "News for {{ object.name ||| reader }}",
                    "preview": "What is new",
                    "body_arch": ARCH,
                    "body_html": ARCH.replace("<p>", '<p style="color:red">'),
                    "email_from": '"The Shop" <shop@example.com>',
                    "reply_to": "answers@example.com",
                    "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "mailing_domain": f"[('category_id', 'in', {self.news.ids})]",
                    **values,
                }
            )
        )

    def set_columns(self, stock, **values):
        """Write values past Odoo's fields."""
        self.env.flush_all()
        for name, value in values.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE mailing_mailing SET %s = %s WHERE id = %s",
                    SQL.identifier(name),
                    value,
                    stock.id,
                )
            )
        self.env.invalidate_all()

    def move(self, stock, user=None):
        """Return (the mailing that *Send with approval* made, its notice or "")."""
        action = stock.with_user(user or self.both).action_partner_mailing_send_with_approval()
        notice = ""
        if action["type"] == "ir.actions.client":
            notice, action = action["params"]["message"], action["params"]["next"]
        mailing = self.env["partner.mailing"].browse(action["res_id"]).with_user(user or self.both)
        return mailing, notice


@tagged("post_install", "-at_install")
class TestMoving(MovingCase):
    def test_a_mailing_comes_over_whole_and_stays_as_it_is(self):
        moment = fields.Datetime.now().replace(microsecond=0) + timedelta(days=3)
        file = self.env["ir.attachment"].with_user(self.both).create(
            {"name": "Prices.txt", "raw": b"12 EUR"}
        )  # fmt: skip
        stock = self.new_stock(
            attachment_ids=[Command.set(file.ids)],
            schedule_type="scheduled",
            schedule_date=moment,
            name="Spring for all",
            campaign_id=self.env["utm.campaign"].create({"name": "Spring"}).id,
        )
        before = stock.read()[0]
        mailing, _notice = self.move(stock)
        self.assertEqual(mailing.state, "draft")
        self.assertEqual(mailing.name, "Spring for all")
        self.assertEqual(mailing.subject, "News for {{ object.name ||| reader }}")
        self.assertEqual(mailing.preview_text, "What is new")
        self.assertIn("color:red", mailing.body_html)
        self.assertIn('t-out="object.name"', mailing.body_html)
        self.assertIn("o_layout", mailing.body_arch)
        self.assertEqual(mailing.editor, "builder")
        for text in (mailing.body_html, mailing.body_arch):
            self.assertNotIn("unsubscribe_from_list", text)
            self.assertIn("/partner_mailing/unsubscribe", text)
        self.assertEqual(mailing.email_from, '"The Shop" <shop@example.com>')
        self.assertEqual(mailing.reply_to, "answers@example.com")
        self.assertEqual(mailing.scheduled_at, moment)
        self.assertEqual(mailing.campaign_id, stock.campaign_id)
        self.assertEqual(mailing.medium_id, stock.medium_id)
        self.assertEqual(mailing.source_id, stock.source_id)
        self.assertEqual(mailing.user_id, self.both)
        [entry] = mailing.source_ids
        self.assertEqual((entry.side, entry.kind), ("in", "domain"))
        self.assertEqual(entry.count, 2)
        self.assertEqual(mailing.attachment_ids.mapped("raw"), [b"12 EUR"])
        self.assertNotIn(file, mailing.attachment_ids)
        self.assertEqual((file.res_model, file.res_id), ("mailing.mailing", stock.id))
        after = stock.read()[0]
        for name in ("write_date", "message_ids", "partner_mailing_count", "message_partner_ids"):
            before.pop(name, None), after.pop(name, None)
        self.assertEqual({**before, "next_departure": 0}, {**after, "next_departure": 0})

    def test_both_have_one_note_with_a_link_to_the_other(self):
        stock = self.new_stock()
        mailing, notice = self.move(stock)
        [note] = mailing.message_ids.filtered(lambda one: "mailing.mailing" in (one.body or ""))
        self.assertIn(f'data-oe-id="{stock.id}"', note.body)
        self.assertIn("Tracking", note.body)
        self.assertFalse(notice, "nothing was lost")
        notes = stock.message_ids.filtered(lambda one: "partner.mailing" in (one.body or ""))
        self.assertEqual(len(notes), 1)
        self.assertIn(f'data-oe-id="{mailing.id}"', notes.body)
        self.assertEqual(stock.partner_mailing_count, 1)
        self.assertEqual(stock.action_open_partner_mailings()["res_id"], mailing.id)
        self.assertEqual(mailing.action_open_email_marketing()["res_id"], stock.id)

    def test_it_can_be_loaded_submitted_and_validated(self):
        mailing, _notice = self.move(self.new_stock())
        mailing.action_load_recipients()
        self.assertEqual(set(self.states(mailing)), {"anna@example.com", "boris@example.com"})
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.assertEqual(mailing.state, "validated")

    def test_several_are_taken_over_at_once(self):
        stocks = self.new_stock() + self.new_stock(subject="Second", use_exclusion_list=False)
        action = stocks.action_partner_mailing_send_with_approval()
        self.assertIn("Second", action["params"]["message"])
        self.assertNotIn("News for", action["params"]["message"])
        action = action["params"]["next"]
        mailings = self.env["partner.mailing"].search(action["domain"])
        self.assertEqual(mailings.email_marketing_id, stocks)
        self.assertEqual(len(mailings), 2)

    # ------------------------------------------------------------
    # States
    # ------------------------------------------------------------

    def test_what_waits_or_is_being_sent_is_not_sent_twice(self):
        ready, queued, sending = (self.new_stock(subject=one) for one in ("A", "Bq", "Cs"))
        queued.state, sending.state = "in_queue", "sending"
        for stock, remedy in ((queued, "Press Cancel"), (sending, "Wait until")):
            with self.assertRaisesRegex(UserError, f"(?s){stock.subject}.*{remedy}"):
                (ready + stock).action_partner_mailing_send_with_approval()
        made = self.env["partner.mailing"].search([("email_marketing_id", "=", ready.id)])
        self.assertFalse(made, "all of them, or none")
        queued.action_cancel()
        self.assertTrue(self.move(queued)[0])

    def test_what_was_sent_comes_as_a_new_draft_and_says_that_it_came_before(self):
        stock = self.new_stock(
            schedule_type="scheduled", schedule_date=fields.Datetime.now() - timedelta(days=1)
        )
        stock.write({"state": "done", "sent_date": fields.Datetime.now()})
        first, _notice = self.move(stock)
        self.assertFalse(first.scheduled_at)
        self.assertNotEqual(first.source_id, stock.source_id, "what comes of it is counted apart")
        second, _notice = self.move(stock)
        self.assertIn(f'data-oe-id="{first.id}"', second.message_ids[:1].body)
        self.assertEqual(stock.partner_mailing_count, 2)

    def test_a_text_message_is_refused_in_words(self):
        stock = self.new_stock()
        # As mass_mailing_sms has it, which need not be there.
        self.set_columns(stock, mailing_type="sms")
        with self.assertRaisesRegex(UserError, "no e-mail"):
            stock.with_user(self.both).action_partner_mailing_send_with_approval()

    # ------------------------------------------------------------
    # What cannot be taken over
    # ------------------------------------------------------------

    def test_what_has_no_counterpart_is_said_in_words(self):
        gone = self.env["ir.mail_server"].create({"name": "Old", "smtp_host": "127.0.0.1"})
        stock = self.new_stock(
            mail_server_id=gone.id,
            schedule_type="scheduled",
            schedule_date=fields.Datetime.now() - timedelta(days=1),
            user_id=self.stock_user.id,
            use_exclusion_list=False,
            ab_testing_enabled=True,
            ab_testing_pc=20,
            reply_to="not an address",
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE ir_mail_server SET active = FALSE WHERE id = %s", gone.ids)
        self.env.invalidate_all()
        mailing, notice = self.move(stock)
        for words in (
            "“Old” was not taken over. It is archived.",
            "has passed",
            "“stock_user",
            "people on the blocklist, too",
            "20 %",
            "“not an address” was not taken over.",
        ):
            self.assertIn(words, notice)
            self.assertIn(words, mailing.message_ids[:1].body)
        self.assertFalse(mailing.mail_server_id)
        self.assertFalse(mailing.scheduled_at)
        self.assertFalse(mailing.reply_to)
        self.assertEqual(mailing.user_id, self.both)

    def test_a_sender_that_the_user_may_not_write_from_is_named(self):
        self.env.company.partner_mailing_allowed_senders = "news@example.com"
        mailing, notice = self.move(self.new_stock(email_from="boss@example.org"))
        self.assertIn("boss@example.org", notice)
        self.assertNotIn("boss@example.org", mailing.email_from or "")

    def test_placeholders_of_contacts_that_nobody_else_may_use_are_named(self):
        self.both.group_ids -= self.env.ref("mail.group_mail_template_editor")
        body = (
            '<p>Dear <t t-out="object.name">you</t>, <t t-out="object.vat">no number</t></p>'
            '<p t-if="object.country_id">Abroad</p><p>And <b t-out="object.city">home</b></p>'
        )
        stock = self.new_stock().sudo()
        stock.write(
            {"body_html": body, "body_arch": body, "subject": "No {{ object.vat ||| number }}"}
        )
        mailing, notice = self.move(stock)
        self.assertEqual(mailing.subject, "No number")
        for text in (mailing.body_html, mailing.body_arch):
            self.assertIn('<t t-out="object.name">you</t>', text)
            self.assertIn('t-out="object.city"', text)
            self.assertIn("no number", text)
            self.assertIn("Abroad", text)
            self.assertNotIn("t-if", text)
        self.assertIn("object.vat", notice)
        self.assertIn("country_id", notice)

    def test_conditions_that_all_may_use_stay_and_others_are_named(self):
        self.both.group_ids -= self.env.ref("mail.group_mail_template_editor")
        domain = "[('city', '=', 'Riga')]"
        stock = self.new_stock().sudo()
        stock.write(
            {
                "body_arch": f'<div class="o_layout"><p data-filter-domain="{domain}">At home</p>'
                '<p>1 &lt; 2 <t t-out="object.vat"/></p></div>',
                "body_html": f'<p t-if="object.filtered_domain({domain})">At home</p>'
                '<p>1 &lt; 2 <t t-out="object.vat"/></p>',
            }
        )
        mailing, notice = self.move(stock)
        self.assertIn("filtered_domain", mailing.body_html)
        self.assertIn("data-filter-domain", mailing.body_arch)
        self.assertIn("1 &lt; 2", mailing.body_html)
        self.assertNotIn("vat", mailing.body_html)
        self.assertNotIn("filtered_domain", notice)
        stock.mailing_model_id = self.env["ir.model"]._get_id("mailing.contact")
        mailing, notice = self.move(stock)
        self.assertNotIn("filtered_domain", mailing.body_html)
        self.assertNotIn("data-filter-domain", mailing.body_arch)
        self.assertIn("Riga", notice)

    def test_placeholders_of_other_records_become_those_of_contacts(self):
        stock = self.new_stock().sudo()
        stock.write(
            {
                "mailing_model_id": self.env["ir.model"]._get_id("mailing.contact"),
                "mailing_domain": "[('email', 'ilike', '@example.com')]",
                "subject": "For {{ object.first_name ||| you }} at {{ object.company_name }}",
                "body_html": '<p title="x" t-out="object.email">address</p>'
                '<p><t t-out="object.message_bounce">none</t></p>',
            }
        )
        mailing, notice = self.move(stock)
        self.assertEqual(
            mailing.subject,
            "For {{ object.partner_mailing_first_name ||| you }} at"
            " {{ object.commercial_company_name }}",
        )
        self.assertIn('<p title="x"><t t-out="object.email">address</t></p>', mailing.body_html)
        self.assertIn("none", mailing.body_html)
        self.assertIn("object.message_bounce", notice)
        self.assertFalse(mailing.source_ids)
        self.assertIn("@example.com", notice)

    def test_a_template_editor_keeps_conditions(self):
        self.both.group_ids += self.env.ref("mail.group_mail_template_editor")
        stock = self.new_stock(body_html='<p t-if="object.country_id">Abroad</p><p>Hi</p>')
        mailing, _notice = self.move(stock)
        self.assertIn("t-if", mailing.body_html)

    def test_recipients_of_other_kinds_are_said_in_words(self):
        for model, domain in (
            ("res.users", "[('share', '=', False)]"),
            ("res.partner", "not a domain"),
            ("res.partner", "[('no_such_field', '=', 1)]"),
            ("mailing.list", "[('list_ids', 'in', [1]), ('name', '=', 'Anna')]"),
        ):
            stock = self.new_stock()
            self.set_columns(
                stock, mailing_model_id=self.env["ir.model"]._get_id(model), mailing_domain=domain
            )
            with self.subTest(domain=domain):
                mailing, notice = self.move(stock)
                self.assertFalse(mailing.source_ids)
                self.assertIn(domain, notice)

    def test_lists_become_entries(self):
        lists = self.env["mailing.list"].create([{"name": "Friends"}, {"name": "Shops"}])
        stock = self.new_stock(
            mailing_model_id=self.env["ir.model"]._get_id("mailing.list"),
            contact_list_ids=[Command.set(lists.ids)],
            mailing_domain=False,
        )
        stock.mailing_domain = f"[('list_ids', 'in', {lists.ids})]"
        mailing, _notice = self.move(stock)
        self.assertEqual(mailing.source_ids.mapped("kind"), ["mailing_list"] * 2)
        self.assertEqual(mailing.source_ids.mailing_list_id, lists)

    # ------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------

    def test_both_rights_are_needed(self):
        stock = self.new_stock()
        for user in (self.stock_user, self.marketer, self.outsider):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                stock.with_user(user).action_partner_mailing_send_with_approval()
        self.assertFalse(
            self.env["partner.mailing"].search([("email_marketing_id", "=", stock.id)])
        )

    def test_a_user_of_email_marketing_learns_nothing_of_a_hidden_mailing(self):
        mailing, _notice = self.move(self.new_stock())
        secret = self.env["res.groups"].create({"name": "Secret"})
        mailing.write({"name": "Secret plan", "view_group_ids": [Command.set(secret.ids)]})
        stock = mailing.sudo().email_marketing_id
        reader = new_test_user(
            self.env, "reader", f"base.group_user,{STOCK_GROUP},{GROUP % 'viewer'}"
        )
        for user in (reader, self.stock_user):
            theirs = stock.with_user(user)
            self.assertEqual(theirs.partner_mailing_count, 0)
            self.assertNotIn("Secret", "".join(theirs.message_ids.mapped("body")))
        action = stock.with_user(reader).action_open_partner_mailings()
        self.assertEqual(action["domain"], [("id", "in", [])])

    def test_a_reader_of_a_mailing_learns_nothing_of_email_marketing(self):
        mailing, _notice = self.move(self.new_stock())
        theirs = mailing.with_user(self.colleague)
        self.assertTrue(theirs.has_access("read"))
        with self.assertRaises(AccessError):
            theirs.read(["email_marketing_id"])
        with self.assertRaises(AccessError):
            theirs.search([("email_marketing_id", "!=", False)])
        with self.assertRaises(AccessError):
            theirs.action_open_email_marketing()

    def test_a_mailing_of_its_own_leads_nowhere(self):
        with self.assertRaisesRegex(UserError, "was not made of"):
            self.new_mailing(self.both).action_open_email_marketing()

    def test_nobody_writes_from_which_mailing_it_was_made(self):
        mailing, _notice = self.move(self.new_stock())
        with self.assertRaises(AccessError):
            mailing.email_marketing_id = False
