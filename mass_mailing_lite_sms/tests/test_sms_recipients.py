import base64
import io

import openpyxl
from psycopg2.errors import UniqueViolation

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ANNA, BORIS, SmsCase


@tagged("post_install", "-at_install")
class TestSmsRecipients(SmsCase):
    """Audiences become numbers; contacts without a valid number are skipped, with the reason."""

    def load(self, **values):
        mailing = self.new_sms(**values)
        mailing.action_load_recipients()
        return mailing

    def test_numbers_become_international_by_the_contacts_country(self):
        mailing = self.load()
        self.assertEqual(self.results(mailing), {ANNA: "pending", BORIS: "pending"})
        self.assertEqual(self.row(mailing, ANNA).phone, self.anna.phone)
        self.assertCountersTrue(mailing)

    def test_without_a_country_the_mailings_company_decides_also_later(self):
        company = self.env.company
        company.country_id = False
        dora = self._new_contact("Dora", False, self.news, phone="600 999 888")
        self.env.flush_all()
        self.assertFalse(dora.phone_sanitized)
        company.country_id = self.env.ref("base.es")
        self.assertEqual(self.results(self.load())["+34600999888"], "pending")

    def test_an_sms_and_an_email_do_not_count_for_the_limit_of_each_other(self):
        self.env.company.write(
            {"partner_mailing_pressure_count": 1, "partner_mailing_pressure_days": 7}
        )
        started = {"state": "sending", "started_at": fields.Datetime.now()}
        self.new_validated_mailing()._as_system().write(started)
        mailing = self.load()
        self.assertEqual(set(self.results(mailing).values()), {"pending"})
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        mailing._as_system().write(started)
        self.assertEqual(set(self.results(self.load()).values()), {"written_to_lately"})

    def test_numbers_have_no_domains_to_look_at(self):
        mailing = self.load()
        mailing.action_exclude_domains("domain_typo")
        self.assertFalse({"dead_domain", "domain_typo"} & set(mailing.list_facts or {}))
        self.assertEqual(mailing.recipient_count, 2)

    def test_another_country_of_the_contact_wins(self):
        dora = self._new_contact(
            "Dora", False, self.news, phone="600 999 888", country_id=self.env.ref("base.us").id
        )
        self.assertEqual(self.results(self.load())[dora.name], "invalid_number")

    def test_an_email_is_not_needed_and_does_not_help(self):
        self.boris.write({"phone": False})
        self._new_contact("Dora", False, self.news, phone="+34 600 999 888")
        mailing = self.load()
        self.assertEqual(
            self.results(mailing),
            {ANNA: "pending", "+34600999888": "pending", "Boris": "no_number"},
        )

    def test_skip_reasons(self):
        self._new_contact("No number", "a@example.com", self.news)
        self._new_contact("Blank", "b@example.com", self.news, phone="  ")
        self._new_contact("Wrong", "c@example.com", self.news, phone="12")
        self._new_contact("Twin", "d@example.com", self.news, phone="+7 903 1234567")
        self._new_contact("Tagged", "e@example.com", self.no_consent, phone="+34 600 123 456")
        blocked = self._new_contact("Blocked", "f@example.com", self.news, phone="+34600777777")
        self.env["phone.blacklist"].create({"number": "+34 600 777 777"})
        mailing = self.load()
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(
            {row.name: row.skip_reason or row.state for row in rows},
            {
                "Anna": "pending",
                "Boris": "excluded_group",
                "No number": "no_number",
                "Blank": "no_number",
                "Wrong": "invalid_number",
                "Twin": "duplicate",
                blocked.name: "blocklisted",
            },
        )

    def test_the_e_mail_blocklist_is_about_e_mail(self):
        self.env["mail.blacklist"].create({"email": self.anna.email})
        self.assertEqual(self.results(self.load())[ANNA], "pending")

    def test_extra_numbers_come_in_and_wrong_ones_are_named(self):
        mailing = self.load(extra_numbers="Zoe <+34 611 222 333>, 12\n8 (903) 123 45 67")
        self.assertEqual(mailing.extra_numbers_problems, "12\n8 (903) 123 45 67")
        zoe = self.row(mailing, "+34611222333")
        self.assertEqual((zoe.name, zoe.partner_id.id, zoe.state), ("Zoe", False, "pending"))
        rows = self.env["partner.mailing.recipient"].search(
            [("mailing_id", "=", mailing.id), ("skip_reason", "=", "invalid_number")]
        )
        self.assertEqual(sorted(rows.mapped("phone")), ["12", "8 (903) 123 45 67"])

    def test_each_number_is_in_a_mailing_once(self):
        row = self.row(self.load(), ANNA)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            row._as_system().copy()

    def test_recipients_are_found_by_number(self):
        row = self.row(self.load(), ANNA)
        for number in ("903) 123", ANNA):
            self.assertIn((row.id, row.display_name), type(row).name_search(row, number))

    def test_an_extra_number_of_a_contact_is_the_contacts(self):
        mailing = self.load(
            audience_ids=[Command.clear()],
            extra_numbers="+7 903 123 45 67",
            extra_emails="x@example.com",
        )
        self.assertEqual(self.row(mailing, ANNA).partner_id, self.anna)
        self.assertEqual(mailing.recipient_count, 1)

    def test_marked_contacts_are_eligible_by_number(self):
        mailing = self.new_sms(audience_ids=[Command.clear()])
        no_phone = self._new_contact("No phone", "n@example.com")
        self.env.flush_all()
        result = mailing._mark_contacts([("id", "in", (self.anna + no_phone).ids)], 2)
        self.assertEqual((result["added"], result["no_number"]), (1, 1))

    def test_numbers_that_are_not_loaded_are_not_forgotten_when_contacts_are_marked(self):
        mailing = self.new_sms(audience_ids=[Command.clear()], extra_numbers="+34 611 222 333")
        mailing._mark_contacts([("id", "in", self.anna.ids)], 1)
        self.assertFalse(mailing.recipients_loaded_at)
        mailing.action_submit()
        self.assertEqual(self.results(mailing), {ANNA: "pending", "+34611222333": "pending"})

    def test_a_refresh_shows_changed_numbers(self):
        mailing = self.load()
        self.anna.phone = "8 (903) 765-43-21"
        totals, changes = mailing._get_refresh_changes()
        self.assertEqual(totals["address"], 1)
        self.assertEqual(changes[0]["email"], "8 (903) 765-43-21")

    def test_another_channel_empties_the_list(self):
        mailing = self.new_mailing(mail_server_id=self.server.id)
        mailing.action_load_recipients()
        self.rows(mailing)["anna@example.com"].action_exclude()
        mailing.write({"channel": "sms", "sms_body": "Hello"})
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (0, 0))
        self.assertFalse(mailing.recipients_loaded_at)
        self.assertFalse(mailing.mail_server_id)
        mailing.action_submit()
        self.assertEqual(self.results(mailing), {ANNA: "pending", BORIS: "pending"})

    def test_e_mails_go_to_addresses_as_before(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(
            self.states(mailing), {"anna@example.com": "pending", "boris@example.com": "pending"}
        )

    def test_numbers_are_read_as_people_type_paste_and_export_them(self):
        russia, spain = self.env.ref("base.ru"), self.env.ref("base.es")
        one, two = "+79031234567", "+34600123456"
        for country, typed, numbers in (
            (russia, "8 (903) 123-45-67", [one]),
            (russia, "+7\xa0903\xa0123\u201145\u201367", [one]),
            (russia, "0034 600 123 456", [two]),
            (russia, "8 10 34 600 123 456", [two]),
            (russia, "=+34600123456", [two]),
            (russia, "'+79031234567", [one]),
            (russia, "79031234567.0", [one]),
            (russia, "79031234567,0", [one]),
            (russia, "  89031234567\u200b", [one]),
            (russia, "8(903)1234567/0034600123456", [one, two]),
            (russia, "+7 903 1234567 +34 600 123 456", [one, two]),
            (russia, "89031234567 или +34600123456", [one, two]),
            (russia, "89031234567|+34600123456", [one, two]),
            (spain, "0034600123456", [two]),
            (spain, "34600123456", [two]),
            (spain, "600.123.456", [two]),
            (spain, "+34 (0) 600 123 456", [two]),
            (spain, "6.00123456E+8", [two]),
            (spain, "600123456\n8 903 123 45 67", [two, None]),
            (spain, "4.91E+11", [None]),
            (spain, "4,91702E+11", [None]),
            (spain, "ask her", [None]),
        ):
            with self.subTest(country=country.code, typed=typed):
                self.env.company.country_id = country
                mailing = self.new_sms(audience_ids=[], extra_numbers=typed)
                transport = mailing._get_transport()
                read = [
                    number or None for _name, _typed, number in transport.read_extra_addresses()
                ]
                self.assertEqual(read, numbers)
                self.assertEqual(bool(mailing.extra_numbers_problems), None in numbers)

    def test_a_file_as_excel_writes_it_is_read_and_what_it_cut_off_is_listed(self):
        rows = (
            "Имя;Номер телефона;Город",
            "Анна;8 (903) 123-45-67;Москва",
            "Борис;0034 600 123 456;Мадрид",
            "Вера;=+34600111222;Мадрид",
            "Глеб;4,91702E+11;Берлин",
            "Дарья;79037654321,0;Москва",
            "Егор;8 903 765 43 22 / 8 903 765 43 23;Москва",
            "Жанна;нет;Москва",
            "Зоя;+7 903 123 45 67;Москва",
            "Иван;;Москва",
        )
        mailing = self.new_sms(audience_ids=[])
        self.env.company.country_id = self.env.ref("base.ru")
        action = mailing.action_import_addresses()
        self.assertEqual(action["name"], "Import Numbers")
        Import = self.env[action["res_model"]].with_user(self.marketer)
        wizard = Import.with_context(**action["context"]).create(
            {
                "file": base64.b64encode("\r\n".join(rows).encode("cp1251")),
                "file_name": "list.csv",
            }
        )
        self.assertEqual((wizard.address_column, wizard.name_column), ("1", "0"))
        counts = (wizard.address_count, wizard.repeated_count, wizard.problem_count)
        self.assertEqual(counts, (6, 1, 3))
        for line in (
            "Line 5: 4,91702E+11 – the spreadsheet has cut off its last digits",
            "Line 8: нет – it is no valid phone number",
            "Line 10: Иван | Москва – the chosen column is empty",
        ):
            self.assertIn(line, wizard.problems)
        wizard.action_import()
        self.assertEqual(
            mailing.extra_numbers.splitlines(),
            [
                "Анна <+79031234567>",
                "Борис <+34600123456>",
                "Вера <+34600111222>",
                "Дарья <+79037654321>",
                "+79037654322",
                "+79037654323",
            ],
        )

    def test_numbers_come_in_from_a_workbook_that_keeps_them_as_numbers(self):
        book = openpyxl.Workbook()
        for row in (
            ["Customer No.", "Name", "Mobile"],
            [1000001, "Doe, Jane", 34600111222],
            [1000002, "Boris", 600333444.0],
            [1000003, "Carl", "+7 903 765-43-21"],
            [1000004, "Nobody", "ask her"],
            [1000005, "Dora", None],
        ):
            book.active.append(row)
        file = io.BytesIO()
        book.save(file)
        mailing = self.new_sms(audience_ids=[], extra_numbers="+34600999888")
        action = mailing.action_import_addresses()
        Import = self.env[action["res_model"]].with_user(self.marketer)
        wizard = Import.with_context(**action["context"]).create(
            {"file": base64.b64encode(file.getvalue()), "file_name": "list.xlsx"}
        )
        self.assertEqual((wizard.address_column, wizard.name_column), ("2", "1"))
        self.assertEqual((wizard.address_count, wizard.problem_count), (3, 2))
        self.assertIn("Line 5: ask her – it is no valid phone number.", wizard.problems)
        wizard.action_import()
        self.assertEqual(
            mailing.extra_numbers.splitlines(),
            [
                "+34600999888",
                "Doe  Jane <+34600111222>",
                "Boris <+34600333444>",
                "Carl <+79037654321>",
            ],
        )
        self.assertFalse(mailing.extra_emails)
        mailing.action_load_recipients()
        self.assertEqual(self.row(mailing, "+34600111222").name, "Doe  Jane")
        self.assertEqual(mailing.recipient_count, 4)
