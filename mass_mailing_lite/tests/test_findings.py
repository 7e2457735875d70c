from contextlib import ExitStack
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..preflight import CHECKS, Check, get_choices, register
from . import pages
from .common import MailingCase

PUBLIC = "https://odoo.example.com"


@tagged("post_install", "-at_install")
class TestFindings(MailingCase):
    """What the form and the review point at before a mailing leaves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.env["ir.config_parameter"].set_param("web.base.url", PUBLIC)
        # That is done in the background, see test_checked_links.py.
        cls.env.company.partner_mailing_check_links = False

    def findings(self, mailing, key=None):
        """Return the findings that the form of a mailing shows."""
        mailing.invalidate_recordset()
        return [found for found in mailing.findings or [] if key in (None, found["key"])]

    def assertFound(self, mailing, key, *words):
        [finding] = self.findings(mailing, key)
        for word in words:
            self.assertIn(word, finding["message"])
        self.assertTrue(finding["remedy"])
        return finding

    def test_a_mailing_without_a_problem_has_no_findings(self):
        mailing = self.new_mailing(
            subject="[Example News] 50% off until {{ object.city ||| Friday }} {1}",
            preview_text="All that is new in our shop",
            body_html='<p>Dear <t t-out="object.name"/>, see [1] or '
            '<a href="https://example.com/x">our shop</a>, <a href="#end">below</a>, '
            '<a href="/partner_mailing/view">this page</a>, <a href="/shop">more</a>, '
            '<a href="mailto:a@example.com?subject=x">write</a>.</p><a id="end">End</a>'
            '<pre>Hello {{ name }} and ${name}</pre><img src="/web/image/1" alt="x"/>',
        )
        self.assertFalse(mailing.findings)
        mailing._record_test()
        self.assertEqual(mailing._get_findings(), [])

    # ------------------------------------------------------------
    # Placeholders
    # ------------------------------------------------------------

    def test_placeholders_of_the_wrong_kind_are_turned_into_the_right_one_by_one_press(self):
        mailing = self.new_mailing(
            subject='News for <t t-out="object.name"/>',
            preview_text="Dear <t t-esc='object.function'>colleague</t>",
            body_html="<p>Dear <b>{{ object.name ||| reader }}</b>,</p>",
        )
        mailing.with_context(lang="fr_FR").write(
            {
                "subject": 'Pour <t t-out="object.name"/>',
                "body_html": "<p>{{&nbsp;object.name }}</p>",
            }
        )
        found = {finding["focus"]: finding for finding in self.findings(mailing)}
        self.assertEqual(set(found), {"subject", "preview_text", "body_html"})
        for finding in found.values():
            self.assertEqual(finding["key"], "literal_placeholder")
            self.assertEqual(finding["action"], "action_convert_placeholders")
        self.assertIn("{{ object.name ||| reader }}", found["body_html"]["message"])
        self.assertIn("French", found["subject"]["message"])
        mailing.action_convert_placeholders()
        self.assertFalse(self.findings(mailing))
        self.assertEqual(mailing.subject, "News for {{ object.name }}")
        self.assertEqual(mailing.preview_text, "Dear {{ object.function ||| colleague }}")
        self.assertIn('<b><t t-out="object.name">reader</t></b>', mailing.body_html)
        french = mailing.with_context(lang="fr_FR")
        self.assertEqual(french.subject, "Pour {{ object.name }}")
        self.assertIn('<t t-out="object.name"', french.body_html)
        rendered = mailing._render_field("body_html", self.anna.ids)[self.anna.id]
        self.assertIn("<b>Anna</b>", rendered)

    def test_what_the_button_does_not_turn_has_a_remedy_of_its_own(self):
        # The same placeholder twice is one that is named, and two that the button turns.
        for body in (
            "<p>{{ object.name }}, {{ object.name }}: dear [FIRST NAME]</p>",
            "<p>{{ object.name }}</p><p>[FIRST NAME], [FIRST NAME] and {{ object.name }}</p>",
        ):
            mailing = self.new_mailing(subject="News for [NAME]", body_html=body)
            found = {finding["focus"]: finding for finding in self.findings(mailing)}
            self.assertIn("Press the button", found["body_html"]["remedy"])
            self.assertIn("type / where", found["body_html"]["remedy"])
            self.assertEqual(found["body_html"]["count"], 2)
            mailing.action_convert_placeholders()
            found = {finding["focus"]: finding for finding in self.findings(mailing)}
            self.assertNotIn("Press the button", found["body_html"]["remedy"])
            self.assertIn("type / where", found["body_html"]["remedy"])
            self.assertEqual(found["body_html"]["count"], 1)
        mailing.body_html = "<p>{{ object.name }}, {{ object.name }}</p>"
        found = {finding["focus"]: finding for finding in self.findings(mailing)}
        self.assertNotIn("type / where", found["body_html"]["remedy"])

    def test_placeholders_of_other_programs_are_named_with_their_field(self):
        mailing = self.new_mailing(
            subject="Dear [FIRST NAME]",
            body_html="<p>Dear *|FNAME|*, <b>[First</b> Name], ${name} and %FIRSTNAME%</p>"
            '<p>&lt;&lt;Name&gt;&gt; <a href="https://example.com/?n={{ object.name }}">x</a></p>',
        )
        found = {finding["focus"]: finding for finding in self.findings(mailing)}
        self.assertIn("[FIRST NAME]", found["subject"]["message"])
        self.assertIn('"Subject"', found["subject"]["message"])
        for placeholder in ("*|FNAME|*", "[First Name]", "${name}", "%FIRSTNAME%", "<<Name>>"):
            self.assertIn(placeholder, found["body_html"]["message"])
        self.assertEqual(found["body_html"]["count"], 6)
        self.assertNotIn("action", found["body_html"])

    def test_each_language_is_looked_at(self):
        mailing = self.new_mailing()
        mailing.update_field_translations("body_html", {"fr_FR": "<p>Cher [PRÉNOM]</p>"})
        finding = self.assertFound(mailing, "literal_placeholder", "French", "[PRÉNOM]")
        self.assertEqual(finding["page"], "content")
        mailing.update_field_translations("body_html", {"fr_FR": "<p>Cher lecteur</p>"})
        self.assertFalse(self.findings(mailing))

    def test_only_an_author_turns_placeholders_and_only_in_a_draft(self):
        mailing = self.new_mailing(body_html="<p>{{ object.name }}</p>")
        with self.assertRaises(AccessError):
            mailing.with_user(self.outsider).action_convert_placeholders()
        mailing.action_submit()
        with self.assertRaises(UserError):
            mailing.action_convert_placeholders()

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    def test_links_that_lead_nowhere_are_named_with_their_words(self):
        for address, words in (
            ("www.example.com", "without https://"),
            ("//example.com/x", "without https://"),
            ("http://localhost:8069/web", "own network"),
            ("http://192.168.1.4/x", "own network"),
            ("file:///C:/price.pdf", "own computer"),
            ("cid:image001.png", "another e-mail"),
            ("#", "without an address"),
            ("", "without an address"),
            ("http://https://example.com", "cannot be right"),
        ):
            with self.subTest(address=address):
                body = f'<p>See <a href="{address}">our <b>shop</b></a></p>'
                finding = self.assertFound(
                    self.new_mailing(body_html=body), "local_link", words, '"our shop"', address
                )
                self.assertEqual((finding["page"], finding["focus"]), ("content", "body_html"))

    def test_an_address_of_a_database_that_nobody_reaches_is_named_where_it_was_written(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "http://localhost:8069")
        mailing = self.new_mailing(
            body_html='<p><a href="/shop">a</a><img src="/web/image/1"/></p>'
        )
        self.assertFalse(self.findings(mailing, "local_link"))
        mailing.body_html = '<p><a href="http://localhost:8069/shop">our shop</a></p>'
        self.assertFound(mailing, "local_link", "our shop")

    def test_pictures_that_lead_nowhere_are_named_too(self):
        for body in (
            '<img src="cid:1" alt="Logo"/>',
            '<img src="https://example.com/a.png" srcset="http://localhost/a.png 2x" alt="Logo"/>',
            '<table background="file:///a.png"><tr><td>x</td></tr></table>',
            "<div style=\"background-image: url('http://10.0.0.1/a.png')\">x</div>",
        ):
            with self.subTest(body=body):
                self.assertFound(self.new_mailing(body_html=body), "local_link")

    # ------------------------------------------------------------
    # Web address of the database
    # ------------------------------------------------------------

    def test_a_web_address_that_no_recipient_reaches_is_pointed_at(self):
        mailing = self.new_mailing(body_html='<p>x<img src="/web/image/1"/></p>')
        for address in (
            "http://localhost:8069",
            "http://192.168.0.4",
            "https://odoo.local",
            "http://odoo.example.com",
            "https://odoo.example.com/odoo",
            "",
        ):
            with self.subTest(address=address):
                self.env["ir.config_parameter"].set_param("web.base.url", address)
                self.assertFound(mailing, "base_url", address)
        for address in (PUBLIC, f"{PUBLIC}/", f"{PUBLIC}/erp", f"{PUBLIC}:8443"):
            self.env["ir.config_parameter"].set_param("web.base.url", address)
            self.assertFalse(self.findings(mailing, "base_url"), address)

    def test_it_does_not_matter_where_nothing_leads_there(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "http://localhost:8069")
        self.assertFalse(self.new_mailing(has_unsubscribe=False).findings)
        self.assertTrue(self.new_mailing(has_unsubscribe=False, track_opens=True).findings)

    # ------------------------------------------------------------
    # Length
    # ------------------------------------------------------------

    def test_a_message_of_which_gmail_hides_the_end_is_pointed_at(self):
        mailing = self.new_mailing(body_html="<p>x</p>")
        room = 102 * 1024 - self.measure(mailing)
        mailing.body_html = f"<p>{'x' * (room + 1)}</p>"
        self.assertEqual(self.measure(mailing), 102 * 1024)
        self.assertFalse(self.findings(mailing))
        mailing.body_html = f"<p>{'x' * room}é</p>"
        finding = self.assertFound(mailing, "gmail_clip", "102 KB")
        self.assertEqual(finding["count"], 102 * 1024 + 1)

    def test_the_size_is_that_of_what_leaves(self):
        for values in (
            {},
            {"has_unsubscribe": False},
            {"track_opens": True},
            {"preview_text": "Größe\nund mehr"},
            {"body_html": "<p><b/>a<br/>b &amp; ü\n</p>" * 50},
        ):
            with self.subTest(values=values):
                mailing = self.new_mailing(
                    subject="News", **{"body_html": "<p>Dear reader</p>", **values}
                )
                mailing.action_load_recipients()
                preview = self.env["partner.mailing.preview"].create({"mailing_id": mailing.id})
                html = preview.body_html.replace("\r\n", "\n").rstrip("\n").replace("\n", "\r\n")
                self.assertAlmostEqual(self.measure(mailing), len(html.encode()), delta=2)

    def measure(self, mailing):
        [content] = mailing._get_contents().values()
        return content.size

    # ------------------------------------------------------------
    # Subject
    # ------------------------------------------------------------

    def test_a_subject_of_blanks_is_refused(self):
        for subject in ("\xa0", " \u200b ", "\u3000\u2003", "\u3164", "\u2060\xad"):
            with self.subTest(subject=subject):
                with self.assertRaises(ValidationError) as caught:
                    self.new_mailing(subject=subject)
                self.assertIn("Subject", str(caught.exception))
                self.assertIn(f"U+{ord(subject.strip(' ')[0]):04X}", str(caught.exception))
                mailing = self.new_mailing()
                with self.assertRaises(ValidationError):
                    mailing.subject = subject
                with self.assertRaises(ValidationError):
                    mailing.update_field_translations("subject", {"fr_FR": subject})

    def test_a_subject_of_blanks_in_another_language_is_refused_at_submission(self):
        mailing = self.new_mailing()
        mailing.flush_recordset()
        self.env.cr.execute(
            """UPDATE partner_mailing SET subject = subject || '{"fr_FR": "\u00a0"}' WHERE id = %s""",
            [mailing.id],
        )
        mailing.invalidate_recordset()
        with self.assertRaises(UserError) as caught:
            mailing.action_submit()
        self.assertIn("French", str(caught.exception))

    # ------------------------------------------------------------
    # Form and review
    # ------------------------------------------------------------

    def test_the_form_shows_findings_while_the_author_writes(self):
        form = Form(self.env["partner.mailing"].with_user(self.marketer))
        form.name = "News"
        form.subject = "Dear [FIRST NAME]"
        self.assertEqual([found["key"] for found in form.findings], ["literal_placeholder"])
        form.subject = "Dear reader"
        self.assertFalse(form.findings)
        form.body_html = "<p>Dear {{ object.name }}</p>"
        self.assertEqual(form.findings[0]["focus"], "body_html")
        mailing = form.save()
        self.assertEqual(mailing.findings[0]["focus"], "body_html")

    def test_the_review_shows_findings_to_the_validator(self):
        mailing = self.new_mailing(
            body_html='<p>Dear ${name}, see <a href="www.example.com">us</a></p>'
        )
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertIn("Before Sending", review)
        self.assertIn("${name}", review)
        self.assertIn("www.example.com", review)
        clean = self.new_mailing()
        clean._record_test()
        clean.action_submit()
        review = clean.with_user(self.validator).review_html
        self.assertIn("nothing that needs attention", review)
        self.assertNotIn("alert-warning", review)

    def test_what_was_sent_has_no_findings(self):
        mailing = self.new_mailing(body_html="<p>Dear ${name}</p>")
        self.assertTrue(mailing.findings)
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.assertFalse(self.findings(mailing))
        self.assertFalse(mailing.finding_facts)

    def test_findings_cost_the_form_no_query_and_no_look_at_the_text(self):
        env = self.env(user=self.marketer)
        mailing = self.new_mailing(body_html="<p>Dear ${name} <a href='x'>x</a></p>").with_env(env)
        form = pages.opening_form(env, mailing)
        rest = pages.opening_form(env, mailing, without=("findings",))
        pages.cost(env, form)
        error = AssertionError("the text is read for a look at the form")
        with ExitStack() as stack:
            for check in CHECKS.values():
                stack.enter_context(patch.object(check, "look", side_effect=error))
            self.assertEqual(pages.cost(env, form)[0], pages.cost(env, rest)[0])
            env.invalidate_all()
            [values] = mailing.web_read({"findings": {}})
            self.assertEqual(len(values["findings"]), 2)

    def test_an_addon_adds_a_check(self):
        class Shouting(Check):
            key = "shouting"
            level = "info"

            def look(self, content):
                return content.texts["subject"].isupper()

            def describe(self, facts):
                return [self.make_finding("Loud", "Write in small letters")] if facts else []

        register(Shouting)
        self.addCleanup(CHECKS.pop, "shouting")
        mailing = self.new_mailing(
            subject="NEWS", preview_text="All that is new", body_html="<p>${name}</p>"
        )
        mailing._record_test()
        keys = [finding["key"] for finding in mailing._get_findings()]
        self.assertEqual(keys, ["literal_placeholder", "shouting"])

    def test_checks_of_an_addon_that_the_database_has_not_are_not_run(self):
        class Elsewhere(Check):
            key = "elsewhere"
            __module__ = "odoo.addons.elsewhere.preflight.elsewhere"

            def look(self, content):
                raise AttributeError("A field of another database")

            look_at_list = ask_list = describe = get_title = look

        with patch.dict(CHECKS, {"elsewhere": Elsewhere}):
            mailing = self.new_mailing(extra_emails="ada@example.com")
            mailing.action_refresh_recipients()
            self.assertTrue(mailing.findings)
            self.assertNotIn("elsewhere", [choice["key"] for choice in get_choices(self.env)])
            mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")

    def test_a_finding_that_stops_is_refused_at_submission(self):
        class Unfinished(Check):
            key, level = "unfinished", "stop"

            def look(self, content):
                return "TODO" in content.html

            def describe(self, facts):
                return [self.make_finding("It is not finished.", "Finish it.")] if facts else []

        with patch.dict(CHECKS, {"unfinished": Unfinished}):
            mailing = self.new_mailing(body_html="<p>TODO</p>")
            with self.assertRaisesRegex(UserError, "not finished. Finish it"):
                mailing.action_submit()
            mailing.body_html = "<p>Done</p>"
            mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")
