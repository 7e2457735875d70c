import re
from datetime import timedelta

from odoo import Command, fields
from odoo.addons.mass_mailing_lite.delivery.compose.link_token import DIGITS
from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from ..transport.sms import UNSUBSCRIBE_PLACEHOLDER
from .common import ANNA, BORIS, SmsCase

LEAVE = f"{{{{ {UNSUBSCRIBE_PLACEHOLDER} }}}}"
TEXT = f"{{{{ object.name }}}}, news at https://www.example.com/shop?a=1. Off: {LEAVE}"
LINK = re.compile(r"(https?://\S+)(/pm/[0-9A-Za-z]+)")
BROWSER = "Mozilla/5.0 (Linux; Android 16) Gecko/20100101 Firefox/140.0"


class SmsLinkCase(SmsCase, HttpCase):
    """Sent SMS with their links, and a plain HTTP client."""

    def setUp(self):
        super().setUp()
        self.offers = self.env["res.partner.category"].create({"name": "Offers"})
        self.anna.category_id += self.offers

    def send_sms(self, **values):
        """Return a mailing that has ended, half a minute ago."""
        mailing = self.new_validated_sms(
            **{
                "sms_body": TEXT,
                "track_clicks": True,
                "unsubscribe_category_ids": [Command.set((self.news + self.offers).ids)],
                **values,
            }
        )
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET sent_at = sent_at - interval '30 seconds'"
            " WHERE mailing_id = %s",
            [mailing.id],
        )
        self.env.invalidate_all()
        return mailing

    def text(self, number=ANNA):
        return [text for to, text in self.gateway.sent if to == number][-1]

    def paths(self, number=ANNA):
        """Return the paths of the links in the SMS to a number, in their order."""
        return [path for _base, path in LINK.findall(self.text(number))]

    def get(self, path, agent=BROWSER, **options):
        return self.url_open(path, headers={"User-Agent": agent}, allow_redirects=False, **options)

    def post(self, path, form=None, **fields):
        response = self.url_open(path, data=form or fields, allow_redirects=False, method="POST")
        self.env.invalidate_all()
        return response

    def blocklisted(self, number=ANNA):
        return bool(self.env["phone.blacklist"].search([("number", "=", number)]))

    def acts(self):
        return self.env["partner.mailing.unsubscription"].search([("phone_sanitized", "!=", False)])

    def totals(self, mailing):
        self.env["partner.mailing.reaction"]._add_up()
        mailing.invalidate_recordset()
        return mailing.clicked_count, mailing.unsubscribed_count


