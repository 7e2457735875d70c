"""Who may not read a mailing learns nothing of it, in whatever model or dialog it is asked for."""

from types import SimpleNamespace
from unittest.mock import patch

from odoo import Command, fields
from odoo.addons.bus.models import ir_websocket
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import GROUP, MailingCase

ADDON = "mass_mailing_lite"
# Predefined records that belong to no mailing.
SHARED = {"partner.mailing.audience", "partner.mailing.layout", "partner.mailing.sms.price"}


class LeakCase(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.env["res.company"].create({"name": "There"})
        cls.stranger = cls.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "stranger",
                "email": "stranger@example.com",
                "company_id": cls.there.id,
                "company_ids": [Command.set(cls.there.ids)],
                "group_ids": [
                    Command.set(
                        [cls.env.ref(GROUP % "manager").id, cls.env.ref("base.group_user").id]
                    )
                ],
            }
        )
        cls.portal = new_test_user(cls.env, "portal_reader", "base.group_portal")
        cls.viewer = cls._new_user("viewer", "viewer")
        cls.people = (
            cls.stranger,
            cls.colleague,
            cls.viewer,
            cls.outsider,
            cls.portal,
            cls.env.ref("base.public_user"),
        )
        # To export is a right of its own.
        for person in (cls.stranger, cls.colleague, cls.viewer):
            person.group_ids += cls.env.ref("base.group_allow_export")
        cls.readers = cls.env["res.groups"].create({"name": "Readers"})

    def models_of_ours(self):
        """Return the models that the addons of this repository bring, with a table or a view."""
        return [
            self.env[name]
            for name, model in self.registry.items()
            if (model._original_module or "").startswith(ADDON) and not model._abstract
        ]

    def dialogs(self):
        parent = self.registry["partner.mailing.dialog"]
        return [model for model in self.models_of_ours() if issubclass(type(model), parent)]

    def new_hidden(self, **values):
        """Return a submitted mailing that only its author and one group see."""
        mailing = self.new_mailing(
            name="Secret", view_group_ids=[Command.set(self.readers.ids)], **values
        )
        mailing.action_submit()
        return mailing

    def fill_models(self, mailing):
        """Make a record in each model of ours that belongs to the mailing."""
        system = self.env["partner.mailing"]._as_system().env
        mailing._as_system().started_at = fields.Datetime.now()
        mailing.action_open_statistics()
        of_mailing = {"mailing_id": mailing.id}
        link = system["partner.mailing.link"].create({**of_mailing, "url": "https://example.com/"})
        row = self.rows(mailing)["anna@example.com"]
        system["partner.mailing.click"].create({"link_id": link.id, "recipient_id": row.id})
        system["partner.mailing.reaction"].create({**of_mailing, "kind": "opened"})
        version = system["partner.mailing.version"].create(
            {**of_mailing, "lang": "fr_FR", "made_for": {"subject": ["", ""]}}
        )
        system["partner.mailing.unsubscription"].create(
            {**of_mailing, "email_normalized": "anna@example.com"}
        )
        system["partner.mailing.source"].create(
            {**of_mailing, "kind": "contact", "partner_id": self.anna.id}
        )
        system["partner.mailing.sender"].create({"address": "news@example.com"})
        system["partner.mailing.sender.look"]._obtain(mailing.sudo())
        if "partner.mailing.answer" in system:  # with mass_mailing_lite_sms
            system["partner.mailing.answer"].create(
                {**of_mailing, "number": "1", "reference": "1", "kind": "reply",
                 "company_id": mailing.company_id.id}
            )  # fmt: skip
        if "partner.mailing.past.counter" in system:  # with mass_mailing_lite_email_marketing
            stock = system["mailing.mailing"].create({"subject": "Secret", "state": "done"})
            system["partner.mailing.past.counter"].create(
                {"email_marketing_id": stock.id, "counted_at": fields.Datetime.now()}
            )
        system["partner.mailing.tester"].create({"user_id": self.marketer.id})
        request = mailing._get_pending_request()
        system["partner.mailing.proof"].create(
            {
                **of_mailing,
                "approval_id": request.id,
                "user_id": self.outsider.id,
                "next_at": request.requested_at,
            }
        )
        server = system["ir.mail_server"].create({"name": "S", "smtp_host": "127.0.0.1"})
        limit = system["partner.mailing.rate.limit"].create({"mail_server_id": server.id})
        system["partner.mailing.reservation"].create(
            {"rate_limit_id": limit.id, "count": 1, "taken_at": 1.0}
        )
        system["partner.mailing.domain"].create(
            {"name": "example.com", "next_check_at": fields.Datetime.now()}
        )
        system["partner.mailing.checked.address"].create(
            {"address": "https://example.com/secret", "outcome": "alive", "reason": "status",
             "checked_at": fields.Datetime.now()}
        )  # fmt: skip
        system["partner.mailing.file"].create({**of_mailing, "name": "Secret.pdf", "days": 1})
        self.make_dialogs(mailing, version)

    def make_dialogs(self, mailing, version):
        """Return a dialog of each model about the mailing, as its author has opened it."""
        mine = self.env(user=self.marketer)
        of_mailing = {"mailing_id": mailing.id}
        dialogs = {}
        for name, values in (
            ("submit", {**of_mailing, "comment": "Please."}),
            ("refuse", {**of_mailing, "reason": "No."}),
            ("validate", of_mailing),
            ("test", {**of_mailing, "emails": "marketer@example.com"}),
            ("preview", of_mailing),
            ("import", of_mailing),
            ("load.template", of_mailing),
            ("save.template", of_mailing),
            ("mark", {**of_mailing, "partner_domain": "[]"}),
            ("sender.check", of_mailing),
            ("refresh", {**of_mailing, "in_count": 3}),
            ("follow.up", of_mailing),
            ("version.edit", {"version_id": version.id}),
        ):
            model = f"partner.mailing.{name}"
            # Of the author, who has not the right to decide, too: only the rules are looked at.
            env = self.env if name in ("refuse", "validate") else mine
            dialogs[name] = env[model].create(values)
        for name, values in (("mark", {"outcome": "present"}), ("refresh", {"kind": "in"})):
            lines = mine[f"partner.mailing.{name}.line"]
            dialogs[f"{name}.line"] = lines.create({"wizard_id": dialogs[name].id, **values})
        return dialogs


