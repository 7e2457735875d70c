"""A file that is too large for a message is sent as a link: what it is, and who can follow it."""

import re
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, tagged

from ..content.checks import MEGABYTE
from .common import MailingCase, SendingCase
from .test_tracking import BROWSER

LINK = re.compile(r"https?://[^/]+(/partner_mailing/file/[A-Za-z0-9_-]{32}/\d+)")
CONTENT = bytes(range(256)) * 8


class FileLinkCase(MailingCase):
    def file(self, name="catalogue.pdf", content=CONTENT, is_link=True, **values):
        return Command.create(
            {"name": name, "raw": content, "partner_mailing_as_link": is_link, **values}
        )


@tagged("post_install", "-at_install")
class TestFileLinks(FileLinkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        cls.server = cls.env["ir.mail_server"].create(
            {"name": "Small", "smtp_host": "127.0.0.1", "max_email_size": 1.5}
        )

    def test_a_file_too_large_is_refused_with_the_way_out_and_taken_as_a_link(self):
        large = b"x" * (2 * MEGABYTE)
        with self.assertRaisesRegex(ValidationError, "2.0 MB.*Small.*send them as links"):
            self.new_mailing(attachment_ids=[self.file(content=large, is_link=False)])
        mailing = self.new_mailing(attachment_ids=[self.file(content=large)])
        file = mailing.attachment_ids
        with self.assertRaisesRegex(ValidationError, "too large"), self.env.cr.savepoint():
            file.with_user(self.marketer).partner_mailing_as_link = False
        with self.assertRaisesRegex(ValidationError, "too large"), self.env.cr.savepoint():
            mailing.attachment_ids = [Command.update(file.id, {"partner_mailing_as_link": False})]
        self.assertTrue(file.partner_mailing_as_link)
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")

    def test_the_limit_is_shown_live_while_files_are_added(self):
        files = (
            self.env["ir.attachment"]
            .with_user(self.marketer)
            .create(
                [
                    {"name": "a.bin", "raw": b"x" * MEGABYTE, "res_model": "partner.mailing"},
                    {"name": "b.bin", "raw": b"x" * MEGABYTE, "res_model": "partner.mailing"},
                ]
            )
        )
        form = Form(self.new_mailing())
        self.assertFalse(form.file_summary)
        form.attachment_ids.add(files[0])
        self.assertEqual(form.file_summary["text"], "1.4 MB of 1.5 MB; larger files become links.")
        self.assertLess(form.file_summary["size"], form.file_summary["limit"])
        form.attachment_ids.add(files[1])
        self.assertGreater(form.file_summary["size"], form.file_summary["limit"])
        with self.assertRaisesRegex(ValidationError, "too large"):
            form.save()

    def test_being_a_link_is_part_of_what_was_validated(self):
        mailing = self.new_mailing(attachment_ids=[self.file()])
        before = mailing._get_fingerprint()[0]
        versions = mailing.version_fingerprints
        mailing.link_days = 5
        self.assertNotEqual(mailing._get_fingerprint()[0], before, "days")
        mailing.link_days = 30
        self.assertEqual(mailing._get_fingerprint()[0], before)
        mailing.attachment_ids.partner_mailing_as_link = False
        self.assertNotEqual(mailing._get_fingerprint()[0], before, "a link")
        mailing.invalidate_recordset()
        self.assertNotEqual(mailing.version_fingerprints, versions, "a test shows it")
        plain = mailing._get_fingerprint()[0]
        mailing.link_days = 7
        self.assertEqual(mailing._get_fingerprint()[0], plain, "no link: no days")

    def test_a_link_is_locked_after_submission_and_frozen_by_the_validation(self):
        mailing = self.new_mailing(attachment_ids=[self.file()])
        file = mailing.attachment_ids
        mailing.action_submit()
        with self.assertRaisesRegex(UserError, "is no draft"):
            file.partner_mailing_as_link = False
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            mailing.link_days = 5
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            mailing.attachment_ids = [Command.update(file.id, {"partner_mailing_as_link": False})]
        mailing.with_user(self.validator).action_validate()
        mailing.action_back_to_draft()
        for user in (self.marketer, self.manager):
            with self.assertRaisesRegex(UserError, "never changed"):
                file.with_user(user).partner_mailing_as_link = False

    def test_the_review_says_which_files_are_links_how_large_and_until_when(self):
        mailing = self.new_mailing(
            attachment_ids=[
                self.file(content=b"x" * (3 * MEGABYTE)),
                self.file("b.txt", b"b", False),
            ],
            link_days=10,
        )
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertIn("catalogue.pdf (3.0 MB)", " ".join(review.split()))
        self.assertIn("for 10 days after its message is sent", review)
        mailing.with_user(self.validator).action_refuse("Not as a link.")
        mailing.write(
            {"link_days": 5, "attachment_ids": [Command.delete(mailing.attachment_ids[0].id)]}
        )
        mailing.action_submit()
        changes = " ".join(mailing.with_user(self.validator).review_html.split())
        self.assertIn("(as a link)", changes)
        self.assertIn("Links Work for (Days)", changes)

    def test_days_are_bounded_and_begin_as_the_company_has_set_them(self):
        self.env.company.partner_mailing_link_days = 12
        mailing = self.new_mailing()
        self.assertEqual(mailing.link_days, 12)
        for days in (0, -1, 366, 2**31 - 1):
            with self.subTest(days=days):
                with self.assertRaisesRegex(ValidationError, "from 1 to 365"):
                    mailing.link_days = days
                with self.assertRaises(ValidationError):
                    self.env.company.partner_mailing_link_days = days

    def test_a_web_address_is_no_file_to_link_to(self):
        address = {"type": "url", "url": "https://example.com/", "raw": False}
        with self.assertRaisesRegex(UserError, "address on the web"):
            self.new_mailing(attachment_ids=[self.file("a.html", **address)])
        mailing = self.new_mailing(attachment_ids=[self.file()])
        with self.assertRaisesRegex(UserError, "address on the web"):
            mailing.attachment_ids.write({"type": "url", "url": "https://example.com/"})

    def test_a_duplicate_has_links_to_files_of_its_own(self):
        mailing = self.new_mailing(attachment_ids=[self.file()], link_days=3)
        duplicate = mailing.copy()
        self.assertFalse(duplicate.attachment_ids & mailing.attachment_ids)
        self.assertTrue(duplicate.attachment_ids.partner_mailing_as_link)
        self.assertEqual(duplicate.link_days, 3)

    def test_no_user_writes_which_files_can_be_downloaded(self):
        mailing = self.new_validated_mailing(attachment_ids=[self.file()])
        row = self.env["partner.mailing.file"].search([("mailing_id", "=", mailing.id)])
        secret = self.env["ir.attachment"].create({"name": "s", "raw": b"secret"})
        for user in (self.marketer, self.manager):
            theirs = row.with_user(user)
            for values in ({"attachment_id": secret.id}, {"days": 300}, {"download_count": 9}):
                with self.assertRaises(AccessError):
                    theirs.write(values)
            with self.assertRaises(AccessError):
                theirs.create(
                    {"mailing_id": mailing.id, "attachment_id": secret.id, "name": "s", "days": 1}
                )
            with self.assertRaises(AccessError):
                theirs.unlink()


@tagged("post_install", "-at_install")
class TestDownloads(FileLinkCase, SendingCase, HttpCase):
    def new_sent_mailing(self, **values):
        """Return a mailing that has ended, half a minute ago."""
        mailing = self.new_validated_mailing(
            **{"attachment_ids": [self.file(), self.file("plain.txt", b"plain", False)], **values}
        )
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.move(mailing, seconds=30)
        return mailing

    def move(self, mailing, **time):
        """Let the messages of a mailing be older."""
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET sent_at = sent_at - %s WHERE mailing_id = %s",
            [timedelta(**time), mailing.id],
        )
        self.env.invalidate_all()

    def link(self, address="anna@example.com"):
        body = self.inbox.message_to(address).get_body(("html",)).get_content()
        [path] = LINK.findall(body)
        return path

    def get(self, path, method="GET", agent=BROWSER, **headers):
        self.opener.cookies.clear()
        return self.url_open(
            path, headers={"User-Agent": agent, **headers}, allow_redirects=False, method=method
        )

    def downloads(self, mailing):
        self.env["partner.mailing.reaction"]._add_up()
        self.env.invalidate_all()
        rows = self.env["partner.mailing.file"].search([("mailing_id", "=", mailing.id)])
        return rows.mapped("download_count"), mailing.downloaded_count

    def test_the_message_has_a_block_in_place_of_the_file_in_each_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.boris.lang = "es_ES"
        self.new_sent_mailing()
        message = self.inbox.message_to("anna@example.com")
        self.assertEqual(
            [part.get_filename() for part in message.iter_attachments()], ["plain.txt"]
        )
        day = fields.Datetime.now() + timedelta(days=30)
        for kind in ("html", "plain"):
            text = message.get_body((kind,)).get_content()
            self.assertEqual(len(LINK.findall(text)), 1, kind)
            for words in ("catalogue.pdf", "2 kB", "Available until", str(day.year)):
                self.assertIn(words, text)
        self.assertNotEqual(
            self.link(), self.link("boris@example.com"), "a token for each recipient"
        )
        spanish = self.inbox.message_to("boris@example.com").get_body(("plain",)).get_content()
        self.assertRegex(spanish, r"de \w+ de 20\d\d")

    def test_the_link_gives_the_file_and_nothing_else(self):
        mailing = self.new_sent_mailing()
        path = self.link()
        answer = self.get(path)
        self.assertEqual((answer.status_code, answer.content), (200, CONTENT))
        for name, value in (
            ("Content-Disposition", "attachment; filename=catalogue.pdf"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex"),
            ("Accept-Ranges", "bytes"),
        ):
            self.assertEqual(answer.headers[name], value)
        self.assertIn("private", answer.headers["Cache-Control"])
        self.assertNotIn("session_id", answer.headers.get("Set-Cookie", ""))
        other = self.new_validated_mailing(attachment_ids=[self.file("other.txt", b"other")])
        foreign = self.env["partner.mailing.file"].search([("mailing_id", "=", other.id)])
        start, number = path.rsplit("/", 1)
        token = start.rsplit("/", 1)[1]
        plain = mailing.attachment_ids.filtered(lambda one: one.name == "plain.txt")
        view = mailing._get_link_key("view").make(1)
        for wrong in (
            f"{start}/{foreign.id}",
            *(f"{start}/{one}" for one in (plain.id + 10**6, 0, -1, "x", 2**40, "٣", "1" * 400)),
            f"/partner_mailing/file/{view}/{number}",
            f"/partner_mailing/file/{token[:-1]}/{number}",
            f"/partner_mailing/file/{'A' * 32}/{number}",
        ):
            with self.subTest(wrong[:80]):
                self.assertEqual(self.get(wrong).status_code, 404)

    def test_parts_and_heads_are_answered_and_not_counted(self):
        mailing = self.new_sent_mailing()
        path = self.link()
        part = self.get(path, Range="bytes=100-199")
        self.assertEqual((part.status_code, part.content), (206, CONTENT[100:200]))
        head = self.get(path, method="HEAD")
        self.assertEqual((head.status_code, head.content), (200, b""))
        self.assertEqual(head.headers["Content-Length"], str(len(CONTENT)))
        self.get(path, agent="Mozilla/5.0 (compatible; Googlebot/2.1)")
        self.get(path, **{"If-None-Match": head.headers["ETag"]})
        self.get(path, Range="bytes=-5")
        self.assertEqual(self.get(path, Range="bytes=9999999-").status_code, 416)
        self.assertEqual(self.downloads(mailing), ([0], 0))
        self.get(path, Range="bytes=0-")
        self.get(path)
        self.assertEqual(self.downloads(mailing), ([2], 0), "no recipient without tracking")
        self.assertFalse(self.rows(mailing)["anna@example.com"].downloaded_at)

    def test_downloads_are_counted_for_each_recipient_where_clicks_are_tracked(self):
        mailing = self.new_sent_mailing(track_clicks=True)
        self.get(self.link())
        self.get(self.link())
        self.assertEqual(self.downloads(mailing), ([2], 1))
        rows = self.rows(mailing)
        self.assertTrue(rows["anna@example.com"].downloaded_at)
        self.assertFalse(rows["boris@example.com"].downloaded_at)
        figures = mailing.statistics
        self.assertEqual(figures["files"], [{"name": "catalogue.pdf", "downloads": 2}])
        self.assertEqual(figures["downloaded"], 1)

    def test_a_scanner_within_seconds_of_delivery_is_not_counted(self):
        mailing = self.new_sent_mailing()
        self.move(mailing, seconds=-30)
        self.assertEqual(self.get(self.link()).status_code, 200)
        self.assertEqual(self.downloads(mailing), ([0], 0))

    def test_a_link_ends_and_says_so_in_the_language_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.boris.lang = "es_ES"
        mailing = self.new_sent_mailing(link_days=10)
        self.move(mailing, days=10)
        self.assertEqual(self.get(self.link()).status_code, 200, "the last day")
        self.move(mailing, days=2)
        answer = self.get(self.link())
        self.assertEqual(answer.status_code, 410)
        self.assertIn("could be downloaded until", answer.text)
        self.assertNotIn("catalogue", answer.text)
        self.assertIn('lang="es', self.get(self.link("boris@example.com")).text)
        self.assertEqual(self.downloads(mailing), ([1], 0))
        for state, status in (("uncertain", 410), ("sending", 200)):
            self.env.cr.execute(
                "UPDATE partner_mailing_recipient SET sent_at = NULL, state = %s WHERE mailing_id = %s",
                [state, mailing.id],
            )
            mailing._as_system().finished_at = fields.Datetime.now() - timedelta(days=40)
            self.env.flush_all()
            self.assertEqual(self.get(self.link()).status_code, status, state)

    def test_what_has_left_can_be_downloaded_whatever_becomes_of_the_mailing(self):
        self.server.partner_mailing_limit_minute = 1
        mailing = self.new_validated_mailing(attachment_ids=[self.file()])
        self.run_scheduler()
        self.assertEqual(mailing.state, "sending")
        row = next(one for one in self.rows(mailing).values() if one.state == "sent")
        waiting = next(one for one in self.rows(mailing).values() if one.state == "pending")
        path = self.link(row.email)
        key, number = mailing._get_link_key("file"), path.rsplit("/", 1)[1]
        early = f"/partner_mailing/file/{key.make(waiting.id)}/{number}"
        self.assertEqual(self.get(early).status_code, 404, "no message has left")
        mailing.action_pause()
        mailing.action_back_to_draft()
        mailing.write({"attachment_ids": [Command.clear()], "link_days": 1})
        self.assertEqual(self.get(path).content, CONTENT)
        mailing.action_cancel()
        self.assertEqual(self.get(path).content, CONTENT)

    def test_a_draft_gives_nobody_its_files(self):
        mailing = self.new_mailing(attachment_ids=[self.file()])
        token = mailing._get_link_key("file").make(-mailing.id)
        answer = self.get(f"/partner_mailing/file/{token}/{mailing.attachment_ids.id}")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("test message", answer.text)
        preview = self.env["partner.mailing.preview"].create({"mailing_id": mailing.id})
        self.assertIn("catalogue.pdf", preview.body_html)
        self.assertIn("/partner_mailing/file/", preview.body_text)

    def test_no_type_of_a_file_becomes_a_page_of_this_database(self):
        page = b"<script>alert(1)</script>"
        files = [
            self.file("a.html", page, mimetype="text/html"),
            self.file(
                "b.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", mimetype="image/svg+xml"
            ),
        ]
        mailing = self.new_mailing(attachment_ids=files)
        for file, kind in zip(mailing.attachment_ids, ("text/html", "image/svg+xml"), strict=True):
            self.env.cr.execute(
                "UPDATE ir_attachment SET mimetype = %s WHERE id = %s", [kind, file.id]
            )
        self.env.invalidate_all()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        body = self.inbox.message_to("anna@example.com").get_body(("html",)).get_content()
        paths = LINK.findall(body)
        self.assertEqual(len(paths), 2)
        for path in paths:
            answer = self.get(path)
            self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
            self.assertTrue(answer.headers["Content-Disposition"].startswith("attachment"))
            self.assertIn("sandbox", answer.headers["Content-Security-Policy"])

    def test_files_go_with_the_personal_data_and_figures_stay(self):
        mailing = self.new_sent_mailing(track_clicks=True)
        path = self.link()
        self.get(path)
        file = mailing.attachment_ids.filtered("partner_mailing_as_link")
        mailing.sudo()._remove_personal_data(lambda count: 1)
        self.env.invalidate_all()
        self.assertFalse(file.exists())
        self.assertEqual(self.get(path).status_code, 404)
        self.assertEqual(self.downloads(mailing), ([1], 1))
        self.assertEqual(mailing.statistics["files"][0]["name"], "catalogue.pdf")

    def test_a_file_that_is_lost_is_answered_in_words(self):
        mailing = self.new_sent_mailing()
        file = mailing.attachment_ids.filtered("partner_mailing_as_link")
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = 'zz/lost' WHERE id = %s", [file.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self.get(self.link()).status_code, 410)
