"""E-mail by SMTP: compiled once a language, filled for each recipient, pipelined over sessions."""

from email.utils import formatdate
from functools import partial

from markupsafe import Markup

from odoo.exceptions import UserError
from odoo.tools import SQL

from ..delivery import outcome as outcomes
from ..delivery.address import ascii_domain, same
from ..delivery.characters import CONTROL, EMPTY
from ..delivery.compose.header import (
    CONTROL_CHARACTER,
    HeaderError,
    encode_literal,
    is_field_name,
    read_text,
)
from ..delivery.compose.message import MessageTemplate
from ..delivery.compose.plain_text import html_to_text
from ..delivery.smtp import fault as faults
from ..delivery.smtp.envelope import Envelope
from ..delivery.smtp.limit import Capacity
from ..delivery.smtp.pool import NoSession, Pool
from ..odoo_seams.tls_context import resumed_sessions
from ..tools import address_list, allowed_addresses, spreadsheet
from ..tools.inbox_line import read_inbox_line
from ..tools.placeholder import HTML, TEXT
from .base import Transport
from .canonical_address import (
    NOT_AN_ADDRESS,
    blocked_address_sql,
    contact_address_sql,
    read_contacts,
    read_entries,
)
from .file_links import render_block
from .frame import fill_frame
from .link_parameters import LinkParameters
from .one_by_one import OneByOnePool

# To header while a message is compiled; the message of each recipient has its own.
SAMPLE_ADDRESS = "recipient@example.com"


# What each mail server was found to bear, while this process runs: by database, server and login.
_capacities = {}


