import ipaddress
import re
from email.message import EmailMessage
from functools import lru_cache
from types import SimpleNamespace

from lxml import html
from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.rendering_tools import parse_inline_template, render_inline_template

from ..delivery.compose.link_token import LinkKey, LinkSlot
from ..delivery.compose.message import Value
from ..delivery.compose.plain_text import html_to_text
from ..delivery.compose.repeated_text import RepeatedText
from ..tools.placeholder import HTML, Placeholder, UnsupportedTemplate, substitute_placeholders
from ..transport.compiled import get_contact_key, get_text, row_fills
from ..transport.smtp import NOBODY
from .partner_mailing_link import LINK, get_address

PRIORITY_HEADERS = {
    "low": {"X-Priority": "5", "Importance": "low"},
    "normal": {},
    "high": {"X-Priority": "1", "Importance": "high"},
}

# Links that are each recipient's own, and what they are for.
UNSUBSCRIBE, VIEW, OPEN, CLICK = "unsubscribe", "view", "open", "click"
# A link that is each recipient's own, as it stands in a body. The path is what a user writes,
# the address before it Odoo's; the token comes behind it.
PERSONAL_LINK = re.compile(
    r"https?://[^\s/<>\"']+/partner_mailing/(?P<purpose>unsubscribe|view)/?(?![\w/-])"
)
# Keys of a few databases and purposes; making one takes longer than a token.
make_key = lru_cache(maxsize=64)(LinkKey)
# Without a border and a description, so that neither eyes nor screen readers meet it.
PIXEL = '<img src="%s" width="1" height="1" alt="" style="display: block; border: 0"/>'

# Contacts
# What a template reads of the contact; read ahead, for else Odoo reads all columns.
CONTACT_FIELD = re.compile(r"\bobject\.(\w+)")
TEXT_FIELDS = ("char", "text", "selection")

# QWeb wants one element around a body.
WRAPPER = "div"

# What "View in Browser" reads of a recipient, as a claim gives it.
ROW = ("id", "partner_id", "name", "email_normalized", "lang", "attempts", "message_id")
WITHOUT_FILES = "partner_mailing_without_files"


