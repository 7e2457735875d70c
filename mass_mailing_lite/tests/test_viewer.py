"""A viewer sees mailings and their results, and changes nothing, whatever way is tried."""

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import GROUP, MailingCase

ADDON = "mass_mailing_lite"
# What a viewer may call: they open a page or the preview.
READING = {
    "action_open_contacts",
    "action_open_domains",
    "action_open_empty_values",
    "action_open_marked",
    "action_open_recipients",
    "action_open_sender_check",
    "action_open_statistics",
    "action_open_unclear_names",
    "action_preview",
}
# Dialogs that show and change nothing.
READ_ONLY_DIALOGS = {"partner.mailing.preview", "partner.mailing.sender.check"}


@tagged("post_install", "-at_install")
class TestViewer(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls._new_user("viewer", "viewer")

    def new_sent(self):
        mailing = self.new_validated_mailing()
        mailing._as_system().started_at = fields.Datetime.now()
        return mailing

    def models_of_ours(self):
        return [
            self.env[name].with_user(self.viewer)
            for name, model in self.registry.items()
            if (model._original_module or "").startswith(ADDON) and not model._abstract
        ]

    def test_a_viewer_has_no_right_to_change_a_model_of_ours(self):
        for model in self.models_of_ours():
            if model._name in READ_ONLY_DIALOGS:
                continue
            for operation in ("create", "write", "unlink"):
                with self.subTest(model=model._name, operation=operation):
                    self.assertFalse(model.has_access(operation))

    def test_a_viewer_sees_mailings_recipients_and_results(self):
        mailing = self.new_sent()
        seen = mailing.with_user(self.viewer)
        with Form(seen) as form:
            self.assertEqual(form.subject, "News for {{ object.name }}")
        self.assertFalse(seen.can_write or seen.can_edit or seen.can_steer)
        server = self.env["ir.mail_server"].create({"name": "Relay", "smtp_host": "127.0.0.1"})
        draft = self.new_mailing(
            mail_server_id=server.id,
            unsubscribe_category_ids=[Command.link(self.news.id)],
            view_group_ids=[Command.link(self.env.ref(GROUP % "viewer").id)],
        )
        draft.action_load_recipients()
        theirs = draft.with_user(self.viewer)
        self.assertEqual(Form(theirs).subject, "News for {{ object.name }}")
        named = {"mail_server_id": {"fields": {"display_name": {}}}}
        [values] = theirs.web_read(named)
        self.assertEqual(values["mail_server_id"]["display_name"], "Relay")
        rows = self.env["partner.mailing.recipient"].with_user(self.viewer)
        row = rows.search([("mailing_id", "=", mailing.id)], limit=1)
        Form(row)
        Form(mailing.approval_ids.with_user(self.viewer))
        seen.action_open_statistics()
        self.assertEqual(seen.statistics["totals"]["recipients"], 2)
        report = self.env["partner.mailing.report"].with_user(self.viewer)
        self.assertEqual(report.get_dashboard(30)["totals"]["mailings"], 1)
        contact = row.partner_id.with_user(self.viewer)
        self.assertEqual(contact.partner_mailing_count, 2, "the draft among them")
        of_contact = rows.search(contact.action_open_partner_mailings()["domain"])
        self.assertEqual(of_contact.mailing_id, mailing + draft)

    def test_a_viewer_previews_and_this_is_not_the_look_of_the_author(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        action = mailing.with_user(self.viewer).action_preview()
        dialog = self.env[action["res_model"]].with_user(self.viewer)
        preview = Form(dialog.with_context(**action["context"])).save()
        self.assertEqual(preview.subject, "News for Anna")
        preview.action_next()
        self.assertFalse(mailing.seen_versions)

    def test_no_method_lets_a_viewer_change_something(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        version = self.env["partner.mailing.version"]._as_system()
        version = version.create(
            {"mailing_id": mailing.id, "lang": "fr_FR", "made_for": {"subject": ["", ""]}}
        )
        records = {
            "partner.mailing": mailing,
            "partner.mailing.recipient": self.rows(mailing)["anna@example.com"],
            "partner.mailing.version": version,
            "partner.mailing.audience": self.audience,
        }
        arguments = {
            "action_keep_language": ["fr_FR"],
            "action_drop_language": ["fr_FR"],
            "action_exclude_domains": ["dead_domain"],
            "action_include_domains": ["dead_domain"],
        }
        called = set()
        for model, record in records.items():
            theirs = record.with_env(self.env(user=self.viewer, su=False))
            for name in dir(type(theirs)):
                if not name.startswith("action_") or name in READING:
                    continue
                if not getattr(type(theirs), name).__module__.startswith(f"odoo.addons.{ADDON}"):
                    continue
                called.add(name)
                with self.subTest(model=model, method=name), self.assertRaises(AccessError):
                    getattr(theirs, name)(*arguments.get(name, ()))
        self.assertGreaterEqual(
            called,
            {"action_submit", "action_send_test", "action_exclude", "action_save_as_template"},
        )
        for method in ("copy", "unlink", "action_archive"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(mailing.with_user(self.viewer), method)()
        with self.assertRaises(AccessError):
            mailing.with_user(self.viewer).web_save({"name": "Mine"}, {"name": {}})
        with self.assertRaises(AccessError):
            self.env["partner.mailing"].with_user(self.viewer).create({"name": "Mine"})
        marking = self.env["res.partner"].with_user(self.viewer)
        with self.assertRaises(AccessError):
            marking.with_context(active_ids=self.anna.ids).action_partner_mailing_mark()

    def test_responsible_or_member_of_a_group_a_viewer_still_changes_nothing(self):
        group = self.env["res.groups"].create({"name": "Board", "user_ids": self.viewer.ids})
        mailing = self.new_mailing(
            user_id=self.viewer.id, manage_group_ids=[Command.link(group.id)]
        )
        seen = mailing.with_user(self.viewer)
        self.assertTrue(seen.has_access("read"))
        with self.assertRaises(AccessError):
            seen.name = "Mine"
        with self.assertRaises(AccessError):
            seen.action_submit()

    def test_a_message_in_the_chatter_is_not_proposed_to_the_from_address(self):
        mailing = self.new_mailing(email_from="news@example.com")
        proposed = mailing._message_get_suggested_recipients(reply_discussion=True)
        self.assertNotIn("news@example.com", [one["email"] for one in proposed])

    def test_a_viewer_reads_the_chatter_and_does_not_write_in_it(self):
        mailing = self.new_mailing()
        mailing.message_post(body="A word")
        seen = mailing.with_user(self.viewer)
        self.assertIn("A word", seen.message_ids.mapped("preview"))
        with self.assertRaises(AccessError):
            seen.message_post(body="Mine")
        with self.assertRaises(AccessError):
            seen.activity_schedule("mail.mail_activity_data_todo", user_id=self.viewer.id)
        mailing.with_user(self.colleague).message_post(body="Readers may")

    def test_a_user_of_before_the_role_came_is_a_viewer_too(self):
        self.assertTrue(self.marketer.has_group(GROUP % "viewer"))
        self.assertFalse(self.viewer.has_group(GROUP % "user"))

    def test_a_viewer_sees_menus_that_lead_somewhere(self):
        shown = self.env["ir.ui.menu"].with_user(self.viewer)._visible_menu_ids()
        known = "root mailings audiences templates to_validate dashboard recipients approvals"
        names = {
            name
            for name in f"{known} configuration settings senders".split()
            if self.env.ref(f"{ADDON}.menu_{name}").id in shown
        }
        self.assertEqual(names, {"root", "mailings", "dashboard", "recipients", "approvals"})
        action = self.env.ref(f"{ADDON}.partner_mailing_action").with_user(self.viewer)
        self.assertNotIn("first mailing", action.sudo().read(["help", "res_model"])[0]["help"])
        prepared = action.with_user(self.marketer).sudo().read(["help", "res_model"])[0]["help"]
        self.assertIn("first mailing", prepared)

    def test_no_view_offers_a_viewer_what_would_be_refused(self):
        for model in ("partner.mailing", "partner.mailing.recipient"):
            views = (
                self.env[model]
                .with_user(self.viewer)
                .get_views([(False, "list"), (False, "form"), (False, "kanban")])["views"]
            )
            for kind in ("list", "kanban", "form"):
                with self.subTest(model=model, kind=kind):
                    self.assertIn('create="', views[kind]["arch"])
            if model == "partner.mailing.recipient":
                for name in ("action_exclude", "action_include", "action_mark_sent"):
                    self.assertNotIn(name, views["form"]["arch"] + views["list"]["arch"])
