import json
from types import SimpleNamespace
from unittest.mock import patch

from odoo import Command
from odoo.addons.bus.models import ir_websocket
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import Form, new_test_user, tagged

from ..content.checks import MAX_DEPTH
from .common import MailingCase, SendingCase
from .fuzzing import find_models

PROGRESS = "partner_mailing_progress"
MERGE = "base.partner.merge.automatic.wizard"


@tagged("post_install", "-at_install")
class TestBus(MailingCase):
    """Who hears of a mailing without asking for it."""

    def channels(self, user, asked=()):
        request = SimpleNamespace(session=SimpleNamespace(uid=user.id))
        with patch.object(ir_websocket, "wsrequest", request):
            channels = self.env["ir.websocket"].with_user(user)._build_bus_channel_list([*asked])
        return [self.written(channel) for channel in channels]

    def written(self, channel):
        """Return a channel as the table of the bus names it."""
        written = []
        for part in channel if isinstance(channel, tuple) else (channel,):
            written += [part] if isinstance(part, str) else [part._name, part.id]
        return written

    def hearers(self, mailing, users):
        """Return the users who hear of the progress of a mailing."""
        bus = self.env["bus.bus"].sudo()
        before = bus.search([], order="id desc", limit=1).id
        mailing._announce_progress()
        self.env.cr.precommit.run()
        said = bus.search([("id", ">", before)])
        channels = [
            json.loads(one.channel)[1:]  # without the name of the database
            for one in said
            if json.loads(one.message)["type"] == PROGRESS
        ]
        self.assertTrue(channels)
        return {
            user.login
            for user in users
            if any(channel in self.channels(user) for channel in channels)
        }

    def test_only_those_who_may_read_a_mailing_hear_of_it(self):
        there = self.env["res.company"].create({"name": "There"})
        stranger = self._new_user("stranger", "manager")
        stranger.write({"company_ids": [Command.set(there.ids)], "company_id": there.id})
        portal = new_test_user(self.env, "reader", "base.group_portal")
        group = self.env["res.groups"].create({"name": "Board", "user_ids": self.colleague.ids})
        outside = self.env["res.groups"].create({"name": "Out", "user_ids": self.outsider.ids})
        users = [
            self.marketer,
            self.colleague,
            self.validator,
            self.manager,
            self.outsider,
            stranger,
            portal,
            self._new_user("third", "user"),
        ]
        for values in (
            {},
            {"view_group_ids": [Command.link(group.id)]},
            {"manage_group_ids": [Command.link(group.id)]},
            {"view_group_ids": [Command.link(outside.id)], "user_id": self.colleague.id},
        ):
            mailing = self.new_validated_mailing(**values)
            readers = {user.login for user in users if mailing.with_user(user).has_access("read")}
            with self.subTest(values):
                self.assertEqual(self.hearers(mailing, users), readers)

    def test_nobody_hears_more_by_asking_for_a_channel(self):
        company = self.env.company
        asked = [
            PROGRESS,
            f"res.company_{company.id}",
            f'["res.company", {company.id}, "{PROGRESS}"]',
            str((company, PROGRESS)),
            f"res.partner_{self.marketer.partner_id.id}",
        ]
        users = [self.outsider, self.env.ref("base.public_user").sudo()]
        users.append(new_test_user(self.env, "reader", "base.group_portal"))
        mailing = self.new_validated_mailing()
        for user in users:
            with self.subTest(user.login):
                heard = self.channels(user, asked)
                self.assertNotIn(["res.company", company.id, PROGRESS], heard)
                self.assertNotIn(["res.partner", self.marketer.partner_id.id], heard)
        self.assertEqual(self.hearers(mailing, users), set())