class SmtpTransport(Transport):
    """Messages by SMTP, over sessions that ``ir.mail_server`` opens."""

    required_fields = ("subject", "body_html", "email_from")
    translated_fields = ("subject", "body_html")
    body_fields = ("body_html",)
    compared_fields = (
        "subject",
        "preview_text",
        "body_html",
        "layout_id",
        "email_from",
        "reply_to",
        "cc",
        "bcc",
        "copy_policy",
        "priority",
        "mail_server_id",
        "scheduled_at",
        "attachment_ids",
        "link_days",
        "audience_ids",
        "extra_emails",
        "with_further_addresses",
        "ignores_pressure",
        "has_unsubscribe",
        "unsubscribe_category_ids",
        "track_clicks",
        "track_opens",
    )
    own_fields = frozenset({"layout_id"})
    extra_field, problems_field = "extra_emails", "extra_emails_problems"
    main_text = "body_html"
    card_field = "subject"
    template_field = "template_id"
    template_texts = {
        "subject": "subject",
        "preview_text": "partner_mailing_preview_text",
        "body_html": "body_html",
    }
    template_options = {
        "email_from": "email_from",
        "reply_to": "reply_to",
        "mail_server_id": "mail_server_id",
        "layout_id": "partner_mailing_layout_id",
    }
    files_field = "attachment_ids"
    typed_column, address_column = "email", "email_normalized"
    no_address_reasons = ("no_email", "invalid")
    test_field = "emails"
    blocklist_model = "mail.blacklist"
    example_address = "name@example.com"
    has_proofs = True

    # ------------------------------------------------------------
    # Addresses
    # ------------------------------------------------------------

    def check_addresses(self):
        """Raise when the From address, the reply address or a copy is no address.

        They were checked when they were saved, unless that was before the addon did so.
        """
        for name in self.mailing._address_fields:
            self.mailing._read_addresses(name)

    def get_sender_problem(self, user):
        # The rights are those of the given user, the words in the language of the current one.
        mailing = self.mailing
        return mailing._get_allowed_senders(user.with_env(mailing.env)).get_problem(
            mailing.email_from
        )

    def get_sender_warning(self):
        mailing = self.mailing
        if not (sender := mailing._read_known_addresses("email_from")):
            return False
        server, terms = mailing._get_server_and_terms()
        try:
            seen = mailing._get_visible_from(terms)
        except (AssertionError, ValueError, IndexError) as error:  # no address for this server
            words = "; ".join(map(str, error.args))
            return self.env._("The message cannot be made: %s", words)
        if seen.normalized != sender[0].normalized:
            return self.env._(
                "Recipients will see another sender, %(seen)s, because the mail server does not send"
                " for %(sender)s.",
                seen=seen.plain,
                sender=sender[0].address,
            )
        from_filter = terms.from_filter
        if not any(
            server._match_from_filter(form, from_filter) for form in mailing._get_sender_forms()
        ):
            return self.env._(
                'The mail server "%(server)s" is meant for senders of %(filter)s. Recipients will see'
                " %(seen)s as the sender, and their mail servers may take the message for forged.",
                server=server.name or self.env._("Default"),
                filter=from_filter,
                seen=sender[0].plain,
            )
        return False

    def get_sender_question(self):
        mailing = self.mailing
        if not (sender := mailing._read_known_addresses("email_from")):
            return None
        company = mailing.company_id.sudo()
        bounce = company.alias_domain_id.bounce_email or company.bounce_email
        reply = mailing._read_known_addresses("reply_to")
        addresses = sender[0].normalized, bounce, reply[0].normalized if reply else ""
        domains = [same(address.rpartition("@")[2]) if address else "" for address in addresses]
        return {
            "from": domains[0],
            "envelope": domains[1] or domains[0],
            "reply": domains[2] or domains[0],
            "server": mailing.mail_server_id.id or 0,
        }

    def typed_address_sql(self, table):
        return SQL.identifier(table, "email")

    def contact_address_sql(self, table):
        return contact_address_sql(table)

    def domain_sql(self, table):
        return self.breakdown_sql(table)

    def further_addresses_sql(self, table):
        return SQL.identifier(table, "partner_mailing_further")

    def read_addresses(self):
        read_contacts(self.env["res.partner"].sudo())
        read_entries(self.env["mail.blacklist"].sudo())

    def read_extra_addresses(self):
        return [
            (entry.name, entry.text, same(entry.address))
            for entry in self.mailing._parse_extra_emails()
        ]

    heading_words = spreadsheet.MAIL

    def is_address(self, text):
        return address_list.is_address(text)

    def is_address_list(self, text):
        return address_list.is_list(text)

    def parse_cell(self, text, line):
        return address_list.parse_cell(text, line)

    def read_typed_addresses(self, text):
        return [(one.name, one.text, same(one.address)) for one in address_list.parse(text)]

    def format_extra_address(self, entry):
        return address_list.format_entry(entry)

    def blocklist_sql(self):
        return SQL(
            "SELECT lower(%s) AS address FROM mail_blacklist b WHERE b.active",
            blocked_address_sql("b"),
        )

    @classmethod
    def holder_address_sql(cls, table):
        return contact_address_sql(table)

    @classmethod
    def blocked_address_sql(cls, table):
        return blocked_address_sql(table)

    @classmethod
    def get_blocklist_values(cls, address):
        return {"email": address}

    @classmethod
    def remove_from_blocklist(cls, blocklist, address, message):
        # Odoo finds the entry only if it has written the address in the same way.
        for entry in blocklist._partner_mailing_find(address):
            blocklist._remove(entry.email, message=message)

    def plain_address_sql(self, typed, address):
        return SQL("%s IS NOT NULL", address)

    def address_problem_sql(self, typed, address):
        return SQL(
            """
            CASE
              WHEN %(address)s IS NOT NULL THEN NULL
              WHEN COALESCE(btrim(%(typed)s, %(empty)s), '') = '' THEN 'no_email'
              ELSE 'invalid'
            END
            """,
            typed=typed,
            address=address,
            empty=EMPTY,
        )

    def get_contact_address(self, partner):
        return self.get_own_address(partner) or SAMPLE_ADDRESS

    def get_own_address(self, partner):
        address = partner.sudo().partner_mailing_address or partner.email_normalized
        return "" if address in (False, NOT_AN_ADDRESS) else address

    def get_contact_values(self, address):
        return {"email": address}

    def read_test_addresses(self, text):
        wizard = self.env["partner.mailing.test"]
        addresses = [box.normalized for box in wizard._parse_addresses(self.test_field, text)]
        if not addresses:
            raise UserError(self.env._('Write at least one address into the field "Send To".'))
        self.check_test_size(len(addresses))
        return addresses

    def get_forbidden_test_addresses(self, addresses):
        """Allow the user's own address, those of the company's users, and those of the setting."""
        company = self.mailing.company_id.sudo()
        own = same(self.env.user.email_normalized or "")
        allowed = allowed_addresses.read(company.partner_mailing_test_recipients)
        return [
            address
            for address in addresses
            if address != own
            and not allowed.allows(address)
            and not company._has_partner_mailing_user(address)
        ]

    # ------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------

    def make_template(self, mailing, session, slots, subject_prefix, around=None):
        """Build the message with the methods of ``ir.mail_server``.

        The session's from-filter decides the From header and the envelope sender.
        """
        try:
            message = self._build_message(mailing, slots.__getitem__, subject_prefix, around)
            server = mailing._get_mail_server_model()
            sender, _recipients, message = server._prepare_email_message__(message, session)
            return MessageTemplate.compile(message, list(slots.values())), sender
        except HeaderError as error:
            raise UserError(
                self.env._(
                    'The message cannot be made because of its header "%(name)s". %(problem)s',
                    name=error.name,
                    problem=mailing._describe_header_problem(error.reason),
                )
            ) from error
        except AssertionError as error:  # what ``ir.mail_server`` says of addresses
            words = "; ".join(map(str, error.args))
            raise UserError(self.env._("The message cannot be made: %s", words)) from error

    def _build_message(self, mailing, marker_for, subject_prefix, around):
        """Return the message (``EmailMessage``) with slot markers where recipients differ.

        :param marker_for: callable, slot -> its slot marker
        """
        mailing._check_files()
        subject = mailing._insert_slots("subject", TEXT, marker_for)
        try:
            subject = read_text(subject, len(subject))
        except HeaderError as error:  # saved before it was read
            raise HeaderError(error.reason, "Subject") from error
        if subject_prefix:
            subject = f"{subject_prefix} {subject}"
        preview = mailing._insert_slots("preview_text", TEXT, marker_for)
        body = mailing._insert_slots("body_html", HTML, marker_for)
        files = render_block(mailing, marker_for)
        framed = mailing._insert_frame(f"{body}{files}", marker_for)
        body = LinkParameters(mailing).in_html(mailing._insert_link_slots(framed, marker_for))
        page, text = mailing._insert_tracking(body, marker_for), html_to_text(body)
        further = mailing._get_link_headers(marker_for)
        if around:
            # A mail program that offers to unsubscribe would say so to no effect.
            page, text, further = around.wrap(page), around.wrap_text(text), {}
        return mailing._get_mail_server_model()._build_common_message(
            email_from=self._get_header("email_from"),
            email_to=[SAMPLE_ADDRESS],
            subject=subject,
            body=mailing._wrap_body(page, subject, preview),
            subtype="html",
            body_alternative=text,
            subtype_alternative="plain",
            # Where only one copy is sent for all, it is a message of its own.
            email_cc=(
                [box.header for box in mailing._read_addresses("cc")]
                if mailing.copy_policy == "each"
                else []
            ),
            reply_to=self._get_header("reply_to") or False,
            headers=self._check_headers({**mailing._get_headers(), **further}),
            attachments=[
                (file.name, file.raw or b"", (file.mimetype or "").partition(";")[0].strip())
                for file in mailing._get_files_to_attach()
            ],
        )

    def _check_headers(self, headers):
        """Return further headers, which an addon or an administrator may have made.

        :raises HeaderError: when one would begin another
        """
        for name, value in headers.items():
            if CONTROL.search(str(value)) or not is_field_name(name):
                raise HeaderError(CONTROL_CHARACTER, name)
        return headers

    def fill(self, compiled, rows):
        """Yield envelopes; see ``Transport.fill``.

        Their messages are put together in the session threads, just before they are transmitted.
        """
        template, sender, copies = compiled.template, compiled.sender, compiled.copies
        eight_bit, dot_free = template.eight_bit, template.dot_free
        readers = compiled.readers
        compose = partial(compose_message, compiled, encode_literal("Date", formatdate()))
        for row, contact in zip(
            rows, self.mailing._get_contacts(rows, compiled, self), strict=True
        ):
            try:
                # A proof goes to another mailbox than that of the recipient it is made for.
                name, address = row["to"] if "to" in row else (row["name"], row["address"])
                is_ascii = address.isascii()
                if not is_ascii:
                    address = ascii_domain(address)
                    is_ascii = address.isascii()
                values = None if contact is None else [read(contact, row) for read in readers]
            except UnicodeError:
                yield row, None, self.env._('"%s" is no address that can be sent to.', address)
                continue
            except Exception as error:
                yield row, None, str(error)
                continue
            data = partial(compose, row, (name or "", address), values)
            recipients = (address, *copies)
            yield (
                row,
                Envelope(row["id"], sender, recipients, data, not is_ascii, eight_bit, dot_free),
                "",
            )

    def _get_header(self, name):
        """Return the only mailbox of a field, as it stands in the header."""
        return "".join(box.header for box in self.mailing._read_addresses(name))

    def read_copies(self):
        """Return the addresses for copies, each once, as they are in the envelope."""
        boxes = [box for name in ("cc", "bcc") for box in self.mailing._read_known_addresses(name)]
        return list(dict.fromkeys(box.normalized for box in boxes))

    def get_copy_addresses(self):
        return tuple(self.read_copies()) if self.mailing.copy_policy == "each" else ()

    def find_links(self, texts):
        find = self.env["partner.mailing.link"]._find_in_html
        complete = self.mailing._complete_addresses
        frames = self.mailing.layout_id and self.mailing.sudo().frames
        bodies = [*texts["body_html"].values(), *(frames or {}).values()]
        return {url for body in bodies for url in find(complete(body or ""))}

    def leads_here(self, content):
        mailing = self.mailing
        return bool(
            content.html
            and (
                mailing.has_unsubscribe
                or mailing.track_clicks
                or mailing.track_opens
                or content.base_url in content.html
            )
        )

    def get_sample(self, recipient):
        lang = self.mailing._get_recipient_language({"lang": recipient.lang})
        contact = recipient.partner_id or self.env["res.partner"].new(
            {"name": recipient.name, **self.get_contact_values(recipient.email_normalized)}
        )
        mailing = self.mailing.with_company(self.mailing.company_id)
        subject, preview, body = (
            mailing._render_field(name, contact._ids, set_lang=lang)[contact._ids[0]]
            for name in ("subject", "preview_text", "body_html")
        )
        body = fill_frame(mailing.with_context(lang=lang), body, contact)
        body = LinkParameters(mailing).in_html(body)
        line = read_inbox_line(self.mailing.email_from, subject, preview, body)
        return {
            "subject": subject,
            "preview_text": preview,
            "body": Markup(body),
            "inbox_line": line,
        }

    def get_card_page(self):
        mailing = self.mailing
        return not mailing._is_body_empty() and mailing._get_miniature(
            mailing.body_html, mailing.subject
        )

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def get_mail_server(self):
        mailing = self.mailing
        return (
            mailing.mail_server_id if mailing.mail_server_id else mailing._get_server_and_terms()[0]
        )

    def connect(self):
        mailing = self.mailing
        smtp_from = mailing._get_server_and_terms()[1].smtp_from
        try:
            with resumed_sessions():
                session = mailing._get_mail_server_model()._connect__(
                    mail_server_id=mailing.mail_server_id.id or None, smtp_from=smtp_from
                )
        except faults.FAULTS as error:
            raise NoSession(faults.from_exception(error)) from error
        if session is None:
            raise UserError(self.env._("Sending of e-mail is switched off."))
        return session

    def get_offline_session(self):
        _server, terms = self.mailing._get_server_and_terms()
        return terms

    def get_connections(self):
        server = self.get_mail_server()
        return max(server.partner_mailing_connections, 1) if server else 1

    def get_capacity(self):
        server = self.get_mail_server().sudo()
        login = server.smtp_host, server.smtp_port, server.smtp_user
        return _capacities.setdefault((self.env.cr.dbname, server.id, *login), Capacity())

    def open_pool(self, connect, connections):
        # Where another addon must get each message, it leaves more slowly.
        if modules := self.env["ir.mail_server"]._get_message_overrides():
            return OneByOnePool(self.mailing, connect, modules, self.get_capacity())
        return Pool(connect, connections, capacity=self.get_capacity())

    def transmit_alone(self, session, messages):
        envelopes = [message._replace(recipients=message.recipients[:1]) for message in messages]
        with Pool(lambda: session, 1) as pool:
            return pool.transmit(envelopes)

    def send_test(self, session, messages):
        results = self.transmit_alone(session, messages)
        for envelope, result in zip(messages, results, strict=True):
            if result.kind is not outcomes.SENT:
                raise UserError(
                    self.env._(
                        "%(address)s was not accepted: %(reply)s",
                        address=envelope.recipients[0],
                        reply=result.text,
                    )
                )

    # ------------------------------------------------------------
    # Limits
    # ------------------------------------------------------------

    def get_limits(self):
        return self.get_mail_server()._get_partner_mailing_limits()

    def get_limit_key(self):
        return {"mail_server_id": self.get_mail_server().id}

    def same_route_sql(self):
        server_id = self.mailing.mail_server_id.id or None
        return SQL("m.mail_server_id IS NOT DISTINCT FROM %s", server_id)

    # ------------------------------------------------------------
    # Sentences
    # ------------------------------------------------------------

    def describe_limits(self, limits):
        return self.env._("The mail server takes no more than %s.", limits)

    def describe_fault(self, fault, number, most, moment):
        return self.env._(
            "The mail server cannot be used: %(words)s. The next try, %(number)s of %(most)s, is on"
            " %(time)s.",
            words=self.translate_fault(fault),
            number=number,
            most=most,
            time=moment,
        )

    def describe_last_try(self, number, fault):
        return self.env._(
            "The mail server could not be used at %(number)s tries in a row. It said at last:"
            " %(words)s",
            number=number,
            words=self.translate_fault(fault),
        )

    def describe_login_refusal(self, fault):
        return self.env._("The mail server refused the login: %s", fault)

    def translate_fault(self, fault):
        if (fault or "").startswith(faults.UNKNOWN_NAME):
            return self.env._("the server's name is not known")
        known = {
            faults.NO_ANSWER: self.env._("the server did not answer in time"),
            faults.CONNECTION_REFUSED: self.env._(
                "no mail server listens there (connection refused)"
            ),
        }
        return known.get(fault, fault)

    @classmethod
    def breakdown_sql(cls, table):
        return SQL("split_part(%s, '@', 2)", SQL.identifier(table, "email_normalized"))

    def describe_breakdown(self):
        return self.env._("By Recipient Domain")

    def describe_written(self):
        return self.env._("Subject and text are there")

    def describe_problems(self):
        return self.env._("Some addresses cannot be read")


def compose_message(compiled, date, row, to, values=None):
    """Return the pieces of one message, as ``MessageTemplate.fill_pieces``; for session threads.

    :param date: the Date field, encoded
    :param to: name and address of the To field
    :param values: values of the slots; None when the row contains them
    """
    if values is None:
        values = [read(None, row) for read in compiled.readers]
    headers = {"To": to, "Message-Id": row["message_id"], "Date": date}
    return compiled.template.fill_pieces(values, headers)