@tagged("post_install", "-at_install")
class TestSmsLeaving(SmsLinkCase):
    """Unsubscribing by the link in an SMS."""

    def test_each_sms_has_a_short_link_of_its_own(self):
        self.send_sms(track_clicks=False)
        [anna], [boris] = self.paths(ANNA), self.paths(BORIS)
        self.assertNotEqual(anna, boris)
        self.assertLessEqual(len(anna), len("/pm/") + 17)
        self.assertIn("news at https://www.example.com/shop?a=1. Off: http", self.text())

    def test_looking_changes_nothing_however_often(self):
        mailing = self.send_sms()
        path = self.paths()[1]
        for _time in range(2):
            page = self.get(f"{path}?do=leave_all&List-Unsubscribe=One-Click")
            self.assertEqual(page.status_code, 200)
            head = self.opener.head(f"{self.base_url()}{path}", timeout=20)
            self.assertEqual((head.status_code, head.content), (200, b""))
        self.env.invalidate_all()
        self.assertIn(f"<b>{ANNA}</b>", page.text)
        self.assertIn("News", page.text)
        self.assertIn("Offers", page.text)
        self.assertIn(self.env.company.name, page.text)
        self.assertFalse(self.blocklisted() or self.acts())
        self.assertEqual(self.totals(mailing), (0, 0))

    def test_one_click_puts_the_number_on_odoos_blocklist(self):
        mailing = self.send_sms()
        answer = self.post(self.paths()[1], do="leave_all")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("You are unsubscribed", answer.text)
        self.assertTrue(self.blocklisted())
        self.assertFalse(self.env["mail.blacklist"].search([("email", "=", "anna@example.com")]))
        self.assertFalse(self.blocklisted(BORIS))
        act = self.acts()
        self.assertEqual(
            (act.phone_sanitized, act.is_everything, act.mailing_id), (ANNA, True, mailing)
        )
        self.assertEqual(act.display_name, ANNA)
        self.assertEqual(self.totals(mailing), (0, 1))
        entry = self.env["phone.blacklist"].search([("number", "=", ANNA)])
        self.assertIn(mailing.name, " ".join(entry.message_ids.mapped("body")))

    def test_who_left_gets_no_sms_loaded_or_waiting(self):
        self.send_sms()
        waiting = self.new_validated_sms(name="Next")
        draft = self.new_sms(name="Third")
        path = self.paths()[1]
        self.post(path, do="leave_all")
        self.assertEqual(self.results(waiting), {ANNA: "unsubscribed", BORIS: "pending"})
        self.assertEqual((waiting.recipient_count, waiting.skipped_count), (1, 1))
        draft.action_load_recipients()
        self.assertEqual(self.results(draft), {ANNA: "blocklisted", BORIS: "pending"})
        self.gateway.sent.clear()
        self.run_scheduler()
        self.assertEqual(self.gateway.numbers, [BORIS])

    def test_a_number_blocklisted_a_moment_ago_is_not_claimed(self):
        mailing = self.new_validated_sms()
        self.env["phone.blacklist"].create({"number": ANNA})
        self.env.flush_all()
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        claimed = self.env["partner.mailing.recipient"]._claim(mailing.id, 1, 10)
        self.assertEqual([row["address"] for row in claimed], [BORIS])

    def test_leaving_a_group_takes_the_tag_off_every_contact_with_the_number(self):
        twin = self.env["res.partner"].create(
            {"name": "Anna at work", "phone": ANNA, "category_id": [Command.set(self.news.ids)]}
        )
        mailing = self.send_sms()
        path = self.paths()[1]
        self.post(path, do="leave", group=self.news.id)
        self.assertEqual(self.anna.category_id, self.offers)
        self.assertFalse(twin.category_id)
        self.assertEqual(self.boris.category_id, self.news)
        self.assertFalse(self.blocklisted())
        self.assertEqual(self.acts().category_ids, self.news)
        # A number that an author types as an extra number is excluded, too.
        again = self.new_sms(
            unsubscribe_category_ids=[Command.set(self.news.ids)],
            extra_numbers=f"{ANNA}, {BORIS}",
            audience_ids=[Command.clear()],
        )
        again.action_submit()
        self.assertEqual(self.results(again), {ANNA: "unsubscribed", BORIS: "pending"})
        self.post(path, do="undo")
        self.assertEqual(self.anna.category_id, self.news + self.offers)
        self.assertEqual(twin.category_id, self.news)
        self.assertEqual(self.totals(mailing), (0, 0))

    def test_who_comes_back_is_off_the_blocklist(self):
        mailing = self.send_sms()
        path = self.paths()[1]
        self.post(path, do="leave_all")
        answer = self.post(path, do="undo")
        self.assertIn("You are subscribed again", answer.text)
        self.assertFalse(self.blocklisted())
        self.assertTrue(self.acts().undone_at)
        self.assertEqual(self.totals(mailing), (0, 0))

    def test_a_reason_is_kept(self):
        self.send_sms()
        path = self.paths()[1]
        page = self.post(path, do="leave_all")
        self.assertIn("I receive too many messages", page.text)
        self.post(path, do="reason", reason="too_often", comment="Too \0 late")
        self.assertEqual((self.acts().reason, self.acts().comment), ("too_often", "Too  late"))

    def test_a_number_of_no_contact_leaves_too(self):
        self.send_sms(extra_numbers="Zoe <+34 611 222 333>")
        path = self.paths("+34611222333")[1]
        self.assertIn("Stop sending mailings to", self.get(path).text)
        self.post(path, do="leave_all")
        self.assertTrue(self.blocklisted("+34611222333"))

    def test_the_page_is_in_the_recipients_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.anna.lang = "fr_FR"
        self.send_sms()
        self.assertIn('lang="fr-FR"', self.get(self.paths()[1]).text)

    def test_forged_and_broken_links_all_get_the_same_page(self):
        mailing = self.send_sms()
        path = self.paths()[1]
        token = path.rpartition("/")[2]
        unknown = mailing._get_link_key("short").make(2**40)
        forged = [
            *(token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :] for place in range(len(token))),
            "0", "x" * 17, "0" * 17, "z" * 40, "%00" * 17, "%EF%BC%94" * 17, "a" * 4000, token + "0",
            "9" + token[1:], unknown, self.token_of_email(mailing),
        ]  # fmt: skip
        pages = {self.get(f"/pm/{one}").text for one in forged}
        self.assertEqual(len(pages), 1)
        for one in forged:
            with self.subTest(one[:50]):
                self.assertEqual(self.get(f"/pm/{one}").status_code, 404)
                self.assertEqual(self.post(f"/pm/{one}", do="leave_all").status_code, 404)
        self.assertFalse(self.acts())
        # A tracked link does not unsubscribe.
        self.assertEqual(self.post(self.paths()[0], do="leave_all").status_code, 404)
        self.assertFalse(self.acts())

    def token_of_email(self, mailing):
        return mailing._get_link_key("unsubscribe").make(self.row(mailing, ANNA).id)

    def test_strange_forms_change_nothing(self):
        self.send_sms()
        path = self.paths()[1]
        for form in (
            {"do": "everything"},
            {"do": "leave", "group": "x" * 10_000},
            {"do": "leave", "group": "-1"},
            {
                "do": "leave",
                "group": str(self.env["res.partner.category"].create({"name": "x"}).id),
            },
            {"do": "\0"},
            {"self": "1", "token": "2", "List-Unsubscribe": "One-Click"},
        ):
            answer = self.post(path, form)
            self.assertLess(answer.status_code, 500)
        self.assertFalse(self.acts() or self.blocklisted())

    def test_the_placeholder_is_for_sms_alone(self):
        for values in ({"subject": LEAVE}, {"preview_text": LEAVE}):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, "is for SMS"):
                self.new_mailing(**values)
        labels = {
            one["expression"]: one["label"]
            for one in self.env["partner.mailing"].get_placeholders()
        }
        self.assertEqual(labels[UNSUBSCRIBE_PLACEHOLDER], "Unsubscribe Link (SMS)")

    def test_the_link_stands_in_texts_with_logic_too(self):
        editor = new_test_user(
            self.env,
            "editor",
            "base.group_user,mass_mailing_lite.group_user,mail.group_mail_template_editor",
        )
        mailing = self.new_sms(
            editor,
            sms_body="{{ object.name.upper() }} https://example.com/ " + LEAVE,
            track_clicks=True,
        )
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        self.assertTrue(self.text().startswith("ANNA http"))
        click, leave = self.paths()
        self.assertEqual(self.get(click).headers["Location"], "https://example.com/")
        self.assertEqual(self.get(leave).status_code, 200)
        self.assertNotEqual(self.paths(), self.paths(BORIS))

    def test_the_review_says_how_recipients_unsubscribe(self):
        mailing = self.new_sms(sms_body=TEXT, track_clicks=True)
        mailing.action_submit()
        page = mailing.with_user(self.validator).review_html
        self.assertIn("by the link in the text", page)
        self.assertIn("Links lead through this database", page)
        other = self.new_sms(name="Other")
        other.action_submit()
        self.assertIn("no link in the text", other.with_user(self.validator).review_html)

    def test_the_link_of_a_review_is_that_of_a_test(self):
        mailing = self.new_sms(sms_body=TEXT)
        mailing.action_submit()
        [(_base, path)] = LINK.findall(mailing.with_user(self.validator).review_html)[:1]
        self.assertIn("Nothing is changed here", self.get(path).text)


