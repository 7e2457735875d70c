import re
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import MailingCase, SendingCase

PATH = "/partner_mailing/unsubscribe"
# A picture of one pixel.
LOGO = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
MAIL_PROGRAM = {"Content-Type": "application/x-www-form-urlencoded"}


class UnsubscribeCase(MailingCase, HttpCase):
    """Recipients with their links, and a plain HTTP client."""

    def setUp(self):
        super().setUp()
        self.offers = self.env["res.partner.category"].create({"name": "Offers"})
        self.anna.category_id += self.offers

    def new_running_mailing(self, **values):
        """Return a mailing under way, from whose tags recipients may go."""
        groups = [Command.set((self.news + self.offers).ids)]
        mailing = self.new_validated_mailing(**{"unsubscribe_category_ids": groups, **values})
        mailing._as_system().write({"state": "sending"})
        return mailing

    def token(self, mailing, email="anna@example.com", purpose="unsubscribe"):
        return mailing._get_link_key(purpose).make(self.rows(mailing)[email].id)

    def get(self, token):
        return self.url_open(f"{PATH}/{token}")

    def post(self, token, **form):
        """Send a form of the page, and see what the database then holds."""
        response = self.url_open(f"{PATH}/{token}", data=form, allow_redirects=False)
        self.env.invalidate_all()
        return response

    def one_click(self, token):
        self.opener.cookies.clear()
        response = self.url_open(
            f"{PATH}/{token}", data=ONE_CLICK, headers=MAIL_PROGRAM, allow_redirects=False
        )
        self.env.invalidate_all()
        return response

    def blocklisted(self, email="anna@example.com"):
        return bool(self.env["mail.blacklist"].search([("email", "=", email)]))

    def acts(self):
        return self.env["partner.mailing.unsubscription"].search([])

    def log(self, record):
        return " ".join(record.message_ids.mapped("body"))


@tagged("post_install", "-at_install")
class TestUnsubscribe(UnsubscribeCase):
    def test_the_page_names_the_groups_that_the_contact_is_in(self):
        mailing = self.new_running_mailing()
        other = self.env["res.partner.category"].create({"name": "Not offered"})
        self.boris.category_id += other
        anna = self.get(self.token(mailing))
        self.assertEqual(anna.status_code, 200)
        self.assertIn("anna@example.com", anna.text)
        self.assertIn("News", anna.text)
        self.assertIn("Offers", anna.text)
        boris = self.get(self.token(mailing, "boris@example.com"))
        self.assertIn("News", boris.text)
        self.assertNotIn("Offers", boris.text)
        self.assertNotIn("Not offered", boris.text)
        self.assertIn(self.env.company.name, boris.text)

    def test_looking_changes_nothing_however_often(self):
        mailing = self.new_running_mailing()
        token = self.token(mailing)
        for _time in range(2):
            self.url_open(
                f"{PATH}/{token}?do=leave_all&group={self.news.id}&List-Unsubscribe=One-Click"
            )
            head = self.opener.head(f"{self.base_url()}{PATH}/{token}", timeout=20)
            self.assertEqual((head.status_code, head.content), (200, b""))
        self.env.invalidate_all()
        self.assertEqual(self.anna.category_id, self.news + self.offers)
        self.assertFalse(self.blocklisted())
        self.assertFalse(self.acts())
        self.assertFalse(self.rows(mailing)["anna@example.com"].unsubscribed_at)

    def test_the_page_has_the_company_s_logo_or_its_name(self):
        company = self.env.company
        mailing = self.new_running_mailing()
        pages = (self.token(mailing), mailing._get_link_key("unsubscribe").make(-mailing.id))
        picture = f'src="/web/binary/company_logo?company={company.id}"'
        company.logo = LOGO
        for token in pages:
            page = self.get(token).text
            self.assertIn(picture, page)
            self.assertIn(f'alt="{company.name}"', page)
        logo = self.url_open(f"/web/binary/company_logo?company={company.id}")
        self.assertTrue(logo.headers["Content-Type"].startswith("image/"))
        company.logo = False
        for token in pages:
            page = self.get(token).text
            self.assertNotIn("company_logo", page)
            self.assertIn(company.name, page)

    def test_the_page_asks_in_a_sentence_with_the_address_as_text(self):
        mailing = self.new_running_mailing(extra_emails='"<b>x</b>"@example.org')
        address = self.rows(mailing).keys() - {"anna@example.com", "boris@example.com"}
        page = self.get(self.token(mailing, *address)).text
        self.assertNotIn("<b>x</b>", page)
        mailing = self.new_running_mailing(extra_emails="zoe@example.org")
        page = self.get(self.token(mailing, "zoe@example.org")).text
        self.assertIn("Stop sending mailings to <b>zoe@example.org</b>?", page)

    def test_leaving_a_group_takes_the_tag_off_every_contact_with_the_address(self):
        twin = self._new_contact("Anna at work", "Anna@Example.com", self.news)
        gone = self._new_contact("Anna, archived", "anna@example.com", self.news, active=False)
        mailing = self.new_running_mailing()
        answer = self.post(self.token(mailing), do="leave", group=self.news.id)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("You are unsubscribed", answer.text)
        self.assertEqual(self.anna.category_id, self.offers)
        for contact in (self.anna, twin, gone):
            self.assertNotIn(self.news, contact.category_id)
            self.assertIn("Unsubscribed from News", self.log(contact))
            self.assertEqual(contact.message_ids[0].author_id, self.env.ref("base.partner_root"))
        self.assertEqual(self.boris.category_id, self.news)
        self.assertFalse(self.blocklisted())

    def test_all_mailings_puts_the_address_on_the_blocklist(self):
        mailing = self.new_running_mailing(extra_emails="zoe@example.org")
        answer = self.post(self.token(mailing, "zoe@example.org"), do="leave_all")
        self.assertEqual(answer.status_code, 200)
        entry = self.env["mail.blacklist"].search([("email", "=", "zoe@example.org")])
        self.assertTrue(entry)
        self.assertIn("Summer news", self.log(entry))
        self.assertEqual(self.states(mailing)["zoe@example.org"], "unsubscribed")
        self.assertCountersTrue(mailing)

    def test_a_group_that_the_mailing_does_not_name_stays(self):
        mailing = self.new_running_mailing(unsubscribe_category_ids=[Command.set(self.news.ids)])
        self.post(self.token(mailing), do="leave", group=self.offers.id)
        self.assertEqual(self.anna.category_id, self.news + self.offers)
        self.post(self.token(mailing), do="leave", group="1 OR 1=1")
        self.assertEqual(self.anna.category_id, self.news + self.offers)
        self.assertFalse(self.acts())

    def test_an_extra_address_has_no_groups(self):
        mailing = self.new_running_mailing(extra_emails="zoe@example.org")
        page = self.get(self.token(mailing, "zoe@example.org"))
        self.assertNotIn('type="checkbox"', page.text)
        self.assertIn("leave_all", page.text)

    def test_one_click_leaves_the_groups_of_the_mailing(self):
        mailing = self.new_running_mailing()
        answer = self.one_click(self.token(mailing))
        self.assertEqual((answer.status_code, answer.text), (200, "OK"))
        self.assertFalse(answer.history)
        self.assertNotIn("Set-Cookie", answer.headers)
        self.assertFalse(self.anna.category_id)
        self.assertFalse(self.blocklisted())
        self.assertTrue(self.acts().is_one_click)
        self.assertTrue(self.rows(mailing)["anna@example.com"].unsubscribed_at)

    def test_one_click_by_somebody_in_no_group_is_for_all_mailings(self):
        mailing = self.new_running_mailing(unsubscribe_category_ids=False)
        self.one_click(self.token(mailing))
        self.assertTrue(self.blocklisted())

    def test_a_mail_program_that_asks_twice_has_one_effect(self):
        mailing, other = self.new_running_mailing(), self.new_running_mailing()
        for token in (self.token(mailing), self.token(mailing), self.token(other)):
            self.assertEqual(self.one_click(token).status_code, 200)
        self.assertFalse(self.blocklisted(), "the second time is not taken for more")
        self.assertEqual(len(self.acts()), 1)
        self.assertEqual(self.log(self.anna).count("Unsubscribed"), 1)
        self.assertEqual(mailing.unsubscribed_count, 1)
        self.assertCountersTrue(mailing)

    def test_recipients_of_mailings_under_way_are_left_out_at_once(self):
        first, second = self.new_running_mailing(), self.new_running_mailing()
        unnamed = self.new_running_mailing(unsubscribe_category_ids=False)
        second._as_system().write({"state": "validated"})
        self.post(self.token(first), do="leave", group=self.news.id)
        self.assertEqual(self.states(second)["anna@example.com"], "pending", "still in Offers")
        self.post(self.token(first), do="leave", group=self.offers.id)
        for mailing in (first, second):
            self.assertEqual(self.states(mailing)["anna@example.com"], "unsubscribed")
            self.assertEqual(self.states(mailing)["boris@example.com"], "pending")
            self.assertCountersTrue(mailing)
        self.assertEqual(self.states(unnamed)["anna@example.com"], "pending")
        self.assertEqual((first.unsubscribed_count, second.unsubscribed_count), (1, 0))
        self.assertTrue(second._matches_validation(), "fewer than validated is what was validated")

    def test_undoing_brings_back_tags_and_address(self):
        mailing = self.new_running_mailing()
        token = self.token(mailing)
        self.post(token, do="leave", group=self.news.id)
        self.post(token, do="leave_all")
        self.assertTrue(self.blocklisted())
        self.assertEqual(self.states(mailing)["anna@example.com"], "unsubscribed")
        answer = self.post(token, do="undo")
        self.assertEqual(self.states(mailing)["anna@example.com"], "pending")
        self.assertIn("You are subscribed again", answer.text)
        self.assertEqual(self.anna.category_id, self.news + self.offers)
        self.assertFalse(self.blocklisted())
        self.assertIn("Subscribed again", self.log(self.anna))
        self.assertFalse(self.rows(mailing)["anna@example.com"].unsubscribed_at)
        self.assertEqual(mailing.unsubscribed_count, 0)
        self.assertTrue(all(self.acts().mapped("undone_at")))
        self.assertCountersTrue(mailing)

    def test_nothing_is_undone_that_the_link_has_not_done(self):
        self.env["mail.blacklist"]._add("boris@example.com")
        mailing = self.new_running_mailing()
        self.post(self.token(mailing), do="undo")
        self.env["mail.blacklist"]._add("anna@example.com")
        self.post(self.token(mailing), do="undo")
        self.assertTrue(self.blocklisted())
        page = self.get(self.token(mailing))
        self.assertIn("gets no more mailings", page.text)
        self.assertNotIn('value="undo"', page.text)

    def test_undoing_passes_over_what_was_deleted_meanwhile(self):
        twin = self._new_contact("Anna at work", "anna@example.com", self.news)
        mailing = self.new_running_mailing()
        token = self.token(mailing)
        self.post(token, do="leave", group=self.news.id)
        twin.unlink()
        self.assertEqual(self.post(token, do="undo").status_code, 200)
        self.assertIn(self.news, self.anna.category_id)

    def test_the_reason_is_kept_for_the_responsible(self):
        mailing = self.new_running_mailing()
        token = self.token(mailing)
        self.post(token, do="leave_all")
        answer = self.post(token, do="reason", reason="too_often", comment="Daily!\0" + "x" * 2000)
        self.assertIn("Thank you", answer.text)
        act = self.acts().with_user(self.marketer)
        self.assertEqual(act.reason, "too_often")
        self.assertTrue(act.comment.startswith("Daily!x"))
        self.assertEqual(len(act.comment), 1000)
        self.post(token, do="reason", reason="no_such_reason", comment="")
        self.assertFalse(act.reason)

    def test_a_comment_is_shown_as_text(self):
        mailing = self.new_running_mailing(name="<script>alert(1)</script>")
        self.news.name = "<img src=x onerror=alert(1)>"
        token = self.token(mailing)
        page = self.post(token, do="leave", group=self.news.id)
        self.assertNotIn("<img src=x", page.text)
        self.assertNotIn("<script>", page.text)
        self.assertNotIn("<script>", self.log(self.anna))

    def test_the_page_speaks_the_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.news.with_context(lang="fr_FR").name = "Actualités"
        self.anna.lang = "fr_FR"
        mailing = self.new_running_mailing()
        page = self.get(self.token(mailing))
        self.assertIn('lang="fr-FR"', page.text)
        self.assertIn("Actualités", page.text)
        boris = self.get(self.token(mailing, "boris@example.com"))
        self.assertIn('lang="en-US"', boris.text)

    def test_the_link_of_a_test_changes_nothing_and_says_so(self):
        mailing = self.new_running_mailing()
        token = mailing._get_link_key("unsubscribe").make(-mailing.id)
        self.assertIn("test message", self.get(token).text)
        for form in ({"do": "leave_all"}, {"do": "leave", "group": self.news.id}, {"do": "undo"}):
            self.assertIn("test message", self.post(token, **form).text)
        self.assertEqual(self.one_click(token).status_code, 200)
        self.assertFalse(self.acts())
        self.assertFalse(self.env["mail.blacklist"].search([]))

    def test_whatever_is_no_token_gets_the_same_friendly_page(self):
        mailing = self.new_running_mailing()
        token = self.token(mailing)
        key = mailing._get_link_key("unsubscribe")
        wrong = [
            "", token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"),
            "..%2f..%2fetc", "%00", "é", "a" * 3000, "a/b/c",
            self.token(mailing, purpose="view"), key.make(2**31), key.make(2**62),
            key.make(-(2**31)), key.make(0),
        ]  # fmt: skip
        sizes = set()
        for text in wrong:
            with self.subTest(token=text[:40]):
                for answer in (
                    self.get(text),
                    self.post(text, do="leave_all"),
                    self.one_click(text),
                ):
                    self.assertEqual(answer.status_code, 404)
                    self.assertIn("This link is not valid", answer.text)
                    sizes.add(len(answer.content))
        self.assertEqual(len(sizes), 1)
        self.assertFalse(self.acts())

    def test_nothing_runs_on_the_page_and_nobody_learns_its_address(self):
        page = self.get(self.token(self.new_running_mailing()))
        self.assertNotIn("<script", page.text)
        self.assertNotIn("Set-Cookie", page.headers)
        policy = page.headers["Content-Security-Policy"]
        for rule in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"):
            self.assertIn(rule, policy)
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(page.headers["Cache-Control"], "no-store")

    def test_a_deleted_mailing_has_a_friendly_page(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        token = self.token(mailing)
        mailing.unlink()
        self.assertEqual(self.get(token).status_code, 404)
        self.assertEqual(self.post(token, do="leave_all").status_code, 404)

    def test_nobody_writes_it_through_rpc(self):
        mailing = self.new_running_mailing()
        self.post(self.token(mailing), do="leave_all")
        portal = self.env["res.users"].create(
            {"name": "Portal", "login": "portal_x", "group_ids": [Command.set(self.env.ref("base.group_portal").ids)]}
        )  # fmt: skip
        row, act = self.rows(mailing)["anna@example.com"], self.acts()
        for user in (portal, self.outsider, self.marketer, self.validator, self.manager):
            for record, values in (
                (row, {"unsubscribed_at": False}),
                (act, {"undone_at": "2026-01-01 00:00:00"}),
                (act, {"reason": "other"}),
                (mailing.counter_id, {"unsubscribed_count": 9}),
            ):
                with (
                    self.subTest(user=user.login, values=values),
                    self.assertRaises(Exception) as error,
                ):
                    record.with_user(user).write(values)
                self.assertEqual(type(error.exception).__name__, "AccessError")
        for user in (portal, self.outsider):
            self.assertFalse(act.with_user(user).has_access("read"))

    def count_queries(self, request):
        """Return the queries of a request, all that Odoo adds around it included."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        request()
        return self.env.cr.sql_log_count - before

    def test_a_request_takes_few_queries(self):
        """How the recipient stands, the decision, the note, lists and totals.

        For all mailings two more: Odoo looks whether the address is on the
        blocklist, and puts it there.
        """
        mailing = self.new_running_mailing(extra_emails="zoe@example.org\nyan@example.org")
        anna, boris, zoe, yan = (
            self.token(mailing, address) for address in
            ("anna@example.com", "boris@example.com", "zoe@example.org", "yan@example.org")
        )  # fmt: skip
        news, offers = self.news.id, self.offers.id
        # What a server keeps from the first request of its kind.
        self.get("A" * 32)
        self.post(boris, do="leave", group=news)
        self.post(yan, do="leave_all")
        self.post(yan, do="undo")
        for what, expected, request in (
            ("a forged link", 0, lambda: self.get("A" * 32)),
            ("the page", 1, lambda: self.get(anna)),
            ("one click", 4, lambda: self.one_click(anna)),
            ("one click again", 2, lambda: self.one_click(anna)),
            ("one click, in no group", 6, lambda: self.one_click(zoe)),
            ("all mailings, again after an undo", 5, lambda: self.post(yan, do="leave_all")),
            ("a reason", 3, lambda: self.post(yan, do="reason", reason="other", comment="Bye")),
        ):
            with self.subTest(what):
                self.assertEqual(self.count_queries(request), expected)
        self.post(anna, do="undo")
        for what, expected, form in (
            ("leaving a group", 4, {"do": "leave", "group": news}),
            ("leaving another", 4, {"do": "leave", "group": offers}),
            ("all mailings", 6, {"do": "leave_all"}),
            ("all mailings again", 2, {"do": "leave_all"}),
        ):
            with self.subTest(what):
                self.assertEqual(self.count_queries(lambda f=form: self.post(anna, **f)), expected)
        self.assertCountersTrue(mailing)

    def test_many_contacts_with_the_address_take_no_more_queries(self):
        for number in range(5):
            self._new_contact(f"Anna {number}", "anna@example.com", self.news, self.offers)
        mailing = self.new_running_mailing()
        anna, boris = self.token(mailing), self.token(mailing, "boris@example.com")
        self.one_click(boris)
        self.assertEqual(self.count_queries(lambda: self.one_click(anna)), 4)

    def test_stored_fields_of_other_addons_and_the_contact_know_that_the_tag_went(self):
        mailing = self.new_running_mailing()
        before = "2026-01-01 00:00:00"
        self.env.cr.execute("UPDATE res_partner SET write_date = %s", [before])
        self.env.invalidate_all()
        self.assertIn(self.anna, self.news.partner_ids)
        unsubscriptions = self.env["partner.mailing.unsubscription"]
        partners = self.env.registry["res.partner"]
        with patch.object(
            partners, "modified", autospec=True, side_effect=partners.modified
        ) as told:
            unsubscriptions._unsubscribe_by_one_click(self.rows(mailing)["anna@example.com"].id)
        self.assertIn((self.anna, ["category_id"]), [call.args for call in told.call_args_list])
        self.assertFalse(self.anna.category_id)
        self.assertNotIn(self.anna, self.news.partner_ids)
        self.assertGreater(str(self.anna.write_date), before)
        self.assertEqual(str(self.boris.write_date), before)

    def test_automation_rules_on_contacts_see_the_tag_go(self):
        partners, seen = self.env.registry["res.partner"], []

        def write(records, values):
            seen.append((records.ids, values))
            return write.origin(records, values)

        write.origin = partners.write
        mailing = self.new_running_mailing()
        token = self.token(mailing)
        with patch.object(partners, "write", write):
            answer = self.post(token, do="leave", group=self.news.id)
        self.assertEqual(answer.status_code, 200)
        self.assertIn((self.anna.ids, {"category_id": [Command.unlink(self.news.id)]}), seen)
        self.assertEqual(self.anna.category_id, self.offers)
        self.assertEqual(self.log(self.anna).count("Unsubscribed"), 1)

    def test_somebody_else_blocklists_the_address_at_the_same_moment(self):
        mailing = self.new_running_mailing(extra_emails="zoe@example.org")
        unsubscriptions, tries = self.env.registry["partner.mailing.unsubscription"], []
        add = unsubscriptions._add_to_blocklist

        def add_late(records, subscription):
            tries.append(subscription)
            if len(tries) == 1:
                raise UniqueViolation
            add(records, subscription)

        token = self.token(mailing, "zoe@example.org")
        with patch.object(unsubscriptions, "_add_to_blocklist", add_late):
            answer = self.post(token, do="leave_all")
        self.assertEqual((answer.status_code, len(tries)), (200, 2))
        self.assertTrue(self.blocklisted("zoe@example.org"))
        self.assertEqual(len(self.acts()), 1)
        self.assertCountersTrue(mailing)


@tagged("post_install", "-at_install")
class TestUnsubscribedRows(UnsubscribeCase, SendingCase):
    def test_the_sender_passes_over_who_left_meanwhile(self):
        mailing = self.new_validated_mailing(
            unsubscribe_category_ids=[Command.set(self.news.ids)], mail_server_id=self.server.id
        )
        recipients = self.env["partner.mailing.recipient"]
        unsubscriptions = self.env["partner.mailing.unsubscription"]
        # Without the step that marks the rows: as in the moment before a claim.
        unsubscriptions._unsubscribe(
            self.rows(mailing)["anna@example.com"].id, groups=self.news.ids
        )
        self.env.flush_all()
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        claimed = recipients._claim(mailing.id, 1, 10)
        self.assertEqual([row["address"] for row in claimed], ["boris@example.com"])

    def test_who_left_is_marked_by_the_sender_and_gets_nothing(self):
        mailing = self.new_validated_mailing(
            unsubscribe_category_ids=[Command.set(self.news.ids)], mail_server_id=self.server.id
        )
        unsubscriptions = self.env["partner.mailing.unsubscription"]
        unsubscriptions._unsubscribe(
            self.rows(mailing)["anna@example.com"].id, groups=self.news.ids
        )
        self.run_scheduler()
        self.assertEqual(self.states(mailing)["anna@example.com"], "unsubscribed")
        self.assertEqual(mailing.state, "done")
        self.assertCountersTrue(mailing)
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])

    def test_who_gets_the_tag_again_is_written_to(self):
        mailing = self.new_validated_mailing(
            unsubscribe_category_ids=[Command.set(self.news.ids)], mail_server_id=self.server.id
        )
        unsubscriptions = self.env["partner.mailing.unsubscription"]
        unsubscriptions._unsubscribe(
            self.rows(mailing)["anna@example.com"].id, groups=self.news.ids
        )
        self.anna.category_id += self.news
        self.run_scheduler()
        self.assertEqual(self.states(mailing)["anna@example.com"], "sent")

    def test_who_left_is_left_out_when_a_draft_is_submitted(self):
        first = self.new_running_mailing()
        draft = self.new_mailing(
            extra_emails="zoe@example.org",
            unsubscribe_category_ids=[Command.set((self.news + self.offers).ids)],
        )
        draft.action_load_recipients()
        self.one_click(self.token(first))
        draft.action_submit()
        self.assertEqual(self.states(draft)["anna@example.com"], "unsubscribed")
        self.assertEqual(draft.approval_ids.recipient_count, 2)

    def test_the_link_in_the_message_is_the_one_that_works(self):
        self.new_validated_mailing(mail_server_id=self.server.id)
        self.run_scheduler()
        message = self.inbox.message_to("anna@example.com")
        [address] = re.findall(r"^<(https?://.*)>$", message["List-Unsubscribe"])
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        for part in (message.get_body(("html",)), message.get_body(("plain",))):
            self.assertIn(address, part.get_content())
            self.assertIn(self.env.company.name, part.get_content())
        self.assertEqual(self.one_click(address.rpartition("/")[2]).status_code, 200)
        self.assertTrue(self.blocklisted())
