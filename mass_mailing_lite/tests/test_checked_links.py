import os
import socket
import threading
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..models.partner_mailing_checked_address import ALLOW_LOOPBACK
from ..preflight import CHECKS, Preflight
from .common import MailingCase
from .hostile_web import SILENCE, WebServer, page, redirect

PUBLIC = "https://odoo.example.com"


class LinkCase(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.env["ir.config_parameter"].set_param("web.base.url", PUBLIC)
        cls.env.company.partner_mailing_check_links = True
        cls.pages = {"/good": page(), "/moved": redirect("/good"), "/login": page(403)}
        cls.server = WebServer(lambda method, path: cls.pages.get(path, page(404)))
        cls.addClassCleanup(cls.server.stop)
        # This test stands for the harness: it alone allows servers on this computer.
        environment = patch.dict(os.environ, {ALLOW_LOOPBACK: "1"})
        environment.start()
        cls.addClassCleanup(environment.stop)

    def url(self, path, host="127.0.0.1"):
        return self.server.url(path, host)

    def link(self, path, words="our shop"):
        return f'<p>See <a href="{self.url(path)}">{words}</a>, it is new.</p>'

    def look(self, mailing):
        """Do what the scheduled action does."""
        Preflight(mailing.sudo()).look_in_background()
        self.env.flush_all()
        mailing.invalidate_recordset()

    def found(self, mailing, key="dead_link"):
        mailing.invalidate_recordset()
        return [one for one in mailing.findings or [] if one["key"] == key]


@tagged("post_install", "-at_install")
class TestCheckedLinks(LinkCase):
    """Pages and pictures of a mailing are asked for in the background, once a day each."""

    def test_a_dead_link_is_named_with_its_language_its_words_and_its_address(self):
        mailing = self.new_mailing(body_html=self.link("/good"))
        mailing.update_field_translations("body_html", {"fr_FR": self.link("/gone", "boutique")})
        self.assertFalse(self.server.requests)
        self.look(mailing)
        [finding] = self.found(mailing)
        self.assertEqual(finding["level"], "warning")
        for words in ("French", '"boutique"', self.url("/gone"), "404"):
            self.assertIn(words, finding["message"])
        self.assertNotIn("/good", finding["message"])
        self.assertTrue(finding["remedy"])
        self.assertEqual(finding["count"], 1)

    def test_the_author_mends_it_and_the_list_turns_green(self):
        mailing = self.new_mailing(body_html=self.link("/gone"))
        self.look(mailing)
        self.assertEqual(self.found(mailing)[0]["level"], "warning")
        mailing.body_html = self.link("/good")
        self.assertEqual([one["level"] for one in self.found(mailing)], ["info"])
        self.look(mailing)
        self.assertEqual(self.found(mailing), [])

    def test_what_was_found_stays_while_another_link_is_asked_for(self):
        mailing = self.new_mailing(body_html=self.link("/gone"))
        self.look(mailing)
        mailing.body_html = self.link("/gone") + self.link("/another")
        found = self.found(mailing)
        self.assertEqual({one["level"]: one["count"] for one in found}, {"warning": 1, "info": 1})

    def test_a_message_with_very_many_links_says_that_not_all_are_checked(self):
        body = "".join(f'<a href="https://shop.example/{number}">x</a>' for number in range(250))
        mailing = self.new_mailing(body_html=f"<p>{body}</p>")
        self.assertEqual([one["count"] for one in self.found(mailing)], [200, 1])

    def test_until_there_is_a_result_the_form_says_so_and_nothing_is_asked(self):
        before = len(self.server.requests)
        mailing = self.new_mailing(body_html=self.link("/gone"))
        self.env.flush_all()
        [finding] = self.found(mailing)
        self.assertEqual(finding["level"], "info")
        self.assertIn("being checked", finding["message"])
        mailing.action_submit()
        self.assertEqual(len(self.server.requests), before)
        self.assertTrue(mailing.sudo().look_due_at)

    def test_pictures_are_asked_for_too(self):
        mailing = self.new_mailing(
            body_html=f'<p>x</p><img src="{self.url("/gone.png")}"/>'
            f'<table background="{self.url("/back.png")}"><tr><td>x</td></tr></table>'
        )
        self.look(mailing)
        [finding] = self.found(mailing)
        self.assertIn(f"picture ({self.url('/gone.png')}", finding["message"])
        self.assertIn("/back.png", finding["message"])
        self.assertEqual(finding["count"], 2)

    def test_links_of_the_layout_are_asked_for_too(self):
        # An address of the own network is refused there. This name exists nowhere (RFC 2606).
        layout = self.env["partner.mailing.layout"].create(
            {
                "name": "Letterhead",
                "body_html": '<div><t t-out="message.body"/></div>'
                '<p><a href="https://imprint.shop.example/">Imprint</a>'
                ' <a href="/partner_mailing/unsubscribe">Unsubscribe</a></p>',
            }
        )
        mailing = self.new_mailing(layout_id=layout.id)
        self.look(mailing)
        [finding] = self.found(mailing)
        self.assertIn('"Imprint"', finding["message"])

    def test_a_page_that_leads_to_another_site_is_good_to_know(self):
        self.pages["/away"] = redirect(self.url("/good", "localhost"))
        mailing = self.new_mailing(body_html=self.link("/away") + self.link("/moved"))
        self.look(mailing)
        [finding] = self.found(mailing)
        self.assertEqual(finding["level"], "info")
        self.assertIn("localhost", finding["message"])
        self.assertNotIn("/moved", finding["message"])

    def test_a_page_that_is_not_shown_to_programs_is_not_dead(self):
        for number, status in enumerate((401, 403, 405, 429, 999)):
            self.pages[f"/x{number}"] = page(status)
        mailing = self.new_mailing(
            body_html="".join(self.link(f"/x{number}") for number in range(5))
        )
        self.look(mailing)
        self.assertEqual([one["level"] for one in self.found(mailing)], ["info"])

    def test_addresses_of_the_network_are_not_asked(self):
        with patch.dict(os.environ, {ALLOW_LOOPBACK: ""}):
            self.env["ir.config_parameter"].set_param(ALLOW_LOOPBACK, "1")
            before = len(self.server.requests)
            mailing = self.new_mailing(body_html=self.link("/gone-private"))
            self.look(mailing)
        self.assertEqual(self.found(mailing), [])
        self.assertEqual(len(self.server.requests), before)

    def test_what_differs_from_recipient_to_recipient_is_left_out(self):
        for address in (
            "https://shop.example/?n={{ object.name }}",
            "https://shop.example/?n=%7B%7B object.name %7D%7D",
            "/partner_mailing/unsubscribe",
            "/partner_mailing/view",
            f"{PUBLIC}/partner_mailing/view",
            f"{PUBLIC}/r/aBc",
            "https://list.example/unsubscribe?id=1",
            "https://list.example/optout/1",
            "mailto:shop@example.com",
            "tel:+4930123456",
            "#end",
        ):
            with self.subTest(address=address):
                mailing = self.new_mailing(body_html=f'<p><a href="{address}">x</a></p>')
                self.assertEqual(self.found(mailing), [])
                self.assertNotIn("dead_link", mailing.finding_facts)

    def test_files_of_this_database_are_looked_up_without_the_network(self):
        file = self.env["ir.attachment"].create({"name": "a.png", "raw": b"x", "public": True})
        body = (
            f'<p>x<img src="/web/image/{file.id}"/><img alt="Old" src="/web/image/999999999"/></p>'
        )
        mailing = self.new_mailing(body_html=body)
        with patch.dict(os.environ, {ALLOW_LOOPBACK: ""}):
            self.look(mailing)
        [finding] = self.found(mailing)
        self.assertIn('"Old"', finding["message"])
        self.assertIn("deleted", finding["message"])
        self.assertEqual(finding["count"], 1)

    def test_an_address_is_asked_once_a_day_whichever_mailing_has_it(self):
        self.pages["/once"] = page()
        for _mailing in range(2):
            self.look(self.new_mailing(body_html=self.link("/once#top")))
        self.assertEqual([path for _method, path, _host in self.server.requests].count("/once"), 1)
        [row] = self.env["partner.mailing.checked.address"].search(
            [("address", "=", self.url("/once"))]
        )
        self.assertEqual((row.outcome, row.status_code), ("alive", 200))
        self.env.cr.execute(
            "UPDATE partner_mailing_checked_address SET checked_at = %s",
            [fields.Datetime.now() - timedelta(hours=25)],
        )
        self.look(self.new_mailing(body_html=self.link("/once")))
        self.assertEqual([path for _method, path, _host in self.server.requests].count("/once"), 2)

    def test_what_was_asked_a_month_ago_is_removed(self):
        addresses = self.env["partner.mailing.checked.address"]
        self.look(self.new_mailing(body_html=self.link("/old")))
        self.env.cr.execute(
            "UPDATE partner_mailing_checked_address SET checked_at = %s",
            [fields.Datetime.now() - timedelta(days=31)],
        )
        addresses._remove_old()
        self.assertFalse(addresses.search([]))

    def test_a_page_that_was_mended_is_asked_again_at_a_press(self):
        mailing = self.new_mailing(body_html=self.link("/later"))
        self.look(mailing)
        [finding] = self.found(mailing)
        self.assertEqual(finding["action"], "action_check_links")
        self.pages["/later"] = page()
        before = len(self.server.requests)
        mailing.action_check_links()
        self.assertEqual(len(self.server.requests), before)
        self.assertIn("being checked", self.found(mailing)[0]["message"])
        self.look(mailing)
        self.assertEqual(self.found(mailing), [])

    def test_only_one_who_may_change_a_mailing_has_its_links_asked_again(self):
        mailing = self.new_mailing(body_html=self.link("/later"))
        with self.assertRaises(AccessError):
            mailing.with_user(self.outsider).action_check_links()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        with self.assertRaises(UserError):
            mailing.action_check_links()

    def test_a_company_can_switch_it_off(self):
        self.env.company.partner_mailing_check_links = False
        before = len(self.server.requests)
        mailing = self.new_mailing(body_html=self.link("/never"))
        self.assertEqual(self.found(mailing), [])
        self.look(mailing)
        self.assertEqual(len(self.server.requests), before)

    def test_a_server_without_an_answer_does_not_stop_the_others(self):
        self.pages["/silent"] = SILENCE
        self.pages["/endless"] = page(200, [("Content-Length", "99999999999")])
        mailing = self.new_mailing(body_html=self.link("/endless") + self.link("/gone"))
        self.look(mailing)
        [finding] = self.found(mailing)
        self.assertIn("/gone", finding["message"])
        self.assertNotIn("/endless", finding["message"])

    def test_nobody_reads_what_was_asked(self):
        self.look(self.new_mailing(body_html=self.link("/secret?token=1")))
        addresses = self.env["partner.mailing.checked.address"]
        for user in (self.marketer, self.validator, self.outsider):
            with self.assertRaises(AccessError):
                addresses.with_user(user).search([])
            with self.assertRaises(AccessError):
                addresses.with_user(user).create({"address": "x"})

    def test_links_without_encryption_are_good_to_know_at_once(self):
        mailing = self.new_mailing(
            body_html='<p><a href="http://shop.example/x">x</a> <a href="https://shop.example/">y</a></p>'
        )
        [finding] = self.found(mailing, "insecure_link")
        self.assertEqual((finding["level"], finding["count"]), ("info", 1))
        self.assertIn("http://shop.example/x", finding["message"])

    def test_checks_have_a_title_and_a_question(self):
        mailing = self.new_mailing()
        for key in ("dead_link", "spam_score", "alt_text", "file_names", "loud_subject"):
            check = CHECKS[key](mailing)
            self.assertNotEqual(check.get_title(), key)
            self.assertTrue(check.get_question().endswith("?"))


@tagged("post_install", "-at_install")
class TestSpamScore(LinkCase):
    """Where a company has SpamAssassin's server, a draft has a score."""

    def start_spamd(self, score):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.messages = []

        def run():
            while True:
                try:
                    connection, _peer = listener.accept()
                except OSError:
                    return
                with connection:
                    octets = b""
                    while part := connection.recv(65536):
                        octets += part
                    self.messages.append(octets)
                    connection.sendall(
                        b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; %s / 5.0\r\n\r\nMISSING_MID,HTML_ONLY"
                        % score
                    )

        threading.Thread(target=run, daemon=True).start()
        self.env.company.sudo().partner_mailing_spamd = f"127.0.0.1:{listener.getsockname()[1]}"

    def test_a_draft_has_a_score_in_each_language(self):
        self.start_spamd(b"1.5")
        mailing = self.new_mailing()
        mailing.update_field_translations("body_html", {"fr_FR": "<p>Cher lecteur</p>"})
        self.look(mailing)
        [finding] = self.found(mailing, "spam_score")
        self.assertEqual(finding["level"], "info")
        self.assertIn("1.5", finding["message"])
        self.assertIn("French", finding["message"])
        self.assertEqual(len(self.messages), 2)
        self.assertIn(b"\r\nSubject: News for ", self.messages[0])

    def test_a_message_that_looks_like_spam_is_a_warning_with_the_rules(self):
        self.start_spamd(b"7.2")
        mailing = self.new_mailing()
        self.look(mailing)
        [finding] = self.found(mailing, "spam_score")
        self.assertEqual(finding["level"], "warning")
        self.assertIn("HTML_ONLY", finding["message"])

    def test_a_server_that_does_not_answer_is_good_to_know(self):
        self.start_spamd(b"no number")
        mailing = self.new_mailing()
        self.look(mailing)
        [finding] = self.found(mailing, "spam_score")
        self.assertEqual(finding["level"], "info")
        self.assertIn("no score", finding["message"])

    def test_without_a_server_nothing_is_said(self):
        mailing = self.new_mailing()
        self.look(mailing)
        self.assertEqual(self.found(mailing, "spam_score"), [])

    def test_an_address_that_is_none_is_refused_in_words(self):
        with self.assertRaisesRegex(ValidationError, "SpamAssassin Server"):
            self.env.company.sudo().partner_mailing_spamd = "http://localhost/"
