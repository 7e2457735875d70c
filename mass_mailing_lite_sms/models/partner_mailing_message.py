import re

from odoo import models
from odoo.addons.mass_mailing_lite.delivery.message import Value
from odoo.addons.mass_mailing_lite.delivery.template import TEXT, Marks
from odoo.addons.mass_mailing_lite.models.content.partner_mailing_message import Compiled

from .partner_mailing import SMS
from .partner_mailing_length import clean_text
from .sms_pool import Session, SmsPool, TextMessage

E164 = re.compile(r"\+[1-9][0-9]{5,14}")


class SmsTemplate:
    """A text cut at its placeholders.

    :param text: with marks
    :param marks: the marks, in the order of their values
    """

    def __init__(self, text, marks):
        self._pieces = re.split("({})".format("|".join(marks)), text) if marks else [text]
        self._numbers = {mark: number for number, mark in enumerate(marks)}

    def fill(self, values):
        """Return the text with a value, text or ``Value``, for each mark."""
        texts = [value.text if isinstance(value, Value) else value for value in values]
        texts = [text if isinstance(text, str) else "".join(text) for text in texts]
        return clean_text(
            "".join(
                texts[self._numbers[piece]] if piece in self._numbers else piece
                for piece in self._pieces
            )
        )


class PartnerMailing(models.Model):
    """The text becomes messages, and these take the way of ``sms.sms``."""

    _inherit = "partner.mailing"

    def _compile_message(self, lang, session, subject_prefix=""):
        if self.channel != SMS:
            return super()._compile_message(lang, session, subject_prefix=subject_prefix)
        mailing = self.with_context(lang=lang)
        marks, holes = Marks(), {}

        def mark_for(hole):
            if hole not in holes:
                holes[hole] = marks.new()
            return holes[hole]

        text = mailing._put_marks("sms_body", TEXT, mark_for)
        if subject_prefix:
            text = f"{subject_prefix} {text}"
        return Compiled(
            template=SmsTemplate(text, list(holes.values())),
            holes=tuple(holes),
            readers=tuple(mailing._make_reader(hole) for hole in holes),
            contact_fields=mailing._get_contact_fields(holes),
            sender="",
            copies=(),
            lang=lang,
        )

    def _fill_messages(self, compiled, rows):
        # The mailing itself would be read anew for each claim, with its body.
        if not isinstance(compiled.template, SmsTemplate):
            yield from super()._fill_messages(compiled, rows)
            return
        for row, contact in zip(rows, self._get_contacts(rows, compiled), strict=True):
            try:
                text = compiled.template.fill([read(contact, row) for read in compiled.readers])
            except Exception as error:
                yield row, None, str(error)
                continue
            number = row["email_normalized"] or ""
            if not E164.fullmatch(number):
                yield row, None, self.env._('"%s" is no phone number.', number)
            elif not text:
                yield row, None, self.env._("The text is empty.")
            else:
                yield row, TextMessage(row["id"], number, text, row["partner_id"] or None), ""

    def _get_contacts(self, rows, compiled):
        contacts = super()._get_contacts(rows, compiled)
        by_sms = isinstance(compiled.template, SmsTemplate)
        if not by_sms or all(row["partner_id"] for row in rows):
            return contacts
        contacts = list(contacts)
        for row, contact in zip(rows, contacts, strict=True):
            if not row["partner_id"]:
                contact.update({"email": False, "phone": row["email_normalized"]})
        return contacts

    # ------------------------------------------------------------
    # The way that they take
    # ------------------------------------------------------------

    def _get_used_server(self):
        return self.env["ir.mail_server"] if self.channel == SMS else super()._get_used_server()

    def _get_connections(self):
        if self.channel != SMS:
            return super()._get_connections()
        return max(self.env["sms.sms"].with_company(self.company_id)._get_send_batch_size(), 1)

    def _connect(self):
        return Session() if self.channel == SMS else super()._connect()

    def _make_pool(self, connect, connections):
        if self.channel != SMS:
            return super()._make_pool(connect, connections)
        return SmsPool(self, connections)
