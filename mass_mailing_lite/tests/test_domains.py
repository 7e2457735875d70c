"""Domains of addresses that get no mail, or are mistyped: found, shown, left out in one press."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..tools.domain import lookup
from .common import MailingCase
from .dns_server import SERVFAIL, SILENCE, DnsServer

MODULE = "odoo.addons.mass_mailing_lite.models.partner_mailing_domain"


class DomainCase(MailingCase):
    def findings(self, mailing, key):
        mailing.invalidate_recordset()
        return [one for one in mailing._get_findings() if one["key"] == key]

    def load(self, *emails, **values):
        """Return a draft to contacts with these addresses, loaded."""
        for number, email in enumerate(emails):
            self._new_contact(f"Reader {number}", email, self.news)
        mailing = self.new_mailing(**values)
        mailing.action_load_recipients()
        return mailing


@tagged("post_install", "-at_install")
class TestMistypedDomains(DomainCase):
    def setUp(self):
        super().setUp()
        self.mailing = self.load("a@gmial.com", "b@gmial.com", "c@yahoo.con", "d@gmx.net")

    def test_they_are_a_warning_with_the_number_of_people_and_what_was_meant(self):
        [finding] = self.findings(self.mailing, "domain_typo")
        self.assertEqual((finding["level"], finding["count"]), ("warning", 3))
        self.assertIn("gmial.com (meant is gmail.com?): 2", finding["message"])
        self.assertIn("yahoo.con (meant is yahoo.com?): 1", finding["message"])
        self.assertNotIn("gmx", finding["message"])
        action = getattr(self.mailing, finding["see"]["action"])(*finding["see"]["args"])
        shown = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(set(shown.mapped("email")), {"a@gmial.com", "b@gmial.com", "c@yahoo.con"})

    def test_one_press_excludes_them_and_another_one_includes_them_again(self):
        [finding] = self.findings(self.mailing, "domain_typo")
        getattr(self.mailing, finding["action"])(*finding["args"])
        states = self.states(self.mailing)
        self.assertEqual(states["a@gmial.com"], "domain_typo")
        self.assertEqual(states["d@gmx.net"], "pending")
        self.assertCountersTrue(self.mailing)
        row = self.rows(self.mailing)["a@gmial.com"]
        self.assertEqual(row.reason, "Domain that is probably mistyped: gmial.com")
        [finding] = self.findings(self.mailing, "domain_typo")
        self.assertEqual((finding["level"], finding["count"]), ("info", 3))
        getattr(self.mailing, finding["action"])(*finding["args"])
        self.assertEqual(set(self.states(self.mailing).values()), {"pending"})
        self.assertCountersTrue(self.mailing)

    def test_they_stay_excluded_when_the_list_is_updated_until_they_are_corrected(self):
        self.mailing.action_exclude_domains("domain_typo")
        totals, _changes = self.mailing._get_refresh_changes()
        self.assertFalse({"in", "out", "address"} & set(totals))
        self.env["res.partner"].search([("email", "=", "a@gmial.com")]).email = "a@gmail.com"
        self._new_contact("New", "new@gmial.com", self.news)
        self.mailing.action_load_recipients()
        states = self.states(self.mailing)
        self.assertEqual((states["a@gmail.com"], states["b@gmial.com"]), ("pending", "domain_typo"))
        self.assertEqual(states["new@gmial.com"], "domain_typo")
        self.assertCountersTrue(self.mailing)

    def test_extra_addresses_and_marked_contacts_are_excluded_as_well(self):
        self.mailing.action_exclude_domains("domain_typo")
        self.mailing.extra_emails = "x@gmial.com, y@example.org"
        self.mailing.action_load_recipients()
        marked = self._new_contact("Marked", "marked@gmial.com")
        self.mailing._mark_contacts([("id", "=", marked.id)], 1)
        states = self.states(self.mailing)
        self.assertEqual(
            (states["x@gmial.com"], states["y@example.org"]), ("domain_typo", "pending")
        )
        self.assertEqual(states["marked@gmial.com"], "domain_typo")

    def test_of_two_rows_with_one_address_one_is_included_again(self):
        self._new_contact("Twin", "A@gmial.com", self.news)
        self.mailing.action_load_recipients()
        self.mailing.action_exclude_domains("domain_typo")
        self.mailing.action_load_recipients()
        self.mailing.action_include_domains("domain_typo")
        states = sorted(
            state
            for one, state in self.states(self.mailing).items()
            if one.lower() == "a@gmial.com"
        )
        self.assertEqual(states, ["duplicate", "pending"])
        self.assertCountersTrue(self.mailing)

    def test_only_who_may_change_the_draft_changes_its_list_so(self):
        for action in ("action_exclude_domains", "action_include_domains"):
            with self.assertRaises(AccessError):
                getattr(self.mailing.with_user(self.outsider), action)("domain_typo")
            with self.assertRaisesRegex(UserError, "no reason to exclude"):
                getattr(self.mailing, action)("by_hand")
        with self.assertRaises(AccessError):
            self.mailing.excluded_domains = {"example.com": "domain_typo"}
        self.mailing.action_submit()
        for action in ("action_exclude_domains", "action_include_domains"):
            with self.assertRaisesRegex(UserError, "no draft"):
                getattr(self.mailing, action)("domain_typo")

    def test_when_all_are_excluded_all_can_be_included_again(self):
        mailing = self.new_mailing(audience_ids=[], extra_emails="x@gmial.com")
        mailing.action_load_recipients()
        mailing.action_exclude_domains("domain_typo")
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (0, 1))
        [finding] = self.findings(mailing, "domain_typo")
        getattr(mailing, finding["action"])(*finding["args"])
        self.assertEqual(mailing.recipient_count, 1)

    def test_a_duplicate_excludes_nobody_by_itself(self):
        self.mailing.action_exclude_domains("domain_typo")
        copy = self.mailing.copy()
        copy.action_load_recipients()
        self.assertEqual(set(self.states(copy).values()), {"pending"})


@tagged("post_install", "-at_install")
class TestDeadDomains(DomainCase):
    """What the DNS says, asked of a real name server on loopback."""

    def setUp(self):
        super().setUp()
        self.names = DnsServer(
            {
                "example.com": {"MX": ["10 mail.example.com."]},
                "plain.example": {"A": ["192.0.2.1"]},
                "six.example": {"AAAA": ["2001:db8::1"]},
                "null.example": {"MX": ["0 ."]},
                "text.example": {"TXT": ["v=spf1 -all"]},
                "broken.example": SERVFAIL,
            }
        )
        self.names.__enter__()
        self.addCleanup(self.names.__exit__, None, None, None)
        self.addCleanup(setattr, lookup.Lookup, "test_server", lookup.Lookup.test_server)
        lookup.Lookup.test_server = self.names.address
        self.domains = self.env["partner.mailing.domain"].sudo()
        self.env["res.partner"].search([("email", "!=", False)]).filtered(
            lambda one: one not in self.anna | self.boris
        ).email = False

    def check(self):
        """Run the scheduled action once; return {domain: state}."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("mass_mailing_lite.ir_cron_check_domains").method_direct_trigger()
        self.env.invalidate_all()
        return {one.name: one.state for one in self.domains.search([])}

    def let_time_pass(self, **time):
        for domain in self.domains.search([])._as_system():
            domain.next_check_at -= timedelta(**time)

    def test_each_domain_of_contacts_is_judged_once(self):
        for number, name in enumerate(
            ("plain", "six", "null", "text", "broken", "none", "none", "Null")
        ):
            self._new_contact(f"Reader {number}", f"reader{number}@{name}.example")
        self._new_contact("Two", "two@example.com, three@further.example")
        self._new_contact("No", "no address")
        found = self.check()
        self.assertEqual(
            found,
            {
                "example.com": "takes",
                "plain.example": "takes",
                "six.example": "takes",
                "null.example": "refuses",
                "text.example": "no_host",
                "none.example": "no_domain",
                "further.example": "no_domain",
                "broken.example": "unknown",
            },
        )
        asked = [(name, kind) for name, kind, _how in self.names.questions]
        self.assertEqual(asked.count(("null.example", "MX")), 1)
        del self.names.questions[:]
        self.check()
        self.assertFalse(self.names.questions, "what was answered is not asked again the next day")

    def test_a_failure_of_the_dns_is_no_judgement_on_a_domain(self):
        self._new_contact("One", "one@broken.example")
        self._new_contact("Two", "two@none.example")
        self.assertEqual(self.check()["broken.example"], "unknown")
        self.let_time_pass(weeks=7)
        self.names.records["none.example"] = SERVFAIL
        self.names.records["broken.example"] = {"MX": ["10 mail.example."]}
        found = self.check()
        self.assertEqual((found["broken.example"], found["none.example"]), ("takes", "no_domain"))

    def test_a_domain_is_asked_again_after_some_weeks_and_forgotten_without_a_contact(self):
        contact = self._new_contact("One", "one@none.example")
        self.assertEqual(self.check()["none.example"], "no_domain")
        self.let_time_pass(weeks=2)
        self.names.add("none.example", "MX", "10 mail.example.")
        self.assertEqual(self.check()["none.example"], "takes")
        contact.email = "one@example.com"
        self.assertNotIn("none.example", self.check())

    def test_people_of_dead_domains_are_a_warning_and_excluded_in_one_press(self):
        mailing = self.load(
            "a@null.example", "b@none.example", "c@none.example", "d@broken.example", "e@gmial.com"
        )
        self.assertFalse(self.findings(mailing, "dead_domain"))
        self.check()
        [finding] = self.findings(mailing, "dead_domain")
        self.assertEqual((finding["level"], finding["count"]), ("warning", 3))
        self.assertIn("none.example (does not exist): 2", finding["message"])
        self.assertIn("null.example (declares that it gets no e-mail): 1", finding["message"])
        self.assertNotIn("broken", finding["message"])
        mailing.action_exclude_domains("dead_domain")
        states = self.states(mailing)
        self.assertEqual(
            {one for one, state in states.items() if state == "dead_domain"},
            {"a@null.example", "b@none.example", "c@none.example"},
        )
        self.assertCountersTrue(mailing)
        mailing.action_submit()
        page = str(mailing.with_user(self.validator).review_html)
        self.assertIn("Domain that gets no e-mail", page)

    def test_an_old_answer_says_nothing_any_more(self):
        mailing = self.load("a@none.example")
        self.check()
        for domain in self.domains.search([])._as_system():
            domain.checked_at -= timedelta(days=100)
        mailing.action_load_recipients()
        self.assertFalse(self.findings(mailing, "dead_domain"))

    def test_a_name_server_that_knows_no_domain_at_all_is_not_believed(self):
        self.names.records = {}
        self._new_contact("One", "one@none.example")
        with self.assertLogs(MODULE, "WARNING"):
            self.assertEqual(set(self.check().values()), {"unknown"})
        self.let_time_pass(days=2)
        self.names.add("com", "NS", "a.gtld-servers.net.")
        self.assertEqual(set(self.check().values()), {"no_domain"})

    def test_a_silent_dns_is_left_alone_until_the_next_day(self):
        self.names.records = dict.fromkeys(("example.com", "none.example"), SILENCE)
        self._new_contact("One", "one@none.example")
        with patch(f"{MODULE}.SECONDS_EACH", 0.2), self.assertLogs(MODULE, "WARNING"):
            self.assertEqual(set(self.check().values()), {"unknown"})
        del self.names.questions[:]
        self.check()
        self.assertFalse(self.names.questions)


