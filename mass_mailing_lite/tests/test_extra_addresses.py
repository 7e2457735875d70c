import base64
import io

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import MailingCase

CSV = """Имя;E-mail;Город
Анна Новак;ANNA@example.com;Москва
"Doe; Jane";jane@example.org;Paris
Broken;two@@example.com;Gdańsk
;;
Nobody;;Madrid
"""


@tagged("post_install", "-at_install")
class TestExtraAddresses(MailingCase):
    def import_file(self, mailing, data, name="list.csv", **values):
        """Choose a file in the dialog, as the marketer, and return the dialog."""
        action = mailing.action_import_addresses()
        Import = self.env[action["res_model"]].with_user(self.marketer)
        return Import.with_context(**action["context"]).create(
            {"file": base64.b64encode(data), "file_name": name, **values}
        )

    def test_what_cannot_be_read_is_given_back_line_by_line(self):
        mailing = self.new_mailing(extra_emails="anna@example.org\nrubbish\nb@@example.org")
        self.assertEqual(
            mailing.extra_emails_problems.splitlines(),
            ["Line 2: rubbish – it has no @.", "Line 3: b@@example.org – it has more than one @."],
        )
        mailing.action_load_recipients()
        states = self.states(mailing)
        self.assertEqual((states["rubbish"], states["b@@example.org"]), ("invalid", "invalid"))
        mailing.extra_emails = "anna@example.org"
        self.assertFalse(mailing.extra_emails_problems)

    def test_every_problem_has_words(self):
        words = self.env["partner.mailing"]._get_address_problems()
        from ..tools.address_list import PROBLEMS

        self.assertEqual(set(words), set(PROBLEMS))

    def test_of_many_problems_the_first_are_told_and_all_are_kept(self):
        mailing = self.new_mailing(extra_emails="\n".join(f"rubbish {n}" for n in range(30)))
        self.assertTrue(mailing.extra_emails_problems.endswith("… and 10 more."))
        mailing.action_load_recipients()
        self.assertEqual(list(self.states(mailing).values()).count("invalid"), 30)

    def test_a_csv_file_is_looked_at_and_comes_in(self):
        mailing = self.new_mailing(extra_emails="first@example.org")
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1251"):
            with self.subTest(encoding):
                data = CSV.replace("Gdańsk", "Gdansk").encode(encoding)
                wizard = self.import_file(mailing, data)
                self.assertEqual((wizard.address_column, wizard.name_column), ("1", "0"))
                self.assertEqual((wizard.address_count, wizard.problem_count), (2, 2))
                self.assertIn("Line 4: two@@example.com", wizard.problems)
                self.assertIn("Line 6: Nobody | Madrid", wizard.problems)
                self.assertIn("ANNA@example.com", wizard.preview)
        wizard.action_import()
        self.assertEqual(
            mailing.extra_emails.splitlines(),
            [
                "first@example.org",
                '"Анна Новак" <anna@example.com>',
                '"Doe; Jane" <jane@example.org>',
            ],
        )
        mailing.action_load_recipients()
        self.assertEqual(self.rows(mailing)['"Doe; Jane" <jane@example.org>'].name, "Doe; Jane")

    def test_an_excel_file_comes_in(self):
        book = openpyxl.Workbook()
        for row in (["E-mail", "Phone", "Name"], ["eva@example.org", 123, "Eva"], [None, None, 7]):
            book.active.append(row)
        file = io.BytesIO()
        book.save(file)
        wizard = self.import_file(self.new_mailing(), file.getvalue(), "list.xlsx")
        self.assertEqual((wizard.address_column, wizard.name_column), ("0", "2"))
        wizard.action_import()
        self.assertEqual(wizard.mailing_id.extra_emails, '"Eva" <eva@example.org>')

    def test_only_a_row_of_headings_is_passed_over(self):
        for first, problems in (("Name,E-mail", 0), ("Eva,", 1), ("Eva,eva.example.org", 1)):
            with self.subTest(first):
                data = f"{first}\nBoris,boris@example.org\n".encode()
                wizard = self.import_file(self.new_mailing(), data)
                self.assertEqual((wizard.address_count, wizard.problem_count), (1, problems))

    def test_columns_can_be_chosen(self):
        data = b"a@example.org,b@example.org,Bea\n"
        wizard = self.import_file(self.new_mailing(), data, address_column="1", name_column="2")
        wizard.action_import()
        self.assertEqual(wizard.mailing_id.extra_emails, '"Bea" <b@example.org>')

    def test_the_dialog_works_as_the_web_client_fills_it(self):
        mailing = self.new_mailing()
        context = mailing.action_import_addresses()["context"]
        Import = self.env["partner.mailing.import"].with_user(self.marketer)
        with Form(Import.with_context(**context)) as form:
            form.file = base64.b64encode(b"Eva,eva@example.org\n")
            self.assertEqual(form.address_count, 1)
            self.assertEqual(form.name_column, "0")

    def test_what_is_no_table_is_refused_with_a_remedy(self):
        mailing = self.new_mailing()
        for data in (b"PK\x03\x04 broken", b"\x00\x01\x02\x03 binary"):
            with self.assertRaisesRegex(UserError, "picture.png.*Save it as CSV"):
                self.import_file(mailing, data, "picture.png").preview

    def test_a_file_without_an_address_is_refused(self):
        mailing = self.new_mailing()
        with self.assertRaisesRegex(UserError, "no address in the file"):
            self.import_file(mailing, b"just,words\n").action_import()

    def test_nothing_is_imported_into_what_is_no_draft_of_ours(self):
        mailing = self.new_mailing()
        wizard = self.import_file(mailing, b"eva@example.org\n")
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).action_import_addresses()
        mailing.action_submit()
        with self.assertRaises(UserError):
            wizard.action_import()
