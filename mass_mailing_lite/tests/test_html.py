import email
import email.policy
from html import escape
from types import SimpleNamespace
from urllib.parse import quote

import html5lib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from .common import MailingCase

# What only Outlook reads, and what only others read.
OUTLOOK_ROW = (
    "<!--[if (gte mso 9)|(IE)]><table width='600'><tr><td width=\"50%\" valign=top><br><![endif]-->"
)
OUTLOOK_BUTTON = (
    (
        '<!--[if mso]><v:roundrect xmlns:v="urn:schemas-microsoft-com:vml"'
        ' xmlns:w="urn:schemas-microsoft-com:office:word" href="https://example.com/?a=1&b=2"'
        ' style="height:40px;v-text-anchor:middle;width:200px;" arcsize="10%" fillcolor="#d62828">'
        "<w:anchorlock/><center>Look\xa0&nbsp;at it -- ü</center></v:roundrect><![endif]--><!--[if !mso]><!-->"
    ),
    "<!--<![endif]-->",
)
OUTLOOK_SETTINGS = (
    "<!--[if gte mso 9]><xml>\n<o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96"
    "</o:PixelsPerInch></o:OfficeDocumentSettings>\n</xml><![endif]-->"
)
REVEALED = ("<![if !mso]>", "<![endif]>")

ADDRESS_SIGNS = "%/:?#[]@!$&'()*+,;=~-._"
ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)

# Bodies as editors, templates and pasted pages make them: any element may be empty.
EMPTY = (
    "b", "i", "u", "a", "p", "h1", "h3", "div", "span", "td", "th", "li", "ul", "ol", "table", "tr",
    "font", "center", "blockquote", "pre", "small", "strong", "em", "section", "v:fill", "svg",
)  # fmt: skip
VOID = ("br", "hr", "img", "wbr", "col")
ATTRIBUTES = st.lists(
    st.sampled_from(
        (
            'style="color:red"',
            'style="height:20px; background: #fff"',
            'class="fa fa-check"',
            'title="1 &gt; 0 &amp; &quot;so on&quot; />"',
            'href="https://example.com/?a=1&amp;b=ü x"',
            'align="center"',
            'data-note="{{ object.name }}"',
        )
    ),
    max_size=2,
    unique_by=lambda attribute: attribute.partition("=")[0],
).map(lambda attributes: "".join(f" {attribute}" for attribute in attributes))
TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=12
).map(escape)
LEAF = st.one_of(
    TEXT,
    st.builds("<{0}{1}></{0}>".format, st.sampled_from(EMPTY), ATTRIBUTES),
    st.builds("<{0}{1}/>".format, st.sampled_from(EMPTY), ATTRIBUTES),
    st.builds("<{0}{1}>".format, st.sampled_from(VOID), ATTRIBUTES),
    st.sampled_from(
        (
            '<t t-out="object.name"/>',
            '<t t-out="object.function">colleague</t>',
            '<b t-out="object.city"></b>',
            "<!-- a comment with <b/> -->",
            "<!--[if mso]><table><tr><td width='600'/></tr></table><v:rect/><![endif]-->",
            "&nbsp;",
        )
    ),
)
BODY = st.recursive(
    LEAF,
    lambda content: st.builds(
        "<{0}{1}>{2}</{0}>".format,
        st.sampled_from(EMPTY),
        ATTRIBUTES,
        st.lists(content, max_size=4).map("".join),
    ),
    max_leaves=12,
)