@tagged("post_install", "-at_install")
class TestLeaks(LeakCase):
    def test_each_model_has_a_rule(self):
        for model in self.models_of_ours():
            rights = self.env["ir.model.access"].search(
                [("model_id.model", "=", model._name), ("perm_read", "=", True)]
            )
            rules = self.env["ir.rule"].search([("model_id.model", "=", model._name)])
            with self.subTest(model._name):
                self.assertTrue(
                    not rights or any(not rule.groups for rule in rules),
                    f"{model._name} needs a rule that holds for all groups: of the mailing's"
                    " company, or of the user whose record it is",
                )
                if model.is_transient():
                    self.assertIn(model._name, [one._name for one in self.dialogs()])

    def test_no_model_shows_anything_of_a_hidden_mailing(self):
        self.fill_models(self.new_hidden())
        self.env.flush_all()
        for model in self.models_of_ours():
            if model._name in SHARED:
                continue
            records = model.sudo().with_context(active_test=False).search([])
            with self.subTest(model=model._name):
                self.assertTrue(records, f"make a record of {model._name} in fill_models()")
            for person in self.people:
                theirs = model.with_user(person).with_context(active_test=False)
                with self.subTest(model=model._name, person=person.login):
                    self.assertFalse(records.with_user(person)._filtered_access("read"))
                    if not theirs.has_access("read"):
                        continue
                    self.assertFalse(theirs.search([]))
                    self.assertEqual(theirs.search_count([]), 0)
                    [group] = theirs.formatted_read_group([], [], ["__count"])
                    self.assertEqual(group["__count"], 0)
                    for read in (
                        lambda one: one.read(),
                        lambda one: one.web_read({"display_name": {}}),
                        lambda one: one.export_data(["id", "display_name"]),
                    ):
                        with self.assertRaises(AccessError):
                            read(records.with_user(person)[0])

    def test_no_field_on_a_model_of_others_tells_of_it(self):
        mailing = self.new_hidden()
        mailing._as_system().marked_partner_ids = self.anna
        row = self.rows(mailing)["anna@example.com"]
        self.env.flush_all()
        ours = {model._name for model in self.models_of_ours()} - {"partner.mailing.layout"}
        looked_at = []
        for name, model_class in self.registry.items():
            if name in ours or model_class._abstract or not model_class._auto:
                continue
            for field in model_class._fields.values():
                if field.comodel_name not in ours or not field.name.startswith("partner_mailing"):
                    continue
                looked_at.append(f"{name}.{field.name}")
                hidden = {"partner.mailing": mailing, "partner.mailing.recipient": row}
                ids = hidden[field.comodel_name].ids
                for person in self.people:
                    theirs = self.env[name].with_user(person)
                    for domain in (
                        [(field.name, "in", ids)],
                        [(field.name, "=", ids[0])],
                        [(field.name, "!=", False)],
                        [(field.name, "any", [("id", "in", ids)])],
                        [(field.name, "ilike", "Secret")],
                        [(f"{field.name}.display_name", "=", "Secret")],
                    ):
                        with self.subTest(field=field.name, person=person.login, domain=domain):
                            try:
                                found = theirs.search(domain)
                            except AccessError:
                                continue
                            self.assertFalse(found)
        self.assertIn("res.partner.partner_mailing_marked_ids", looked_at)

    def test_marks_are_found_and_shown_to_those_who_may_read_the_mailing(self):
        mailing = self.new_mailing()
        mailing._as_system().marked_partner_ids = self.anna
        hidden = self.new_mailing(view_group_ids=[Command.set(self.readers.ids)])
        hidden._as_system().marked_partner_ids = self.anna | self.boris
        both = self.anna | self.boris
        Partner = self.env["res.partner"].with_user(self.colleague)
        here = [("id", "in", both.ids)]
        field = "partner_mailing_marked_ids"
        self.assertEqual(Partner.search([*here, (field, "in", mailing.ids)]), self.anna)
        self.assertEqual(Partner.search([*here, (field, "!=", False)]), self.anna)
        self.assertEqual(Partner.search([*here, (field, "=", False)]), self.boris)
        self.assertEqual(Partner.search([*here, (field, "not in", mailing.ids)]), self.boris)
        self.assertEqual(self.anna.with_user(self.colleague)[field], mailing)
        self.assertFalse(self.boris.with_user(self.colleague)[field])
        self.assertEqual(self.anna.with_user(self.marketer)[field], mailing | hidden)

    def test_no_dialog_opens_about_a_hidden_mailing(self):
        mailing = self.new_hidden()
        version = (
            self.env["partner.mailing.version"]
            ._as_system()
            .create({"mailing_id": mailing.id, "lang": "fr_FR", "made_for": {"subject": ["", ""]}})
        )
        row = self.rows(mailing)["anna@example.com"]
        parents = {
            "partner.mailing.mark": self.make_dialogs(mailing, version)["mark"],
            "partner.mailing.refresh": self.make_dialogs(mailing, version)["refresh"],
        }
        named = {
            "partner.mailing": mailing,
            "partner.mailing.recipient": row,
            "partner.mailing.version": version,
            **parents,
        }
        for dialog in self.dialogs():
            for person in (self.stranger, self.colleague, self.viewer):
                theirs = dialog.with_user(person)
                if not theirs.has_access("create"):
                    continue
                fields_of = {
                    name: named[field.comodel_name].id
                    for name, field in theirs._get_named().items()
                    if field.comodel_name in named
                }
                self.assertTrue(fields_of, dialog._name)
                spec = {name: {} for name in theirs._fields if name != "id"}
                for name, number in fields_of.items():
                    context = {f"default_{name}": number}
                    with self.subTest(dialog=dialog._name, person=person.login, field=name):
                        with self.assertRaises(AccessError):
                            theirs.create({name: number})
                        with self.assertRaises(AccessError):
                            theirs.with_context(**context).create({})
                        with self.assertRaises(AccessError):
                            theirs.with_context(**context).default_get([name])
                        with self.assertRaises(AccessError):
                            theirs.onchange({name: number}, [name], spec)
                        with self.assertRaises(AccessError):
                            theirs.with_context(**context).onchange({}, [], spec)
                        with self.assertRaises(AccessError):
                            theirs.with_context(**context).onchange({}, [], {"display_name": {}})

    def test_a_dialog_shows_no_more_than_its_user_may_read_now(self):
        mailing = self.new_mailing()
        theirs = self.env["partner.mailing.save.template"].with_user(self.colleague)
        dialog = theirs.create({"mailing_id": mailing.id})
        self.assertEqual(dialog.read(["name"])[0]["name"], "Summer news")
        self.assertEqual(theirs.search([]), dialog)
        mailing.view_group_ids = self.readers
        self.env.flush_all()
        self.env.invalidate_all()
        for read in (
            lambda: dialog.read(["name"]),
            lambda: dialog.web_read({"mailing_id": {"fields": {"name": {}}}}),
            lambda: dialog.export_data(["mailing_id"]),
            lambda: dialog.name,
            lambda: dialog.write({"name": "Mine"}),
        ):
            with self.assertRaises(AccessError):
                read()
        self.assertFalse(theirs.search([("name", "=", "Summer news")]))
        mailing.view_group_ids = False
        with self.assertRaises(AccessError):
            dialog.write({"mailing_id": self.new_hidden().id})

    def test_a_dialog_belongs_to_who_opened_it(self):
        mailing = self.new_mailing()
        dialog = self.env["partner.mailing.test"].with_user(self.marketer)
        dialog = dialog.create({"mailing_id": mailing.id, "emails": "marketer@example.com"})
        for person in (self.colleague, self.validator, self.manager):
            self.assertFalse(dialog.with_user(person).has_access("read"))
            self.assertFalse(self.env["partner.mailing.test"].with_user(person).search([]))

    def test_what_a_dialog_lacks_is_said_in_words(self):
        for dialog in self.dialogs():
            theirs = dialog.with_user(self.manager)
            required = [
                name for name in theirs._get_required() if not theirs.default_get([name]).get(name)
            ]
            if not required:
                continue
            label = theirs._fields[required[0]]._description_string(self.env)
            with self.subTest(dialog._name), self.assertRaisesRegex(UserError, f'"{label}".*empty'):
                theirs.create({})
        with self.assertRaisesRegex(UserError, "does not exist"):
            self.env["partner.mailing.preview"].create({"mailing_id": 2**31 - 1})
        with self.assertRaisesRegex(UserError, "does not exist"):
            self.env["partner.mailing.preview"].create({"mailing_id": "x"})

    def test_the_progress_of_a_hidden_mailing_goes_to_its_readers_alone(self):
        mailing = self.new_hidden()
        member = self._new_user("member", "user")
        member.group_ids += self.readers
        sent_to = set(mailing.sudo()._get_progress_channels())

        def hears(user):
            request = SimpleNamespace(session=SimpleNamespace(uid=user.id))
            with patch.object(ir_websocket, "wsrequest", request):
                channels = self.env["ir.websocket"].with_user(user)._build_bus_channel_list([])
            return bool(sent_to & {*channels, user.partner_id})

        self.assertEqual(
            [hears(user) for user in (self.marketer, member, self.validator)], [True] * 3
        )
        for person in (self.colleague, self.stranger, self.outsider):
            self.assertFalse(hears(person), person.login)
        open_to_all = self.new_mailing()
        sent_to = set(open_to_all.sudo()._get_progress_channels())
        self.assertTrue(hears(self.colleague))

    def test_the_chatter_of_others_does_not_name_a_hidden_mailing(self):
        hidden, shown = self.new_hidden(), self.new_mailing()
        self.anna.company_id = self.env.company
        self.assertEqual(shown._get_name_at(self.anna), "Summer news")
        self.assertEqual(hidden._get_name_at(self.anna), f"No. {hidden.id}")
        self.assertEqual(
            shown._get_name_at(self.boris),
            f"No. {shown.id}",
            "users of the other company see the contact, too",
        )
        self.assertEqual(shown._get_name_at(self.env["mail.blacklist"]), f"No. {shown.id}")
