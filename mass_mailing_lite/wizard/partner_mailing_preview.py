import email
import email.policy

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ..models.partner_mailing_content import sort_by_count
from ..preflight.list_names import ListNames
from ..review import of_language
from ..tools.inbox_line import read_inbox_line
from ..tools.person_name import PARTS


class PartnerMailingPreview(models.TransientModel):
    """The message as one recipient gets it: built and filled as for sending, and parsed again."""

    _name = "partner.mailing.preview"
    _inherit = "partner.mailing.sample"
    _description = "Preview a Mailing"

    subject = fields.Char(compute="_compute_message")
    sender = fields.Char("From", compute="_compute_message")
    recipient = fields.Char("To", compute="_compute_message")
    reply_to = fields.Char(compute="_compute_message")
    headers = fields.Text(compute="_compute_message")
    body_html = fields.Html("Formatted", compute="_compute_message", sanitize=False)
    body_text = fields.Text("Plain Text", compute="_compute_message")
    size = fields.Integer("Size (bytes)", compute="_compute_message")
    size_text = fields.Char("Size", compute="_compute_message")
    inbox_line = fields.Html(compute="_compute_message", sanitize=False)
    attachment_names = fields.Char("Attachments", compute="_compute_message")
    problem = fields.Char(compute="_compute_message")

    @api.depends("mailing_id", "recipient_id", "partner_id", "lang")
    def _compute_message(self):
        for wizard in self:
            wizard._check_readable()
            message, wizard.problem = None, False
            try:
                [message] = wizard._build_messages(
                    wizard._get_offline_session(), [wizard._get_row()]
                )
            except UserError as error:
                wizard.problem = str(error)
            wizard._show(message)

    @api.onchange("recipient_id", "partner_id", "lang")
    def _onchange_shown(self):
        """Record that the author has seen the version that is shown now."""
        if self.lang:
            self.mailing_id._origin._record_look(self.lang)

    def _show(self, message):
        """Fill the fields from a message.

        An addon that brings a channel overrides this method for messages of its own type.

        :param message: from ``Transport.fill``, None when it cannot be built
        """
        self._show_octets(message.octets() if message else b"")

    def _show_octets(self, data):
        """Fill the fields from the message ``data``: bytes as transmitted, empty without one."""
        message = email.message_from_bytes(data, policy=email.policy.default)
        html, text = message.get_body(("html",)), message.get_body(("plain",))
        self.subject = message["Subject"]
        self.sender = message["From"]
        self.recipient = message["To"]
        self.reply_to = message["Reply-To"]
        self.headers = "\n".join(f"{name}: {value}" for name, value in message.items())
        self.body_html = data and html and html.get_content()
        self.body_text = data and text and text.get_content()
        self.inbox_line = bool(data) and self._show_inbox_line(message, self.body_html or "")
        self.size = len(data)
        self.size_text = self.env._(
            "%(size)s kB", size=formatLang(self.env, len(data) / 1024, digits=1)
        )
        self.attachment_names = ", ".join(
            part.get_filename() or "" for part in (message.iter_attachments() if data else ())
        )

    def _show_inbox_line(self, message, page):
        """Return the HTML of the line that an inbox shows of a message."""
        # Whether the page begins with a preview text; which one it is, the page says.
        has_preview = self.mailing_id.with_context(lang=self.lang).preview_text
        line = read_inbox_line(str(message["From"] or ""), message["Subject"] or "", "", page)
        return self.env["ir.qweb"]._render(
            "mass_mailing_lite.inbox_line",
            {"line": line._replace(has_preview=bool(has_preview and has_preview.strip()))},
        )

    def action_other_language(self):
        """Show the first recipient of the next language, in the order of their numbers."""
        self.ensure_one()
        counts = self.mailing_id.language_counts or {}
        names = dict(self.env["res.lang"].get_installed())
        langs = [lang for lang in sort_by_count(counts, names) if lang in names]
        if not langs:
            return self._show_again()
        position = langs.index(self.lang) + 1 if self.lang in langs else 0
        lang = langs[position % len(langs)]
        return self._show_first(of_language(self.mailing_id, lang))

    def action_without_name(self):
        """Show the first recipient whose name is empty.

        :raises UserError: when each has one
        """
        self.ensure_one()
        return self._show_first(
            [("name", "in", (False, ""))], self.env._("Each recipient has a name.")
        )

    def action_unclear_name(self):
        """Show the first recipient who gets the fallback of a first name or surname.

        :raises UserError: when there is none
        """
        self.ensure_one()
        self._check_readable()
        names = ListNames(self.mailing_id, self.mailing_id._get_name_parts() or [*PARTS][:1])
        return self._show_first(
            [("id", "in", names.find(only_unsure=True, most=1) or names.find(most=1))],
            self.env._("No recipient gets the fallback of a first name or surname."),
        )

    def _show_first(self, domain, otherwise=""):
        """Show the first recipient of a domain; raise what is said when there is none."""
        found = self._find([*domain], "id")
        if not found and otherwise:
            raise UserError(otherwise)
        if found:
            self.recipient_id = found
        return self._show_again()

    def action_previous(self):
        """Show the recipient before this one; the last one before the first."""
        return self._step("<", "id desc")

    def action_next(self):
        """Show the recipient after this one; the first one after the last."""
        return self._step(">", "id")

    def _step(self, operator, order):
        """Show the first recipient in an order, with an id ``operator`` that of this one."""
        self.ensure_one()
        self._check_readable()
        self.recipient_id = self._find(
            [("id", operator, self.recipient_id.id or 0)], order
        ) or self._find([], order)
        return self._show_again()

    def _find(self, domain, order):
        """Return the first recipient of a domain that is written to."""
        written_to = [("mailing_id", "=", self.mailing_id.id), ("state", "!=", "skipped")]
        return self.env["partner.mailing.recipient"].search(
            [*written_to, *domain], order=order, limit=1
        )

    def _show_again(self):
        """Return the action that shows the dialog anew, and record what it shows as seen."""
        self.mailing_id._record_look(self.lang)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }
