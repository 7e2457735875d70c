from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import MailingCase


@tagged("post_install", "-at_install")
class TestEditors(MailingCase):
    """Whoever changes what recipients get, by whatever way, leaves the decision to others."""

    def test_a_change_of_a_file_counts_as_an_edit(self):
        for what, change in (
            ("content", lambda file: file.write({"raw": b"buy"})),
            ("name", lambda file: file.write({"name": "prices.txt"})),
            ("deletion", lambda file: file.unlink()),
        ):
            with self.subTest(what):
                files = self.env["ir.attachment"].with_user(self.marketer)
                file = files.create({"name": "news.txt", "raw": b"news"})
                mailing = self.new_mailing(attachment_ids=[Command.link(file.id)])
                self.assertFalse(mailing.sudo().editor_ids, "to attach it is the creation")
                change(file.with_user(self.manager))
                mailing.action_submit()
                with self.assertRaisesRegex(AccessError, "changed"):
                    mailing.with_user(self.manager).action_validate()

    def test_a_file_in_the_chatter_is_no_part_of_the_mailing(self):
        mailing = self.new_mailing()
        file = self.env["ir.attachment"].create(
            {"name": "note.txt", "raw": b"1", "res_model": mailing._name, "res_id": mailing.id}
        )
        file.with_user(self.manager).raw = b"2"
        mailing.action_submit()
        mailing.with_user(self.manager).action_validate()
        self.assertEqual(mailing.state, "validated")

    def test_taking_somebody_back_counts_as_an_edit(self):
        for everybody in (False, True):
            with self.subTest(everybody=everybody):
                mailing = self.new_mailing()
                mailing.action_load_recipients()
                row = self.rows(mailing)["anna@example.com"]
                row.with_user(self.marketer).action_exclude()
                if everybody:
                    mailing.with_user(self.manager).action_include_all()
                else:
                    row.with_user(self.manager).action_include()
                mailing.action_submit()
                with self.assertRaisesRegex(AccessError, "changed"):
                    mailing.with_user(self.manager).action_validate()

    def test_a_contact_is_no_way_to_mark_it_for_the_mailing_of_others(self):
        mailing = self.new_mailing()
        self.colleague.group_ids = [Command.link(self.env.ref("base.group_partner_manager").id)]
        marks = {"partner_mailing_marked_ids": [Command.link(mailing.id)]}
        with self.assertRaisesRegex(AccessError, "Added to Mailings"):
            self.anna.with_user(self.colleague).write(marks)
        with self.assertRaisesRegex(AccessError, "Added to Mailings"):
            self.anna.with_user(self.colleague).create({"name": "Eve", **marks})
        self.assertFalse(mailing.marked_partner_ids)