class PartnerMailing(models.Model):
    """Content becomes messages; the ``Transport`` compiles them once a language and fills them.

    This file gives it what it puts together: slots in place of placeholders and links, headers,
    the page around the body, the contacts that fill the slots, and what reads them.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------
    # Slots
    # ------------------------------------------------------------

    def _insert_slots(self, name, kind, marker_for):
        """Return the field's template with a slot for each placeholder.

        What is more than plain placeholders gets one slot for the whole field, which QWeb fills.

        :param kind: ``TEXT`` or ``HTML``, as ``tools.placeholder`` has it
        :param marker_for: callable, slot -> the marker that stands for it
        """
        source = str(self[name] or "")
        if kind == HTML:
            source = str(self._replace_local_links(source))
        try:
            allowed = frozenset(self.env["res.partner"].mail_allowed_qweb_expressions())
            return substitute_placeholders(source, kind, allowed, marker_for)
        except UnsupportedTemplate:
            return marker_for(name)

    def _wrap_body(self, body, subject, preview):
        """Put the page around the body: language, direction, preview line."""
        lang = self.env["res.lang"]._lang_get(self.env.lang) or self.env["res.lang"]
        page = self.env["ir.qweb"]._render(
            "mass_mailing_lite.mail_layout",
            {
                "lang": (self.env.lang or "en_US").replace("_", "-"),
                "direction": lang.direction or "ltr",
                "subject": subject,
                "preview_text": preview,
                "body": Markup(body),
            },
            minimal_qcontext=True,
        )
        return f"<!DOCTYPE html>\n{page}"

    def _get_files_to_attach(self):
        """Return the files that each message has; "View in Browser" shows it without."""
        if self.env.context.get(WITHOUT_FILES):
            return self.env["ir.attachment"]
        return self.attachment_ids

    # ------------------------------------------------------------
    # Headers
    # ------------------------------------------------------------

    def _get_headers(self):
        """Return the headers of a mailing beside those that every message has."""
        return {
            **self._get_list_headers(),
            **PRIORITY_HEADERS[self.priority],
            # RFC 3834, section 2: vacation programs do not answer bulk mail.
            "Precedence": "bulk",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        }

    def _get_list_headers(self):
        """Return the headers that name the list, and the address for bounces.

        Return-Path is written as Odoo's own mails have it: an addon that sends
        messages from their headers alone finds the envelope sender there.
        """
        headers = {"List-Id": f"<{self._get_list_id()}>"}
        company = self.company_id.sudo()
        if bounce := company.alias_domain_id.bounce_email or company.bounce_email:
            headers["Return-Path"] = bounce
        if name := company.partner_mailing_feedback_name:
            # What a provider counts complaints by: up to three names of ours, then the sender's
            # (documented with Gmail's feedback loop).
            headers["Feedback-ID"] = f"{self.id}:{company.id}:mailing:{name}"
        return headers

    def _get_list_id(self):
        """Return what identifies a company's mailings for good (RFC 2919, section 3).

        Without a domain name it ends in ``localhost``, and the database's own
        number makes it unique, as section 3 asks for.
        """
        host = self.env["partner.mailing.recipient"]._message_id_host()
        label = f"mailings-{self.company_id.id}"
        if "." in host and not is_ip_address(host):
            return f"{label}.{host}"
        unique = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return f"{label}.{unique}.localhost"

    def _get_link_headers(self, marker_for):
        """Return the headers for one click (RFC 2369, RFC 8058), with slots in their values.

        No mailto: beside the https address: its mail would come to the sender's
        mailbox, where nothing unsubscribes anybody.
        """
        if not self.has_unsubscribe:
            return {}
        link = self._get_link(UNSUBSCRIBE, marker_for(LinkSlot(UNSUBSCRIBE)))
        return {
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def _get_mail_server_model(self):
        """Return ``ir.mail_server`` with the bounce and sender addresses of the company."""
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
        """Return ``(server, terms)``: who will send, and what a session with it would know.

        :return: the ``ir.mail_server``, empty for the one of Odoo's configuration, and what
            stands for a session: ``from_filter`` (str or False) and ``smtp_from`` (str)
        """
        servers = self._get_mail_server_model()
        if self.mail_server_id:
            server, smtp_from = servers.browse(self.mail_server_id.ids), self.email_from
        else:
            # Handed over with all their fields: one query where Odoo's own search takes two.
            candidates = servers.search_fetch(
                servers._find_mail_server_allowed_domain(), order="sequence"
            )
            server, smtp_from = servers._find_mail_server(self.email_from, candidates)
        from_filter = server.from_filter if server else servers._get_default_from_filter()
        return server or servers, SimpleNamespace(from_filter=from_filter, smtp_from=smtp_from)

    def _get_visible_from(self, terms):
        """Return what will stand in From, by Odoo's own rules."""
        message = EmailMessage()
        message["From"] = self.email_from
        message["To"] = NOBODY
        self._get_mail_server_model()._prepare_email_message__(message, terms)
        return str(message["From"])

    # ------------------------------------------------------------
    # Links of a recipient's own
    # ------------------------------------------------------------

    @api.model
    def _get_link_key(self, purpose):
        """Return the ``LinkKey`` of this database for a purpose."""
        secret = self.env["ir.config_parameter"].sudo().get_param("database.secret")
        return make_key(secret, purpose)

    @api.model
    def _read_link_token(self, purpose, token):
        """Return what a token stands for: a recipient's id, or minus the id of a mailing.

        The latter stands in previews and tests, which belong to no recipient.

        :return: the number, None when the token is not of this database and purpose
        """
        return self._get_link_key(purpose).parse(token)

    def _get_link_number(self, row):
        """Return what the tokens for a row stand for; see ``_read_link_token``."""
        return -self.id if row.get("is_sample") else row["id"]

    def _get_link(self, purpose, token):
        """Return the address of a personal link, with a token or with its mark."""
        return f"{self.get_base_url()}/partner_mailing/{purpose}/{token}"

    def _insert_link_slots(self, body, marker_for):
        """Return the HTML body with a slot behind each personal link.

        In a body they are links to ``/partner_mailing/unsubscribe`` and the like; the token of the
        recipient and the purpose fills the slot, so no template is rendered for it.

        :param str body: HTML with absolute addresses and slot markers
        :param marker_for: callable, ``LinkSlot`` -> the marker that stands for its token
        """
        return PERSONAL_LINK.sub(
            lambda link: self._get_link(link["purpose"], marker_for(LinkSlot(link["purpose"]))),
            body,
        )

    def _get_footer(self, marker_for):
        """Return the footer as HTML, unless the author placed the link to unsubscribe, or wants none."""
        if not self.has_unsubscribe or self._has_link_in_body(UNSUBSCRIBE):
            return ""
        return self._render_footer(marker_for)

    def _insert_link_tokens(self, value, row):
        """Return what QWeb rendered for one recipient with that recipient's links.

        :param value: ``Value`` of the body, which has no marks; its parts may be
            in pieces, and are in pieces again: what is the same for all stays so
        """

        def complete(link):
            token = self._get_link_key(link["purpose"]).make(self._get_link_number(row))
            return self._get_link(link["purpose"], ""), token

        return Value(*(replace_in_pieces(PERSONAL_LINK, complete, part) for part in value))

    def _has_link_in_body(self, purpose):
        """Tell whether somebody placed the link, in the version of the current language."""
        return f"/partner_mailing/{purpose}" in (self.body_html or "")

    def _render_footer(self, marker_for):
        """Return the footer as HTML: who writes, how to unsubscribe, the message in a browser."""
        company = self.company_id.sudo()
        return self.env["ir.qweb"]._render(
            "mass_mailing_lite.mail_footer",
            {
                "company": company.name,
                "address": self._get_postal_address(company.partner_id),
                "unsubscribe_url": self._get_link(UNSUBSCRIBE, marker_for(LinkSlot(UNSUBSCRIBE))),
                "view_url": not self._has_link_in_body(VIEW)
                and self._get_link(VIEW, marker_for(LinkSlot(VIEW))),
            },
            minimal_qcontext=True,
        )

    def _get_postal_address(self, partner):
        """Return where a company can be reached, on one line; laws on mailings ask for it."""
        if not partner.street:
            return ""
        lines = partner._display_address(without_company=True).splitlines()
        return ", ".join(filter(None, map(str.strip, lines)))

    # ------------------------------------------------------------
    # Tracking
    # ------------------------------------------------------------

    def _insert_tracking(self, body, marker_for):
        """Return the HTML body with what the mailing's switches ask for.

        :param marker_for: callable, ``LinkSlot`` -> the marker that stands for its token
        """
        if self.track_clicks and (addresses := self._get_link_ids()):
            pieces = self._track_links(body, addresses, lambda: marker_for(LinkSlot(CLICK)))
            body = "".join(pieces)
        if self.track_opens:
            body += PIXEL % f"{self._get_link(OPEN, marker_for(LinkSlot(OPEN)))}.gif"
        return body

    def _get_link_ids(self):
        """Return {address: id} of the links that were stored at submission; none before."""
        links = self.env["partner.mailing.link"].sudo().search([("mailing_id", "=", self.id)])
        return {link.url: link.id for link in links}

    def _track_links(self, body, addresses, get_token):
        """Return the body in pieces, stored links leading by way of this database.

        :param body: HTML, as a text or in pieces
        """

        def lead(match):
            number = addresses.get(get_address(match))
            if not number:
                return [match[0]]
            begin = f"{match['before']}{match['quote']}{self._get_link(CLICK, '')}"
            return begin, get_token(), f"/{number}{match['quote']}"

        return replace_in_pieces(LINK, lead, body)

    # ------------------------------------------------------------
    # What fills the slots
    # ------------------------------------------------------------

    def _make_reader(self, slot):
        """Return the function that gives what fills a slot: (contact, row) -> text or ``Value``.

        Where the row says all that is needed (see ``_get_contacts``), the contact is None, and the
        function runs in a thread that has no database.
        """
        if isinstance(slot, LinkSlot):
            make = self._get_link_key(slot.purpose).make
            return lambda _contact, row: make(self._get_link_number(row))
        if slot == "body_html":
            return self._make_body_reader()
        if isinstance(slot, str):
            render = self._make_renderer(slot)
            return lambda contact, _row: render(contact)
        *through, last = slot.path.split(".")[1:]
        key, fallback = get_contact_key(last), slot.fallback

        def read(contact, row):
            value = row[key] if contact is None else contact[last]
            return value if type(value) is str and value else get_text(value, fallback)

        def read_through(contact, row):
            for name in through:
                contact = contact[name]
            return read(contact, row)

        return read_through if through else read

    def _make_body_reader(self):
        """Return the function that renders a body with logic: its links are each recipient's own."""
        render = self._make_renderer("body_html")
        # Looked up once a language: what follows runs for each recipient.
        addresses = self._get_link_ids() if self.track_clicks else {}
        make = self._get_link_key(CLICK).make

        def read(contact, row):
            value = self._insert_link_tokens(render(contact), row)
            if addresses:
                token = make(self._get_link_number(row))
                value = value._replace(html=self._track_links(value.html, addresses, lambda: token))
            return value

        return read

    def _make_renderer(self, name):
        """Return a function that renders a field for one contact.

        :param str name: a field of the mailing, whose template is read in the
            language of the environment
        :return: callable, ``res.partner`` record -> text or ``Value``
        """
        if self._fields[name].render_engine == "qweb":
            return self._make_qweb_renderer(str(self[name] or ""))
        return self._make_inline_renderer(str(self[name] or ""))

    def _make_inline_renderer(self, source):
        instructions = parse_inline_template(source)
        variables = self._render_eval_context()

        def render(contact):
            variables["object"] = contact
            return str(render_inline_template(instructions, variables))

        return render

    def _make_qweb_renderer(self, source):
        source = str(self._replace_local_links(source))
        tree = html.fragment_fromstring(source, create_parent=WRAPPER)
        values = self._render_eval_context()
        qweb, template = self.env["ir.qweb"]._prepare_compiled(tree, values)
        base_url = self.get_base_url()
        repeated = RepeatedText(template.get_static())

        def render(contact):
            pieces = qweb._render_compiled(template, {**values, "object": contact})
            pieces[0] = pieces[0].removeprefix(f"<{WRAPPER}>")
            pieces[-1] = pieces[-1].removesuffix(f"</{WRAPPER}>")
            if any('="/' in piece or "url(" in piece for piece in pieces):
                complete = self._replace_local_links("".join(pieces), base_url)
                return Value(html_to_text(complete), complete)
            return Value(repeated.convert(pieces), pieces)

        return render

    def _get_contact_columns(self):
        """Return the names of the contacts' columns that the content asks for, in any language."""
        stored = self._get_translations()
        names = {
            column
            for name in self._get_rendered_fields()
            for source in stored.get(name, {}).values()
            for column in CONTACT_FIELD.findall(source)
        }
        return tuple(sorted(name for name in names if self._is_text_column(name)))

    def _is_text_column(self, name):
        """Tell whether a contact's field is a column, and the same for all who read it."""
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
        fields = self.env["res.partner"]._fields
        return tuple(name for name in names if name in fields and fields[name].store)

    def _get_contacts(self, rows, compiled):
        """Give the contact of each row, prefetched together; one in memory for extra addresses.

        None for a contact of which the row itself says all that is needed.
        """
        partners = self.env["res.partner"].sudo().with_context(lang=compiled.lang)
        ids = [row["partner_id"] for row in rows if row["partner_id"]]
        if all(row_fills(rows[0], slot) for slot in compiled.slots):
            contacts = iter([None] * len(ids))
        else:
            partners.browse(ids).fetch(compiled.contact_fields)
            # One iteration makes records with a common prefetch in a tenth of the time of as many
            # browse().
            contacts = iter(partners.browse(ids))
        if len(ids) == len(rows):
            return contacts
        values_of = self._get_transport().get_contact_values
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
        """Return the message of the recipient ``number`` as octets; None when there is none to show.

        Made as the sender made it, without its files, from content that is
        validated: what somebody writes into a draft stays inside, also when the
        draft was a mailing that went out to some.

        :raises UserError: when the message cannot be made
        """
        columns = SQL(", ").join(SQL.identifier("r", name) for name in ROW)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.mailing_id, %s
                  FROM partner_mailing_recipient r
                 WHERE r.id = %s AND r.email_normalized IS NOT NULL
                   AND EXISTS (SELECT FROM partner_mailing_approval a
                                WHERE a.mailing_id = r.mailing_id AND a.state = 'validated')
                """,
                columns,
                number,
            )
        )
        if not rows:
            return None
        mailing_id, *values = rows[0]
        row = dict(zip(ROW, values, strict=True))
        row["address"] = row.pop("email_normalized")
        mailing = self.browse(mailing_id).with_context(**{WITHOUT_FILES: True})
        _server, terms = mailing._get_server_and_terms()
        transport = mailing._get_transport()
        compiled = transport.compile(mailing._get_recipient_language(row), terms)
        [(_row, envelope, error)] = transport.fill(compiled, [row])
        if error:
            raise UserError(error)
        return envelope.octets()


def replace_in_pieces(pattern, replace, content):
    """Return a text, or one in pieces, in pieces with matches of a pattern replaced.

    :param pattern: compiled regular expression; what it finds lies in one piece
    :param replace: callable, match -> the pieces that come instead
    :param content: text, or sequence of texts
    """
    result = []
    for piece in (content,) if isinstance(content, str) else content:
        end = 0
        for match in pattern.finditer(piece):
            result += [piece[end : match.start()], *replace(match)]
            end = match.end()
        result.append(piece[end:] if end else piece)
    return result


def is_ip_address(host):
    """Tell whether a host is named by a number."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
