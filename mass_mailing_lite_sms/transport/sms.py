"""SMS, handed in batches to Odoo's ``sms.sms``, which calls the provider of the company."""

import json
import re

from markupsafe import Markup, escape

try:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
except ImportError:  # Odoo's phone_validation does without, too
    COUNTRY_CODE_TO_REGION_CODE = {}

from odoo.addons.mass_mailing_lite.delivery.compose.link_token import MAX_POSITION, LinkSlot
from odoo.addons.mass_mailing_lite.delivery.outcome import SENT
from odoo.addons.mass_mailing_lite.tools.address_list import NO_NUMBER as INVALID
from odoo.addons.mass_mailing_lite.tools.address_list import Entry
from odoo.addons.mass_mailing_lite.tools.placeholder import TEXT, Placeholder
from odoo.addons.mass_mailing_lite.tools.spreadsheet import PHONE
from odoo.addons.mass_mailing_lite.transport.base import Transport
from odoo.addons.mass_mailing_lite.transport.link_parameters import LinkParameters
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..odoo_seams.sender_id import get_sender_id
from ..odoo_seams.sms import get_batch_size
from ..tools import number_list
from ..tools.sms_length import UCS_2, measure
from ..tools.text_links import find_links, replace_links
from .pool import Session, SmsPool
from .text import TextMessage, TextTemplate, clean_text, make_card

# The path of all links in a text, before the token; see ``controllers/short_link.py``.
SHORT_PATH = "/pm/"
# Position of the link that unsubscribes; those of tracked links begin after it.
UNSUBSCRIBE = 0
SHORT = "short"  # purpose of the tokens
# The placeholder of that link, and the context key with its address where Odoo renders a text.
UNSUBSCRIBE_FIELD = "partner_mailing_unsubscribe_url"
UNSUBSCRIBE_PLACEHOLDER = f"object.{UNSUBSCRIBE_FIELD}"
# Stands for the id of a recipient where a text is only measured: as long as that of a sample.
MEASURED = -1
E164 = re.compile(r"\+[1-9][0-9]{5,14}")
# A phone number as people write it; whether it is one, the library of Odoo says.
NUMBER = re.compile(r"[+(]?[\d\s()./\u2010-\u2015\u2212-]{6,40}")
MIN_DIGITS = 7
# Of an entry of a file: {problem of a number: that of the entry}.
PROBLEMS = {number_list.INVALID: INVALID, number_list.ROUNDED: number_list.ROUNDED}
NO_BRACKETS = str.maketrans("<>", "()")
# Has that form and is in no use: for a look at the message of a contact without a number.
NO_NUMBER = "+10000000000"
FOREIGN_SHOWN = 10