@tagged("post_install", "-at_install")
class TestAutomation(MailingCase):
    """Server actions, by buttons and by automation rules."""

    def run_action(self, mailing, env, **values):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Forge",
                "model_id": self.env["ir.model"]._get_id("partner.mailing"),
                **values,
            }
        )
        context = {
            "active_model": "partner.mailing",
            "active_id": mailing.id,
            "active_ids": mailing.ids,
        }
        action.with_env(env).with_context(**context).run()

    def test_an_automation_rule_within_our_own_write_has_no_right_of_ours(self):
        """A rule runs with the context of the ``write`` that triggers it."""
        field = self.env["ir.model.fields"]._get("partner.mailing", "subject")
        mailing = self.new_validated_mailing()
        draft = self.new_mailing()
        for about, values in (
            (draft, {"state": "code", "code": "record.write({'state': 'validated'})"}),
            (draft, {"state": "code", "code": "record.sudo().write({'sent_count': 7})"}),
            (mailing, {"state": "code", "code": "record.write({'subject': 'Forged'})"}),
            (mailing, {"state": "code", "code": "env['partner.mailing'].browse(record.id).write({'body_html': 'x'})"}),
            (mailing, {"state": "code", "code": "env['partner.mailing.approval'].create({'mailing_id': record.id})"}),
            (mailing, {"state": "object_write", "update_path": "subject", "value": "Forged",
                       "update_field_id": field.id}),
        ):  # fmt: skip
            with self.subTest(values), self.assertRaises(UserError):
                self.run_action(about, about._as_system().env, **values)
        self.assertTrue(mailing._matches_validation())
        self.assertEqual((draft.state, draft.sent_count), ("draft", 0))

    def test_an_author_makes_no_server_action(self):
        for user in (self.marketer, self.validator, self.manager):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.env["ir.actions.server"].with_user(user).create(
                    {"name": "X", "model_id": 1, "state": "code", "code": "pass"}
                )


@tagged("post_install", "-at_install")
class TestLanguages(MailingCase):
    """Translations as a way to change what was validated."""

    def test_no_translation_of_what_was_validated_can_be_written(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.anna.lang = "fr_FR"
        mailing = self.new_mailing()
        mailing.with_context(lang="fr_FR").write(
            {"subject": "Nouvelles", "body_html": "<p>Ete</p>"}
        )
        mailing.action_load_recipients()
        for version in mailing.version_ids:
            version.with_user(self.marketer).action_confirm()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        before = mailing._get_fingerprint()
        french = mailing.with_context(lang="fr_FR")
        for name, value in (
            ("subject", "Forged"),
            ("preview_text", "Forged"),
            ("body_html", "<p>Forged</p>"),
        ):
            for way, change in (
                ("write", lambda: french.write({name: value})),  # noqa: B023
                ("web_save", lambda: french.web_save({name: value}, {})),  # noqa: B023
                ("assign", lambda: setattr(french, name, value)),  # noqa: B023
                (
                    "update_field_translations",
                    lambda: mailing.update_field_translations(name, {"fr_FR": value}),  # noqa: B023
                ),
                (
                    "no source",
                    lambda: mailing.update_field_translations(name, {"fr_FR": False}),  # noqa: B023
                ),
                (
                    "web_override_translations",
                    lambda: french.web_override_translations({name: value}),  # noqa: B023
                ),
                (
                    "uninstalled",
                    lambda: mailing.update_field_translations(name, {"de_DE": value}),  # noqa: B023
                ),
                (
                    "load",
                    lambda: self._load(french, name, value),  # noqa: B023
                ),
            ):
                with (
                    self.subTest(name, way=way),
                    self.assertRaises(UserError),
                    self.env.cr.savepoint(),
                ):
                    change()
        self.env.invalidate_all()
        self.assertEqual(mailing._get_fingerprint(), before)
        self.assertTrue(mailing._matches_validation())

    def _load(self, mailing, name, value):
        result = mailing.load([".id", name], [[str(mailing.id), value]])
        if not result["ids"]:
            raise UserError(result["messages"][0]["message"])

    def test_removing_a_language_sends_nothing_else(self):
        """What is left without it is another fingerprint, or the same messages."""
        language = self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing()
        mailing.with_context(lang="fr_FR").write({"subject": "Nouvelles"})
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        texts = mailing.sudo()._get_translations()
        with self.assertRaises(AccessError):
            language.with_user(self.marketer).active = False
        language.active = False
        self.assertEqual(mailing.sudo()._get_translations(), texts)
        self.assertTrue(mailing._matches_validation())


@tagged("post_install", "-at_install")
class TestMerging(SendingCase):
    """Contacts that are merged while a mailing is under way."""

    def merge(self, contacts, into, user=None):
        """Merge as a user, or as the administrator, who alone merges different addresses."""
        user = user or self.env.ref("base.user_admin")
        user.group_ids |= self.env.ref("base.group_partner_manager")
        wizard = (
            self.env[MERGE]
            .with_user(user)
            .create(
                {"dst_partner_id": into.id, "partner_ids": [Command.set((contacts | into).ids)]}
            )
        )
        wizard.action_merge()
        self.env.invalidate_all()

    def test_a_merge_redirects_no_message(self):
        mallory = self._new_contact("Mallory", "mallory@example.net")
        mailing = self.new_validated_mailing()
        self.merge(self.anna, into=mallory)
        rows = self.rows(mailing)
        self.assertEqual(set(rows), {"anna@example.com", "boris@example.com"})
        self.assertEqual(rows["anna@example.com"].partner_id, mallory)
        self.assertTrue(mailing._matches_validation())
        self.run_scheduler()
        self.assertEqual(sorted(self.inbox.addresses), ["anna@example.com", "boris@example.com"])
        self.assertCountersTrue(mailing)

    def test_a_merge_of_two_recipients_sends_each_message_once(self):
        mailing = self.new_validated_mailing()
        self.merge(self.anna, into=self.boris)
        self.run_scheduler()
        self.assertEqual(sorted(self.inbox.addresses), ["anna@example.com", "boris@example.com"])
        self.assertEqual(mailing.state, "done")
        self.assertCountersTrue(mailing)

    def test_a_merge_brings_no_consent_back(self):
        """The excluded tag goes with the contact, and its recipient stays excluded."""
        self.boris.category_id |= self.no_consent
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["boris@example.com"], "excluded_group")
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.merge(self.boris, into=self.anna)
        self.run_scheduler()
        self.assertEqual(self.states(mailing)["boris@example.com"], "excluded_group")
        self.assertNotIn("boris@example.com", self.inbox.addresses)
        self.assertCountersTrue(mailing)

    def test_who_reads_a_mailing_alone_learns_nothing_by_merging(self):
        group = self.env["res.groups"].create({"name": "Board", "user_ids": self.validator.ids})
        mailing = self.new_validated_mailing(view_group_ids=[Command.link(group.id)])
        other = self._new_contact("Other", "anna@example.com")
        self.merge(self.anna, into=other, user=self.colleague)
        texts = other.with_user(self.colleague).message_ids.mapped("body")
        self.assertFalse([text for text in texts if mailing.name in text])