@tagged("post_install", "-at_install")
class TestSmsClicks(SmsLinkCase):
    """Links whose clicks are counted."""

    def test_without_the_switch_links_stay_as_they_are(self):
        self.send_sms(track_clicks=False)
        self.assertIn("https://www.example.com/shop?a=1.", self.text())

    def test_links_become_short_and_lead_to_their_address(self):
        mailing = self.send_sms(
            sms_body="A www.example.com/x, b (https://www.example.org/ä_(1)). https://example.com/{{ object.ref }}"
        )
        first, second = self.paths()
        self.assertRegex(self.text(), r"^A \S+, b \(\S+\)\. https://example\.com/$")
        self.assertEqual(self.get(first).status_code, 302)
        self.assertEqual(self.get(first).headers["Location"], "https://www.example.com/x")
        self.assertIn("www.example.org/", self.get(second).headers["Location"])
        self.assertEqual(self.totals(mailing)[0], 1)

    def test_a_person_is_counted_once_and_a_machine_never(self):
        mailing = self.send_sms()
        path = self.paths()[0]
        for agent in ("curl/8.0", "WhatsApp/2.23", "facebookexternalhit/1.1", ""):
            self.assertEqual(self.get(path, agent=agent).status_code, 302)
        self.opener.head(f"{self.base_url()}{path}", timeout=20, allow_redirects=False)
        self.assertEqual(self.totals(mailing)[0], 0)
        self.get(path)
        self.get(path)
        self.assertEqual(self.totals(mailing)[0], 1)
        self.assertTrue(self.row(mailing, ANNA).clicked_at)
        self.get(self.paths(BORIS)[0])
        mailing.action_open_statistics()
        self.assertEqual(
            mailing.statistics["links"],
            [{"url": "https://www.example.com/shop?a=1", "clicked": 2}],
        )
        self.assertEqual(mailing.clicked_rate, 100.0)

    def test_statistics_show_what_an_sms_can_tell(self):
        mailing = self.send_sms()
        self.post(self.paths()[1], do="leave_all")
        mailing.action_open_statistics()
        figures = mailing.statistics
        self.assertEqual(figures["missing"], ["opened"])
        self.assertEqual(figures["domains_title"], "By Country Code")
        self.assertEqual(
            {(line["name"], line["delivered"]) for line in figures["domains"]},
            {("+7", 1), ("+34", 1)},
        )
        self.assertEqual(figures["totals"]["unsubscribed"], 1)
        domains = self.env["partner.mailing.report"].get_dashboard(30)["domains"]
        self.assertNotIn("+7", [line["name"] for line in domains])

    def test_those_who_clicked_or_left_are_found_and_counted_for_the_contact(self):
        mailing = self.send_sms()
        self.get(self.paths()[0])
        rows = self.env["partner.mailing.recipient"].with_user(self.marketer)
        [row] = rows.search([("mailing_id", "=", mailing.id), ("clicked_at", "!=", False)])
        self.assertEqual(row.phone_sanitized, ANNA)
        self.assertEqual(self.anna.with_user(self.marketer).partner_mailing_count, 1)

    def test_links_work_after_the_personal_data_is_gone(self):
        mailing = self.send_sms()
        click, leave = self.paths()
        self.env.company.partner_mailing_keep_months = 6
        cron = self.env.ref("mass_mailing_lite.ir_cron_remove_personal_data")
        with (
            freeze_time(fields.Datetime.now() + timedelta(days=220)),
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(mailing.personal_data_removed_at)
        self.assertEqual(self.get(click).headers["Location"], "https://www.example.com/shop?a=1")
        # It is no longer known which number this is.
        self.assertEqual(self.get(leave).status_code, 404)

    def test_the_length_counts_the_short_links(self):
        long = "https://www.example.com/" + "x" * 150
        mailing = self.new_sms(sms_body=f"{long} {LEAVE}")
        self.assertEqual(mailing.sms_parts, 2)
        mailing.track_clicks = True
        base = len(mailing.get_base_url()) + len("/pm/") + 17
        self.assertEqual(mailing.sms_parts, 1)
        self.assertIn(f"{2 * base + 1} characters", mailing.sms_length_text)
        draft = self.env["partner.mailing"].new(
            {"channel": "sms", "sms_body": f"{long} {LEAVE}", "track_clicks": True}
        )
        self.assertEqual(draft.sms_parts, 1, "before it is saved, too")
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        self.assertLessEqual(len(self.text()), 2 * base + 1, "as long as the sample or shorter")

    def test_a_test_has_links_that_do_nothing_but_say_so(self):
        self.env.company.partner_mailing_test_numbers = "+34600111222"
        mailing = self.new_sms(sms_body=TEXT, track_clicks=True)
        mailing.action_load_recipients()
        self.env.flush_all()
        self.env["partner.mailing.test"].with_user(self.marketer).create(
            {
                "mailing_id": mailing.id,
                "recipient_id": self.row(mailing, ANNA).id,
                "numbers": "+34600111222",
            }
        ).action_send()
        click, leave = self.paths("+34600111222")
        page = self.get(click)
        self.assertEqual(page.status_code, 200)
        self.assertIn("Nothing is counted here", page.text)
        self.assertIn("https://www.example.com/shop?a=1", page.text)
        for answer in (self.get(leave), self.post(leave, do="leave_all")):
            self.assertIn("Nothing is changed here", answer.text)
            self.assertIn("+34 600 123 456", answer.text)
        self.assertFalse(self.acts() or self.blocklisted())
        self.assertEqual(self.totals(mailing), (0, 0))

    def test_what_was_validated_before_links_were_counted_leaves_as_it_was(self):
        mailing = self.new_validated_sms(sms_body="https://example.com/")
        self.env.cr.execute(
            "UPDATE partner_mailing SET track_clicks = TRUE WHERE id = %s", [mailing.id]
        )
        self.env.invalidate_all()
        text = mailing._get_transport().get_sample_text()
        self.assertEqual(text, "https://example.com/")

    def test_the_fingerprint_covers_switch_and_link(self):
        mailing = self.new_validated_sms(sms_body=TEXT, track_clicks=True)
        for column, value in (
            ("track_clicks", False),
            ("sms_body", '{"en_US": "Without"}'),
        ):
            with self.subTest(column), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(
                    f"UPDATE partner_mailing SET {column} = %s WHERE id = %s", [value, mailing.id]
                )
                self.env.invalidate_all()
                self.assertFalse(mailing._matches_validation())
                savepoint.rollback()
                self.env.invalidate_all()
        for values in ({"track_clicks": False}, {"unsubscribe_category_ids": [Command.clear()]}):
            with self.assertRaises(UserError):
                mailing.write(values)

    def test_an_address_that_nobody_reaches_is_pointed_out_where_links_lead_here(self):
        def keys(**values):
            return [one["key"] for one in self.new_sms(**values)._get_findings()]

        self.assertNotIn("base_url", keys(name="a"))
        self.assertIn("base_url", keys(name="b", sms_body=TEXT))
        self.assertIn(
            "base_url", keys(name="c", sms_body="https://example.com/", track_clicks=True)
        )

    def test_more_links_than_a_token_can_name_stay_as_they_are(self):
        count = len(DIGITS) + 3
        text = " ".join(f"www.example.com/{number:03}" for number in range(count))
        self.send_sms(sms_body=text)
        self.assertEqual(len(self.paths()), len(DIGITS) - 1)
        self.assertIn("www.example.com/064", self.text())
