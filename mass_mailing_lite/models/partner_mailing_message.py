import hashlib
import ipaddress
import re
from email.message import EmailMessage
from functools import lru_cache
from types import SimpleNamespace
from urllib.parse import urljoin

from lxml import html
from markupsafe import Markup, escape

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.rendering_tools import parse_inline_template, render_inline_template

from ..delivery.characters import CONTROL
from ..delivery.compose import header
from ..delivery.compose.link_token import LinkKey, LinkSlot, ShortLinkKey
from ..delivery.compose.plain_text import html_to_text
from ..delivery.compose.repeated_text import RepeatedBody
from ..preflight import Content
from ..tools import address_field
from ..tools.link_address import LINK, encode_address, find_links, get_address
from ..tools.outlook import mask_whole
from ..tools.person_name import PARTS, read_contact
from ..tools.placeholder import HTML, Placeholder, UnsupportedTemplate, substitute_placeholders
from ..tools.srcset import replace_in_srcsets
from ..transport.compiled import WRAPPER, get_contact_key, get_text, row_fills, xml_to_html
from ..transport.file_links import SENT_AT, render_block
from ..transport.frame import get_frame, insert_body
from ..transport.link_parameters import LinkParameters
from ..transport.page import wrap
from ..transport.smtp import SAMPLE_ADDRESS
from .res_partner import COMPANY_FIELDS

PRIORITY_HEADERS = {
    "low": {"X-Priority": "5", "Importance": "low"},
    "normal": {},
    "high": {"X-Priority": "1", "Importance": "high"},
}

# What becomes a header or the line behind it: the maximum number of characters, placeholders as they
# are typed. Mail programs show 100 of a subject.
MAX_TEXTS = {"subject": 1000, "preview_text": 1000}
HEADER_FIELDS = ("subject",)
MAX_FILE_NAME = 255  # characters, as file systems take
SHOWN = 200  # characters of a value that is quoted in an error

# Personal links: each recipient has a token of its own for each purpose. In a body, the author
# writes the path; Odoo puts the base URL before it, and the token follows it.
UNSUBSCRIBE, VIEW, OPEN, CLICK = "unsubscribe", "view", "open", "click"
# Unsubscribing and clicks in a message in which each character costs money.
SHORT = "short"
# Where the base URL has a path, an author may have copied a link with it.
PERSONAL_LINK = re.compile(
    r"https?://[^\s/<>\"']{1,255}(?:/[^\s/<>\"'?#]{1,64}){0,4}?"
    r"/partner_mailing/(?P<purpose>unsubscribe|view)/?(?![\w/-])"
)
# Cached, because making a key takes longer than making a token.
make_key = lru_cache(maxsize=64)(
    lambda secret, purpose: (ShortLinkKey if purpose == SHORT else LinkKey)(secret, purpose)
)
# Without border and description, so that neither screens nor screen readers show it.
PIXEL = '<img src="%s" width="1" height="1" alt="" style="display: block; border: 0"/>'

# Contacts: the fields in a template are fetched ahead, because Odoo would read all columns.
CONTACT_FIELD = re.compile(r"\bobject\.(\w+)")
TEXT_FIELDS = ("char", "text", "selection")
# Placeholders: the logo as it stands in a message. The address changes with the picture, so the
# fingerprint of a mailing covers it.
LOGO = Markup(
    '<img src="/web/binary/company_logo?company=%s&amp;v=%s" alt="%s"'
    ' style="display: block; max-width: 180px; max-height: 90px; margin: 0 0 16px; border: 0"/>'
)

COMPANY_DATA = re.compile(r"\bobject\.(partner_mailing_company_\w+)")

# As Odoo tells local addresses from those of another host without a scheme (//example.com/).
LOCAL_ADDRESS = re.compile(r"/(?!/)").match

# "View in Browser": the columns of a recipient that a claimed row has too, and the context key
# that drops the attachments.
ROW = ("id", "partner_id", "name", "email_normalized", "lang", "attempts", "message_id")
WITHOUT_FILES = "partner_mailing_without_files"


