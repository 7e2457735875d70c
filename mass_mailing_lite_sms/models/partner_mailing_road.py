from markupsafe import Markup, escape

from odoo import api, models
from odoo.addons.mass_mailing_lite.delivery.template import TEXT

from .partner_mailing import SMS

PAGE = Markup('<p style="font-size: 24px; padding: 16px; white-space: pre-wrap">%s</p>')


class PartnerMailing(models.Model):
    """The steps and the card of a mailing by SMS."""

    _inherit = "partner.mailing"

    @api.depends("channel", "sms_body", "extra_numbers", "extra_numbers_problems")
    def _compute_checklist(self):
        return super()._compute_checklist()

    def _get_checklist(self):
        steps = super()._get_checklist()
        if self.channel != SMS:
            return steps
        # Templates are e-mails.
        steps = [step for step in steps if step["key"] != "template"]
        if self.state == "draft":
            ahead = [step for step in steps if step["status"] != "done"]
            for step in steps:
                step["is_next"] = step in ahead[:1]
        return steps

    def _get_writing_step(self):
        if self.channel != SMS:
            return super()._get_writing_step()
        step = {"key": "write", "label": self.env._("Write"), "page": "content"}
        missing = [name for name in ("name", "sms_body") if not self[name]]
        if not missing:
            return {**step, "status": "done", "hint": self.env._("The text is there")}
        labels = [self._fields[name]._description_string(self.env) for name in missing]
        hint = self.env._("Missing: %s", ", ".join(labels))
        return {**step, "status": "open", "hint": hint, "focus": missing[0]}

    def _get_recipients_step(self):
        step = super()._get_recipients_step()
        if self.channel == SMS and self.extra_numbers_problems:
            hint = self.env._("Some numbers cannot be dialled")
            step.update(status="attention", hint=hint)
        return step

    @api.depends("channel", "sms_body")
    def _compute_card(self):
        result = super()._compute_card()
        for mailing in self.filtered(lambda mailing: mailing.channel == SMS):
            text = self._name_placeholders(mailing.sms_body, TEXT)
            mailing.subject_in_words = text
            mailing.miniature = bool(text) and self._wrap_body(PAGE % escape(text), "", "")
        return result
