import email
import email.policy
import re
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from ..tools.machine_request import is_machine
from .common import SendingCase

TOKEN = r"[A-Za-z0-9_-]{32}"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SHOP = "https://www.example.com/shop?a=1&b=2#top"
BODY = (
    '<p>Dear <t t-out="object.name"/>, <a href="https://www.example.com/shop?a=1&amp;b=2#top">shop</a>,'
    ' <a href="mailto:shop@example.com">write</a>, <a href="#end">end</a>,'
    ' <a href="/partner_mailing/view">view</a>, <a title="x" href=\'https://www.example.org/ä\'>ä</a></p>'
)


@tagged("post_install", "-at_install")
class TestTracking(SendingCase, HttpCase):
    def new_sent_mailing(self, **values):
        """Return a mailing that has ended, half a minute ago."""
        mailing = self.new_validated_mailing(
            **{"body_html": BODY, "track_opens": True, "track_clicks": True, **values}
        )
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET sent_at = sent_at - interval '30 seconds'"
            " WHERE mailing_id = %s", [mailing.id]
        )  # fmt: skip
        self.env.invalidate_all()
        return mailing

    def html(self, address="anna@example.com"):
        return self.inbox.message_to(address).get_body(("html",)).get_content()

    def pixel(self, address="anna@example.com"):
        [path] = re.findall(
            rf'src="https?://[^/]+(/partner_mailing/open/{TOKEN}\.gif)"', self.html(address)
        )
        return path

    def links(self, address="anna@example.com"):
        return re.findall(
            rf'href=["\']https?://[^/]+(/partner_mailing/click/{TOKEN}/\d+)["\']',
            self.html(address),
        )

    def get(self, path, agent=BROWSER, method="GET"):
        return self.url_open(
            path, headers={"User-Agent": agent}, allow_redirects=False, method=method
        )

    def totals(self, mailing):
        self.env["partner.mailing.reaction"]._add_up()
        mailing.invalidate_recordset()
        return mailing.opened_count, mailing.clicked_count, mailing.machine_opened_count

    # ------------------------------------------------------------
    # What reaches a recipient
    # ------------------------------------------------------------

    def test_a_message_has_neither_picture_nor_changed_link_unless_that_is_switched_on(self):
        mailing = self.new_mailing()
        self.assertFalse(mailing.track_opens or mailing.track_clicks)
        self.new_sent_mailing(track_opens=False, track_clicks=False)
        html = self.html()
        self.assertNotIn("/partner_mailing/open", html)
        self.assertNotIn("/partner_mailing/click", html)
        self.assertNotIn("<img", html)
        self.assertIn('href="https://www.example.com/shop?a=1&amp;b=2#top"', html)

    def test_each_switch_does_its_own(self):
        self.new_sent_mailing(track_clicks=False)
        self.assertIn("/partner_mailing/open", self.html())
        self.assertFalse(self.links())
        self.inbox.messages.clear()
        self.new_sent_mailing(track_opens=False)
        self.assertNotIn("/partner_mailing/open", self.html())
        self.assertEqual(len(self.links()), 2)

    def test_only_web_pages_are_led_to_by_us(self):
        self.new_sent_mailing()
        html = self.html()
        for untouched in (
            'href="mailto:shop@example.com"',
            'href="#end"',
            "/partner_mailing/view/",
        ):
            self.assertIn(untouched, html)
        self.assertNotIn("www.example.com/shop", html)
        text = self.inbox.message_to("anna@example.com").get_body(("plain",)).get_content()
        self.assertIn(SHOP, text)
        self.assertNotIn("/partner_mailing/click", text)

    def test_a_body_with_logic_is_tracked_too_and_its_own_addresses_stay(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        self.new_sent_mailing(
            body_html='<p><t t-if="object.name == \'Anna\'"><a href="https://www.example.com/a">A</a></t>'
            '<a t-attf-href="https://www.example.com/of/{{ object.name }}">mine</a></p>'
        )
        self.assertEqual(len(self.links()), 1)
        self.assertIn("https://www.example.com/of/Anna", self.html())
        self.assertEqual(len(self.links("boris@example.com")), 0)
        self.assertEqual(self.get(self.links()[0]).headers["Location"], "https://www.example.com/a")
        self.pixel("boris@example.com")

    def test_tracking_a_body_with_logic_asks_the_database_nothing_for_each_message(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.new_validated_mailing(
            body_html='<p><t t-if="object.name"><a href="https://www.example.com/a">A</a></t></p>',
            track_clicks=True,
        ).sudo()
        _server, terms = mailing._get_server_and_terms()
        compiled = mailing._get_transport().compile("en_US", terms)
        row = self.rows(mailing)["anna@example.com"]
        row = {
            **row.read(["name", "lang", "attempts"])[0],
            "address": row.email_normalized,
            "partner_id": self.anna.id,
            "message_id": "<1@example.com>",
        }
        list(mailing._get_transport().fill(compiled, [row]))
        before = self.env.cr.sql_log_count
        filled = [
            envelope.octets()
            for _row, envelope, _error in mailing._get_transport().fill(compiled, [row] * 5)
        ]
        self.assertEqual(self.env.cr.sql_log_count, before)
        message = email.message_from_bytes(filled[0], policy=email.policy.default)
        self.assertIn("/partner_mailing/click/", message.get_body(("html",)).get_content())

    def test_the_validator_is_told(self):
        mailing = self.new_mailing(track_opens=True)
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertIn("records that it was opened", review)
        self.assertNotIn("notes who clicked", review)
        silent = self.new_mailing()
        silent.action_submit()
        self.assertNotIn("notes that", silent.with_user(self.validator).review_html)

    def test_what_was_validated_cannot_be_made_to_track(self):
        for name in ("track_opens", "track_clicks"):
            mailing = self.new_validated_mailing()
            with self.assertRaises(UserError):
                mailing.write({name: True})
            self.env.cr.execute(
                f"UPDATE partner_mailing SET {name} = TRUE WHERE id = %s", [mailing.id]
            )
            self.env.invalidate_all()
            self.run_scheduler()
            self.assertEqual((mailing.state, self.inbox.messages), ("paused", []), name)

    def test_switching_it_on_makes_one_an_editor(self):
        mailing = self.new_mailing(self.colleague)
        mailing.with_user(self.manager).write({"track_opens": True})
        mailing.action_submit()
        self.assertTrue(mailing.with_user(self.manager).cannot_validate_reason)

    # ------------------------------------------------------------
    # Opened
    # ------------------------------------------------------------

    def test_a_loaded_picture_counts_once(self):
        mailing = self.new_sent_mailing()
        for _time in range(3):
            answer = self.get(self.pixel())
            self.assertEqual(
                (answer.status_code, answer.headers["Content-Type"]), (200, "image/gif")
            )
            self.assertEqual(answer.content[:6], b"GIF89a")
        self.assertTrue(self.rows(mailing)["anna@example.com"].opened_at)
        self.assertFalse(self.rows(mailing)["boris@example.com"].opened_at)
        self.assertEqual(self.totals(mailing), (1, 0, 0))
        self.assertEqual(self.totals(mailing), (1, 0, 0))

    def test_nothing_is_kept_of_the_reader_and_no_cookie_is_set(self):
        self.new_sent_mailing()
        for answer in (self.get(self.pixel()), self.get(self.links()[0])):
            self.assertNotIn("Set-Cookie", answer.headers)
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        for model in ("recipient", "reaction", "click"):
            names = self.env[f"partner.mailing.{model}"]._fields
            self.assertFalse(
                [name for name in names if "agent" in name or "address" in name or name == "ip"]
            )

    def test_a_scanner_is_told_from_a_reader(self):
        mailing = self.new_sent_mailing()
        for agent in ("Barracuda Sentinel (EE)", "Mozilla/5.0", "python-requests/2.32", ""):
            self.get(self.pixel(), agent)
            self.get(self.links()[0], agent)
        self.get(self.pixel(), method="HEAD")
        row = self.rows(mailing)["anna@example.com"]
        self.assertTrue(row.machine_opened_at)
        self.assertFalse(row.opened_at or row.clicked_at)
        self.assertEqual(self.totals(mailing), (0, 0, 1))
        self.get(self.pixel())
        self.assertEqual(self.totals(mailing), (1, 0, 1))

    def test_whoever_looks_within_seconds_of_delivery_is_no_person(self):
        mailing = self.new_sent_mailing()
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET sent_at = clock_timestamp() AT TIME ZONE 'UTC' WHERE mailing_id = %s",
            [mailing.id],
        )
        self.get(self.links()[0])
        self.assertEqual(self.totals(mailing), (0, 0, 1))
        row = self.rows(mailing)["anna@example.com"]
        row._as_system().sent_at -= timedelta(seconds=11)
        self.env.flush_all()
        self.get(self.pixel())
        self.assertEqual(self.totals(mailing), (1, 0, 1))

    def test_programs_are_known_by_name(self):
        chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
        gmail = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
        for agent in (
            BROWSER,
            chrome,
            gmail,
            "YahooMailProxy; https://help.yahoo.com/",
            "Thunderbird 140",
        ):
            self.assertFalse(is_machine(agent), agent)
        for agent in (
            None,
            "",
            "Mozilla/5.0",
            "Googlebot/2.1",
            "curl/8.5",
            "Proofpoint URL Defense",
            "HeadlessChrome/130",
        ):
            self.assertTrue(is_machine(agent), agent)
        self.assertTrue(is_machine(BROWSER, "HEAD"))
        self.assertTrue(is_machine(BROWSER, purpose="prefetch;prerender"))

    # ------------------------------------------------------------
    # Clicked
    # ------------------------------------------------------------

    def test_a_click_leads_to_the_address_and_counts_as_opened_too(self):
        mailing = self.new_sent_mailing()
        shop, other = self.links()
        answer = self.get(shop)
        self.assertEqual((answer.status_code, answer.headers["Location"]), (302, SHOP))
        self.get(shop)
        self.assertEqual(self.get(other).headers["Location"], "https://www.example.org/%C3%A4")
        self.assertEqual(self.totals(mailing), (1, 1, 0))
        row = self.rows(mailing)["anna@example.com"]
        self.assertTrue(row.opened_at and row.clicked_at)
        self.get(self.links("boris@example.com")[0])
        mailing.action_open_statistics()
        clicked = {link["url"]: link["clicked"] for link in mailing.statistics["links"]}
        self.assertEqual(clicked, {SHOP: 2, "https://www.example.org/ä": 1})
        self.assertEqual(self.totals(mailing), (2, 2, 0))

    def test_no_link_leads_anywhere_but_to_the_mailings_own_addresses(self):
        self.new_sent_mailing()
        [mine, _other] = self.links()
        foreign = self.new_validated_mailing(
            body_html='<p><a href="https://www.example.net/">x</a></p>', track_clicks=True
        )
        link = self.env["partner.mailing.link"].search([("mailing_id", "=", foreign.id)])
        self.assertTrue(link)
        stem = mine.rpartition("/")[0]
        for number in (link.id, 0, -1, 99999999999999999999, "x"):
            answer = self.get(f"{stem}/{number}")
            self.assertEqual(answer.status_code, 404, number)
            self.assertNotIn("Location", answer.headers)
        answer = self.get(f"{mine}?url=https://evil.example&redirect=https://evil.example")
        self.assertEqual(answer.headers["Location"], SHOP)

    def test_addresses_are_stored_when_the_mailing_is_submitted_and_stay(self):
        mailing = self.new_mailing(body_html=BODY, track_clicks=True)
        Link = self.env["partner.mailing.link"]
        self.assertFalse(Link.search([("mailing_id", "=", mailing.id)]))
        mailing.action_submit()
        links = Link.search([("mailing_id", "=", mailing.id)])
        self.assertEqual(set(links.mapped("url")), {SHOP, "https://www.example.org/ä"})
        mailing.action_back_to_draft()
        mailing.body_html = '<p><a href="https://www.example.net/new">new</a></p>'
        mailing.action_submit()
        self.assertEqual(
            set(Link.search([("mailing_id", "=", mailing.id)]).mapped("url")),
            {SHOP, "https://www.example.org/ä", "https://www.example.net/new"},
        )

    # ------------------------------------------------------------
    # Tests and previews
    # ------------------------------------------------------------

    def test_a_test_message_and_a_preview_are_not_counted(self):
        mailing = self.new_mailing(body_html=BODY, track_opens=True, track_clicks=True)
        mailing.action_submit()
        row = self.rows(mailing)["anna@example.com"]
        with self.real_connections():
            mailing.env["partner.mailing.test"].create(
                {"mailing_id": mailing.id, "recipient_id": row.id, "emails": "boss@example.com"}
            ).action_send()
        for path in (self.pixel("boss@example.com"), *self.links("boss@example.com")):
            self.assertIn(self.get(path).status_code, (200, 302))
        preview = mailing.env["partner.mailing.preview"].create(
            {"mailing_id": mailing.id, "recipient_id": row.id}
        )
        [path] = re.findall(rf"/partner_mailing/open/{TOKEN}\.gif", preview.body_html)
        self.assertEqual(self.get(path).status_code, 200)
        self.assertEqual(self.totals(mailing), (0, 0, 0))
        self.assertFalse(row.opened_at or row.clicked_at or row.machine_opened_at)

    # ------------------------------------------------------------
    # Forged requests, and many
    # ------------------------------------------------------------

    def test_forged_requests_change_nothing(self):
        mailing = self.new_sent_mailing()
        valid = self.pixel()
        token = re.search(TOKEN, valid)[0]
        swapped = re.search(TOKEN, self.links()[0])[0]
        forged = (swapped, token[:-1], token + "A", token[::-1], "A" * 32, "x" * 5000, "%00", "ä")
        answers = {
            (answer.status_code, answer.content)
            for answer in (self.get(f"/partner_mailing/open/{one}.gif") for one in forged)
        }
        self.assertEqual({status for status, _content in answers}, {404})
        self.assertEqual(len(answers), 1)
        pages = {
            (answer.status_code, answer.content)
            for answer in (
                self.get(f"/partner_mailing/click/{one}/1") for one in (token, *forged[1:])
            )
        }
        [(status, page)] = pages
        self.assertEqual(status, 404)
        self.assertIn(b"not valid", page)
        self.assertEqual(self.totals(mailing), (0, 0, 0))

    def test_ten_thousand_forged_tokens_are_none(self):
        mailing = self.new_sent_mailing()
        self.env.cr.execute(
            "SELECT xmin, ctid, * FROM partner_mailing_recipient WHERE mailing_id = %s",
            [mailing.id],
        )
        before = self.env.cr.fetchall()
        read = mailing._read_link_token
        token = re.search(TOKEN, self.pixel())[0]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        forged = (
            token[:place] + letter + token[place + 1 :]
            for _round in range(5) for place in range(32) for letter in alphabet
        )  # fmt: skip
        tried = {one for one in forged if one != token}
        self.assertFalse([one for one in tried if read("open", one) is not None])
        self.env.cr.execute(
            "SELECT xmin, ctid, * FROM partner_mailing_recipient WHERE mailing_id = %s",
            [mailing.id],
        )
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_a_row_that_was_deleted_or_blanked_is_no_trouble(self):
        mailing = self.new_sent_mailing()
        self.rows(mailing)["anna@example.com"].sudo().unlink()
        self.assertEqual(self.get(self.pixel()).status_code, 200)
        self.assertEqual(self.get(self.links()[0]).status_code, 404)
        self.assertEqual(self.totals(mailing), (0, 0, 0))

    def test_a_request_takes_at_most_six_queries(self):
        self.new_sent_mailing()
        paths = (
            self.pixel(),
            self.links()[0],
            "/partner_mailing/open/x.gif",
            "/partner_mailing/click/x/1",
        )
        for path in (*paths, *paths):
            self.get(path)
        for path in (self.pixel("boris@example.com"), self.links("boris@example.com")[1], *paths):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.get(path)
            self.assertLessEqual(self.env.cr.sql_log_count - before, 6, path)

    def test_a_row_that_somebody_holds_is_passed_by(self):
        mailing = self.new_sent_mailing()
        self.env.flush_all()
        row = self.rows(mailing)["anna@example.com"]
        with patch.object(self.env.cr, "execute", wraps=self.env.cr.execute) as executed:
            row._record_opening(row.id, by_machine=False)
        [statement] = [
            str(call.args[0].code)
            for call in executed.call_args_list
            if "seen AS" in str(getattr(call.args[0], "code", ""))
        ]
        self.assertIn("SKIP LOCKED", statement)
        self.assertNotIn("partner_mailing_counter", statement)
