import logging
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..preflight import CHECKS, MAX_LIVE, Check, Preflight, get_choices, preflight
from ..review import render_preflight
from .common import MailingCase

KEY = "placeholder_fallback"
CITY = '<p>Dear <t t-out="object.name"/> in <t t-out="object.city">your town</t></p>'


class PreflightCase(MailingCase):
    def findings(self, mailing, *keys):
        """Return the findings of some checks as they would be now."""
        mailing.invalidate_recordset()
        return [one for one in mailing._get_findings() if one["key"] in keys]

    def finding(self, mailing, key):
        [finding] = self.findings(mailing, key)
        return finding

    def loaded(self, **values):
        """Return a draft with its list."""
        mailing = self.new_mailing(**{"preview_text": "All that is new", **values})
        mailing.action_load_recipients()
        return mailing

    def shown(self, mailing, finding):
        """Return the addresses of the recipients that the button of a finding shows."""
        action = getattr(mailing, finding["action"])(*finding.get("args", ()))
        return self.env[action["res_model"]].search(action["domain"]).mapped("email")


@tagged("post_install", "-at_install")
class TestPreflight(PreflightCase):
    """One list of what to look at, what a company makes stop, and what is kept of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")

    # ------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------

    def test_each_check_has_a_title_and_a_question_in_words(self):
        mailing = self.env["partner.mailing"]
        for key, check in CHECKS.items():
            self.assertNotEqual(check(mailing).get_title(), key)
            self.assertTrue(check(mailing).get_question().endswith("?"), key)

    def test_a_mailing_that_was_not_tested_is_pointed_at_until_it_was(self):
        mailing = self.new_mailing()
        self.assertIn("never tested", self.finding(mailing, "never_tested")["message"])
        early = [one["key"] for one in mailing.findings or []]
        self.assertNotIn("never_tested", early, "the form says so when it is the next step")
        mailing.action_load_recipients()
        self.assertIn("never_tested", [one["key"] for one in mailing.findings])
        mailing._record_test()
        self.assertFalse(self.findings(mailing, "never_tested"))
        mailing.subject = "Other news"
        self.assertIn("Changed", self.finding(mailing, "never_tested")["message"])

    def test_a_send_on_that_has_passed_stops_and_is_a_step_of_the_checklist(self):
        mailing = self.loaded()
        mailing.scheduled_at = "2020-01-01 10:00:00"
        self.assertEqual(self.finding(mailing, "past_schedule")["level"], "stop")
        [step] = [step for step in mailing.checklist if step["key"] == "submit"]
        self.assertEqual((step["status"], step["focus"]), ("attention", "scheduled_at"))

    def test_languages_without_translation_and_the_sender_are_in_the_same_list(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.anna.lang = "fr_FR"
        server = {"name": "Ours", "smtp_host": "127.0.0.1", "from_filter": "example.org"}
        self.env["ir.mail_server"].search([]).active = False
        mailing = self.loaded(mail_server_id=self.env["ir.mail_server"].create(server).id)
        finding = self.finding(mailing, "missing_language")
        self.assertEqual(finding["count"], 1)
        self.assertIn("French", finding["message"])
        self.assertEqual(self.finding(mailing, "from_filter")["focus"], "email_from")
        form = etree.fromstring(mailing.get_view(view_type="form")["arch"])
        for name in ("language_warning", "sender_warning"):
            self.assertFalse(form.xpath(f"//field[@name='{name}']"), "one list, not two")

    # ------------------------------------------------------------
    # What a company makes stop
    # ------------------------------------------------------------

    def test_a_company_makes_a_warning_stop(self):
        mailing = self.loaded()
        self.env.company.partner_mailing_stopping_checks = ["never_tested"]
        self.assertEqual(self.finding(mailing, "never_tested")["level"], "stop")
        [step] = [step for step in mailing.checklist if step["key"] == "submit"]
        self.assertEqual(step["status"], "attention")
        self.assertNotIn("action", step)
        self.assertFalse(mailing.can_submit)
        with self.assertRaisesRegex(UserError, "never tested"):
            mailing.action_submit()
        self.assertEqual(mailing.state, "draft")
        mailing._record_test()
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")

    def test_another_company_keeps_its_warnings(self):
        other = self.env["res.company"].create({"name": "Other"})
        other.partner_mailing_stopping_checks = ["never_tested"]
        self.assertEqual(self.finding(self.loaded(), "never_tested")["level"], "warning")

    def test_only_an_administrator_says_what_stops(self):
        company = self.env.company
        for user in (self.marketer, self.validator):
            with self.assertRaises(AccessError):
                company.with_user(user).partner_mailing_stopping_checks = ["never_tested"]

    def test_only_checks_that_warn_can_stop_and_others_are_refused_in_words(self):
        choices = {choice["key"] for choice in get_choices(self.env)}
        self.assertLessEqual({"gmail_clip", "never_tested", "missing_language", KEY}, choices)
        self.assertFalse({"stale_language", "large_domains"} & choices)
        for value in (["no_such_check"], ["large_domains"], [3], "never_tested", {"a": 1}):
            with self.assertRaisesRegex(ValidationError, "Stop a Submission"):
                self.env.company.partner_mailing_stopping_checks = value

    def test_the_settings_show_each_check_with_its_question(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.partner_mailing_check_choices, get_choices(self.env))
        settings.partner_mailing_stopping_checks = ["gmail_clip"]
        settings.execute()
        self.assertEqual(self.env.company.partner_mailing_stopping_checks, ["gmail_clip"])

    # ------------------------------------------------------------
    # Kept with the approval
    # ------------------------------------------------------------

    def test_what_was_found_is_kept_with_the_approval(self):
        mailing = self.loaded(body_html=CITY)
        mailing.action_submit()
        mailing._record_test()
        mailing.with_user(self.validator).action_validate()
        request = mailing.sudo().approval_ids
        self.assertIn("never_tested", [one["key"] for one in request.findings])
        kept = {one["key"]: one for one in request.decided_findings}
        self.assertNotIn("never_tested", kept)
        self.assertEqual(kept[KEY]["count"], 2)
        self.assertNotIn("action", kept[KEY])
        self.assertEqual(request.finding_count, 0)
        with self.assertRaises(AccessError):
            request.with_user(self.manager).write({"findings": False})

    def test_names_of_contacts_go_with_the_personal_data(self):
        self._new_contact("win@prize.example", "odd@example.com", self.news)
        mailing = self.loaded()
        mailing.action_submit()
        request = mailing.sudo().approval_ids
        self.assertIn("win@prize.example", str(request.findings))
        mailing.action_cancel()
        mailing._remove_personal_data(lambda count: 1)
        self.assertNotIn("win@prize.example", str(request.findings))
        self.assertIn("never_tested", str(request.findings))

    # ------------------------------------------------------------
    # Review and mail
    # ------------------------------------------------------------

    def test_the_review_begins_with_the_findings_by_weight(self):
        mailing = self.loaded(body_html=CITY + "<p>${name}</p>")
        mailing.action_submit()
        page = mailing.with_user(self.validator).review_html
        places = [page.index(text) for text in ("Warnings: 2", "Good to know", "Submitted by")]
        self.assertEqual(places, sorted(places))
        self.assertIn("People", page)
        self.assertIn('data-partner-mailing-opens="action_open_empty_values"', page)

    def test_a_mail_shows_the_findings_without_buttons_and_style_sheets(self):
        mailing = self.loaded(body_html=CITY)
        page = render_preflight(mailing, for_mail=True)
        self.assertIn("your town", page)
        self.assertIn("never tested", page)
        for word in ("<button", "class=", "<details"):
            self.assertNotIn(word, page)

    # ------------------------------------------------------------
    # Background
    # ------------------------------------------------------------

    def background_check(self):
        class Slow(Check):
            key, asked = "slow", []

            def look(self, content):
                return "slow" in content.html

            def ask_background(self, facts):
                return sorted(facts) or None

            def look_in_background(self, asked):
                Slow.asked.append(asked)
                return {"found": len(asked)}

            def describe(self, facts):
                found = self.background.get("facts")
                return [self.make_finding(f"Found {found['found']}.", "Mend it.")] if found else []

        return Slow

    def test_what_takes_long_is_looked_at_by_the_scheduled_action(self):
        check = self.background_check()
        with patch.dict(CHECKS, {"slow": check}):
            mailing = self.new_mailing(body_html="<p>slow</p>")
            self.assertFalse(check.asked, "nothing that is saved waits for it")
            self.assertTrue(mailing.look_due_at)
            with self.enter_registry_test_mode():
                self.env.ref(preflight.CRON).method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(check.asked, [["en_US"]])
            self.assertFalse(mailing.look_due_at)
            self.assertTrue(mailing.background_facts["slow"]["checked_at"])
            self.assertEqual(self.finding(mailing, "slow")["message"], "Found 1.")
            mailing.name = "Another title"
            self.assertFalse(mailing.look_due_at, "the question is the same")
            mailing.body_html = "<p>done</p>"
            self.assertFalse(self.findings(mailing, "slow"), "the answer is to an older question")

    def test_a_check_that_fails_in_the_background_does_not_stop_the_others(self):
        check = self.background_check()
        failing = type("Failing", (check,), {"key": "failing", "look_in_background": fail})
        with patch.dict(CHECKS, {"failing": failing, "slow": check}):
            mailing = self.new_mailing(body_html="<p>slow</p>")
            with (
                patch.object(self.env.cr, "rollback"),
                self.assertLogs(preflight.__name__, logging.ERROR),
            ):
                Preflight(mailing).look_in_background()
            self.assertEqual(self.finding(mailing, "slow")["message"], "Found 1.")
            self.assertFalse(list(Preflight(mailing)._get_due()), "and it is not asked for ever")

    def test_statistics_of_a_large_list_are_made_before_it_is_counted(self):
        mailing = self.loaded(extra_emails="\n".join(f"x{n}@example.org" for n in range(50)))
        # Statistics are not made while autovacuum is at the table: here it is not.
        self.env.cr.execute("LOCK TABLE partner_mailing_recipient IN SHARE UPDATE EXCLUSIVE MODE")

        def is_known():
            self.env.cr.execute(
                "SELECT %s = ANY(most_common_vals::text::integer[]) FROM pg_stats WHERE attname = 'mailing_id'"
                " AND tablename = 'partner_mailing_recipient'",
                [mailing.id],
            )
            return self.env.cr.fetchone() == (True,)

        Preflight(mailing).look_in_background()
        self.assertFalse(is_known(), "of a small one they are not worth their time")
        with patch.object(preflight, "MAX_LIVE", 10):
            Preflight(mailing).look_in_background()
        self.assertTrue(is_known())

    def test_a_long_list_is_looked_at_in_the_background_and_at_the_submission(self):
        self.assertGreaterEqual(MAX_LIVE, 10_000)
        mailing = self.new_mailing(body_html=CITY)
        with patch.object(Preflight.look_at_list, "__defaults__", (True, 1)):
            mailing.action_load_recipients()
            self.assertIn("being counted", self.finding(mailing, KEY)["message"])
            self.assertTrue(mailing.look_due_at)
            mailing.action_submit()
        self.assertIn("large_domains", [one["key"] for one in mailing.sudo().approval_ids.findings])
        self.assertEqual(self.finding(mailing, KEY)["count"], 2)

    def test_facts_are_written_by_the_system_alone(self):
        mailing = self.new_mailing()
        for name in ("list_facts", "background_facts", "look_due_at"):
            with self.assertRaises(AccessError):
                mailing.write({name: False})


@tagged("post_install", "-at_install")
class TestPeople(PreflightCase):
    """Who of this list reads a fallback, or nothing, and who they are."""

    def test_each_placeholder_says_how_many_read_its_fallback_and_shows_them(self):
        self.anna.city = "Lyon"
        mailing = self.loaded(body_html=CITY, subject="For {{ object.function ||| colleague }}")
        found = {one["args"][0]: one for one in self.findings(mailing, KEY)}
        self.assertEqual(set(found), {"object.city", "object.function"})
        city = found["object.city"]
        self.assertEqual((city["count"], city["level"]), (1, "info"))
        self.assertIn('"your town"', city["message"])
        self.assertEqual(self.shown(mailing, city), ["boris@example.com"])
        self.assertEqual(found["object.function"]["count"], 2)
        self.assertIn("Job Position", found["object.function"]["message"])

    def test_a_placeholder_without_a_fallback_is_a_warning(self):
        mailing = self.loaded(body_html='<p>In <t t-out="object.city"/></p>')
        finding = self.finding(mailing, KEY)
        self.assertEqual((finding["count"], finding["level"]), (2, "warning"))
        self.assertIn("nothing in its place", finding["message"])
        mailing.body_html = CITY
        self.assertEqual(self.finding(mailing, KEY)["level"], "info")
        mailing.body_html = "<p>Hello</p>"
        self.assertFalse(self.findings(mailing, KEY))

    def test_what_the_company_leaves_out_is_no_gap_in_the_contacts(self):
        self.env.company.partner_id.write({"street": False, "city": False, "zip": False})
        mailing = self.loaded(
            body_html='<p><t t-out="object.partner_mailing_company_address"/></p>'
        )
        self.assertFalse(self.findings(mailing, KEY))

    def test_an_extra_address_has_a_name_and_an_address_alone(self):
        self.anna.city = self.boris.city = "Lyon"
        mailing = self.loaded(
            body_html=CITY + '<p><t t-out="object.email">no address</t></p>',
            extra_emails="Carol <carol@example.org>, dora@example.org",
        )
        found = {one["args"][0]: one for one in self.findings(mailing, KEY)}
        self.assertEqual(found["object.city"]["count"], 2)
        self.assertCountEqual(
            self.shown(mailing, found["object.city"]),
            ["Carol <carol@example.org>", "dora@example.org"],
        )
        self.assertEqual(found["object.name"]["count"], 1, "Dora has no name")
        self.assertNotIn("object.email", found)

    def test_values_of_other_records_translated_ones_and_numbers_are_counted_as_they_are_sent(self):
        self.anna.write({"country_id": self.env.ref("base.fr").id, "user_id": self.marketer.id})
        mailing = self.loaded(
            body_html='<p><t t-out="object.country_id.name"/><t t-out="object.user_id.name"/>'
            '<t t-out="object.ref"/></p>',
        )
        counts = {one["args"][0]: one["count"] for one in self.findings(mailing, KEY)}
        self.assertEqual(
            counts, {"object.country_id.name": 1, "object.user_id.name": 1, "object.ref": 2}
        )

    def test_each_version_is_counted_for_its_readers(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.lang"]._activate_lang("pl_PL")
        self.anna.lang = "fr_FR"
        self.boris.lang = "pl_PL"
        self._new_contact("Carol", "carol@example.com", self.news, lang=False)
        mailing = self.new_mailing(body_html="<p>Hello</p>")
        mailing.update_field_translations(
            "body_html", {"fr_FR": '<p>À <t t-out="object.city">votre ville</t></p>'}
        )
        mailing.action_load_recipients()
        finding = self.finding(mailing, KEY)
        self.assertEqual(finding["count"], 1)
        self.assertEqual(self.shown(mailing, finding), ["anna@example.com"])
        self.assertIn("votre ville", finding["message"])

    def test_a_body_with_conditions_is_rendered_for_a_sample_and_says_so(self):
        self.anna.write({"city": "Lyon", "function": "Baker"})
        mailing = self.new_mailing(self.env.user).with_user(self.env.user)
        mailing.body_html = (
            '<p><t t-if="object.function">In <t t-out="object.city">your town</t></t>'
            '<t t-out="object.ref.upper() if object.ref else None">no number</t></p>'
        )
        mailing.action_load_recipients()
        finding = self.finding(mailing, KEY)
        # Boris has no city, and no text about it.
        self.assertIn("no number", finding["message"])
        self.assertIn("2 of 2 in a sample", finding["message"])
        self.boris.function = "Smith"
        mailing.action_load_recipients()
        found = {one["message"].split('"')[1]: one["count"] for one in self.findings(mailing, KEY)}
        self.assertEqual(found["City"], 1)

    def test_only_readers_of_the_mailing_see_who_they_are_and_only_named_placeholders(self):
        mailing = self.loaded(body_html=CITY)
        self.assertEqual(
            len(self.shown(mailing.with_user(self.validator), self.finding(mailing, KEY))), 2
        )
        with self.assertRaises(AccessError):
            mailing.with_user(self.outsider).action_open_empty_values("object.city")
        for path in ("object.comment", "object.city; DROP", "", None, 3):
            with self.assertRaises(UserError):
                mailing.action_open_empty_values(path)

    def test_counting_takes_as_many_statements_for_a_long_list_as_for_a_short_one(self):
        mailing = self.loaded(body_html=CITY)
        costs = []
        for _round in range(2):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            Preflight(mailing).look_at_list()
            costs.append(self.env.cr.sql_log_count - before)
            self.env["res.partner"].create(
                [
                    {"name": f"R{i}", "email": f"r{i}@example.com", "category_id": self.news.ids}
                    for i in range(40)
                ]
            )
            mailing.action_load_recipients()
        self.assertEqual(costs[0], costs[1])

    def test_the_form_counts_nothing(self):
        mailing = self.loaded(body_html=CITY)
        error = AssertionError("the list is read for a look at the form")
        with patch.object(Preflight, "look_at_list", side_effect=error):
            self.env.invalidate_all()
            [values] = mailing.web_read({"findings": {}})
        self.assertIn(KEY, [one["key"] for one in values["findings"]])

    def test_who_is_new_or_bounced_since_the_last_mailing(self):
        last = self.new_validated_mailing()
        rows = (
            self.env["partner.mailing.recipient"]
            ._as_system()
            .search([("mailing_id", "=", last.id)])
        )
        rows[0].state = "bounced"
        last._as_system().write({"state": "done", "started_at": "2026-01-01 10:00:00"})
        self._new_contact("Carol", "carol@example.com", self.news, lang=False)
        mailing = self.loaded()
        new, bounced = sorted(self.findings(mailing, "last_mailing"), key=lambda one: one["level"])
        self.assertEqual((new["message"], new["level"]), ("New since the last mailing: 1.", "info"))
        self.assertEqual((bounced["count"], bounced["level"]), (1, "warning"))
        self.assertIn("Without a language", self.finding(mailing, "no_language")["message"])

    def test_the_largest_domains_say_how_long_each_takes_at_its_limit(self):
        for number in range(3):
            self._new_contact(f"R{number}", f"r{number}@large.example", self.news)
        server = self.env["ir.mail_server"].create(
            {"name": "S", "smtp_host": "127.0.0.1", "partner_mailing_limit_domain_minute": 1}
        )
        mailing = self.loaded(mail_server_id=server.id)
        finding = self.finding(mailing, "large_domains")
        self.assertEqual(finding["lines"][0], "large.example: 3, 2 minutes at 1 a minute")
        self.assertTrue(finding["is_people"])


def fail(_check, _asked):
    raise ValueError("no answer")