@tagged("post_install", "-at_install")
class TestHtml(MailingCase):
    """What a browser or mail program makes of the HTML that leaves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.marketer.group_ids += cls.env.ref("mail.group_mail_template_editor")

    def leave(self, mailing, lang="en_US", contact=None):
        """Return (HTML, plain text) of the message as a recipient gets it."""
        contact = contact or self.anna
        transport = mailing.sudo()._get_transport()
        row = {
            "id": 1,
            "partner_id": contact.id,
            "name": contact.name,
            "address": contact.email_normalized,
            "lang": lang,
            "attempts": 1,
            "message_id": "<1.test@example.com>",
        }
        [(_row, envelope, error)] = transport.fill(transport.compile(lang, ANYONE), [row])
        self.assertFalse(error)
        message = email.message_from_bytes(envelope.octets(), policy=email.policy.default)
        return tuple(
            message.get_body((kind,)).get_content().replace("\r\n", "\n").rstrip("\n")
            for kind in ("html", "plain")
        )

    def assertRendered(self, mailing, lang="en_US"):
        """Assert that a browser reads in a message what ``mail.render.mixin`` renders."""
        mailing = mailing.with_context(lang=lang)
        # As Odoo renders what it sends by e-mail.
        rendered = mailing._render_field(
            "body_html", self.anna.ids, options={"preserve_comments": True}
        )[self.anna.id]
        page = mailing._wrap_body(rendered, mailing.subject, "")
        self.assertEqual(read(self.leave(mailing, lang)[0]), read(page))

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(BODY, BODY)
    def test_what_leaves_is_read_as_what_odoo_renders(self, body, french):
        mailing = self.new_mailing(subject="News", body_html=body, has_unsubscribe=False)
        mailing.with_context(lang="fr_FR").body_html = french
        self.assertRendered(mailing)
        self.assertRendered(mailing, "fr_FR")

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(BODY)
    def test_with_logic_too_it_is_read_as_what_odoo_renders(self, body):
        logic = f"{body}<t t-if=\"object.name == 'Anna'\">{body}</t>"
        mailing = self.new_mailing(subject="News", body_html=logic, has_unsubscribe=False)
        self.assertRendered(mailing)

    def test_an_address_is_the_same_in_whatever_element(self):
        for tag in ("a", "blockquote", "v:fill"):
            for inside in ("", "text", '<t t-out="object.name"/>'):
                for around in ("{}", "<b>{}</b>", '{}<t t-out="object.name"/>'):
                    body = around.format(
                        f'<{tag} href="https://example.com/?a=1&amp;b=ü x">{inside}</{tag}>'
                    )
                    with self.subTest(body):
                        self.assertRendered(
                            self.new_mailing(subject="News", body_html=body, has_unsubscribe=False)
                        )

    def test_an_empty_element_does_not_change_what_follows_it(self):
        for empty in (
            "<b></b>",
            '<span style="color:red"></span>',
            '<div style="height:20px"></div>',
            "<h1></h1>",
            '<i class="fa"></i>',
            "<table><tr><td></td><td>1</td></tr></table>",
            '<a name="top"></a>',
            "<svg width='1'><path d='M0'/></svg>",
        ):
            for logic in ("", '<t t-if="object.name">A</t>'):
                with self.subTest(empty=empty, logic=logic):
                    body = f"<p>before</p>{empty}<p>behind</p>{logic}"
                    html, _text = self.leave(self.new_mailing(body_html=body))
                    page = parse(html)
                    [behind] = [element for element in page.iter("p") if element.text == "behind"]
                    self.assertEqual(
                        [element.tag for element in path(page, behind)],
                        ["html", "body", "div"],
                    )
                    self.assertNotRegex(html, r"<(?!br|img|meta|hr)[^<>]*/>")

    def test_a_signature_is_html_too(self):
        salesperson = self._new_user("salesperson", "user")
        salesperson.signature = '<p>Best<b></b> regards</p><p style="height:9px"></p>'
        self.anna.user_id = salesperson
        for logic in ("", '<t t-if="object.name">A</t>'):
            body = f'<div><t t-out="object.user_id.signature"/></div>{logic}<p>behind</p>'
            html, text = self.leave(self.new_mailing(body_html=body))
            self.assertIn("Best<b></b> regards", html)
            self.assertNotIn("<b/>", html)
            self.assertIn("Best regards", text)

    def test_preview_card_and_page_show_html(self):
        body = '<p>before<b></b><span class="x"></span></p><p>behind</p>'
        mailing = self.new_mailing(body_html=body)
        mailing.action_load_recipients()
        preview = (
            self.env["partner.mailing.preview"]
            .with_user(self.marketer)
            .create(
                {
                    "mailing_id": mailing.id,
                    "recipient_id": self.rows(mailing)["anna@example.com"].id,
                }
            )
        )
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        row = self.rows(mailing)["anna@example.com"]
        page = self.env["partner.mailing"].sudo()._get_message_to_view(row.id)
        page = email.message_from_bytes(page, policy=email.policy.default)
        for where, shown in (
            ("preview", preview.body_html),
            ("card", mailing._get_transport().get_card_page()),
            ("page", page.get_body(("html",)).get_content()),
        ):
            with self.subTest(where=where):
                self.assertIn('<p>before<b></b><span class="x"></span></p>', str(shown))

    def test_the_review_shows_html(self):
        mailing = self.new_mailing(body_html="<p>before<b></b></p><p>behind</p>")
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertIn("<p>before<b></b></p>", review)

    def test_pictures_for_screens_with_many_dots_have_absolute_addresses(self):
        source = '<img src="/a.png" srcset="/a,b.png 1x, https://cdn.example/c.png 2x, //d.example/e 3x"/>'
        for logic in ("", '<t t-if="object.name">A</t>'):
            mailing = self.new_mailing(body_html=f"<p>{source}</p>{logic}")
            base = mailing.get_base_url()
            html, _text = self.leave(mailing)
            self.assertIn(
                f'srcset="{base}/a,b.png 1x, https://cdn.example/c.png 2x, //d.example/e 3x"', html
            )

    def test_a_link_with_letters_of_other_languages_is_tracked(self):
        for logic in ("", '<t t-if="object.name">A</t>'):
            mailing = self.new_mailing(
                body_html=f'<p><a href="https://example.com/größe?q=a b">Size</a></p>{logic}',
                track_clicks=True,
            )
            mailing.action_submit()
            self.assertIn("/partner_mailing/click/", self.leave(mailing)[0])

    def test_the_link_to_unsubscribe_works_where_the_base_url_has_a_path(self):
        for base in (
            "https://shop.example/erp",
            "https://shop.example/erp/",
            "https://shop.example",
        ):
            self.env["ir.config_parameter"].set_param("web.base.url", base)
            root = base.rstrip("/")
            for logic in ("", '<t t-if="object.name">A</t>'):
                for address in ("", "https://shop.example", root):
                    with self.subTest(base=base, address=address, logic=logic):
                        href = f"{address}/partner_mailing/unsubscribe"
                        mailing = self.new_mailing(
                            body_html=f'<p><a href="{href}">Leave</a></p>{logic}',
                            track_clicks=True,
                        )
                        mailing.action_submit()
                        html, text = self.leave(mailing)
                        token = self.env["partner.mailing"]._get_link_key("unsubscribe").make(1)
                        link = f"{root}/partner_mailing/unsubscribe/{token}"
                        self.assertIn(f'href="{link}"', html)
                        self.assertIn(f"Leave <{link}>", text)
                        self.assertEqual(html.count("/partner_mailing/"), 1)

    def test_what_only_outlook_reads_is_never_changed(self):
        """Saved, copied, kept as a template, used again, submitted, in a message, with logic."""
        pieces = (OUTLOOK_ROW, *OUTLOOK_BUTTON, OUTLOOK_SETTINGS, *REVEALED)
        body = (
            f'{OUTLOOK_ROW}<div xmlns:v="urn:schemas-microsoft-com:vml"><p>Anna</p>'
            f'{OUTLOOK_BUTTON[0]}<a href="https://example.com/">Look</a>{OUTLOOK_BUTTON[1]}'
            f"{OUTLOOK_SETTINGS}{REVEALED[0]}<p>others</p>{REVEALED[1]}</div>"
        )
        for logic in ("", '<t t-if="object.name">A</t>'):
            mailing = self.new_mailing(body_html=body + logic)
            mailing.with_context(lang="fr_FR").body_html = f"<p>Bonjour</p>{body}{logic}"
            template = mailing._save_as_template("Kept")
            again = self.new_mailing(body_html="<p/>")
            again.body_html = template.body_html
            submitted = mailing.copy()
            submitted.action_submit()
            submitted.with_user(self.validator).action_validate()
            kept = {
                "saved": mailing.body_html,
                "another language": mailing.with_context(lang="fr_FR").body_html,
                "copied": submitted.body_html,
                "template": template.body_html,
                "used again": again.body_html,
                "message": self.leave(submitted)[0],
                "message in another language": self.leave(submitted, "fr_FR")[0],
            }
            for where, text in kept.items():
                for piece in pieces:
                    with self.subTest(where=where, piece=piece, logic=logic):
                        self.assertIn(piece, str(text))

    def test_a_style_sheet_in_a_body_leaves_as_it_was_written(self):
        sheet = (
            '<style>.a > b { color: red }\n@media (width >= 600px) { .a { content: "&" } }</style>'
        )
        for logic in ("", '<t t-if="object.name">A</t>'):
            mailing = self.new_mailing(body_html=f"<div>{sheet}<p>text</p>{logic}</div>")
            mailing.body_html = mailing.body_html
            self.assertIn(sheet, mailing.body_html)
            self.assertIn(sheet, self.leave(mailing)[0])

    def test_a_program_in_a_comment_for_outlook_is_dropped(self):
        mailing = self.new_mailing(
            body_html="<!--[if IE]><script>run()</script><![endif]--><p>a</p>"
            "<!--[if IE]><img src='x' onerror='run()'/><![endif]-->"
        )
        self.assertEqual(mailing.body_html, "<p>a</p>")

    def test_a_comment_for_outlook_is_no_way_around_the_sanitizer(self):
        for body in (
            '<p title=\'<!--[if mso]>" style="x" a="<![endif]-->\'>a</p>',
            "<!--[if mso]>--><script>run()</script><!--<![endif]-->",
            "<!--[if mso]>--!><script>run()</script><![endif]-->",
            "<!--><script>run()</script>-->",
            "<![if !mso]><script>run()</script><![endif]>",
        ):
            with self.subTest(body):
                page = self.leave(self.new_mailing(body_html=body + "<p>behind</p>"))[0]
                self.assertEqual(list(parse(page).iter("script")), [])
                self.assertFalse([one for one in parse(page).iter("p") if "a" in one.attrib])


def parse(page):
    """Return the document that a browser makes of a page, as an element."""
    return html5lib.parse(page, namespaceHTMLElements=False)


def read(page):
    """Return what a browser makes of a page, as a list of tokens."""
    tokens = []
    for token in html5lib.getTreeWalker("etree")(parse(page)):
        if token["type"] in ("Characters", "SpaceCharacters"):
            if tokens and isinstance(tokens[-1], str):
                tokens[-1] += token["data"]
            else:
                tokens.append(token["data"])
        else:
            read_one = {key: token.get(key) for key in ("type", "name", "data", "namespace")}
            if isinstance(read_one["data"], dict):
                read_one["data"] = {
                    name: read_address(value) if name == (None, "href") else value
                    for name, value in read_one["data"].items()
                }
            tokens.append(read_one)
    return tokens


def read_address(address):
    """Return an address as a browser reads it: with percent-encoding, written or not (URL standard,
    section 4.4).
    """
    return quote(address, safe=ADDRESS_SIGNS)


def path(document, wanted):
    """Return the elements around an element, from the outermost one."""
    parents = {child: parent for parent in document.iter() for child in parent}
    found = []
    while wanted in parents:
        wanted = parents[wanted]
        found.insert(0, wanted)
    return found
