"""Campaign, medium and source in the links of mailings, and what they are counted for."""

import email
import email.policy
import html
import json
import re
from urllib.parse import parse_qsl, urlsplit

from odoo import Command
from odoo.addons.mass_mailing_lite.tests.common import MailingCase
from odoo.addons.utm.models.utm_mixin import UtmMixin
from odoo.addons.utm.models.utm_source import UtmSource
from odoo.exceptions import UserError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from ..odoo_seams import utm

SHOP = "https://www.example.com/shop?a=1&b=2#top"
BODY = (
    '<p>Dear <t t-out="object.name"/>, <a href="https://www.example.com/shop?a=1&amp;b=2#top">shop</a>,'
    ' <a href="mailto:shop@example.com">write</a>, <a href="#end">end</a>,'
    ' <a href="https://www.example.com/list.pdf">prices</a>, <a href="/contactus">contact</a>,'
    ' <a href="/partner_mailing/view">view</a>,'
    ' <a href="https://www.example.com/?utm_source=mine">mine</a></p>'
)
LOGIC = (
    '<p><t t-if="object.name == \'Anna\'"><a href="https://www.example.com/a?x=1&amp;y=2">A</a></t>'
    '<a t-attf-href="https://www.example.com/of/{{ object.name }}">mine</a></p>'
)
UTM = ("utm_campaign", "utm_source", "utm_medium")


