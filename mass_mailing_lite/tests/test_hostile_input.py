from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..models.partner_mailing_link import find_links
from ..tools import local_file
from .common import MailingCase


@tagged("post_install", "-at_install")
class TestHostileInput(MailingCase):
    """What is huge, nested or broken gets a result or an error in words."""

    def test_a_text_of_braces_is_refused_in_words(self):
        for name in ("subject", "preview_text"):
            for value in ("{{" * 20_000, "{{ object.name |||" * 5000, "{{ object.name }}" * 20_000):
                with (
                    self.subTest(name=name, value=value[:20]),
                    self.assertRaisesRegex(ValidationError, "1000 characters"),
                ):
                    self.new_mailing(**{name: value})

    def test_a_body_nested_too_deep_gets_a_result_or_words(self):
        for body in (
            "<div>" * 5000 + "Hello" + "</div>" * 5000,
            "<table><tr><td>" * 2000 + "Hello",
            "<b>" * 20_000,
            "<" * 200_000,
        ):
            with self.subTest(body=body[:20]):
                try:
                    mailing = self.new_mailing(body_html=body)
                    mailing.invalidate_recordset()
                    self.assertTrue(mailing.miniature is not None)
                    mailing._get_findings()
                    preview = self.env["partner.mailing.preview"].with_user(self.marketer)
                    preview = preview.create({"mailing_id": mailing.id})
                    self.assertTrue(preview.problem or preview.body_html)
                    mailing.action_submit()
                except UserError as error:
                    self.assertNotIn("recursion", str(error).lower())

    def test_html_that_others_cannot_bear_is_refused_in_words(self):
        for body in ("<div>" * 5000, "<b>" * 20_000, "<" * 200_000, "<a " * 5000, "<i>x" * 300):
            with (
                self.subTest(body=body[:20]),
                self.assertRaisesRegex(ValidationError, "Body.*without its format"),
            ):
                self.new_mailing(body_html=body)
        mailing = self.new_mailing()
        with self.assertRaisesRegex(ValidationError, "without its format"):
            mailing.update_field_translations("body_html", {"en_US": "<div>" * 5000})
        mailing.body_html = "<div>" * 70 + "Hello 1 < 2" + "</div>" * 70 + "<p>x<br>" * 500

    def test_many_placeholders_are_cut_at_their_markers_once(self):
        body = "".join(
            f'<p><t t-out="object.name">reader {number}</t></p>' for number in range(3000)
        )
        mailing = self.new_mailing(body_html=body).sudo()
        transport = mailing._get_transport()
        compiled = transport.compile("en_US", transport.get_offline_session())
        self.assertEqual(len([slot for slot in compiled.slots if hasattr(slot, "path")]), 3001)

    def test_a_tracked_link_has_one_line(self):
        body = '<p><a href="https://example.com/a&#13;&#10;X-Y: z">x</a></p>'
        self.assertEqual(find_links(body), ["https://example.com/aX-Y: z"])
        mailing = self.new_mailing(track_clicks=True)
        links = self.env["partner.mailing.link"]._as_system()
        link = links.create(
            {"mailing_id": mailing.id, "url": "https://example.com/a\r\nSet-Cookie: x=y"}
        )
        address = self.env["partner.mailing.link"]._find(-mailing.id, link.id)
        self.assertEqual(address, "https://example.com/aSet-Cookie: x=y")
        self.assertEqual(find_links(f'<a href="https://example.com/{"x" * 9000}">x</a>'), [])

    def test_files_in_a_body_are_found_behind_any_query(self):
        for path, found in (
            ("/web/image/12", {12}),
            ("/web/content/ir.attachment/13/datas", {13}),
            (f"/web/image?{'x' * 3000}&id=14", {14}),
            ("/web/image?model=ir.attachment&amp;id=15&amp;field=raw", {15}),
            ("/web/content/?id=16", {16}),
            (f"/web/image/{'9' * 5000}", set()),
            ("/web/image/99999999999", set()),
            ("/web/image/4000000000", set()),
            ("/shop?id=17", set()),
        ):
            with self.subTest(path=path[:40]):
                self.assertEqual(local_file.find_all(f'<p><img src="{path}"/></p>'), found)
                self.new_mailing(body_html=f'<p><img src="{path}"/></p>')._get_content_files()