class PartnerMailing(models.Model):
    """The parts of a message, which the ``Transport`` compiles once a language and fills.

    In the order of this file: slots in place of placeholders and the page around the body, headers,
    mail server and From address, personal links, tracking, the readers and contacts that fill the
    slots, "View in Browser".
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------
    # Slots
    # ------------------------------------------------------------

    def _insert_slots(self, name, kind, marker_for):
        """Return the field's template with a slot for each placeholder.

        A template with more than plain placeholders gets one slot for the whole field, which QWeb
        fills.

        :param kind: ``TEXT`` or ``HTML`` of ``tools.placeholder``
        :param marker_for: callable, slot -> its slot marker
        """
        source = str(self[name] or "")
        if kind == HTML:
            source = self._get_html(source)
        try:
            allowed = frozenset(self.env["res.partner"].mail_allowed_qweb_expressions())
            fill = self._make_company_filler(kind, marker_for)
            return substitute_placeholders(source, kind, allowed, fill)
        except UnsupportedTemplate:
            return marker_for(name)

    def _make_company_filler(self, kind, otherwise):
        """Return the function that fills placeholders of the company's data: placeholder -> text.

        They are the same for all recipients, so they are filled once, while the message is built.

        :param kind: ``TEXT`` or ``HTML`` of ``tools.placeholder``
        :param otherwise: the same for other placeholders
        """
        values = {}

        def fill(placeholder):
            name = placeholder.path.removeprefix("object.")
            if name not in COMPANY_FIELDS:
                return otherwise(placeholder)
            if not values:
                company = self.company_id or self.env.company
                values.update(self._get_company_values(company))
            value = values[name]
            if kind == HTML:
                return str(self._complete_addresses(escape(value or placeholder.fallback)))
            if isinstance(value, Markup):
                value = values["partner_mailing_company_name"]
            return value or placeholder.fallback

        return fill

    @api.model
    def _get_company_values(self, company):
        """Return a company's data for messages: {name of a placeholder's field of contacts: value}.

        Texts, empty where the company has none; the logo is HTML, empty if it is Odoo's own.
        """
        company = company.sudo().with_context(bin_size=False)
        logo = ""
        if company.logo_web and not company.uses_default_logo:
            version = hashlib.sha256(company.logo_web).hexdigest()[:8]
            logo = LOGO % (company.id, version, company.name)
        return {
            "partner_mailing_company_name": company.name,
            "partner_mailing_company_address": self._get_postal_address(company.partner_id),
            "partner_mailing_company_website": company.website or "",
            "partner_mailing_company_email": company.email or "",
            "partner_mailing_company_phone": company.phone or "",
            "partner_mailing_company_logo": Markup(logo),
        }

    def _get_company_data(self, texts):
        """Return the company's data that texts have placeholders for: {field name: value}.

        :param texts: iterable of subjects and bodies
        """
        used = {name for text in texts for name in COMPANY_DATA.findall(text)}
        if not used:
            return {}
        # In one language, so that it does not depend on who asks.
        values = self._get_company_values(self.company_id.with_context(lang="en_US"))
        return {name: value for name, value in values.items() if name in used}

    def _get_html(self, source):
        """Return a stored body, which is a template, as HTML with absolute addresses."""
        return self._complete_addresses(xml_to_html(str(source)))

    def _complete_addresses(self, source, base_url=None):
        """Return HTML or a QWeb template with absolute addresses, those in ``srcset`` included."""
        completed = str(self._replace_local_links(source, base_url))
        if "srcset" not in completed:
            return completed
        base_url = base_url or self.get_base_url()
        return replace_in_srcsets(
            completed, lambda url: urljoin(base_url, url) if LOCAL_ADDRESS(url) else url
        )

    def _wrap_body(self, body, subject, preview):
        """Return the whole page with a body: language, direction, preview line."""
        return wrap(self, body, subject, preview)

    def _get_content(self, texts):
        """Return the ``Content`` of the current language, for the checks before sending.

        :param dict texts: {field name: its text}
        """
        source = texts.get("body_html") or ""
        shown = self._get_html(source) if source else ""
        return Content(
            texts={name: text for name, text in texts.items() if name != "body_html"},
            source=source,
            html=shown,
            size=self._measure_page(shown, texts) if source else 0,
            base_url=self.get_base_url() or "",
        )

    def _measure_page(self, body, texts):
        """Return the bytes of the HTML page of a message, as it leaves.

        Placeholders count as they stand; the values differ from recipient to recipient.

        :param str body: HTML as it leaves
        :param dict texts: {field name: its text}
        """
        make = self._get_link_key(VIEW).make
        token = make(self.id or 0)
        body += str(render_block(self, lambda slot: token))
        if frame := get_frame(self):
            body = insert_body(self, frame, body, lambda slot: slot.path)
        elif self.has_unsubscribe and f"/partner_mailing/{UNSUBSCRIBE}" not in body:
            body += str(self._render_footer(lambda slot: token))
        body = LinkParameters(self).in_html(self._insert_link_slots(body, lambda slot: token))
        if self.track_clicks:
            addresses = {encode_address(url): self.id or 1 for url in find_links(body)}
            body = self._track_links(body, addresses, lambda: token)
        if self.track_opens:
            body += PIXEL % f"{self._get_link(OPEN, token)}.gif"
        page = self._wrap_body(body, texts.get("subject") or "", texts.get("preview_text") or "")
        return len(page.encode()) + page.count("\n")  # lines end in CRLF

    def _get_files_to_attach(self):
        """Return the files that each message has; none for "View in Browser"."""
        if self.env.context.get(WITHOUT_FILES):
            return self.env["ir.attachment"]
        return self.attachment_ids.filtered(lambda file: not file.partner_mailing_as_link)

    # ------------------------------------------------------------
    # Headers
    # ------------------------------------------------------------

    @api.model
    def _get_text_limits(self):
        """Return {field: maximum number of characters}; an addon that brings a text adds to it."""
        return MAX_TEXTS

    def _tidy_headers(self, vals):
        """Return the values with texts for headers as mail programs show them.

        :raises ValidationError: names the field, the value and the remedy
        """
        return {name: self._read_header(name, value) for name, value in vals.items()}

    def _read_header(self, name, value):
        """Return the value of a field, for a header as mail programs show it, if it has a limit.

        :raises ValidationError: names the field, the value and the remedy
        """
        most = self._get_text_limits().get(name)
        if not most or not isinstance(value, str):
            return value
        text = str(value)
        try:
            if name in HEADER_FIELDS:
                return header.read_text(text, most)
            if len(text) > most:
                raise header.HeaderError(header.TOO_LONG)
        except header.HeaderError as error:
            raise ValidationError(
                self.env._(
                    'The field "%(field)s" cannot be saved with this value: %(value)s\n%(problem)s',
                    field=self._fields[name]._description_string(self.env),
                    value=address_field.shorten(text, SHOWN),
                    problem=self._describe_header_problem(error.reason, most),
                )
            ) from error
        return value

    def _describe_header_problem(self, reason, most=None):
        """Return what is wrong with a text for a header, and what to do."""
        if reason == header.TOO_LONG:
            return self.env._("It is longer than %s characters. Write a shorter one.", most)
        if reason == header.CODED:
            return self.env._(
                "It has a coded text, from =? to ?=, that cannot be read. Write the text itself."
            )
        return self.env._(
            "It has a line break or another control character, maybe in a coded text from =? to ?=."
            " Write it on one line."
        )

    def _check_headers(self):
        """Refuse texts for headers that were saved before they were read, in any language.

        :raises UserError: names the field, the value and the remedy
        """
        self.flush_recordset(HEADER_FIELDS)
        stored = self.sudo()._get_translations()
        for name in HEADER_FIELDS:
            for value in stored.get(name, {}).values():
                self._read_header(name, value)

    def _check_files(self):
        """Refuse files whose name deceives, or whose name or type cannot stand in a header.

        Called when files are attached, renamed, submitted, and when messages are made.

        :raises UserError: names the file and the remedy
        """
        for mailing in self:
            for file in mailing.sudo().attachment_ids:
                mailing._check_file_name(file.name or "")
                if problem := self._get_file_problem(file):
                    raise UserError(
                        self.env._(
                            'The file "%(file)s" cannot be attached to the mailing "%(mailing)s":'
                            " %(problem)s",
                            file=address_field.shorten(file.name, SHOWN),
                            mailing=mailing.name,
                            problem=problem,
                        )
                    )

    def _get_file_problem(self, file):
        """Return why a file cannot be attached, and what to do; False when it can."""
        name, kind = file.name or "", file.mimetype or ""
        if len(name) > MAX_FILE_NAME:
            return self.env._(
                "its name is longer than %s characters. Give it a shorter name.", MAX_FILE_NAME
            )
        if CONTROL.search(name) or "=?" in name:
            return self.env._(
                "its name has a line break, another control character, or a coded text that begins"
                " with =?. Rename it."
            )
        if kind and not header.is_media_type(kind.partition(";")[0].strip()):
            return self.env._(
                'its type "%s" is none, such as text/plain. Upload the file again.',
                address_field.shorten(kind, SHOWN),
            )
        if file.partner_mailing_as_link and file.type != "binary":
            return self.env._(
                "it is an address on the web, so it cannot be sent as a link. Write the address into"
                " the text."
            )
        return False

    def _get_headers(self):
        """Return the headers of a mailing that other mail of Odoo does not have."""
        return {
            **self._get_list_headers(),
            **PRIORITY_HEADERS[self.priority],
            # RFC 3834, section 2: vacation programs do not answer bulk mail.
            "Precedence": "bulk",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        }

    def _get_list_headers(self):
        """Return the headers that identify the list, and the one with the address for bounces.

        Return-Path is set as in Odoo's own mail: an addon that sends a message by its headers
        alone takes the envelope sender from it.
        """
        headers = {"List-Id": f"<{self._get_list_id()}>"}
        company = self.company_id.sudo()
        if bounce := company.alias_domain_id.bounce_email or company.bounce_email:
            headers["Return-Path"] = bounce
        if name := company.partner_mailing_feedback_name:
            # Providers count complaints by these: up to three identifiers, then the name of the
            # sending organization (Gmail's documentation of its feedback loop).
            headers["Feedback-ID"] = f"{self.id}:{company.id}:mailing:{name}"
        return headers

    def _get_list_id(self):
        """Return the permanent identifier of a company's mailings (RFC 2919, section 3).

        Without a domain name it ends in ``localhost``, and the UUID of the database makes it
        unique, as section 3 requires.
        """
        host = self.env["partner.mailing.recipient"]._message_id_host()
        label = f"mailings-{self.company_id.id}"
        if "." in host and not is_ip_address(host):
            return f"{label}.{host}"
        unique = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return f"{label}.{unique}.localhost"

    def _get_link_headers(self, marker_for):
        """Return the headers for one click (RFC 2369, RFC 8058), with slots in their values.

        There is no mailto: address beside the https one: its mail would arrive in the mailbox of
        the From address, where no program reads it.
        """
        if not self.has_unsubscribe:
            return {}
        link = self._get_link(UNSUBSCRIBE, marker_for(LinkSlot(UNSUBSCRIBE)))
        return {
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    # ------------------------------------------------------------
    # Mail server and From address
    # ------------------------------------------------------------

    def _get_mail_server_model(self):
        """Return ``ir.mail_server`` with the bounce and From addresses of the company."""
        alias_domain = self.company_id.sudo().alias_domain_id
        return (
            self.env["ir.mail_server"]
            .sudo()
            .with_context(
                domain_notifications_email=alias_domain.default_from_email,
                domain_bounce_address=alias_domain.bounce_email,
            )
        )

    def _get_server_and_terms(self):
        """Return ``(server, terms)``: the mail server, and what Odoo reads from a session with it.

        :return: the ``ir.mail_server``, empty for the one of Odoo's configuration, and an object
            with ``from_filter`` (str or False) and ``smtp_from`` (str) in place of a session
        """
        servers = self._get_mail_server_model()
        sender = self._get_sender_forms()
        if self.mail_server_id:
            server, smtp_from = servers.browse(self.mail_server_id.ids), sender[0]
        else:
            candidates = servers._get_partner_mailing_candidates()
            found = [servers._find_mail_server(form, candidates) for form in sender]
            server, smtp_from = next(
                (
                    (server, smtp_from)
                    for form, (server, smtp_from) in zip(sender, found, strict=True)
                    if server and server.from_filter and smtp_from == form
                ),
                found[0],
            )
        from_filter = server.from_filter if server else servers._get_default_from_filter()
        return server or servers, SimpleNamespace(from_filter=from_filter, smtp_from=smtp_from)

    def _get_sender_forms(self):
        """Return the From address as mail servers may know it: in ASCII, and as it is shown.

        They differ for an international domain: the filter of a mail server may have either. An
        address from before it was checked, which cannot be read, is returned as it is.
        """
        sender = self._read_known_addresses("email_from")
        forms = [form for box in sender for form in (box.header, box.proper)]
        return list(dict.fromkeys(forms)) or [self.email_from]

    def _get_visible_from(self, terms):
        """Return the sender that recipients see, by Odoo's own rules, as a ``Mailbox``."""
        message = EmailMessage()
        message["From"] = self._get_sender_forms()[0]
        message["To"] = SAMPLE_ADDRESS
        self._get_mail_server_model()._prepare_email_message__(message, terms)
        seen = message["From"].addresses[0]
        return address_field.Mailbox(seen.display_name, seen.addr_spec)

    # ------------------------------------------------------------
    # Personal links
    # ------------------------------------------------------------

    @api.model
    def _get_link_key(self, purpose):
        """Return the ``LinkKey`` of this database for a purpose."""
        secret = self.env["ir.config_parameter"].sudo().get_param("database.secret")
        return make_key(secret, purpose)

    @api.model
    def _read_link_token(self, purpose, token):
        """Return the number in a token: a recipient's id, or the negative id of a mailing.

        Previews and tests, which belong to no recipient, have the latter.

        :return: the number (with the position of a short link, as a pair), None when the token is not of this database and purpose
        """
        return self._get_link_key(purpose).parse(token)

    def _get_link_number(self, row):
        """Return the number in the tokens for a row; see ``_read_link_token``."""
        # A mailing that is not saved is only measured.
        return -(self._origin.id or 1) if row.get("is_sample") else row["id"]

    def _get_link(self, purpose, token):
        """Return the URL of a personal link, with a token or its slot marker."""
        return f"{self.get_base_url().rstrip('/')}/partner_mailing/{purpose}/{token}"

    def _insert_link_slots(self, body, marker_for):
        """Return the HTML body with a slot after each personal link.

        In a body they are links to ``/partner_mailing/unsubscribe`` and the like. The token of the
        recipient and the purpose fills the slot, so no template is rendered for it.

        :param str body: HTML with absolute URLs and slot markers
        :param marker_for: callable, ``LinkSlot`` -> its slot marker
        """
        return PERSONAL_LINK.sub(
            lambda link: self._get_link(link["purpose"], marker_for(LinkSlot(link["purpose"]))),
            body,
        )

    def _insert_frame(self, body, marker_for):
        """Return the body in its layout, which has a footer, or with the addon's own footer."""
        if frame := get_frame(self):
            return insert_body(self, frame, body, marker_for)
        return f"{body}{self._get_footer(marker_for)}"

    def _get_footer(self, marker_for):
        """Return the footer as HTML; empty if the body has the unsubscribe link, or none is wanted."""
        if not self.has_unsubscribe or self._has_link_in_body(UNSUBSCRIBE):
            return ""
        return self._render_footer(marker_for)

    def _has_link_in_body(self, purpose):
        """Return whether the body in the current language has the link."""
        return f"/partner_mailing/{purpose}" in (self.body_html or "")

    def _render_footer(self, marker_for):
        """Return the footer as HTML: company, unsubscribe link, link to the message in a browser."""
        company = self.company_id.sudo()
        return self.env["ir.qweb"]._render(
            "mass_mailing_lite.mail_footer",
            {
                "company": company.name,
                "address": self._get_postal_address(company.partner_id),
                "website": company.website,
                "unsubscribe_url": self._get_link(UNSUBSCRIBE, marker_for(LinkSlot(UNSUBSCRIBE))),
                "view_url": not self._has_link_in_body(VIEW)
                and self._get_link(VIEW, marker_for(LinkSlot(VIEW))),
            },
            minimal_qcontext=True,
        )

    def _get_postal_address(self, partner):
        """Return a company's postal address on one line; laws on mailings require it."""
        if not partner.street:
            return ""
        lines = partner._display_address(without_company=True).splitlines()
        return ", ".join(filter(None, map(str.strip, lines)))

    # ------------------------------------------------------------
    # Tracking
    # ------------------------------------------------------------

    def _insert_tracking(self, body, marker_for):
        """Return the HTML body with tracked links and the pixel, where they are switched on.

        :param marker_for: callable, ``LinkSlot`` -> its slot marker
        """
        if self.track_clicks and (addresses := self._get_link_ids()):
            body = self._track_links(body, addresses, lambda: marker_for(LinkSlot(CLICK)))
        if self.track_opens:
            body += PIXEL % f"{self._get_link(OPEN, marker_for(LinkSlot(OPEN)))}.gif"
        return body

    def _get_link_ids(self):
        """Return {encoded URL: id} of the links, which are stored at submission."""
        links = self.env["partner.mailing.link"].sudo().search([("mailing_id", "=", self.id)])
        return {encode_address(url): link.id for url, link in links._get_targets().items()}

    def _get_link_parameters(self):
        """Return what is added to links that lead to web pages: ``[(name, value)]``.

        An addon overrides this. Of what was submitted, it returns what it returned then.
        """
        return []

    def _track_links(self, body, addresses, get_token):
        """Return HTML in which stored links lead through this database.

        :param addresses: {encoded URL: id} of the stored links
        :param get_token: callable without parameters -> slot marker
        """

        def track(match):
            address = get_address(match)
            number = address and addresses.get(encode_address(address))
            if not number:
                return match[0]
            link = self._get_link(CLICK, get_token())
            return f"{match['before']}{match['quote']}{link}/{number}{match['quote']}"

        return LINK.sub(track, body)

    # ------------------------------------------------------------
    # Readers and contacts
    # ------------------------------------------------------------

    def _make_reader(self, slot):
        """Return the function that fills a slot: (contact, row) -> text or ``Value``.

        If the row has all that the slots need (see ``_get_contacts``), the contact is None, and
        the function runs in a thread without a database cursor.
        """
        if isinstance(slot, LinkSlot):
            make = self._get_link_key(slot.purpose).make
            target = slot.target
            return lambda _contact, row: make(self._get_link_number(row), *target)
        if slot == "body_html":
            return self._make_body_reader()
        if isinstance(slot, str):
            render = self._make_renderer(slot)
            return lambda contact, _row: render(contact)
        *through, last = slot.path.split(".")[1:]
        key, fallback = get_contact_key(last), slot.fallback
        if last in PARTS and not through:
            return self._make_name_reader(last, fallback)

        def read(contact, row):
            value = row[key] if contact is None else contact[last]
            return value if type(value) is str and value else get_text(value, fallback)

        def read_through(contact, row):
            for name in through:
                contact = contact[name]
            return read(contact, row)

        return read_through if through else read

    def _make_name_reader(self, name, fallback):
        """Return the function that fills a slot with a part of a name; see ``_make_reader``."""
        columns = self.env["res.partner"]._get_name_columns()
        keys, part = [(column, get_contact_key(column)) for column in columns], PARTS[name]

        def read(contact, row):
            if contact is not None:
                return contact[name] or fallback
            person = read_contact({column: row[key] for column, key in keys})
            return getattr(person, part) or fallback

        return read

    def _make_body_reader(self):
        """Return the function that renders a body with QWeb logic and inserts the tokens."""
        # Looked up once a language; ``read`` runs for each recipient.
        addresses = self._get_link_ids() if self.track_clicks else {}
        render = self._make_renderer("body_html", addresses)
        make = {name: self._get_link_key(name).make for name in (UNSUBSCRIBE, VIEW, CLICK)}

        def read(contact, row):
            number = self._get_link_number(row)
            return render(contact, lambda slot: make[slot.purpose](number))

        return read

    def _make_renderer(self, name, addresses=()):
        """Return a function that renders a field for one contact.

        :param str name: a field of the mailing, whose template is read in the
            language of the environment
        :param addresses: see ``_make_qweb_renderer``
        :return: callable, ``res.partner`` record -> text or ``Value``; see ``_make_qweb_renderer``
        """
        source = str(self[name] or "")
        if self._fields[name].render_engine == "qweb":
            render = self._make_qweb_renderer(source, addresses)
        else:
            render = self._make_inline_renderer(source)
        if not COMPANY_DATA.search(source):
            return render
        # Looked up once a language: the company whose data the contact's placeholders give.
        company = self.company_id.id
        used = {}  # {environment of contacts: that of the company}, the last one

        def render_in_company(contact, *args):
            if contact.env not in used:
                used.clear()
                used[contact.env] = contact.with_company(company).env
            return render(contact.with_env(used[contact.env]), *args)

        return render_in_company

    def _make_inline_renderer(self, source):
        instructions = parse_inline_template(source)
        variables = self._render_eval_context()

        def render(contact):
            variables["object"] = contact
            return str(render_inline_template(instructions, variables))

        return render

    def _make_qweb_renderer(self, source, addresses=()):
        """Return a function that renders a body for one contact.

        :param addresses: {encoded URL: id} of the links whose clicks are counted
        :return: callable, (``res.partner`` record, callable ``LinkSlot`` -> token) -> ``Value``
        """
        source = LinkParameters(self).in_html(self._complete_addresses(source))
        masked = mask_whole(source)
        tree = html.fragment_fromstring(masked.text, create_parent=WRAPPER)
        values = self._render_eval_context()
        # Outlook reads conditional comments; QWeb would leave comments out.
        qweb = self.env["ir.qweb"].with_context(preserve_comments=True)
        qweb, template = qweb._prepare_compiled(tree, values)
        base_url = self.get_base_url()
        static = template.get_static()

        def finish(pieces, marker_for):
            # A value that is markup, such as a signature, is stored as XML.
            pieces = [
                xml_to_html(piece) if "/>" in piece and piece not in static else piece
                for piece in pieces
            ]
            page = "".join(masked.restore(piece) if piece in static else piece for piece in pieces)
            page = masked.leading + unwrap(page)
            if any(has_local_address(piece) for piece in pieces):
                page = self._complete_addresses(page, base_url)
                text = html_to_text(page)
            else:
                text = html_to_text(unwrap("".join(pieces)))
            text, page = (self._insert_link_slots(part, marker_for) for part in (text, page))
            if addresses:
                click = LinkSlot(CLICK)
                page = self._track_links(page, addresses, lambda: marker_for(click))
            return text, page

        repeated = RepeatedBody(static, finish)

        def render(contact, get_token=lambda slot: ""):
            pieces = qweb._render_compiled(template, {**values, "object": contact})
            return repeated.convert(pieces, get_token)

        return render

    def _get_contact_columns(self):
        """Return the names of the contacts' columns in the content of all languages."""
        stored = self._get_translations()
        names = {
            column
            for name in self._get_rendered_fields()
            for source in stored.get(name, {}).values()
            for column in CONTACT_FIELD.findall(source)
        }
        for frame in ((self.layout_id and self.frames) or {}).values():
            names.update(CONTACT_FIELD.findall(frame))
        columns = {name for name in names if self._is_text_column(name)}
        return tuple(sorted(columns | self._get_columns_of_parts(names)))

    @api.model
    def _get_columns_of_parts(self, names):
        """Return the columns that the parts of a name are read from, if one is among the names."""
        used = not PARTS.keys().isdisjoint(names)
        return set(self.env["res.partner"]._get_name_columns()) if used else set()

    def _get_name_parts(self):
        """Return the fields with parts of a name that the content has placeholders for, in order."""
        self.flush_recordset(self._get_sent_fields())
        stored = self.sudo()._get_translations(self._get_sent_fields())
        texts = [text for texts in stored.values() for text in texts.values()]
        texts += ((self.layout_id and self.frames) or {}).values()
        used = {name for text in texts for name in CONTACT_FIELD.findall(text)}
        return [name for name in PARTS if name in used]

    def _is_text_column(self, name):
        """Return whether a contact's field is a text column with one value for all users."""
        field = self.env["res.partner"]._fields.get(name)
        return bool(
            field is not None
            and field.store
            and field.column_type
            and field.type in TEXT_FIELDS
            and not field.translate
            and not field.company_dependent
        )

    def _get_contact_fields(self, slots):
        """Return the stored fields of a contact that fill these slots."""
        names = {
            name
            for slot in slots
            if not isinstance(slot, LinkSlot)
            for name in CONTACT_FIELD.findall(
                slot.path if isinstance(slot, Placeholder) else self[slot] or ""
            )
        }
        names |= self._get_columns_of_parts(names)
        fields = self.env["res.partner"]._fields
        return tuple(name for name in names if name in fields and fields[name].store)

    def _get_contacts(self, rows, compiled, transport):
        """Return an iterable with the contact of each row, prefetched together.

        An extra address has a contact in memory. If the rows have all that the slots need, the
        contacts are None.

        :param transport: of this mailing; making it anew would read the mailing for each claim
        """
        partners = self.env["res.partner"].sudo().with_context(lang=compiled.lang)
        ids = [row["partner_id"] for row in rows if row["partner_id"]]
        if all(row_fills(rows[0], slot) for slot in compiled.slots):
            contacts = iter([None] * len(ids))
        else:
            partners.browse(ids).fetch(compiled.contact_fields)
            # Iterating over one recordset takes a tenth of the time of one browse() a contact.
            contacts = iter(partners.browse(ids))
        if len(ids) == len(rows):
            return contacts
        values_of = transport.get_contact_values
        return [
            next(contacts)
            if row["partner_id"]
            else partners.new({"name": row["name"], **values_of(row["address"])})
            for row in rows
        ]

    # ------------------------------------------------------------
    # View in Browser
    # ------------------------------------------------------------

    @api.model
    def _get_message_to_view(self, number):
        """Return the message of the recipient ``number`` as octets; None if there is none to show.

        It is built as the sender builds it, without files, and only from validated content: a
        draft is not shown, even if the mailing was sent in part before. Nor is what was validated
        after the recipient's message had left, which may be another text; clocks may differ by a
        minute.

        :raises UserError: when the message cannot be built
        """
        columns = SQL(", ").join(SQL.identifier("r", name) for name in ROW)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.mailing_id, r.sent_at, %s
                  FROM partner_mailing_recipient r
                 WHERE r.id = %s AND r.email_normalized IS NOT NULL
                   AND EXISTS (SELECT FROM partner_mailing_approval a
                                WHERE a.mailing_id = r.mailing_id AND a.state = 'validated'
                                  AND (r.sent_at IS NULL
                                       OR r.sent_at > a.decided_at - interval '1 minute'))
                """,
                columns,
                number,
            )
        )
        if not rows:
            return None
        mailing_id, sent_at, *values = rows[0]
        row = dict(zip(ROW, values, strict=True))
        row["address"] = row.pop("email_normalized")
        mailing = self.browse(mailing_id).with_context(**{WITHOUT_FILES: True, SENT_AT: sent_at})
        _server, terms = mailing._get_server_and_terms()
        transport = mailing._get_transport()
        compiled = transport.compile(mailing._get_recipient_language(row), terms)
        [(_row, envelope, error)] = transport.fill(compiled, [row])
        if error:
            raise UserError(error)
        return envelope.octets()


def unwrap(page):
    """Return a rendering without the element that was put around its template."""
    return page.removeprefix(f"<{WRAPPER}>").removesuffix(f"</{WRAPPER}>")


def has_local_address(piece):
    """Return whether a part of HTML may have an address that is to be made absolute."""
    return '="/' in piece or "url(" in piece or "srcset" in piece


def is_ip_address(host):
    """Return whether a host is an IP address."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