class SmsTransport(Transport):
    """Texts to phone numbers; the provider is the one that the company has set up in Odoo.

    Odoo keeps a contact's number in the form E.164 (``phone_sanitized``), made with the contact's
    country. So a million numbers become recipients by SQL, as addresses do.
    """

    required_fields = ("sms_body",)
    translated_fields = ("sms_body",)
    rendered_fields = ("sms_body",)
    own_fields = frozenset({"channel", "sms_body", "extra_numbers"})
    list_fields = frozenset({"channel", "extra_numbers"})
    compared_fields = (
        "channel",
        "sms_body",
        "extra_numbers",
        "scheduled_at",
        "audience_ids",
        "ignores_pressure",
        "unsubscribe_category_ids",
        "track_clicks",
        "track_opens",
    )
    main_text = card_field = "sms_body"
    template_field = "sms_template_id"
    template_texts = {"sms_body": "body"}
    extra_field, problems_field = "extra_numbers", "extra_numbers_problems"
    typed_column, address_column = "phone", "phone_sanitized"
    test_field = "numbers"
    blocklist_model = "phone.blacklist"
    example_address = "+34 600 123 456"
    missing_figures = ("opened",)

    # ------------------------------------------------------------
    # Numbers
    # ------------------------------------------------------------

    def format_number(self, text):
        """Return a number in the form E.164, read as one of the company's country; False for none."""
        country = self.mailing.sudo().company_id.country_id
        return self.env["res.partner"]._phone_format_number(text, country)

    def typed_address_sql(self, table):
        """Return SQL for the first number field of a contact that is filled in, as it was typed."""
        Partner = self.env["res.partner"]
        names = [name for name in Partner._phone_get_number_fields() if Partner._fields[name].store]
        columns = [SQL("NULLIF(btrim(%s), '')", SQL.identifier(table, name)) for name in names]
        return SQL("COALESCE(%s)", SQL(", ").join(columns))

    def contact_address_sql(self, table):
        """Return SQL for the number of a contact in the form E.164, NULL when it has none.

        Odoo read the number of a contact without a country with the country of the company in which
        it was saved, which may have had none. Such numbers, usually few, are read here with the
        country of the mailing's company, each once.
        """
        return SQL(
            "COALESCE(NULLIF(%s, ''), CASE WHEN %s IS NULL THEN %s::jsonb ->> %s END)",
            SQL.identifier(table, "phone_sanitized"),
            SQL.identifier(table, "country_id"),
            json.dumps(self._read_unread_numbers()),
            self.typed_address_sql(table),
        )

    def _read_unread_numbers(self):
        """Return {number as typed: E.164} for contacts whose number Odoo could not read."""
        # Plan at a million contacts: one scan, 0.3 s; 0.1 ms of Python for each number found.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT number
                  FROM (SELECT %s AS number FROM res_partner
                         WHERE phone_sanitized IS NULL AND country_id IS NULL) unread
                 WHERE number IS NOT NULL
                """,
                self.typed_address_sql("res_partner"),
            )
        )
        numbers = {text: self.format_number(text) for (text,) in rows}
        return {text: number for text, number in numbers.items() if number}

    def read_extra_addresses(self):
        return [
            (one.name, one.text, one.number)
            for one in number_list.read(self.mailing.extra_numbers, self.format_number)
        ]

    heading_words = PHONE

    def is_address(self, text):
        text = number_list.clean(text)
        if number_list.SCIENTIFIC.fullmatch(text):
            return True  # one that a spreadsheet has cut off stands in the column of numbers, too
        return bool(NUMBER.fullmatch(text)) and sum(map(str.isdigit, text)) >= MIN_DIGITS

    def is_address_list(self, text):
        entries = number_list.parse(text)
        return bool(entries) and all(self.is_address(entry.text) for entry in entries)

    def parse_cell(self, text, line):
        return [
            Entry(line, one.text, one.name, one.number, problem=PROBLEMS.get(one.problem))
            for one in number_list.read(text, self.format_number)
        ]

    def format_extra_address(self, entry):
        name = number_list.SEPARATOR.sub(" ", entry.name).translate(NO_BRACKETS).strip(' "')
        return f"{name} <{entry.address}>" if name else entry.address

    def blocklist_sql(self):
        return SQL("SELECT number AS address FROM phone_blacklist WHERE active")

    @classmethod
    def holder_address_sql(cls, table):
        return SQL.identifier(table, "phone_sanitized")

    @classmethod
    def blocked_address_sql(cls, table):
        return SQL.identifier(table, "number")

    @classmethod
    def get_blocklist_values(cls, address):
        return {"number": address}

    @classmethod
    def remove_from_blocklist(cls, blocklist, address, message):
        blocklist._remove([address], message=message)

    def plain_address_sql(self, typed, address):
        return SQL("%s IS NOT NULL", address)

    def address_problem_sql(self, typed, address):
        return SQL(
            """
            CASE
              WHEN COALESCE(btrim(%(typed)s, E' \\t\\r\\n'), '') = '' THEN 'no_number'
              WHEN %(number)s IS NULL THEN 'invalid_number'
            END
            """,
            typed=typed,
            number=address,
        )

    def get_contact_address(self, partner):
        return partner.phone_sanitized or NO_NUMBER

    def get_contact_values(self, address):
        return {"phone": address}

    def read_test_addresses(self, text):
        texts = [entry.text for entry in number_list.parse(text)]
        numbers = {text: self.format_number(text) for text in texts}
        wrong = [text for text, number in numbers.items() if not number]
        if wrong or not texts:
            raise UserError(
                self.env._(
                    '"%s" in the field "Send To Numbers" is no valid phone number. Write it with the'
                    " country, as +34 600 123 456, and separate several with commas.",
                    wrong[0] if wrong else "",
                )
            )
        self.check_test_size(len(numbers))
        return list(dict.fromkeys(numbers.values()))

    def get_forbidden_test_addresses(self, addresses):
        """Allow the numbers of the company's users, and those of the setting."""
        company = self.mailing.company_id.sudo()
        allowed = {
            self.format_number(entry.text)
            for entry in number_list.parse(company.partner_mailing_test_numbers)
        }
        users = (
            self.env["res.users"]
            .sudo()
            .search([("share", "=", False), ("company_ids", "in", company.ids)])
        )
        allowed.update(users.partner_id.mapped("phone_sanitized"))
        return [number for number in addresses if number not in allowed]

    # ------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------

    def make_template(self, mailing, session, slots, subject_prefix, around=None):
        """Cut the text at its placeholders. A prefix begins the text; there is no sender."""
        base = self._get_link("")

        def fill(slot):
            if isinstance(slot, Placeholder) and slot.path == UNSUBSCRIBE_PLACEHOLDER:
                return base + slots[LinkSlot(SHORT, (UNSUBSCRIBE,))]
            return slots[slot]

        text = mailing._insert_slots("sms_body", TEXT, fill)
        if positions := self._get_link_positions():
            extend = LinkParameters(mailing).in_address

            def track(address):
                position = positions.get(extend(address))
                return position and base + slots[LinkSlot(SHORT, (position,))]

            text = replace_links(text, track)
        if subject_prefix:
            text = f"{subject_prefix} {text}"
        return TextTemplate(text, list(slots.values())), ""

    def make_reader(self, mailing, slot):
        """Put the recipient's links into a text with logic, which Odoo renders as a whole."""
        read_slot = mailing._make_reader(slot)
        if slot != "sms_body":
            return read_slot
        make = mailing._get_link_key(SHORT).make
        base, positions = self._get_link(""), self._get_link_positions()
        extend = LinkParameters(mailing).in_address

        def read(contact, row):
            number = mailing._get_link_number(row)
            link = base + make(number, UNSUBSCRIBE)
            text = read_slot(contact.with_context(**{UNSUBSCRIBE_FIELD: link}), row)

            def track(address):
                position = positions.get(extend(address))
                return position and base + make(number, position)

            return replace_links(str(text), track) if positions else text

        return read

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    def _get_link(self, token):
        """Return the address of a short link."""
        return f"{self.mailing.get_base_url().rstrip('/')}{SHORT_PATH}{token}"

    def find_links(self, texts):
        return {
            address
            for text in texts["sms_body"].values()
            for address in find_links(text or "")
            # With a placeholder, it is another one for each recipient. Our own need no redirect.
            if "{{" not in address and not address.startswith(self._get_link(""))
        }

    def get_link_parameters(self):
        return self.mailing._get_link_parameters() if self.mailing.track_clicks else []

    def _get_link_positions(self):
        """Return {address that a link leads to: position} of the links whose clicks are counted.

        It has the parameters of the mailing's links; a text without counting is sent as it is
        written, because each character costs money. They are stored at submission. Those of a draft are told in advance, so that its length is
        that of the SMS. What was submitted without counting stays as it is.
        """
        mailing = self.mailing
        if not mailing.track_clicks:
            return {}
        saved = mailing._origin
        links = self.env["partner.mailing.link"].sudo()
        links = links.search([("mailing_id", "in", saved.ids)], order="id")
        addresses = list(links._get_targets())
        if mailing.state == "draft":
            texts = saved.sudo()._get_translations(["sms_body"])["sms_body"] if saved else {}
            found = self.find_links({"sms_body": {**texts, "": mailing.sms_body}})
            targets = LinkParameters(mailing).get_targets(found)
            addresses += [target for target in targets if target not in addresses]
        return {address: place for place, address in enumerate(addresses[:MAX_POSITION], 1)}

    def get_link_at(self, position):
        """Return the address of the link at a position, also of a draft; None when there is none."""
        found = (url for url, place in self._get_link_positions().items() if place == position)
        return next(found, None)

    def leads_here(self, content):
        text = content.texts.get("sms_body", "")
        return UNSUBSCRIBE_PLACEHOLDER in text or bool(
            self.mailing.track_clicks and self.find_links({"sms_body": {"": text}})
        )

    def fill(self, compiled, rows):
        """Yield ``TextMessage``s; see ``Transport.fill``."""
        for row, contact in zip(
            rows, self.mailing._get_contacts(rows, compiled, self), strict=True
        ):
            try:
                text = compiled.template.fill([read(contact, row) for read in compiled.readers])
            except Exception as error:
                yield row, None, str(error)
                continue
            number = row["address"] or ""
            if not E164.fullmatch(number):
                yield row, None, self.env._('"%s" is no phone number.', number)
            elif not text:
                yield row, None, self.env._("The text is empty.")
            else:
                yield row, TextMessage(row["id"], number, text, row["partner_id"] or None), ""

    def get_sample(self, recipient):
        """Return ``subject``, ``body`` and ``sms_length``, the length in words."""
        lang = self.mailing._get_recipient_language({"lang": recipient.lang})
        compiled = self.compile(lang, None)
        row = {
            "is_sample": True,
            "partner_id": recipient.partner_id.id,
            "name": recipient.name,
            "address": recipient.phone_sanitized,
        }
        [contact] = self.mailing._get_contacts([row], compiled, self)
        text = compiled.template.fill([read(contact, row) for read in compiled.readers])
        return {
            "subject": "",
            "body": Markup("<br/>").join(escape(text).split("\n")),
            "sms_length": self.describe_length(measure(text)),
        }

    def get_sample_text(self):
        """Return the text for the first recipient, or for the user while there is none.

        A text that only template editors may write is returned as it stands: it is not evaluated
        before it is saved.
        """
        mailing = self.mailing
        if any(
            not mailing._is_allowed(expression)
            for expression in mailing._get_expressions("sms_body")
        ):
            return clean_text(mailing.sms_body or "")
        recipient = mailing._origin.recipient_window_ids[:1]
        contact = (recipient.partner_id or self.env.user.partner_id).sudo()
        row = {"id": MEASURED, "partner_id": contact.id, "name": contact.name}
        compiled = self.compile(self.env.lang or "en_US", None)
        return compiled.template.fill([read(contact, row) for read in compiled.readers])

    def get_sender_id(self, number):
        """Return what a phone shows as the sender of an SMS, "" where the provider decides.

        :param number: of the recipient, in the form E.164
        """
        return get_sender_id(self.mailing.sudo().company_id, number)

    def get_price(self, country):
        """Return ``(amount, currency)`` of one SMS to a country, None where it is not known.

        Asked of the company, so that the addon of a provider that tells its prices can answer.

        :param country: a ``res.country`` record
        """
        return self.mailing.sudo().company_id._get_partner_mailing_sms_price(country)

    def get_card_page(self):
        text = self.get_card_subject()
        return bool(text) and self.mailing._wrap_body(make_card(text), "", "")

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def connect(self):
        return Session()

    def get_offline_session(self):
        return Session()

    def get_connections(self):
        """Return how many SMS may be in one batch."""
        return max(get_batch_size(self._get_sms_model()), 1)

    def open_pool(self, connect, connections):
        return SmsPool(self._get_sms_model(), connections, is_wanted=self._is_sending)

    def send_test(self, session, messages):
        pool = SmsPool(self._get_sms_model(), len(messages))
        pool.put(messages)
        results = []
        while pool.open_count:
            results += pool.collect(1, 0)
        failure_types = dict(
            self.env["partner.mailing.recipient"]
            ._fields["failure_type"]
            ._description_selection(self.env)
        )
        for message, outcome in results:
            if outcome.kind is not SENT:
                raise UserError(
                    self.env._(
                        "The SMS to %(number)s was not accepted. %(kind)s: %(words)s",
                        number=message.number,
                        kind=failure_types.get(outcome.failure_type, outcome.failure_type),
                        words=outcome.text,
                    )
                )

    def _get_sms_model(self):
        """Return ``sms.sms`` in the company of the mailing, which decides on the provider."""
        return self.env["sms.sms"].with_company(self.mailing.company_id)

    def _is_sending(self):
        """Tell whether the mailing is still being sent; another process may have paused it."""
        self.mailing.invalidate_recordset(["state"])
        return self.mailing.state == "sending"

    # ------------------------------------------------------------
    # Limits
    # ------------------------------------------------------------

    def get_limits(self):
        return self.mailing.company_id.sudo()._get_partner_mailing_sms_limits()

    def get_limit_key(self):
        return {"sms_company_id": self.mailing.company_id.id}

    def same_route_sql(self):
        return SQL("m.company_id = %s", self.mailing.company_id.id)

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def describe_length(self, length):
        """Return in words how long a text is.

        :param length: a ``tools.sms_length.Length``
        """
        words = self.env._(
            "%(units)s characters, %(parts)s SMS (%(encoding)s); %(room)s more fit in",
            units=length.units,
            parts=length.parts,
            encoding=length.encoding,
            room=length.room,
        )
        if length.encoding == UCS_2:
            words = self.env._(
                "%(words)s. An SMS holds less than half as much because of: %(characters)s",
                words=words,
                characters=" ".join(length.foreign[:FOREIGN_SHOWN]),
            )
        return words

    def describe_limits(self, limits):
        return self.env._("The SMS provider takes no more than %s.", limits)

    def describe_fault(self, fault, number, most, moment):
        return self.env._(
            "The SMS provider cannot be used: %(words)s. The next try, %(number)s of %(most)s, is on"
            " %(time)s.",
            words=fault,
            number=number,
            most=most,
            time=moment,
        )

    def describe_last_try(self, number, fault):
        return self.env._(
            "The SMS provider could not be used at %(number)s tries in a row. It said at last:"
            " %(words)s",
            number=number,
            words=fault,
        )

    @classmethod
    def breakdown_sql(cls, table):
        # No code begins with another one (ITU-T E.164), so the order does not matter.
        codes = "|".join(map(str, sorted(COUNTRY_CODE_TO_REGION_CODE)))
        return SQL(
            "substring(%s FROM %s)",
            SQL.identifier(table, "phone_sanitized"),
            rf"^\+(?:{codes})",
        )

    def describe_breakdown(self):
        return self.env._("By Country Code")

    def describe_written(self):
        return self.env._("The text is there")

    def describe_problems(self):
        return self.env._("Some numbers cannot be dialled")