@tagged("post_install", "-at_install")
class TestPersonalServers(SendingCase):
    """Odoo's personal mail servers: the login of one user, who alone sends through it."""

    def setUp(self):
        super().setUp()
        self.server.write(
            {
                "name": "Marketer's own",
                "owner_user_id": self.marketer.id,
                "from_filter": self.marketer.email,
                "smtp_user": self.marketer.email,
            }
        )
        self.marketer.sudo().outgoing_mail_server_id = self.server
        self.board = self.env["res.groups"].create(
            {"name": "Board", "user_ids": self.colleague.ids}
        )

    def new_own(self, **values):
        return self.new_mailing(
            mail_server_id=self.server.id,
            email_from=self.marketer.email,
            manage_group_ids=[Command.link(self.board.id)],
            **values,
        )

    def test_a_colleague_submits_and_tests_nothing_through_it(self):
        mailing = self.new_own()
        theirs = mailing.with_user(self.colleague)
        theirs.subject = "In the name of the owner"
        with self.assertRaisesRegex(UserError, "personal mail server of marketer"):
            theirs.action_submit()
        dialog = self.env["partner.mailing.test"].with_user(self.colleague)
        test = dialog.create({"mailing_id": mailing.id, "emails": self.colleague.email})
        with self.assertRaisesRegex(UserError, "personal"), self.real_connections():
            test.action_send()
        with self.assertRaisesRegex(UserError, "personal"):
            self.new_mailing(self.colleague).mail_server_id = self.server
        self.assertFalse(self.inbox.addresses)

    def test_a_copy_by_a_colleague_is_without_it(self):
        mailing = self.new_own()
        self.assertFalse(mailing.with_user(self.colleague).copy().mail_server_id)
        self.assertEqual(mailing.copy().mail_server_id, self.server)

    def test_a_server_that_becomes_personal_is_not_used_for_others(self):
        self.server.owner_user_id = False
        mailing = self.new_validated_mailing(
            mail_server_id=self.server.id, email_from=self.marketer.email
        )
        self.server.owner_user_id = self.manager
        self.manager.sudo().outgoing_mail_server_id = self.server
        self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertIn("personal mail server of manager", mailing.pause_reason)
        with self.assertRaisesRegex(UserError, "personal"):
            mailing.action_resume()
        self.assertFalse(self.inbox.addresses)

    def test_odoo_chooses_no_personal_server(self):
        mailing = self.new_mailing(email_from=self.marketer.email)
        self.assertFalse(mailing._get_transport().get_mail_server().owner_user_id)

    def test_a_companys_default_is_no_way_to_it(self):
        self.env.company.partner_mailing_mail_server_id = self.server
        self.assertFalse(self.new_mailing(self.colleague).mail_server_id)
        self.assertEqual(self.new_mailing().mail_server_id, self.server)


@tagged("post_install", "-at_install")
class TestPortal(MailingCase):
    """Recipients with an access to the portal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(
            cls.env, "reader", "base.group_portal", email="reader@example.com"
        )
        cls.portal.partner_id.category_id |= cls.news

    def test_a_recipient_reads_nothing_of_mailings(self):
        mailing = self.new_validated_mailing()
        self.assertIn("reader@example.com", self.rows(mailing))
        for model in find_models(self.env):
            if model._abstract:
                continue
            theirs = model.with_user(self.portal)
            for way in (
                lambda: theirs.search([]),  # noqa: B023
                lambda: theirs.search_count([]),  # noqa: B023
                lambda: theirs.browse(1).read(["id"]),  # noqa: B023
                lambda: theirs.create({}),  # noqa: B023
            ):
                with self.subTest(model._name), self.assertRaises(AccessError):
                    way()

    def test_nothing_of_ours_is_read_in_contacts_files_and_messages(self):
        mailing = self.new_validated_mailing(
            attachment_ids=[Command.create({"name": "a.txt", "raw": b"secret"})]
        )
        mailing.message_post(body="Not for recipients")
        contact = self.portal.partner_id.with_user(self.portal)
        for name in contact._fields:
            if name.startswith("partner_mailing"):
                with self.subTest(name), self.assertRaises(AccessError):
                    contact.read([name])
                with self.subTest(name, by="search"), self.assertRaises(AccessError):
                    contact.search(Domain(name, "!=", False))
        messages = self.env["mail.message"].with_user(self.portal)
        self.assertFalse(messages.search([("model", "=", "partner.mailing")]))
        with self.assertRaises(AccessError):
            mailing.message_ids[:1].with_user(self.portal).read(["body"])
        files = mailing.attachment_ids.with_user(self.portal)
        with self.assertRaises(AccessError):
            files.read(["raw"])
        with self.assertRaises(AccessError):
            files.search([("res_model", "=", "partner.mailing")])

    def test_following_a_mailing_opens_nothing(self):
        mailing = self.new_mailing()
        mailing.message_subscribe(self.portal.partner_id.ids)
        with self.assertRaises(AccessError):
            mailing.with_user(self.portal).read(["name"])
        self.assertFalse(self.env["partner.mailing"].with_user(self.portal).has_access("read"))


@tagged("post_install", "-at_install")
class TestWrongCalls(MailingCase):
    """Calls that once were errors of Python or of the database."""

    def test_a_reason_and_a_note_are_texts(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        theirs = mailing.with_user(self.validator)
        for value in (["No."], {"a": 1}, 7, b"No.", 1.5, True, "a\0b", "\ud800"):
            for call in (theirs.action_refuse, theirs.action_validate):
                with self.subTest(repr(value), call=call.__name__), self.assertRaises(UserError):
                    call(value)
        for value in (False, "", "  "):
            with self.subTest(value), self.assertRaises(UserError):
                theirs.action_refuse(value)
        self.assertEqual(mailing.state, "to_validate")

    def test_buttons_for_one_record_say_so(self):
        mailings = self.new_mailing() | self.new_mailing()
        for records in (mailings, mailings.browse()):
            for method in ("action_preview", "action_open_recipients", "action_import_addresses"):
                with (
                    self.subTest(method),
                    self.assertRaisesRegex(UserError, "one record at a time"),
                ):
                    getattr(records, method)()

    def test_records_that_are_none_are_refused(self):
        for wrong in ([False], [""], [None], ["x"], [-1], [b""]):
            records = self.env["partner.mailing"].with_user(self.marketer).browse(wrong)
            for method in (
                "action_cancel",
                "action_pause",
                "action_submit",
                "action_load_recipients",
            ):
                with self.subTest(wrong, method=method), self.assertRaises(UserError):
                    getattr(records, method)()

    def test_a_dialog_asks_for_what_it_needs(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        given = {"mailing_id": mailing.id, "partner_domain": "[]"}
        for model in find_models(self.env):
            if not model._transient:
                continue
            theirs = model.with_user(self.manager)
            if not theirs.has_access("create"):
                continue
            for name, field in model._fields.items():
                if not field.required or not field.store or field.compute:
                    continue
                values = {one: given[one] for one in given if one in model._fields}
                values["emails"] = "a@example.com"
                values = {one: value for one, value in values.items() if one in model._fields}
                for wrong in (False, None):
                    with (
                        self.subTest(model._name, field=name, wrong=wrong),
                        self.assertRaisesRegex(UserError, "is empty"),
                    ):
                        theirs.create({**values, name: wrong})

    def test_a_preview_without_a_mailing_says_what_it_is_for(self):
        preview = self.env["partner.mailing.preview"].with_user(self.marketer)
        spec = {name: {} for name in preview._fields}
        for values in ({}, {"mailing_id": False}, {"partner_id": self.anna.id}, {"lang": "xx"}):
            with self.subTest(values), self.assertRaises(UserError):
                preview.onchange(values, [], spec)
        with self.assertRaises(UserError):
            preview.create({})

    def test_a_filter_that_the_database_cannot_read_is_refused_in_words(self):
        audiences = self.env["partner.mailing.audience"].with_user(self.marketer)
        for text in (
            "[('id', '=', 'x')]",
            "[('id', 'in', ['x'])]",
            "[('create_date', '>', 'nonsense')]",
            "[('name', '=like', 'x\\\\')]",
            "[('name', '=', 'a\\x00b')]",
            "[('name', '=', {'a': 1})]",
            "[" * 5000,
            "-" * 100_000 + "1",
            "[('id', '=')]",
            "{'a': 1}",
            "nonsense",
            "[('nonsense', '=', 1)]",
        ):
            with self.subTest(text[:60]):
                with self.assertRaisesRegex(UserError, "cannot be used"), self.env.cr.savepoint():
                    audiences.create({"name": "X", "domain": text})
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    dialog = (
                        self.env["partner.mailing.mark"]
                        .with_user(self.marketer)
                        .create({"partner_domain": text, "partner_count": 1, "name": "X"})
                    )
                    dialog.action_add()
                # A form that shows counts while a filter is typed.
                spec = {"partner_count": {}, "usable_count": {}, "is_available": {}, "domain": {}}
                audiences.onchange({"name": "X", "domain": text}, ["domain"], spec)
        with Form(audiences) as form:
            form.name = "All right"
            form.domain = "[('city', 'like', 'Ber')]"

    def test_elements_that_stand_too_deeply_in_each_other_are_refused(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing()
        self.assertFalse(self.marketer.has_group("mail.group_mail_template_editor"))
        for tag in ("div", "b", "table><tr><td", 'section style="a"'):
            body = f"<{tag}>" * 5000 + "x"
            for way in (
                lambda: mailing.write({"body_html": body}),  # noqa: B023
                lambda: mailing.web_save({"body_html": body}, {}),  # noqa: B023
                lambda: self.new_mailing(body_html=body),  # noqa: B023
                lambda: mailing.update_field_translations("body_html", {"fr_FR": body}),  # noqa: B023
                lambda: mailing.with_context(lang="fr_FR").write({"body_html": body}),  # noqa: B023
            ):
                with (
                    self.subTest(tag),
                    self.assertRaisesRegex(UserError, "levels deep|sur 1?5002 niveaux"),
                    self.env.cr.savepoint(),
                ):
                    way()
            spec = {name: {} for name in mailing._fields}
            mailing.onchange({"body_html": body}, ["body_html"], spec)
        # What is allowed can be compiled, previewed and submitted.
        most = MAX_DEPTH - 3  # within html, body and the text's own element
        mailing.body_html = "<div>" * most + "<p>Dear reader</p>" + "</div>" * most
        self.env["partner.mailing.preview"].with_user(self.marketer).create(
            {"mailing_id": mailing.id}
        ).read(["body_html", "body_text"])
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")

    def test_nonsense_in_the_selection_of_contacts_is_refused(self):
        contacts = self.env["res.partner"].with_user(self.marketer)
        for context in (
            {"active_ids": "x"},
            {"active_ids": [[1]]},
            {"active_ids": {"a": 1}},
            {"active_ids": [True, "x"]},
        ):
            with self.subTest(context), self.assertRaises(UserError), self.env.cr.savepoint():
                action = contacts.with_context(**context).action_partner_mailing_mark()
                dialog = self.env["partner.mailing.mark"].with_user(self.marketer)
                dialog = dialog.browse(action["res_id"])
                dialog.name = "X"
                dialog.action_add()
