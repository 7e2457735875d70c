import importlib.util
from pathlib import Path

from odoo import Command
from odoo.addons.mass_mailing_lite.tests.common import GROUP
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from ..tools.phone_country import get_country_code
from ..tools.sms_length import PART, UCS_2, measure, split
from ..transport.estimate import MAX_MEASURED, Estimate
from .common import ANNA, SmsCase

SCRIPT = Path(__file__).parents[1] / "migrations" / "19.0.1.2.0" / "post-smswrite.py"


@tagged("post_install", "-at_install")
class TestSmsEstimate(SmsCase):
    """How many SMS a mailing is, where they go and what they cost, before it is sent."""

    def loaded(self, **values):
        mailing = self.new_sms(**values)
        mailing.action_load_recipients()
        return mailing

    def estimate(self, mailing):
        return Estimate(mailing.sudo()._get_transport())

    def new_price(self, code, price, **values):
        return self.env["partner.mailing.sms.price"].create(
            {"country_id": self.env.ref(f"base.{code}").id, "price": price, **values}
        )

    def lines(self, estimate):
        return {line["name"]: (line["recipients"], line["sms"]) for line in estimate.countries}

    def test_a_text_without_placeholders_is_counted_exactly(self):
        self.new_crowd(MAX_MEASURED + 20)
        estimate = self.estimate(self.loaded(sms_body="x" * 161))
        self.assertTrue(estimate.is_exact)
        self.assertEqual((estimate.recipients, estimate.sms), (122, 244))
        self.assertEqual(self.lines(estimate), {"Spain": (121, 242), "Russian Federation": (1, 2)})

    def test_a_short_list_is_measured_in_full_though_texts_differ(self):
        self.anna.name = "A" * 100
        estimate = self.estimate(self.loaded(sms_body="{{ object.name }}" + "x" * 100))
        self.assertTrue(estimate.is_exact)
        self.assertEqual((estimate.recipients, estimate.sms, estimate.measured), (2, 3, 2))

    def test_a_long_list_is_sampled_over_its_whole_length_and_the_form_says_so(self):
        crowd = self.new_crowd(4 * MAX_MEASURED)
        crowd[: 2 * MAX_MEASURED].name = "A" * 100
        self.env.flush_all()
        mailing = self.loaded(sms_body="{{ object.name }}" + "x" * 100)
        estimate = self.estimate(mailing)
        self.assertFalse(estimate.is_exact)
        self.assertAlmostEqual(estimate.sms, 602, delta=20)
        self.assertIn(f"About {estimate.sms} SMS to 402 recipients", mailing.sms_estimate)
        self.assertIn(
            f"those of {estimate.measured} recipients were measured", mailing.sms_estimate
        )
        self.assertLessEqual(estimate.measured, MAX_MEASURED)

    def test_each_language_has_the_length_of_its_version(self):
        mailing = self.new_sms(sms_body="x" * 80)
        mailing.with_context(lang="ru_RU").sms_body = "ж" * 80
        self.anna.lang, self.boris.lang = "ru_RU", "en_US"
        mailing.action_load_recipients()
        estimate = self.estimate(mailing)
        self.assertEqual(self.lines(estimate), {"Russian Federation": (1, 2), "Spain": (1, 1)})

    def test_the_country_is_that_of_the_number_not_of_the_contact(self):
        self.anna.write({"country_id": self.env.ref("base.de").id, "phone": "+7 903 123 45 67"})
        mailing = self.loaded(
            extra_numbers="+1 204 555 0123\n+1 415 555 2671\n+7 701 123 4567\n+44 7400 123456\n"
            "+44 7781 123456\n+39 312 345 6789\n+372 5123 4567"
        )
        self.assertEqual(
            {country: count for _lang, country, count in mailing.sms_countries},
            {"RU": 1, "ES": 1, "CA": 1, "US": 1, "KZ": 1, "GB": 1, "GG": 1, "IT": 1, "EE": 1},
        )

    def test_a_number_of_no_country_is_counted_as_unknown(self):
        self.assertEqual(get_country_code("+80012345678"), "")
        self.assertEqual(get_country_code("nonsense"), "")

    def test_the_figures_cost_as_many_queries_however_long_the_list_is(self):
        def count(mailing):
            mailing = mailing.with_env(self.env(user=self.marketer))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            mailing._render_sms_estimate()
            return self.env.cr.sql_log_count - before

        self.new_crowd(MAX_MEASURED)
        short = self.loaded()
        count(short)
        few = count(short)
        for number, one in enumerate(self.new_crowd(5 * MAX_MEASURED)):
            one.phone = f"+3462200{number:04}"
        self.assertEqual(count(self.loaded()), few)

    def test_exclusions_are_counted_out(self):
        mailing = self.loaded()
        self.row(mailing, ANNA).with_user(self.marketer).action_exclude()
        self.assertEqual([line[1:] for line in mailing.sms_countries], [["ES", 1]])

    def test_lists_that_were_loaded_before_the_upgrade_have_figures_too(self):
        mailing = self.new_sms()
        mailing.action_submit()
        self.env.flush_all()
        self.env.cr.execute("UPDATE partner_mailing SET sms_countries = NULL")
        self.env.invalidate_all()
        self.assertFalse(mailing.sms_estimate)
        spec = importlib.util.spec_from_file_location("smswrite", SCRIPT)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()
        self.assertIn("Spain", mailing.sms_estimate)
        mailing.with_user(self.validator).action_validate()
        self.assertEqual(mailing.state, "validated")

    def test_another_channel_has_no_estimate(self):
        mailing = self.loaded()
        mailing.write({"channel": "email", "subject": "S", "body_html": "<p>B</p>"})
        self.assertFalse(mailing.sms_countries)
        self.assertFalse(mailing.sms_estimate)
        self.assertFalse(self.new_mailing().sms_estimate)

    def test_no_call_writes_the_countries(self):
        with self.assertRaises(AccessError):
            self.loaded().sms_countries = [["en_US", "ES", 1000]]

    def test_the_cost_is_shown_in_form_preview_and_review(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.new_price("es", 0.06, currency_id=euro.id)
        mailing = self.loaded(sms_body="x" * 161)
        self.assertIn("0.12", mailing.sms_estimate)
        self.assertIn(
            "Without a price, and not in the cost: Russian Federation", mailing.sms_estimate
        )
        self.new_price("ru", 2, currency_id=self.env.ref("base.USD").id)
        mailing.invalidate_recordset()
        self.assertIn("4.00", mailing.sms_estimate)
        self.assertNotIn("Without a price", mailing.sms_estimate)
        self.assertEqual(len(self.estimate(mailing).costs), 2, "one total for each currency")
        preview = self.env["partner.mailing.preview"].with_user(self.marketer)
        self.assertIn("4.00", preview.create({"mailing_id": mailing.id}).sms_estimate)
        mailing.action_submit()
        self.assertIn("4.00", mailing.with_user(self.validator).review_html)

    def test_without_prices_there_is_no_word_of_cost(self):
        estimate = self.loaded().sms_estimate
        self.assertIn("Spain", estimate)
        self.assertNotIn("Cost", estimate)
        self.assertNotIn("price", estimate)

    def test_the_addon_of_a_provider_answers_for_the_table(self):
        company = type(self.env.company)
        self.addCleanup(
            setattr,
            company,
            "_get_partner_mailing_sms_price",
            company._get_partner_mailing_sms_price,
        )
        dollar = self.env.ref("base.USD")
        company._get_partner_mailing_sms_price = lambda _company, country: (
            (0.5, dollar) if country.code == "ES" else None
        )
        mailing = self.loaded()
        spain, russia = self.env.ref("base.es"), self.env.ref("base.ru")
        self.assertEqual(mailing._get_transport().get_price(spain), (0.5, dollar))
        self.assertIsNone(mailing._get_transport().get_price(russia))
        self.assertIn("0.50", mailing.sms_estimate)

    def test_prices_are_the_administrators_and_of_one_company(self):
        price = self.new_price("es", 0.05)
        with self.assertRaises(AccessError):
            price.with_user(self.validator).price = 0
        with self.assertRaises(AccessError):
            price.with_user(self.marketer).unlink()
        price.with_user(self.manager).price = 0.06
        there = self.env["res.company"].create({"name": "There"})
        self.new_price("es", 0.01, company_id=there.id)
        mailing = self.loaded()
        [amount, _currency] = mailing._get_transport().get_price(self.env.ref("base.es"))
        self.assertEqual(amount, 0.06)
        stranger = new_test_user(
            self.env,
            "stranger",
            f"base.group_user,{GROUP % 'manager'}",
            company_id=there.id,
            company_ids=[Command.set(there.ids)],
        )
        with self.assertRaises(AccessError):
            price.with_user(stranger).read(["price"])
        with self.assertRaisesRegex(ValidationError, "Price per SMS.*Spain.*-1"):
            price.with_user(self.manager).price = -1

    def test_logic_of_template_editors_is_not_run_for_a_figure(self):
        mailing = self.loaded()
        mailing.sudo().sms_body = "{{ object.name.upper() * 1000 }}"
        estimate = self.estimate(mailing)
        self.assertFalse(estimate.is_exact)
        self.assertEqual(estimate.sms, 2)
        self.assertIn("template logic", mailing.sms_estimate)


@tagged("post_install", "-at_install")
class TestSmsPhone(SmsCase):
    """The preview on a drawn phone."""

    def test_the_phone_shows_where_each_sms_ends(self):
        for text, lengths in (
            ("", []),
            ("x" * 160, [160]),
            ("x" * 161, [153, 8]),
            ("x" * 152 + "€" + "x" * 20, [152, 21]),
            ("ж" * 135, [67, 67, 1]),
            ("ж" * 66 + "😀" + "ж" * 10, [66, 11]),
        ):
            with self.subTest(text[:5], length=len(text)):
                parts = split(text)
                self.assertEqual("".join(parts), text)
                self.assertEqual([len(part) for part in parts], lengths)
                self.assertEqual(len(parts), measure(text).parts)
                if len(parts) > 1 and measure(text).encoding == UCS_2:
                    self.assertLessEqual(measure(parts[0]).units, PART[UCS_2])

    def preview(self, mailing):
        return (
            self.env["partner.mailing.preview"]
            .with_user(self.marketer)
            .create({"mailing_id": mailing.id, "recipient_id": self.row(mailing, ANNA).id})
        )

    def test_the_preview_has_the_parts_and_the_sender_of_the_provider(self):
        mailing = self.new_sms(sms_body="{{ object.name }}" + "x" * 160)
        mailing.action_load_recipients()
        preview = self.preview(mailing)
        self.assertEqual([part["units"] for part in preview.sms_phone["parts"]], [153, 11])
        self.assertEqual(preview.sms_phone["parts"][0]["end"], "SMS 1 of 2 ends here")
        self.assertEqual(preview.sms_parts_text, "153 + 11 characters")
        self.assertEqual(preview.sms_sender, "chosen by the SMS provider")
        self.env["iap.account"].search([("service_name", "=", "sms")]).sender_name = "ACME"
        preview = self.preview(mailing)
        self.assertEqual((preview.sms_sender, preview.sms_phone["sender"]), ("ACME", "ACME"))

    def test_the_preview_of_an_e_mail_has_no_phone(self):
        preview = self.env["partner.mailing.preview"].create({"mailing_id": self.new_mailing().id})
        self.assertFalse(preview.sms_phone)
        self.assertFalse(preview.sms_estimate)
