"""A layout: what stands around the text of a mailing, which authors choose and cannot change."""

import base64
from email import message_from_bytes, policy

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, new_test_user, tagged

from .common import MailingCase, SendingCase
from .pages import cost, opening_form
from .test_company_data import PICTURE

BODY = '<t t-out="message.body"/>'
LINK = '<p><a href="/partner_mailing/unsubscribe">Unsubscribe</a></p>'
HEAD = '<p style="color: #0b5c7a;">Head of <t t-out="company.name"/></p>'
PLAIN = f"{HEAD}<div>{BODY}</div>{LINK}"


class LayoutCase(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.webmaster = new_test_user(
            cls.env,
            "webmaster",
            "mass_mailing_lite.group_user,mail.group_mail_template_editor",
            email="webmaster@example.com",
        )
        cls.env.company.write({"name": "Tom & Jerry", "website": "https://shop.example"})
        cls.layout = cls.new_layout(PLAIN)

    @classmethod
    def new_layout(cls, body, user=None, **values):
        layouts = cls.env["partner.mailing.layout"].with_user(user or cls.webmaster)
        return layouts.create({"name": "Letterhead", "body_html": body, **values})

    def build(self, mailing, lang="en_US", **values):
        values = {"mailing_id": mailing.id, "lang": lang, **values}
        preview = self.env["partner.mailing.preview"].new(values)
        [message] = preview._build_messages(preview._get_offline_session(), [preview._get_row()])
        return message_from_bytes(message.octets(), policy=policy.default)

    def html(self, mailing, lang="en_US", **values):
        return self.build(mailing, lang, **values).get_body(("html",)).get_content()

    def with_layout(self, **values):
        return self.new_mailing(layout_id=self.layout.id, **values)

    def validated(self, **values):
        mailing = self.with_layout(**values)
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        return mailing


@tagged("post_install", "-at_install")
class TestLayout(LayoutCase, HttpCase):
    # What recipients get

    def test_the_text_stands_in_the_layout_with_the_data_of_the_company(self):
        mailing = self.with_layout()
        message = self.build(mailing, partner_id=self.anna.id)
        page = message.get_body(("html",)).get_content()
        self.assertLess(
            page.index("Head of Tom &amp; Jerry"), page.index("Dear Anna, it is summer")
        )
        self.assertLess(page.index("it is summer"), page.index(">Unsubscribe<"))
        text = message.get_body(("plain",)).get_content()
        self.assertIn("Head of Tom & Jerry", text)
        self.assertIn("Unsubscribe", text)

    def test_there_is_one_footer(self):
        for name in ("plain", "letterhead", "card"):
            self.layout = self.env.ref(f"mass_mailing_lite.layout_{name}")
            for template in ("newsletter", "letter"):
                mailing = self.with_layout()
                mailing._load_template(self.env.ref(f"mass_mailing_lite.mail_template_{template}"))
                with self.subTest(layout=name, template=template):
                    page = self.html(mailing)
                    self.assertEqual(page.count("/partner_mailing/unsubscribe/"), 1)
                    self.assertEqual(page.count("/partner_mailing/view/"), 1)
                    self.assertNotIn("You receive this e-mail because", page)

    def test_there_is_one_logo(self):
        self.env.company.logo = PICTURE
        mailing = self.new_mailing()
        mailing._load_template(self.env.ref("mass_mailing_lite.mail_template_newsletter"))
        self.assertEqual(self.html(mailing).count("company_logo"), 1)
        mailing.layout_id = self.env.ref("mass_mailing_lite.layout_letterhead")
        self.assertEqual(self.html(mailing).count("company_logo"), 1)

    def test_a_mailing_without_unsubscribing_has_no_link_in_the_layout_either(self):
        self.layout = self.env.ref("mass_mailing_lite.layout_letterhead")
        mailing = self.with_layout(has_unsubscribe=False)
        self.assertNotIn("nsubscribe", self.html(mailing))

    def test_it_has_the_colors_of_the_company_and_nothing_else_from_that_field(self):
        self.layout = self.env.ref("mass_mailing_lite.layout_card")
        self.env.company.email_secondary_color = "#123456"
        self.assertIn("background-color: #123456", self.html(self.with_layout()))
        self.env.company.email_secondary_color = "red; position: fixed"
        page = self.html(self.with_layout())
        self.assertNotIn("position", page)
        self.assertIn("background-color: #875A7B", page)

    def test_each_recipient_gets_it_in_the_own_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.layout.update_field_translations(
            "body_html",
            {"fr_FR": {term: term.replace("Unsubscribe", "Se désinscrire") for term in (
                self.layout._fields["body_html"].get_trans_terms(self.layout.body_html))}},
        )  # fmt: skip
        mailing = self.with_layout()
        self.assertIn("Unsubscribe", self.html(mailing))
        page = self.html(mailing, "fr_FR")
        self.assertIn("Se désinscrire", page)
        self.assertIn("it is summer", page, "there is no French text")

    def test_its_placeholders_are_those_of_the_recipient(self):
        self.layout = self.new_layout(
            f'<p>For <b style="color: #000;" t-out="object.name"/>, <t t-out="object.function">'
            f'colleague</t> of <t t-out="object.partner_mailing_company_name"/></p><div>{BODY}</div>{LINK}'
        )
        page = self.html(self.with_layout(), partner_id=self.anna.id)
        self.assertIn('<b style="color: #000;">Anna</b>, colleague of Tom &amp; Jerry', page)
        mailing = self.with_layout(body_html="<p>Hello</p>", subject="News")
        mailing.action_submit()
        self.assertEqual(mailing._get_contact_columns(), ("function", "name"), "read by the claim")
        [request] = mailing.sudo().approval_ids
        named = [expression for expression, _values in request.summary["personal"]]
        self.assertIn("object.name", named, "the review lists them with their longest values")

    def test_a_body_with_logic_stands_in_it_too(self):
        mailing = self.new_mailing(
            self.webmaster,
            layout_id=self.layout.id,
            body_html='<p t-if="object.name">Only <t t-out="object.name"/></p>',
        )
        page = self.html(mailing, partner_id=self.anna.id)
        self.assertLess(page.index("Head of"), page.index("Only Anna"))

    def test_outlook_gets_its_comments_and_notes_of_the_webmaster_stay_here(self):
        self.layout.body_html = (
            f"<!-- ask Anna -->{HEAD}<!--[if mso]><table><tr><td><![endif]--><div>{BODY}</div>"
            f"<!--[if mso]></td></tr></table><![endif]-->{LINK}"
        )
        page = self.html(self.with_layout())
        self.assertNotIn("ask Anna", page)
        self.assertIn("<!--[if mso]><table><tr><td><![endif]-->", page)
        self.assertIn("it is summer", page)

    def test_its_links_are_counted(self):
        self.layout.body_html = (
            f'{PLAIN}<p><a href="https://shop.example/a?b=1&amp;c=2">Shop</a></p>'
        )
        mailing = self.validated(track_clicks=True, body_html="<p>Hello</p>")
        links = self.env["partner.mailing.link"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(links.mapped("url"), ["https://shop.example/a?b=1&c=2"])
        page = self.html(mailing)
        self.assertIn("/partner_mailing/click/", page)
        self.assertNotIn("https://shop.example/a", page)

    def test_a_message_with_it_is_compiled_once_and_filled_by_the_row(self):
        for layout in (self.layout, self.env.ref("mass_mailing_lite.layout_letterhead")):
            self.layout = layout
            transport = self.with_layout(body_html="<p>Hello</p>").sudo()._get_transport()
            compiled = transport.compile("en_US", transport.get_offline_session())
            self.assertFalse([slot for slot in compiled.slots if isinstance(slot, str)])
            self.assertFalse([slot for slot in compiled.slots if "company" in str(slot)])

    # Who may do what

    def test_authors_choose_a_layout_and_cannot_change_it(self):
        self.assertFalse(self.marketer.has_group("mail.group_mail_template_editor"))
        mailing = self.new_mailing()
        mailing.layout_id = self.layout
        mine = self.layout.with_user(self.marketer)
        self.assertTrue(mine.name)
        for change in (
            lambda: mine.write({"body_html": PLAIN}),
            lambda: mine.write({"name": "Mine"}),
            lambda: mine.update_field_translations("body_html", {"en_US": {"Unsubscribe": "No"}}),
            mine.unlink,
            mine.copy,
            lambda: self.new_layout(PLAIN, self.marketer),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_template_editors_without_mailings_change_none(self):
        self.outsider.group_ids += self.env.ref("mail.group_mail_template_editor")
        with self.assertRaises(AccessError):
            self.layout.with_user(self.outsider).name = "Theirs"
        with self.assertRaises(AccessError):
            self.new_layout(PLAIN, self.outsider)

    def test_a_layout_of_another_company_is_neither_seen_nor_chosen(self):
        there = self.env["res.company"].create({"name": "There"})
        theirs = self.new_layout(PLAIN, self.env.user, company_id=there.id)
        visible = self.env["partner.mailing.layout"].with_user(self.marketer).search([])
        self.assertNotIn(theirs, visible)
        with self.assertRaises(UserError):
            self.new_mailing().layout_id = theirs.id

    def test_new_mailings_begin_with_that_of_the_company(self):
        before = self.new_mailing()
        self.assertFalse(before.layout_id)
        self.env.company.partner_mailing_layout_id = self.layout
        self.assertEqual(self.new_mailing().layout_id, self.layout)
        self.assertFalse(before.layout_id)
        form = Form(self.env["partner.mailing"].with_user(self.marketer))
        self.assertEqual(form.layout_id, self.layout)
        self.layout.active = False
        self.assertFalse(self.new_mailing().layout_id)

    def test_a_template_brings_its_layout_and_a_copy_keeps_it(self):
        template = self.with_layout()._save_as_template("With a head")
        self.assertEqual(template.partner_mailing_layout_id, self.layout)
        mailing = self.new_mailing()
        mailing._load_template(template)
        self.assertEqual(mailing.layout_id, self.layout)
        mailing._load_template(self.env.ref("mass_mailing_lite.mail_template_letter"))
        self.assertEqual(mailing.layout_id, self.layout, "that template names none")
        self.assertEqual(mailing.copy().layout_id, self.layout)
        there = self.env["res.company"].create({"name": "There"})
        self.layout.sudo().company_id = there
        other = self.new_mailing()
        other._load_template(template)
        self.assertFalse(other.layout_id, "it is of another company")

    # What is refused

    def test_a_wrong_layout_is_refused_with_words(self):
        for body, words in (
            (LINK, 'no place for the text of the mailing. Write <t t-out="message.body"/>'),
            (f"<div>{BODY}</div><div>{BODY}</div>{LINK}", "more than one place"),
            (f'<div t-if="company.phone">{BODY}</div>{LINK}', "depends on a condition"),
            (f'<div><t t-if="unsubscribe" t-out="message.body"/></div>{LINK}', "depends on a condition"),
            (f"<p>{BODY}</p>{LINK}", "is in <p>"),
            (f'<a href="https://shop.example">{BODY}</a>{LINK}', "is in <a>"),
            (f"<table><tr>{BODY}</tr></table>{LINK}", "is in <"),
            (f'<div title="{{{{ message.body }}}}">x</div><div>{BODY}</div>{LINK}', "as it stands"),
            (f'<div t-att-title="message.body">{BODY}</div>{LINK}', "message.body"),
            (f"<table><tr><td>{BODY}</tr></table>{LINK}", "<td> is not closed"),
            (f"<div>{BODY}</div>{LINK}</table>", "</table> is not closed"),
            (f"<div>{BODY}", "<div> is not closed"),
            (f"<div>{BODY}</div>", "no unsubscribe link"),
            (f'<div>{BODY}</div><div style="display:none">{LINK}</div>', "no unsubscribe link"),
            (f'<div>{BODY}</div><div t-if="company.phone">{LINK}</div>', "no unsubscribe link"),
            (f'<div>{BODY}</div><a href="/partner_mailing/unsubscribe"></a>', "no unsubscribe link"),
            (f"<html><body>{PLAIN}</body></html>", "cannot contain <html>"),
            (f"{PLAIN}<script>alert(1)</script>", "cannot contain <script>"),
            (f'{PLAIN}<t t-call="web.login"/>', 't-call="web.login" is not possible'),
            (f'{PLAIN}<p groups="base.group_user">x</p>', "is not possible"),
            (f'{PLAIN}<t t-foreach="[1]" t-as="x">x</t>', "is not possible"),
            (f'{PLAIN}<p t-out="company.env"/>', '"company.env" is not known'),
            (f'{PLAIN}<p t-out="company"/>', '"company" is not known'),
            (f'{PLAIN}<p t-out="compny.name"/>', '"compny.name" is not known'),
            (f'{PLAIN}<p t-out="request.env"/>', '"request.env" is not known'),
            (f'{PLAIN}<p t-out="object.secret_token"/>', '"object.secret_token" is not known'),
            (f'{PLAIN}<p t-if="object.name">x</p>', "differs from recipient to recipient"),
            (f'{PLAIN}<p t-attf-title="{{{{ object.name }}}}">x</p>', "differs from recipient"),
            (f'{PLAIN}<p t-out="1 +"/>', '"1 +" is not known'),
            (f'{PLAIN}<p t-out="1 / 0"/>', "is not known"),
            (f"{PLAIN}<p>Dear {{{{ object.name }}}}</p>", "as it stands"),
            (f'{PLAIN}<a href="www.example.com">x</a>', "leads nowhere"),
            (f'{PLAIN}<img src="http://localhost/x.png"/>', "leads nowhere"),
            (f"{PLAIN}<p>{'x' * 50_000}</p>", "40000 are possible"),
            (f"{PLAIN}{'<div>' * 120}{'</div>' * 120}", "levels deep"),
        ):  # fmt: skip
            with self.subTest(body=body[:120]), self.assertRaises(ValidationError) as raised:
                self.new_layout(body)
            self.assertIn(words, str(raised.exception), body[:120])
        with self.assertRaises(ValidationError):
            self.layout.body_html = LINK
        self.assertIn("Head of", self.layout.body_html)

    def test_a_translation_cannot_take_the_place_of_the_text_away(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        layout = self.new_layout(f"<div>Above{BODY}</div>{LINK}")
        terms = layout._fields["body_html"].get_trans_terms(layout.body_html)
        [above] = [term for term in terms if "Above" in term]
        # Odoo takes words as translations, and no structure.
        for wrong in (f"{BODY} {BODY}{BODY}", '<t t-out="company.env"/>'):
            with self.subTest(wrong):
                layout.update_field_translations("body_html", {"fr_FR": {above: wrong}})
                page = self.html(self.new_mailing(layout_id=layout.id), "fr_FR")
                self.assertEqual(page.count("it is summer"), 1)
                self.assertNotIn("company.env", page)
        layout.update_field_translations(
            "body_html", {"fr_FR": {above: above.replace("Above", "Dessus")}}
        )
        self.assertIn("Dessus", self.html(self.new_mailing(layout_id=layout.id), "fr_FR"))

    def test_a_used_layout_is_not_deleted(self):
        mailing = self.with_layout()
        with self.assertRaisesRegex(UserError, "cannot be deleted.*Archive it"):
            self.layout.unlink()
        mailing.layout_id = False
        self.env.company.partner_mailing_layout_id = self.layout
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            self.layout.unlink()
        self.env.company.partner_mailing_layout_id = False
        self.layout.unlink()
        self.assertFalse(self.layout.exists())

    # Approval

    def test_after_submission_the_layout_is_locked_as_the_text(self):
        mailing = self.with_layout()
        mailing.action_submit()
        with self.assertRaisesRegex(UserError, '"Layout" of the mailing'):
            mailing.layout_id = False
        with self.assertRaises(AccessError):
            mailing.with_user(self.marketer).write({"frames": {"en_US": "<p>Mine</p>"}})

    def test_a_change_of_the_layout_stops_what_was_validated_with_it(self):
        mailing, other = self.validated(), self.new_validated_mailing()
        waiting = self.with_layout()
        waiting.action_submit()
        self.assertTrue(mailing._matches_validation())
        self.layout.write({"name": "Letters", "sequence": 7})
        self.layout.body_html = self.layout.body_html
        self.assertEqual(mailing.state, "validated", "its code is the same")
        self.layout.body_html = PLAIN.replace("Head of", "News of")
        self.assertEqual(mailing.state, "paused")
        self.assertIn('The layout "Letters" was changed', mailing.pause_reason)
        self.assertTrue(mailing.activity_ids.filtered(lambda one: one.user_id == self.marketer))
        self.assertEqual(other.state, "validated")
        with self.assertRaisesRegex(UserError, "not what was validated"):
            mailing.action_resume()
        with self.assertRaisesRegex(UserError, "not what was submitted"):
            waiting.with_user(self.validator).action_validate()
        mailing.action_back_to_draft()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.assertIn("News of", self.html(mailing))

    def test_the_user_who_changed_the_layout_does_not_validate_its_mailings(self):
        self.validator.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.with_layout()
        self.layout.with_user(self.validator).body_html = PLAIN.replace("Head of", "News of")
        mailing.action_submit()
        with self.assertRaisesRegex(AccessError, "You changed this mailing"):
            mailing.with_user(self.validator).action_validate()
        mailing.with_user(self.manager).action_validate()

    def test_a_change_of_what_it_says_of_the_company_voids_a_validation(self):
        mailing = self.validated()
        self.env.company.phone = "+49 30 1234"
        self.assertTrue(mailing._matches_validation(), "the layout does not show it")
        self.env.company.name = "Spike"
        self.assertFalse(mailing._matches_validation())

    def test_a_mailing_without_a_layout_has_the_fingerprint_that_it_had(self):
        mailing = self.new_mailing()
        self.assertNotIn("layout_id", mailing._get_plain_content())
        self.assertEqual(mailing._get_layout_content(), {})

    def test_the_review_shows_the_text_in_its_layout(self):
        mailing = self.with_layout()
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        _before, _head, after = review.partition("Head of Tom &amp; Jerry")
        self.assertIn("it is summer", after)
        self.assertIn("<th>Layout</th><td>Letterhead</td>", review)
        mailing.with_user(self.validator).action_refuse("No")
        self.layout.body_html = PLAIN.replace("Head of", "News of")
        mailing.action_submit()
        [change] = [
            one
            for one in mailing._get_changes(mailing._get_pending_request())
            if one[0] == "Layout"
        ]
        self.assertNotEqual(change[1], change[2], "the validator sees that it is another one")

    def test_a_test_of_before_a_change_of_the_layout_is_not_of_now(self):
        mailing = self.with_layout()
        mailing._record_test()
        self.assertEqual(mailing.test_state, "tested")
        self.layout.body_html = PLAIN.replace("Head of", "News of")
        mailing.invalidate_recordset()
        self.assertEqual(mailing.test_state, "changed")

    def test_messages_that_were_sent_stay_as_they_were(self):
        picture = base64.b64decode(PICTURE)
        self.layout.body_html = (
            f'<img src="data:image/png;base64,{PICTURE.decode()}" alt="Logo"/>{PLAIN}'
        )
        self.assertIn("/web/image/", self.layout.body_html)
        mailing = self.validated()
        mailing._as_system().write({"state": "done"})
        self.layout.body_html = PLAIN.replace("Head of", "News of")
        key = mailing._get_link_key("view")
        number = self.rows(mailing)["anna@example.com"].id
        page = self.url_open(f"/partner_mailing/view/{key.make(number)}").text
        self.assertIn("Head of Tom &amp; Jerry", page)
        files = mailing.sudo()._get_content_files()
        self.assertEqual(files.mapped("raw"), [picture])
        self.assertEqual(files.res_id, mailing.id)
        self.assertTrue(files.sudo().partner_mailing_is_frozen)

    # Notices

    def test_two_unsubscribe_links_are_a_notice(self):
        mailing = self.with_layout(body_html=f"<p>Hello</p>{LINK}")
        self.assertIn("two_footers", [one["key"] for one in mailing._get_findings()])
        mailing.layout_id = False
        self.assertNotIn("two_footers", [one["key"] for one in mailing._get_findings()])

    def test_the_size_of_a_message_counts_it(self):
        long = self.new_layout(f"{PLAIN}<p>{'long ' * 7000}</p>")
        content = self.new_mailing()._get_contents()
        framed = self.new_mailing(layout_id=long.id)._get_contents()
        [before], [after] = content.values(), framed.values()
        self.assertGreater(after.size, before.size + 30_000)

    def test_the_form_of_a_layout_shows_it_while_it_is_written(self):
        form = Form(self.env["partner.mailing.layout"].with_user(self.webmaster))
        form.name = "New"
        self.assertIn("The text of the mailing stands here", form.preview_html)
        form.body_html = LINK
        self.assertIn("no place for the text", form.problem)
        self.assertFalse(form.preview_html)

    def test_opening_a_form_without_a_layout_costs_what_it_did(self):
        mailing = self.new_mailing()
        with_layout = self.with_layout()
        queries, _size = cost(self.env, opening_form(self.env, mailing))
        more, _size = cost(self.env, opening_form(self.env, with_layout))
        self.assertLessEqual(more - queries, 4)


@tagged("post_install", "-at_install")
class TestLayoutSending(LayoutCase, SendingCase):
    def test_it_is_sent_with_as_many_statements_for_each_recipient(self):
        costs = []
        for mailing in (self.new_validated_mailing().sudo(), self.validated().sudo()):
            self.env.flush_all()
            self.env.invalidate_all()
            transport, start = mailing._get_transport(), self.env.cr.sql_log_count
            compiled = transport.compile("en_US", transport.get_offline_session())
            compiling = self.env.cr.sql_log_count - start
            rows = [
                {"id": row.id, "partner_id": row.partner_id.id, "name": row.name,
                 "address": row.email_normalized, "lang": "en_US", "attempts": 1,
                 "message_id": "<1@example.com>", "object_name": row.name}
                for row in self.rows(mailing).values()
            ]  # fmt: skip
            start = self.env.cr.sql_log_count
            self.assertEqual(len(list(transport.fill(compiled, rows))), 2)
            costs.append((compiling, self.env.cr.sql_log_count - start))
        (bare, filling), (framed, filling_framed) = costs
        self.assertEqual(filling, filling_framed)
        self.assertLessEqual(framed, bare + 1, "the frame that was kept is read, once a language")

    def test_messages_leave_with_the_layout_that_was_validated(self):
        self.validated()
        self.run_scheduler()
        page = self.inbox.message_to("anna@example.com").get_body(("html",)).get_content()
        self.assertIn("Head of Tom &amp; Jerry", page)
        self.assertIn("Dear Anna", page)


@tagged("post_install", "-at_install")
class TestLayoutSettings(LayoutCase):
    def test_only_administrators_set_the_default(self):
        with self.assertRaises(AccessError):
            self.env.company.with_user(self.marketer).partner_mailing_layout_id = self.layout

    def test_it_can_be_attached_to_a_copy_of_a_mailing(self):
        mailing = self.with_layout(attachment_ids=[Command.create({"name": "a.txt", "raw": b"a"})])
        self.assertEqual(mailing.copy().layout_id, self.layout)
