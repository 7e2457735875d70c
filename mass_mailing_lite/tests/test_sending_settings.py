from datetime import datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lxml import etree

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models import res_company
from ..models.res_company import get_zone
from .common import MailingCase


class Unknown(ZoneInfo):
    """Stands for a system without data on time zones."""

    def __new__(cls, key):
        raise ZoneInfoNotFoundError(key)


LIMITS = ("minute", "hour", "day", "domain_minute")


@tagged("post_install", "-at_install")
class TestSendingSettings(MailingCase):
    def settings(self, **values):
        """Save the page of settings as an administrator of the system does."""
        admin = self.env.ref("base.user_admin")
        self.env["res.config.settings"].with_user(admin).create(values).execute()

    def test_a_negative_limit_of_a_mail_server_is_refused_in_words(self):
        server = self.env["ir.mail_server"].create({"name": "Ours", "smtp_host": "127.0.0.1"})
        for name in LIMITS:
            with self.subTest(name), self.assertRaises(ValidationError) as refused:
                server[f"partner_mailing_limit_{name}"] = -1
            self.assertIn('mail server "Ours" is -1', str(refused.exception))
            server[f"partner_mailing_limit_{name}"] = 0

    def test_the_limits_of_a_mail_server_are_on_a_tab_of_their_own_and_0_reads_unlimited(self):
        arch = etree.fromstring(self.env["ir.mail_server"].get_view(view_type="form")["arch"])
        tabs = arch.xpath("//notebook/page")
        self.assertEqual(tabs[0].get("name"), "connection", "Odoo's own tab stays the first one")
        [tab] = arch.xpath("//notebook/page[@name='partner_mailing']")
        for name in LIMITS:
            [field] = arch.xpath(f"//field[@name='partner_mailing_limit_{name}']")
            self.assertIn(tab, field.iterancestors())
            self.assertEqual(
                (field.get("widget"), field.get("placeholder")),
                ("partner_mailing_limit", "Unlimited"),
            )
        # Odoo hides the notebook of such a server; here only the tab Connection is hidden.
        self.assertFalse(arch.xpath("//notebook/@invisible"))
        self.assertEqual(tabs[0].get("invisible"), "smtp_authentication == 'cli'")

    def test_negative_and_absurd_numbers_in_the_settings_are_refused_in_words(self):
        for name, value, words in (
            ("two_validators_from", -1, '"Two Validators From" is -1'),
            ("late_hours", -5, '"Too Late After (Hours)" is -5'),
            ("failure_share", 101, "cannot be more than 100"),
            ("failure_share", -1, "cannot be less than 0"),
            ("failure_window", 0, "cannot be less than 1"),
            ("failure_window", 100000, "cannot be more than 1000"),
            ("server_tries", 0, "cannot be less than 1"),
            ("pressure_count", -1, '"Mailings for Each Person" is -1'),
            ("pressure_count", 1001, "cannot be more than 1000"),
            ("pressure_days", -7, '"Days of the Limit" is -7'),
            ("pressure_days", 100000, "cannot be more than 366"),
        ):
            with self.subTest(name, value=value), self.assertRaises(ValidationError) as refused:
                self.settings(**{f"partner_mailing_{name}": value})
            self.assertIn(words, str(refused.exception))

    def test_the_limit_for_each_person_is_saved_and_switched_off_as_a_whole(self):
        company = self.env.company
        names = ("partner_mailing_pressure_count", "partner_mailing_pressure_days")
        for values in ((3, 14), (0, 0), (2, 7)):
            self.settings(**dict(zip(names, values, strict=True)))
            self.assertEqual(tuple(company[name] for name in names), values)
        with self.assertRaisesRegex(ValidationError, "cannot be less than 1"):
            self.settings(partner_mailing_pressure_count=2, partner_mailing_pressure_days=0)

    def test_hours_that_are_no_time_of_day_are_refused_in_words(self):
        for value in (-1, 24.5):
            with self.subTest(value), self.assertRaises(ValidationError) as refused:
                self.settings(partner_mailing_hour_to=value)
            self.assertIn("from 0:00 to 24:00", str(refused.exception))

    def test_days_are_exchanged_though_between_two_none_would_be_left(self):
        days = {f"partner_mailing_on_{day}": False for day in ("tue", "wed", "thu", "fri")}
        self.settings(partner_mailing_on_mon=True, **days)
        self.settings(partner_mailing_on_mon=False, **days, partner_mailing_on_sun=True)
        company = self.env.company
        self.assertFalse(company.partner_mailing_on_mon)
        self.assertTrue(company.partner_mailing_on_sun)
        with self.assertRaises(ValidationError) as refused:
            self.settings(partner_mailing_on_sun=False)
        self.assertIn("No day of the week is left", str(refused.exception))

    def test_the_hours_are_those_of_the_company_s_time_zone(self):
        company = self.env.company
        self.assertIsNone(company._get_sending_hours())
        company.write(
            {
                "partner_mailing_use_hours": True,
                "partner_mailing_hour_from": 22,
                "partner_mailing_hour_to": 5.5,
                "partner_mailing_tz": "America/Santiago",
            }
        )
        mailing = self.new_mailing()
        # 22:00 in Santiago in July is 2:00 of the next day in UTC.
        self.assertEqual(mailing._get_opening(datetime(2026, 7, 1, 20)), datetime(2026, 7, 2, 2))
        self.assertEqual(mailing._get_opening(datetime(2026, 7, 2, 9)), datetime(2026, 7, 2, 9))
        self.assertEqual(mailing._get_opening(datetime(2026, 7, 2, 9, 30)), datetime(2026, 7, 3, 2))

    def test_every_time_zone_that_odoo_offers_can_be_used(self):
        moment = datetime(2026, 7, 1, 20)
        for name, _label in (
            self.env["res.company"]._fields["partner_mailing_tz"].selection(self.env["res.company"])
        ):
            with self.subTest(name):
                self.assertIsNotNone(moment.replace(tzinfo=get_zone(name)).utcoffset())
        with patch.object(res_company, "ZoneInfo", Unknown):
            self.assertEqual(
                moment.replace(tzinfo=get_zone("US/Eastern")).utcoffset(), timedelta(hours=-4)
            )

    def test_around_the_clock_there_are_no_hours(self):
        self.env.company.write(
            {
                "partner_mailing_use_hours": True,
                "partner_mailing_hour_from": 0,
                "partner_mailing_hour_to": 24,
                "partner_mailing_on_sat": True,
                "partner_mailing_on_sun": True,
            }
        )
        self.assertIsNone(self.env.company._get_sending_hours())
