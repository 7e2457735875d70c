from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.mail import html2plaintext, is_html_empty

# What a template brings: field of the mailing -> field of the template.
TRANSLATED = {
    "subject": "subject",
    "preview_text": "partner_mailing_preview_text",
    "body_html": "body_html",
}
PLAIN = {"email_from": "email_from", "reply_to": "reply_to", "mail_server_id": "mail_server_id"}


class PartnerMailing(models.Model):
    """Content comes from a template, and goes into a new one."""

    _inherit = "partner.mailing"

    @api.onchange("template_id")
    def _onchange_template_id(self):
        """Take over what the template brings; what is there already is left to the dialog."""
        template = self.template_id
        if not template or not self._is_content_empty():
            return
        self.update(self._get_template_values(template))
        self.attachment_ids = template.attachment_ids
        if not self.name:
            self.name = template.name

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        for mailing in mailings:
            if mailing.template_id:
                mailing._complete_translations()
        return mailings

    def action_load_template(self):
        """Open the dialog that loads a template and says what it replaces."""
        self.check_access("write")
        self._check_editable(self.env._("load a template"))
        return self._open_dialog("partner.mailing.load.template", self.env._("Load a Template"))

    def action_save_as_template(self):
        """Open the dialog that saves the content as a new template."""
        return self._open_dialog("partner.mailing.save.template", self.env._("Save as Template"))

    def _is_content_empty(self):
        return not self.subject and not self.attachment_ids and self._is_body_empty()

    def _is_body_empty(self):
        return is_html_empty(self.body_html) and "<img" not in (self.body_html or "")

    def _get_template_values(self, template):
        """Return what a template brings in the current language: {field name: value}.

        A sender with placeholders (``{{ user.email_formatted }}``) is left out: a
        mailing has one sender, and it is known before it is sent.
        """
        values = {name: template[source] for name, source in TRANSLATED.items()}
        for name, source in PLAIN.items():
            value = template[source]
            if value and "{{" not in str(value):
                values[name] = value
        return values

    def _load_template(self, template):
        """Replace the content by the template's, in every language.

        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        self._check_editable(self.env._("load a template"))
        template.check_access("read")
        values = self._get_template_values(template)
        values["mail_server_id"] = (values.get("mail_server_id") or self.mail_server_id).id
        self.write(
            {
                **values,
                "template_id": template.id,
                "attachment_ids": [Command.set(template.attachment_ids.ids)],
            }
        )
        for name, source in TRANSLATED.items():
            _copy_translations(template, source, self, name)

    def _complete_translations(self):
        """Add the template's other languages to a draft that was filled with it in the form.

        Only where the text is still the template's: a translation of something
        else would be worse than none.
        """
        self.ensure_one()
        for name, source in TRANSLATED.items():
            ours, theirs = self[name], self.template_id[source]
            if ours and html2plaintext(str(ours)) == html2plaintext(str(theirs or "")):
                _copy_translations(self.template_id, source, self, name, keep=self.env.lang)

    def _save_as_template(self, name):
        """Return a new template of the current user's with the content in every language.

        :raises UserError: when there is nothing to save
        """
        self.ensure_one()
        self.check_access("read")
        if not self.subject and self._is_body_empty():
            raise UserError(
                self.env._('The mailing "%s" has neither subject nor body to save.', self.name)
            )
        values = {source: self[name] for name, source in TRANSLATED.items()}
        values.update({source: self[name] for name, source in PLAIN.items()})
        files = [
            file.sudo().copy({"res_model": "mail.template", "res_id": 0, "name": file.name})
            for file in self.attachment_ids
        ]
        template = self.env["mail.template"].create(
            {
                **values,
                "name": name,
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "lang": "{{ object.lang }}",
                "mail_server_id": self.mail_server_id.id,
                "attachment_ids": [Command.set([file.id for file in files])],
            }
        )
        for ours, theirs in TRANSLATED.items():
            _copy_translations(self, ours, template, theirs)
        return template


def _copy_translations(source, source_name, target, target_name, keep=None):
    """Give ``target`` the languages of ``source`` and no others.

    :param keep: code of a language whose text in ``target`` stays as it is
    """
    wanted = source._fields[source_name]._get_stored_translations(source) or {}
    present = target._fields[target_name]._get_stored_translations(target) or {}
    installed = {code for code, _name in source.env["res.lang"].get_installed()} | {"en_US"}
    changes = {lang: False for lang in present if lang not in wanted and lang != "en_US"}
    changes.update({lang: str(value) for lang, value in wanted.items() if lang in installed})
    changes.pop(keep, None)
    if changes and wanted != present:
        target.update_field_translations(target_name, changes)
