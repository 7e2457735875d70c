import base64
import io
from unittest.mock import patch

import openpyxl
from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..tools import spreadsheet
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

    def test_the_address_is_found_in_any_column_and_headings_are_shown(self):
        names = ["First Name", "Last Name", *[f"Custom {n}" for n in range(26)], "E-mail 1 - Value"]
        rows = [",".join(names), "Anna,Novak" + "," * 27 + "anna@example.com"]
        wizard = self.import_file(self.new_mailing(), "\n".join(rows).encode())
        self.assertEqual(wizard.address_column, "28")
        self.assertEqual((wizard.name_column, wizard.family_name_column), ("0", "1"))
        self.assertIn(["28", "AC: E-mail 1 - Value"], wizard.options["columns"])
        self.assertIn("E-mail 1 - Value", wizard.preview)
        wizard.action_import()
        self.assertEqual(wizard.mailing_id.extra_emails, '"Anna Novak" <anna@example.com>')

    def test_columns_without_headings_are_shown_with_their_first_text(self):
        wizard = self.import_file(self.new_mailing(), b"Eva;eva@example.org\n")
        self.assertEqual(wizard.heading_row, 0)
        self.assertEqual(wizard.options["columns"], [["0", "A: Eva"], ["1", "B: eva@example.org"]])

    def test_an_unclosed_quotation_mark_is_told_and_hides_nobody(self):
        data = b'Name;E-mail\n"Doe;jane@example.com\nAnna;anna@example.com\nBo;bo@example.com\n'
        wizard = self.import_file(self.new_mailing(), data)
        self.assertEqual((wizard.address_count, wizard.problem_count), (3, 0))
        self.assertIn("not closed in line 2.", wizard.notes)
        data = b'Name;E-mail\n"Doe;Jane;jane@example.com\nAnna;anna@example.com\n'
        wizard = self.import_file(self.new_mailing(), data)
        self.assertEqual((wizard.address_count, wizard.problem_count), (1, 1))
        self.assertIn("Line 2: Doe | Jane | jane@example.com – its quotation", wizard.problems)

    def test_what_was_guessed_can_be_changed_in_the_dialog(self):
        mailing = self.new_mailing()
        context = mailing.action_import_addresses()["context"]
        Import = self.env["partner.mailing.import"].with_user(self.marketer)
        text = "Name;E-mail\nŁukasz;l@example.com\nJörg;j@example.com\n"
        with Form(Import.with_context(**context)) as form:
            form.file = base64.b64encode(text.encode("cp1250"))
            self.assertEqual((form.encoding, form.delimiter), ("cp1250", ";"))
            self.assertEqual((form.heading_row, form.address_column), (1, "1"))
            form.encoding = "cp1252"
            self.assertIn("£ukasz", form.preview)
            form.encoding = "cp1250"
            self.assertIn("Łukasz", form.preview)
            form.heading_row = 2
            self.assertEqual(form.address_count, 1)
            form.heading_row = 0
            self.assertEqual((form.address_count, form.problem_count), (2, 1))
            form.delimiter = ","
            self.assertEqual((form.address_count, form.address_column), (0, False))
            form.delimiter = ";"
            form.name_column = False
        wizard = form.record
        wizard.action_import()
        self.assertEqual(mailing.extra_emails, "l@example.com\nj@example.com")

    def test_the_users_language_decides_between_encodings_that_fit_alike(self):
        data = "Nombre;E-mail\nЖук;a@example.com\n".encode("koi8-u")
        self.env["res.lang"]._activate_lang("uk_UA")
        self.marketer.lang = "uk_UA"
        self.assertIn("Жук", self.import_file(self.new_mailing(), data).preview)

    def test_ten_people_are_shown_with_what_is_read_and_titles_are_passed_over(self):
        rows = [f"Person {n};user{n}@example.com" for n in range(40)]
        rows[3] = "Person 3;user3@@example.com"
        data = "\n".join(["Our customers, 2024", "", "Name;E-mail", *rows]).encode()
        wizard = self.import_file(self.new_mailing(), data)
        self.assertEqual((wizard.heading_row, wizard.address_count), (3, 39))
        preview = html.fromstring(wizard.preview)
        body = [
            [cell.text_content().strip() for cell in row] for row in preview.xpath("//tbody/tr")
        ]
        self.assertEqual(body[0][:3], ["1", "Passed over", "Our customers, 2024"])
        self.assertEqual(body[1][:3], ["4", "user0@example.com", "Person 0"])
        self.assertEqual(body[4][:3], ["7", "it has more than one @.", ""])
        self.assertEqual(len(body), 11)
        self.assertIn("… and 30 more rows.", preview.text_content())

    def test_each_sheet_can_be_chosen(self):
        book = openpyxl.Workbook()
        book.active.append(["Read me"])
        for title, address in (("One", "one@example.com"), ("Two", "two@example.com")):
            book.create_sheet(title).append([address])
        file = io.BytesIO()
        book.save(file)
        mailing = self.new_mailing()
        context = mailing.action_import_addresses()["context"]
        Import = self.env["partner.mailing.import"].with_user(self.marketer)
        with Form(Import.with_context(**context)) as form:
            form.file = base64.b64encode(file.getvalue())
            self.assertFalse(form.encoding)
            self.assertEqual(form.options["sheets"], [["0", "Sheet"], ["1", "One"], ["2", "Two"]])
            self.assertEqual(form.sheet, "1")
            form.sheet = "2"
        form.record.action_import()
        self.assertEqual(mailing.extra_emails, "two@example.com")

    def test_an_address_that_the_file_repeats_is_added_once_and_counted(self):
        data = b"Name,E-mail\nAnna,a@example.com\nAnn,A@example.com\nBo,b@example.com\n"
        wizard = self.import_file(self.new_mailing(), data)
        self.assertEqual((wizard.address_count, wizard.repeated_count), (2, 1))
        wizard.action_import()
        self.assertEqual(
            wizard.mailing_id.extra_emails, '"Anna" <a@example.com>\n"Bo" <b@example.com>'
        )

    def test_an_address_book_comes_in_with_each_address_shown_once(self):
        card = "BEGIN:VCARD\nVERSION:3.0\nFN:Anna Novak\nEMAIL:a@example.com\nEMAIL:b@example.com\nEND:VCARD\n"
        wizard = self.import_file(self.new_mailing(), card.encode(), "list.vcf")
        rows = html.fromstring(wizard.preview).xpath("//tbody/tr")
        self.assertEqual(
            [[cell.text_content().strip() for cell in row][1:3] for row in rows],
            [["a@example.com", "Anna Novak"], ["b@example.com", "Anna Novak"]],
        )
        self.assertFalse(wizard.delimiter)
        wizard.action_import()
        self.assertEqual(
            wizard.mailing_id.extra_emails,
            '"Anna Novak" <a@example.com>\n"Anna Novak" <b@example.com>',
        )

    def test_addresses_in_other_columns_are_told(self):
        data = b"Name,E-mail,Second\nAnna,a@example.com,c@example.com\nBo,b@example.com,\n"
        self.assertIn("C: Second (1)", self.import_file(self.new_mailing(), data).notes)

    def test_a_file_is_read_once_for_all_fields_of_the_dialog(self):
        wizard = self.import_file(self.new_mailing(), CSV.encode())
        wizard.invalidate_recordset()
        self.env.cr.cache.clear()
        with patch.object(spreadsheet, "read", wraps=spreadsheet.read) as read:
            wizard = self.import_file(wizard.mailing_id, CSV.encode())
            wizard.action_import()
        self.assertEqual(read.call_count, 1)

    def test_what_is_too_large_or_protected_is_refused_with_a_remedy(self):
        mailing = self.new_mailing()
        ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
        for data, words in (
            (b"a@example.com\n" * 2_000_000, "larger than 25 MB. Split it"),
            (b"a@example.com\n" * 100_001, "more than 100000 rows. Split it"),
            (ole + "EncryptedPackage".encode("utf-16-le"), "Remove the password"),
        ):
            with self.assertRaisesRegex(UserError, f'"list.csv".*{words}'):
                self.import_file(mailing, data).preview

    def test_a_column_that_is_none_is_refused_with_its_field(self):
        for value in ("name", "-1", "²", "9" * 30):
            with self.assertRaisesRegex(UserError, "Column of Names.*Choose one"):
                self.import_file(self.new_mailing(), CSV.encode(), name_column=value).preview
        wizard = self.import_file(self.new_mailing(), CSV.encode(), address_column="9999")
        self.assertEqual(wizard.address_count, 0)

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