@tagged("post_install", "-at_install")
class TestSwitch(DomainCase):
    """The DNS is asked only where an administrator has switched that on."""

    def switch(self, is_on):
        admin = self.env.ref("base.user_admin")
        settings = self.env["res.config.settings"].with_user(admin)
        settings.create({"partner_mailing_check_domains": is_on}).execute()
        return settings.create({})

    def test_it_is_off_until_it_is_switched_on(self):
        check = self.env.ref("mass_mailing_lite.ir_cron_check_domains")
        self.assertFalse(check.active)
        for is_on in (True, False):
            settings = self.switch(is_on)
            self.assertEqual((check.active, settings.partner_mailing_check_domains), (is_on, is_on))

    def test_without_the_library_it_says_what_to_install(self):
        with patch.object(lookup, "dns", None):
            self.assertFalse(self.env["res.config.settings"].create({}).partner_mailing_has_dns)
            with self.assertRaisesRegex(UserError, "pip install dnspython.*python3-dnspython"):
                self.switch(True)
            self.switch(False)
            check = self.env.ref("mass_mailing_lite.ir_cron_check_domains")
            self.assertFalse(check.active)
            # Switched on in the list of scheduled actions instead.
            with self.enter_registry_test_mode(), self.assertLogs(MODULE, "WARNING"):
                check.method_direct_trigger()

    def test_mistyped_domains_are_found_without_it(self):
        with patch.object(lookup, "dns", None):
            mailing = self.load("a@gmial.com")
            self.assertTrue(self.findings(mailing, "domain_typo"))

    def test_nobody_reads_the_domains_of_all_contacts(self):
        self.env["partner.mailing.domain"]._as_system().create(
            {"name": "secret.example", "next_check_at": fields.Datetime.now()}
        )
        with self.assertRaises(AccessError):
            self.env["partner.mailing.domain"].with_user(self.marketer).search([])
        self.assertFalse(self.env["partner.mailing.domain"].with_user(self.manager).search([]))
        self.manager.group_ids = [Command.link(self.env.ref("base.group_system").id)]
        with self.assertRaises(AccessError):
            self.env["partner.mailing.domain"].with_user(self.manager).create(
                {"name": "x.example", "next_check_at": fields.Datetime.now()}
            )
