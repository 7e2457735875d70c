from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import NamedTuple

import idna
from markupsafe import Markup

from odoo import models
from odoo.tools.mail import (
    email_normalize_all,
    email_split_and_format,
)

from ...delivery.header import encode_literal
from ...delivery.link_token import LinkHole
from ...delivery.message import MessageTemplate, Value
from ...delivery.plain_text import html_to_text
from ...delivery.smtp import Envelope
from ...delivery.template import (
    HTML,
    TEXT,
    Marks,
    Placeholder,
    UnsupportedTemplate,
    substitute_marks,
)
from .partner_mailing_contact import get_contact_key

# Stands in the To header while the message is compiled; each fill replaces it.
NOBODY = "recipient@example.com"

PRIORITY_HEADERS = {
    "low": {"X-Priority": "5", "Importance": "low"},
    "normal": {},
    "high": {"X-Priority": "1", "Importance": "high"},
}


class Compiled(NamedTuple):
    """A mailing's message in one language, ready to be filled.

    ``holes`` says, mark by mark, what fills it: a placeholder, the token of a
    link, or the name of a field whose template is rendered for each recipient. ``readers``, mark by mark
    too, are functions that return it: (contact, claimed row) -> text or ``Value``.
    """

    template: MessageTemplate
    holes: tuple[Placeholder | LinkHole | str, ...]
    readers: tuple[Callable, ...]
    contact_fields: tuple[str, ...]  # stored ones that the readers need
    sender: str
    copies: tuple[str, ...]
    lang: str


class PartnerMailing(models.Model):
    """Content becomes messages: compiled once a language, filled for each recipient."""

    _inherit = "partner.mailing"

    def _compile_message(self, lang, session, subject_prefix=""):
        """Build the real message for ``lang``, with marks where recipients differ.

        :param str lang: code of an installed language
        :param session: the SMTP session of ``ir.mail_server``; its from-filter
            decides what stands in From and in the envelope
        :rtype: Compiled
        """
        mailing = self.with_context(lang=lang)
        marks, holes = Marks(), {}

        def mark_for(hole):
            if hole not in holes:
                holes[hole] = marks.new()
            return holes[hole]

        # A line break, which no form lets in, would end the header (RFC 5322, section 2.2).
        subject = " ".join(mailing._put_marks("subject", TEXT, mark_for).splitlines())
        if subject_prefix:
            subject = f"{subject_prefix} {subject}"
        preview = mailing._put_marks("preview_text", TEXT, mark_for)
        body = mailing._put_links(mailing._put_marks("body_html", HTML, mark_for), mark_for)
        server = mailing._get_mail_server_model()
        message = server._build_common_message(
            email_from=mailing.email_from,
            email_to=[NOBODY],
            subject=subject,
            body=mailing._wrap_body(mailing._put_tracking(body, mark_for), subject, preview),
            subtype="html",
            body_alternative=html_to_text(body),
            subtype_alternative="plain",
            email_cc=mailing._split_copies(mailing.cc),
            reply_to=mailing.reply_to or False,
            headers={**mailing._get_headers(), **mailing._get_link_headers(mark_for)},
            attachments=[
                (file.name, file.raw or b"", file.mimetype)
                for file in mailing._get_files_to_attach()
            ],
        )
        envelope_sender, _recipients, message = server._prepare_email_message__(message, session)
        return Compiled(
            template=MessageTemplate.compile(message, list(holes.values())),
            holes=tuple(holes),
            readers=tuple(mailing._make_reader(hole) for hole in holes),
            contact_fields=mailing._get_contact_fields(holes),
            sender=envelope_sender,
            copies=mailing._get_copy_addresses(),
            lang=lang,
        )

    def _put_marks(self, name, kind, mark_for):
        """Return the field's template with a mark for each placeholder.

        What is more than plain placeholders gets one mark for the whole field,
        which QWeb fills.
        """
        source = str(self[name] or "")
        if kind == HTML:
            source = str(self._replace_local_links(source))
        try:
            allowed = frozenset(self.env["res.partner"].mail_allowed_qweb_expressions())
            return substitute_marks(source, kind, allowed, mark_for)
        except UnsupportedTemplate:
            return mark_for(name)

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

    def _get_headers(self):
        """Return the headers of a mailing beside those that every message has."""
        return {
            **self._get_list_headers(),
            **PRIORITY_HEADERS[self.priority],
            # RFC 3834, section 2: vacation programs do not answer bulk mail.
            "Precedence": "bulk",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        }

    def _get_files_to_attach(self):
        """Return the files that each message has."""
        return self.attachment_ids

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

    # ------------------------------------------------------------
    # Copies
    # ------------------------------------------------------------

    def _split_copies(self, addresses):
        """Return the addresses of a Cc header, or nothing unless each message has one."""
        return email_split_and_format(addresses or "") if self.copy_policy == "each" else []

    def _get_copy_addresses(self):
        """Return who else is in each message's envelope."""
        if self.copy_policy != "each":
            return ()
        return tuple(
            ascii_domain(address)
            for address in email_normalize_all(f"{self.cc or ''},{self.bcc or ''}")
        )

    # ------------------------------------------------------------
    # Filling
    # ------------------------------------------------------------

    def _fill_messages(self, compiled, rows):
        """Yield ``(row, envelope or None, error)`` for claimed rows of one language.

        What the messages need of the database is read here; they are put together
        when their turn on the wire has come. A recipient whose message cannot be
        made has no envelope but a reason; the others are not held up by it.
        """
        template, sender, copies = compiled.template, compiled.sender, compiled.copies
        eight_bit, dot_free = template.eight_bit, template.dot_free
        readers = compiled.readers
        compose = partial(compose_message, compiled, encode_literal("Date", formatdate()))
        for row, contact in zip(rows, self._get_contacts(rows, compiled), strict=True):
            try:
                address = row["email_normalized"]
                is_ascii = address.isascii()
                if not is_ascii:
                    address = ascii_domain(address)
                    is_ascii = address.isascii()
                values = None if contact is None else [read(contact, row) for read in readers]
            except Exception as error:
                yield row, None, str(error)
                continue
            data = partial(compose, row, address, values)
            recipients = (address, *copies)
            yield (
                row,
                Envelope(row["id"], sender, recipients, data, not is_ascii, eight_bit, dot_free),
                "",
            )

    def _make_reader(self, hole):
        """Return the function that gives what stands at a mark: (contact, row) -> value.

        Where the row says all that is needed (see ``_get_contacts``), the contact is None, and the
        function runs in a thread that has no database.
        """
        if isinstance(hole, str):
            render = self._make_renderer(hole)
            return lambda contact, _row: render(contact)
        *through, last = hole.path.split(".")[1:]
        key, fallback = get_contact_key(last), hole.fallback

        def read(contact, row):
            value = row[key] if contact is None else contact[last]
            return value if type(value) is str and value else get_text(value, fallback)

        def read_through(contact, row):
            for name in through:
                contact = contact[name]
            return read(contact, row)

        return read_through if through else read


def compose_message(compiled, date, row, address, values=None):
    """Put one message together; runs in the threads of the connections, too.

    :param date: the whole Date field, encoded
    :param address: as it stands in the To field
    :param values: what stands at the marks; None when the row says it
    :return: its pieces, as ``MessageTemplate.fill_pieces`` gives them
    """
    if values is None:
        values = [read(None, row) for read in compiled.readers]
    headers = {"To": (row["name"] or "", address), "Message-Id": row["message_id"], "Date": date}
    return compiled.template.fill_pieces(values, headers)


def get_text(value, fallback=""):
    """Return a field's value as it stands in a message: text, or text and HTML."""
    if isinstance(value, models.BaseModel):
        value = value.display_name
    if isinstance(value, Markup):
        return Value(html_to_text(value), value)
    return str(value) if value or (value == 0 and value is not False) else fallback


def ascii_domain(address):
    """Return the address with its domain in the form of the DNS (RFC 5891).

    :raises idna.IDNAError: when the domain has no such form
    """
    local, _at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"
