"""A proof: the real message of a mailing, for the own mailbox of a validator who is asked."""

from odoo import fields
from odoo.fields import Domain
from odoo.tools.mail import generate_tracking_message_id

from ..transport.compiled import Around
from .preflight import render_preflight
from .words import describe_request

REVIEW_PATH = "/partner_mailing/review"


def ask_for_proofs(mailing, request, users):
    """Queue a proof for each of the users who want one; they are sent after the commit.

    :param request: the pending request, with the rights of the system
    :param users: the validators who are asked
    :return: those of them who get one. Of two validators, the second is asked again, and has hers.
    """
    proofs = mailing._as_system().env["partner.mailing.proof"]
    asked = proofs.search([("approval_id", "=", request.id)]).user_id
    readers = get_readers(mailing, users) - asked
    values = {"mailing_id": mailing.id, "approval_id": request.id, "next_at": fields.Datetime.now()}
    proofs.create([{**values, "user_id": user.id} for user in readers])
    cron = mailing.env.ref("mass_mailing_lite.ir_cron_proofs", raise_if_not_found=False)
    if readers and cron:
        cron.sudo()._trigger()
    return readers


def get_readers(mailing, users):
    """Return those of the users who get proofs of a mailing, by its channel and both switches."""
    company = mailing.company_id.sudo()
    if not mailing._get_transport().has_proofs or not company.partner_mailing_proof:
        return users.browse()
    return users.sudo().filtered("partner_mailing_proof")


def of_language(mailing, lang):
    """Return the domain of the recipients whose messages are in a language.

    Those without a language, or with one that is not installed, read the company's.
    """
    if lang != mailing._get_recipient_language({"lang": False}):
        return Domain("lang", "=", lang)
    installed = {code for code, _name in mailing.env["res.lang"].get_installed()}
    return Domain("lang", "not in", sorted(installed - {lang}))


class Proof:
    """The message as the first recipient of a validator's language gets it.

    Only recipients that the validator may read are looked at; without one it is the message that the
    validator would get.

    :param mailing: a ``partner.mailing`` record with the rights of the system
    :param request: the request that waits for a decision, with the same rights
    :param user: the validator
    :ivar lang: code of the language of the validator
    """

    def __init__(self, mailing, request, user):
        self.mailing = mailing
        self.request = request
        self.user = user
        self.lang = mailing._get_recipient_language({"lang": user.lang})
        self._theirs = mailing.with_user(user).with_context(
            lang=self.lang, tz=user.tz, allowed_company_ids=user.company_ids.ids
        )
        self.env = self._theirs.env

    def is_allowed(self):
        """Tell whether the user may read the mailing."""
        return self._theirs.has_access("read")

    def get_address(self):
        """Return the normalised address of the user, "" without one."""
        return self.mailing._get_transport().get_own_address(self.user.sudo().partner_id)

    def get_row(self, number, reader):
        """Return a row like a claimed one that no total counts; see ``Transport.fill``.

        Its links act for no recipient, as those of a test.

        :param number: key of the message
        :param reader: what ``find_reader`` returned
        """
        person = reader.sudo() or self.user.sudo().partner_id
        address = reader.sudo().email_normalized if reader else self.get_address()
        return {
            "id": number,
            "is_sample": True,
            "partner_id": reader.sudo().partner_id.id if reader else person.id,
            "name": person.name,
            "address": address,
            "lang": reader.lang if reader else self.lang,
            "attempts": 1,
            "message_id": generate_tracking_message_id("partner-mailing-proof"),
            "to": (self.user.name, self.get_address()),
        }

    def find_reader(self):
        """Return the first recipient of the user's language, or else the first one; maybe none.

        With the rights of the user, on the recipient and on the contact.
        """
        recipients = self.env["partner.mailing.recipient"]
        if not recipients.has_access("read"):
            return recipients
        contacts = self.env["res.partner"].with_context(active_test=False)
        readable = Domain("partner_id", "=", False)
        if contacts.has_access("read"):
            readable |= Domain("partner_id", "in", contacts._search([]))
        written_to = (
            Domain("mailing_id", "=", self.mailing.id) & Domain("state", "=", "pending") & readable
        )
        own = of_language(self.mailing, self.lang)
        return recipients.search(written_to & own, order="id", limit=1) or recipients.search(
            written_to, order="id", limit=1
        )

    def _name_reader(self, reader):
        """Return whose message it is, in words."""
        if not reader:
            return self.env._("Below this bar is the message as you would get it.")
        name = reader.name or reader.email
        return self.env._("Below this bar is the message as %s gets it.", name)

    def _render_preflight(self):
        """Return what the checks find now, as HTML for mail."""
        mailing = self.mailing.with_context(lang=self.lang, tz=self.user.tz)
        return render_preflight(mailing, for_mail=True)

    def get_prefix(self):
        """Return what the subject begins with."""
        return self.env._("[To validate]")

    def get_around(self, reader):
        """Return what stands above and below the body, in the language of the user.

        :param reader: what ``find_reader`` returned
        :rtype: transport.compiled.Around
        """
        lang = self.env["res.lang"]._get_data(code=self.lang)
        values = {
            "lang": self.lang.replace("_", "-"),
            "direction": lang.direction or "ltr",
            "title": self.mailing.name,
            "request": describe_request(self._theirs, self.request),
            "reader": self._name_reader(reader),
            "url": f"{self.mailing.get_base_url().rstrip('/')}{REVIEW_PATH}/{self.request.id}",
            "preflight": self._render_preflight(),
        }
        render = self.env["ir.qweb"].sudo()._render
        return Around(
            *(
                str(render(f"mass_mailing_lite.{part}", values, minimal_qcontext=True))
                for part in ("proof_above", "proof_below")
            )
        )
