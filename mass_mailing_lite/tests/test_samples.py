from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import MailingCase

WORKSHOP = "After six months of building we have moved in."


@tagged("post_install", "-at_install")
class TestSamples(MailingCase):
    """What a template only shows as an example does not reach recipients."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("es_ES")
        cls.template = cls.env.ref("mass_mailing_lite.mail_template_newsletter")

    def from_template(self, **values):
        """Return a draft with the untouched content of the newsletter."""
        mailing = self.new_mailing(**values)
        mailing._load_template(self.template)
        return mailing

    def found(self, mailing):
        return [one for one in mailing._get_findings() if one["key"] == "sample_content"]

    def assertStops(self, mailing, *passages):
        [finding] = self.found(mailing)
        self.assertEqual(finding["level"], "stop")
        with self.assertRaises(UserError) as caught:
            mailing.action_submit()
        for passage in passages:
            self.assertIn(passage, str(caught.exception))

    def test_an_untouched_template_is_not_submitted_and_the_refusal_quotes_it(self):
        for name in (
            *("newsletter", "announcement", "event", "prices", "letter"),
            *("columns", "launch", "date", "offer", "welcome"),
        ):
            with self.subTest(name):
                self.template = self.env.ref(f"mass_mailing_lite.mail_template_{name}")
                mailing = self.from_template()
                self.assertStops(mailing, "“", "English (US) (2)")
                self.assertIn("Sample", mailing.checklist[1]["hint"])

    def test_one_passage_that_is_left_stops_it_in_every_field(self):
        for name, text in (
            ("subject", "Invitation: an evening in our workshop"),
            ("preview_text", "Thursday, 12 June, 6 pm. There are forty seats."),
            ("body_html", f"<p>Our own words.</p><div>{WORKSHOP}</div>"),
            ("body_html", "<p>Own <a href='https://www.example.com/workshop/'>words</a></p>"),
        ):
            with self.subTest(name):
                self.assertStops(self.new_mailing(**{name: text}))

    def test_it_is_recognized_however_it_was_pasted(self):
        for body in (
            f"<p>Own words. {WORKSHOP}</p>",
            "<p>After six <b>months</b> of\u00a0building\nwe have moved in!</p>",
            "<ul><li><span style='color: red'>AFTER SIX MONTHS</span> OF BUILDING WE HAVE MOVED IN</li></ul>",
            f"Own words<br/>{WORKSHOP}<br/>More",
            f"<table><tr><td>{WORKSHOP}</td></tr></table>",
            "<p>Tras seis meses de obras, ya nos hemos mudado.</p>",
            "<p>Your team at Example Company</p>",
        ):
            with self.subTest(body):
                self.assertStops(self.new_mailing(body_html=body))

    def test_what_a_real_mailing_may_keep_is_no_sample(self):
        mailing = self.new_mailing(
            subject="What is new this month, {{ object.name ||| reader }}",
            body_html='<p>Monthly news</p><p>Dear <t t-out="object.name">reader</t>,</p>'
            "<p>thank you for reading along. We moved.</p><p>Until next month<br/>Your team at Acme</p>"
            "<p>When</p><p>Where</p><p>180.00</p><p>With kind regards</p>",
        )
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")

    def test_no_way_in_is_a_way_round_it(self):
        body = f"<p>{WORKSHOP}</p>"
        sampled = self.new_mailing(body_html=body)
        ways = {
            "create": sampled,
            "copy": sampled.copy(),
            "write": self.new_mailing(),
            "web_save": self.new_mailing(),
            "translations": self.new_mailing(),
            "load": self.new_mailing(),
            "import": self.new_mailing(),
        }
        ways["write"].write({"body_html": body})
        ways["web_save"].web_save({"body_html": body}, {"body_html": {}})
        ways["translations"].update_field_translations("body_html", {"en_US": body})
        template = sampled._save_as_template("Ours")
        ways["load"]._load_template(template)
        result = ways["import"].load([".id", "body_html"], [[str(ways["import"].id), body]])
        self.assertFalse([one for one in result["messages"] if one["type"] == "error"])
        action = template.action_start_partner_mailing()
        ways["template"] = sampled.browse(action["res_id"])
        ways["template"].audience_ids = self.audience
        for way, mailing in ways.items():
            with self.subTest(way):
                self.assertStops(mailing, WORKSHOP)
                mailing.body_html = "<p>Our own words</p>"
                mailing.action_submit()

    def test_a_version_with_sample_text_stops_it_only_for_those_who_read_it(self):
        mailing = self.new_mailing()
        mailing.update_field_translations("body_html", {"es_ES": "<p>Ver el taller</p>"})
        mailing.action_load_recipients()
        self.assertFalse(self.found(mailing), "there is no recipient in Spanish")
        self.anna.lang, self.boris.lang = "es_ES", "en_US"
        mailing.action_load_recipients()
        self.assertEqual(mailing._get_stale_languages(), {"es_ES": 1})
        self.assertEqual(mailing.version_ids.state, "sample")
        self.assertIn("Ver el taller", mailing.version_ids.hint)
        self.assertStops(mailing, "Spanish / Español (1)", "Ver el taller")
        mailing.action_drop_language("es_ES")
        mailing.action_submit()

    def test_what_is_meant_is_confirmed_for_each_language_by_a_person_who_is_named(self):
        mailing = self.new_mailing(body_html=f"<p>{WORKSHOP}</p>", user_id=self.validator.id)
        mailing.update_field_translations("body_html", {"es_ES": "<p>Ver el taller</p>"})
        self.anna.lang, self.boris.lang = "es_ES", "en_US"
        mailing.action_load_recipients()
        [finding] = self.found(mailing)
        self.assertEqual((finding["action"], finding["args"]), ("action_keep_language", ["en_US"]))
        self.assertIn("Ver el taller", finding["message"])
        mailing.action_keep_language("en_US")
        [finding] = self.found(mailing)
        self.assertNotIn(WORKSHOP, finding["message"])
        self.assertIn("Spanish / Español (1)", finding["message"])
        mailing.with_user(self.validator).action_keep_language("es_ES")
        self.assertFalse(self.found(mailing))
        mailing.body_html = f"<p>{WORKSHOP}</p><p>There are forty seats.</p>"
        self.assertIn("forty seats", self.found(mailing)[0]["message"], "that was not confirmed")
        mailing.body_html = f"<p>{WORKSHOP}</p>"
        mailing.action_keep_language("es_ES")
        mailing.action_submit()
        self.assertIn("marketer", str(mailing.with_user(self.manager).review_html))
        self.assertTrue(mailing.with_user(self.validator).cannot_validate_reason)
        copy = mailing.copy()
        self.assertTrue(self.found(copy), "another mailing is confirmed anew")

    def test_no_call_writes_a_confirmation(self):
        mailing = self.new_mailing(body_html=f"<p>{WORKSHOP}</p>")
        for values in ({"kept_samples": {"en_US": {"keys": []}}}, {"finding_facts": {}}):
            with self.assertRaises(AccessError):
                mailing.write(values)
        with self.assertRaises(AccessError):
            mailing.create({"name": "N", "kept_samples": {}})