class UtmCase(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.campaign = cls.env["utm.campaign"].create({"title": "Spring & more"})
        cls.email = cls.env.ref("utm.utm_medium_email")
        cls.company = cls.env.company

    def new_mailing(self, user=None, **values):
        return super().new_mailing(
            user, **{"body_html": BODY, "campaign_id": self.campaign.id, **values}
        )

    def message(self, mailing, partner=None, lang="en_US"):
        """Return (HTML, plain text) as a recipient gets them."""
        dialog = self.env["partner.mailing.preview"].create(
            {"mailing_id": mailing.id, "partner_id": (partner or self.anna).id, "lang": lang}
        )
        [envelope] = dialog._build_messages(dialog._get_offline_session(), [dialog._get_row()])
        message = email.message_from_bytes(envelope.octets(), policy=email.policy.default)
        return [message.get_body((kind,)).get_content() for kind in ("html", "plain")]

    def addresses(self, page):
        return [html.unescape(one) for one in re.findall(r'href="([^"]+)"', page)]

    def find(self, page, begin):
        """Return the one address in a page that begins so."""
        [found] = {one for one in self.addresses(page) if one.startswith(begin)}
        return found

    def utm(self, address):
        query = dict(parse_qsl(urlsplit(address).query))
        return [query.get(name) for name in UTM]


@tagged("post_install", "-at_install")
class TestUtm(UtmCase):
    # ------------------------------------------------------------
    # Campaign, medium and source of a mailing
    # ------------------------------------------------------------

    def test_a_mailing_has_a_source_of_its_own_that_follows_its_title(self):
        mailing, other = self.new_mailing(), self.new_mailing()
        self.assertRegex(mailing.source_id.name, r"^Summer news \(Mailing created on [\d-]{10}\)$")
        self.assertEqual(other.source_id.name, f"{mailing.source_id.name} [2]")
        other.name = "Winter [3] news"
        self.assertRegex(other.source_id.name, r"^Winter \(3\) news \(Mailing created on ")
        (mailing | other).name = "Both"
        self.assertNotEqual(mailing.source_id, other.source_id)
        self.assertTrue(mailing.source_id.name.startswith("Both ("))
        self.assertTrue(other.source_id.name.endswith(") [2]"))
        duplicate = mailing.copy()
        self.assertTrue(duplicate.source_id.name.startswith("Both (copy) ("))
        self.assertEqual(duplicate.campaign_id, self.campaign)

    def test_a_source_that_the_author_chose_stays(self):
        newsletter = self.env["utm.source"].create({"name": "newsletter"})
        mailing = self.new_mailing(source_id=newsletter.id)
        mailing.name = "Autumn"
        self.assertEqual(mailing.source_id.name, "newsletter")
        other = self.new_mailing()
        shared = other.source_id
        mailing.source_id = shared
        other.name = "Autumn"
        self.assertTrue(shared.name.startswith("Summer news"), "another mailing uses it, too")

    def test_the_source_of_a_mailing_that_few_may_see_does_not_say_its_title(self):
        readers = self.env["res.groups"].create({"name": "Readers"})
        hidden = self.new_mailing(name="Secret", view_group_ids=[Command.set(readers.ids)])
        self.assertTrue(hidden.source_id.name.startswith("Mailing created on"))
        hidden = self.new_mailing(name="Secret", manage_group_ids=readers.ids)
        self.assertTrue(hidden.source_id.name.startswith("Mailing created on"))
        shown = self.new_mailing(name="Secret", view_group_ids=[Command.set([])])
        self.assertIn("Secret", shown.source_id.name)
        shown.view_group_ids = readers
        self.assertFalse(self.env["utm.source"].search([("name", "ilike", "Secret")]))

    def test_each_channel_has_its_medium(self):
        mailing = self.new_mailing()
        self.assertEqual(mailing.medium_id, self.email)
        if "sms" not in mailing._get_transports():
            return
        mailing.channel = "sms"
        self.assertEqual(mailing.medium_id.name, "SMS")
        mailing.channel = "email"
        self.assertEqual(mailing.medium_id, self.email)
        mailing.channel = "sms"
        mailing.medium_id = self.env["utm.medium"].create({"name": "Leaflet"})
        mailing.channel = "email"
        self.assertEqual(mailing.medium_id.name, "Leaflet", "the author chose it")

    def test_what_a_mailing_uses_cannot_be_deleted(self):
        mailing = self.new_mailing(
            name="Used", medium_id=self.env["utm.medium"].create({"name": "Leaflet"}).id
        )
        readers = self.env["res.groups"].create({"name": "Readers"})
        self.new_mailing(
            name="Secret",
            medium_id=mailing.medium_id.id,
            active=False,
            view_group_ids=[Command.set(readers.ids)],
        )
        admin = self._new_user("admin_of_utm", "user")
        admin.group_ids += self.env.ref("base.group_system")
        with self.assertRaisesRegex(UserError, '"Leaflet".*"Used"') as refused:
            mailing.medium_id.with_user(admin).unlink()
        self.assertNotIn("Secret", str(refused.exception))
        with self.assertRaisesRegex(UserError, '"Used"'):
            mailing.source_id.with_user(admin).unlink()
        mailing.campaign_id.with_user(admin).unlink()
        self.assertFalse(mailing.campaign_id)

    def test_authors_choose_and_make_campaigns_without_the_rights_of_email_marketing(self):
        mine = self.env(user=self.marketer)
        self.assertFalse(self.marketer.has_group("mass_mailing.group_mass_mailing_user"))
        number, _name = mine["utm.campaign"].name_create("Quick one")
        mailing = self.new_mailing()
        mailing.campaign_id = number
        source, _name = mine["utm.source"].name_create("newsletter")
        mailing.source_id = source
        self.assertEqual(mailing.campaign_id.name, "Quick one")
        self.assertEqual(mailing.editor_ids, self.marketer)
        with Form(mine["utm.campaign"]) as form:
            form.title = "Made in its form"
        form = Form(self.campaign.with_user(self.marketer))
        self.assertEqual(form.title, "Spring & more")
        self.assertEqual(form.ab_testing_mailings_count, 0)

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    def test_links_to_pages_tell_where_a_visitor_comes_from(self):
        mailing = self.new_mailing()
        page, text = self.message(mailing)
        expected = ["Spring & more", mailing.source_id.name, "Email"]
        shop = self.find(page, "https://www.example.com/shop")
        self.assertEqual(self.utm(shop), expected)
        self.assertTrue(shop.startswith("https://www.example.com/shop?a=1&b=2&utm_"))
        self.assertTrue(shop.endswith("#top"))
        self.assertEqual(self.utm(self.find(page, f"{mailing.get_base_url()}/contactus")), expected)
        self.assertIn(shop, text)
        self.assertEqual(
            self.utm(self.find(page, "https://www.example.com/?utm_source")),
            ["Spring & more", "mine", "Email"],
        )
        for untouched in (
            "mailto:shop@example.com",
            "#end",
            "https://www.example.com/list.pdf",
        ):
            self.assertIn(untouched, self.addresses(page))
        self.assertNotIn("utm_", self.find(page, f"{mailing.get_base_url()}/partner_mailing/view"))
        self.assertNotIn("utm_", self.find(page, f"{mailing.get_base_url()}/partner_mailing/unsub"))

    def test_each_language_and_a_body_with_logic_have_the_same(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.new_mailing(body_html=LOGIC)
        mailing.with_context(
            lang="fr_FR"
        ).body_html = '<p><a href="https://www.example.com/fr">FR</a></p>'
        page, text = self.message(mailing)
        address = self.find(page, "https://www.example.com/a?x=1&y=2&utm_")
        self.assertEqual(self.utm(address)[0], "Spring & more")
        self.assertIn(address, text)
        mine = self.find(page, "https://www.example.com/of/Anna?utm_")
        self.assertEqual(self.utm(mine)[0], "Spring & more")
        page, _text = self.message(mailing, self.boris)
        self.assertNotIn("/a?x", page)
        page, _text = self.message(mailing, lang="fr_FR")
        self.assertEqual(self.utm(self.find(page, "https://www.example.com/fr"))[2], "Email")

    def test_a_company_may_leave_links_as_they_were_written(self):
        self.company.partner_mailing_utm = False
        mailing = self.new_mailing()
        page, text = self.message(mailing)
        self.assertIn(SHOP, self.addresses(page))
        self.assertNotIn("utm_campaign", page + text)
        mailing.action_submit()
        self.company.partner_mailing_utm = True
        self.assertIn(SHOP, self.addresses(self.message(mailing)[0]), "it was submitted like that")
        self.assertFalse(mailing.link_parameters_text)

    def test_an_empty_field_adds_nothing(self):
        mailing = self.new_mailing(campaign_id=False)
        mailing.medium_id = False
        page, _text = self.message(mailing)
        shop = self.find(page, "https://www.example.com/shop")
        self.assertEqual(self.utm(shop), [None, mailing.source_id.name, None])

    def test_a_draft_from_before_gets_its_source_when_it_is_submitted(self):
        mailing = self.new_mailing()
        mailing._as_system().source_id = False
        before = self.utm(self.find(self.message(mailing)[0], "https://www.example.com/shop"))
        mailing.action_submit()
        self.assertTrue(mailing.source_id)
        after = self.utm(self.find(self.message(mailing)[0], "https://www.example.com/shop"))
        self.assertEqual(after[1], mailing.source_id.name)
        self.assertTrue(after[1].startswith(before[1]))

    def test_a_form_that_is_not_saved_yet_shows_what_will_be_added(self):
        draft = self.env["partner.mailing"].with_user(self.marketer)
        draft = draft.new({"name": "Spring", "campaign_id": self.campaign.id})
        self.assertRegex(
            draft.link_parameters_text,
            r"^utm_campaign: Spring & more, utm_source: Spring \(Mailing created on .*Email$",
        )

    # ------------------------------------------------------------
    # Approval
    # ------------------------------------------------------------

    def test_what_was_submitted_keeps_its_names(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        before = self.message(mailing)
        mailing.with_user(self.validator).action_validate()
        self.campaign.title = "Another"
        self.email.name = "Letters"
        mailing.name = "Another title"
        self.company.partner_mailing_utm = False
        self.campaign.unlink()
        self.assertEqual(self.message(mailing), before)
        self.assertTrue(mailing._matches_validation())
        self.assertIn("utm_campaign: Spring & more", mailing.link_parameters_text)
        self.assertIn("Summer news", mailing.source_id.name, "leads are still found by it")

    def test_the_fingerprint_covers_the_names_in_links(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        before = mailing._get_fingerprint()
        pairs = mailing.link_parameters
        mailing._as_system().link_parameters = [[name, "x"] for name, _value in pairs]
        self.assertNotEqual(mailing._get_fingerprint(), before)
        mailing._as_system().link_parameters = pairs
        self.assertEqual(mailing._get_fingerprint(), before)

    def test_what_was_validated_before_there_were_campaigns_is_sent_as_it_was(self):
        self.company.partner_mailing_utm = False
        mailing = self.new_validated_mailing(body_html=BODY)
        self.env.cr.execute(
            "UPDATE partner_mailing SET source_id = NULL, medium_id = NULL, campaign_id = NULL"
            " WHERE id = %s", [mailing.id]
        )  # fmt: skip
        self.env.invalidate_all()
        # The addon is installed: it has a medium for each mailing, and the switch is on.
        self.company.partner_mailing_utm = True
        mailing._as_system().medium_id = self.email
        self.assertTrue(mailing._matches_validation())
        content = mailing._get_plain_content()
        self.assertFalse({"campaign_id", "medium_id", "source_id"} & content.keys())
        self.assertNotIn("utm_campaign", self.message(mailing)[0])

    def test_campaign_medium_and_source_are_locked_after_submission(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        for values in (
            {"campaign_id": False},
            {"medium_id": False},
            {"source_id": False},
            {"link_parameters": [["utm_source", "x"]]},
        ):
            with self.assertRaises(UserError):
                mailing.write(values)
        mailing.action_back_to_draft()
        mailing.campaign_id = False
        mailing.action_submit()
        self.assertNotIn("utm_campaign", dict(mailing.link_parameters))

    def test_the_review_shows_what_is_added_and_what_changed(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        page = mailing.with_user(self.validator).review_html
        self.assertIn("Added to links", page)
        self.assertIn("Spring &amp; more", page)
        self.assertIn("utm_source=Summer+news", page, "in the body, too")
        mailing.with_user(self.validator).action_validate()
        mailing.action_back_to_draft()
        mailing.campaign_id = self.env["utm.campaign"].create({"title": "Autumn"})
        mailing.action_submit()
        changes = mailing._get_changes(mailing._get_pending_request())
        self.assertIn(("Campaign", "Spring & more", "Autumn"), [one[:3] for one in changes])

    def test_links_cost_nothing_a_message(self):
        mailing = self.new_validated_mailing(body_html=BODY).sudo()
        _server, terms = mailing._get_server_and_terms()
        transport = mailing._get_transport()
        compiled = transport.compile("en_US", terms)
        dialog = self.env["partner.mailing.preview"].create(
            {"mailing_id": mailing.id, "partner_id": self.anna.id, "lang": "en_US"}
        )
        row = dialog._get_row()
        list(transport.fill(compiled, [row]))
        before = self.env.cr.sql_log_count
        list(transport.fill(compiled, [row] * 5))
        self.assertEqual(self.env.cr.sql_log_count, before)

    # ------------------------------------------------------------
    # Campaigns
    # ------------------------------------------------------------

    def test_a_campaign_shows_the_mailings_that_its_reader_may_see(self):
        readers = self.env["res.groups"].create({"name": "Readers"})
        sent = self.new_validated_mailing(track_opens=True)
        self.new_mailing(name="Secret", view_group_ids=[Command.set(readers.ids)])
        sent.counter_id._as_system().write(
            {"sent_count": 200, "opened_count": 50, "replied_count": 3, "bounced_count": 1}
        )
        self.env.invalidate_all()
        theirs = self.campaign.with_user(self.colleague)
        self.assertEqual(theirs.partner_mailing_count, 1)
        self.assertEqual(theirs.partner_mailing_ids, sent)
        self.assertEqual(theirs.partner_mailing_sent_count, 200)
        self.assertEqual(theirs.partner_mailing_opened_rate, 25.0)
        self.assertIs(theirs.partner_mailing_clicked_rate, False, "no mailing tracks clicks")
        self.assertEqual(self.campaign.with_user(self.marketer).partner_mailing_count, 2)
        action = theirs.action_open_partner_mailings()
        found = self.env["partner.mailing"].with_user(self.colleague).search(action["domain"])
        self.assertEqual(found, sent)
        context = theirs.action_new_partner_mailing()["context"]
        new = self.env["partner.mailing"].with_user(self.colleague).with_context(**context)
        self.assertEqual(new.create({"name": "Next"}).campaign_id, self.campaign)

    def test_a_campaign_tells_nothing_of_mailings_that_are_hidden(self):
        readers = self.env["res.groups"].create({"name": "Readers"})
        hidden = self.new_mailing(name="Secret", view_group_ids=[Command.set(readers.ids)])
        self.env.flush_all()
        viewer = self._new_user("viewer_of_utm", "viewer")
        for person in (self.colleague, viewer, self.outsider):
            campaigns = self.env["utm.campaign"].with_user(person)
            for domain in (
                [("partner_mailing_ids", "in", hidden.ids)],
                [("partner_mailing_ids", "!=", False)],
                [("partner_mailing_ids", "ilike", "Secret")],
                [("partner_mailing_ids.name", "=", "Secret")],
            ):
                try:
                    found = campaigns.search(domain)
                except UserError:  # AccessError: the field is for viewers
                    continue
                self.assertFalse(found, (person.login, domain))
        campaigns = self.env["utm.campaign"].with_user(self.marketer)
        field = "partner_mailing_ids"
        self.assertIn(self.campaign, campaigns.search([(field, "in", hidden.ids)]))
        self.assertIn(self.campaign, campaigns.search([(field, "ilike", "Secret")]))
        self.assertNotIn(self.campaign, campaigns.search([(field, "=", False)]))
        theirs = campaigns.with_user(self.colleague)
        self.assertIn(self.campaign, theirs.search([(field, "=", False)]))
        own = self.campaign.with_user(self.outsider)
        self.assertEqual(own.read(["title"])[0]["title"], "Spring & more")
        with self.assertRaises(UserError):
            own.read(["partner_mailing_count"])
        self.assertFalse({"partner_mailing_ids"} & own.fields_get().keys())

    # ------------------------------------------------------------
    # SMS
    # ------------------------------------------------------------

    def test_links_in_sms_lead_on_with_parameters_and_grow_no_text(self):
        if "sms" not in self.env["partner.mailing"]._get_transports():
            self.skipTest("mass_mailing_lite_sms is not installed")
        self.anna.phone = "+34600123456"
        mailing = self.new_mailing(
            channel="sms", sms_body="Look at https://www.example.com/sale, today!"
        )
        transport = mailing._get_transport()
        self.assertIn("https://www.example.com/sale,", transport.get_sample_text())
        self.assertFalse(mailing.link_parameters_text)
        mailing.track_clicks = True
        position = list(transport._get_link_positions())
        self.assertEqual(self.utm(position[0])[0], "Spring & more")
        self.assertNotIn("example.com/sale", transport.get_sample_text())
        mailing.action_submit()
        links = self.env["partner.mailing.link"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(links.url, "https://www.example.com/sale")
        self.assertEqual(self.utm(links.target)[0], "Spring & more")
        self.assertEqual(list(mailing._get_transport()._get_link_positions()), [links.target])
        self.assertNotIn("example.com/sale", mailing._get_transport().get_sample_text())

    # ------------------------------------------------------------
    # Odoo
    # ------------------------------------------------------------

    def test_odoo_names_sources_as_before(self):
        words = "odoo_seams/utm.py uses %s of Odoo's utm, which is not as it was"
        for owner, name in (
            (UtmSource, "_generate_name"),
            (UtmMixin, "_get_unique_names"),
            (UtmMixin, "_split_name_and_count"),
            (UtmMixin, "_find_or_create_record"),
        ):
            self.assertTrue(hasattr(owner, name), words % name)
        mailings = self.env["partner.mailing"]
        name = utm.name_source(mailings, "Spring", "en_US")
        self.assertTrue(name.startswith("Spring ("), words % "_generate_name")
        first, second = utm.create_sources(self.env, [name, name])
        self.assertEqual(second.name, f"{first.name} [2]", words % "_get_unique_names")
        self.assertTrue(utm.is_named(second, name), words % "_split_name_and_count")
        utm.rename(second, name)
        self.assertEqual(second.name, f"{name} [2]", words % "utm_check_skip_record_ids")
        self.assertEqual(utm.find_medium(self.env, "email", "E-mail"), self.email)
        fields = {one[:2] for one in self.env["utm.mixin"].tracking_fields()}
        expected = {
            ("utm_campaign", "campaign_id"),
            ("utm_source", "source_id"),
            ("utm_medium", "medium_id"),
        }
        self.assertLessEqual(expected, fields, words % "tracking_fields")


@tagged("post_install", "-at_install")
class TestUtmVisit(UtmCase, HttpCase):
    def new_tracked(self, **values):
        mailing = self.new_mailing(track_clicks=True, **values)
        mailing.action_submit()
        return mailing

    def links(self, mailing):
        return self.env["partner.mailing.link"].search([("mailing_id", "=", mailing.id)])

    def click(self, mailing, position=0):
        """Return where the counted link of a message leads."""
        page, _text = self.message(mailing)
        clicks = [one for one in self.addresses(page) if "/partner_mailing/click/" in one]
        path = urlsplit(clicks[position]).path
        return self.url_open(path, allow_redirects=False).headers["Location"]

    def test_a_counted_link_leads_to_the_same_address(self):
        mailing = self.new_mailing()
        shop = self.find(self.message(mailing)[0], "https://www.example.com/shop")
        mailing.track_clicks = True
        mailing.action_submit()
        page, text = self.message(mailing)
        self.assertNotIn("https://www.example.com/shop", page)
        self.assertIn(shop, text)
        self.assertEqual(self.click(mailing), shop)
        self.assertIn(SHOP, self.links(mailing).mapped("url"), "statistics name it as written")

    def test_a_body_with_logic_is_counted_with_parameters(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.new_tracked(body_html=LOGIC)
        location = self.click(mailing)
        self.assertTrue(location.startswith("https://www.example.com/a?x=1&y=2&utm_campaign="))
        self.assertEqual(self.utm(location)[1], mailing.source_id.name)

    def test_one_link_is_one_line_of_the_statistics(self):
        """In each language, and where it is sent again with another campaign."""
        page = '<p><a href="https://www.example.com/">x</a></p>'
        mailing = self.new_mailing(body_html=page, track_clicks=True)
        mailing.with_context(lang="fr_FR").body_html = page.replace(">x<", ">y<")
        mailing.action_submit()
        [link] = self.links(mailing)
        first = self.click(mailing)
        mailing.action_back_to_draft()
        mailing.campaign_id = self.env["utm.campaign"].create({"title": "Autumn"})
        mailing.action_submit()
        again = self.links(mailing) - link
        self.assertEqual(self.utm(self.click(mailing))[0], "Autumn")
        self.assertEqual(
            self.env["partner.mailing.link"]._find(-mailing.id, link.id), first,
            "messages that have left lead to where they led",
        )  # fmt: skip
        link._as_system().clicked_count = 3
        again._as_system().clicked_count = 4
        self.assertEqual(
            mailing._get_link_figures(), [{"url": "https://www.example.com/", "clicked": 7}]
        )
        mailing.action_back_to_draft()
        mailing.action_submit()
        self.assertEqual(len(self.links(mailing)), 2, "nothing is added twice")

    @mute_logger("odoo.http")
    def test_what_a_visitor_makes_is_counted_for_the_mailing(self):
        """By Odoo's cookies, which any record with a campaign takes its values from."""
        mailing = self.new_tracked(
            body_html='<p><a href="/web/login">us</a></p>', name="Größe & Co"
        )
        self.authenticate("marketer", "marketer")
        location = self.click(mailing)
        self.assertTrue(location.startswith(f"{mailing.get_base_url()}/web/login?utm_"))
        parts = urlsplit(location)
        self.url_open(f"{parts.path}?{parts.query}", allow_redirects=False)
        self.assertEqual(
            {name for name in self.opener.cookies.get_dict() if name.startswith("odoo_utm")},
            {"odoo_utm_campaign", "odoo_utm_source", "odoo_utm_medium"},
        )
        names = ["campaign_id", "source_id", "medium_id"]
        call = {"model": "link.tracker", "method": "default_get", "args": [names], "kwargs": {}}
        answer = self.url_open(
            "/web/dataset/call_kw/link.tracker/default_get",
            data=json.dumps({"jsonrpc": "2.0", "params": call}),
            headers={"Content-Type": "application/json"},
        ).json()
        self.assertEqual(
            [answer["result"][name] for name in names],
            [mailing.campaign_id.id, mailing.source_id.id, mailing.medium_id.id],
        )
