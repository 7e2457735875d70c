from odoo import fields, models


class PartnerMailing(models.Model):
    """What comes into a mailing's content from elsewhere: files, and template logic."""

    _inherit = "partner.mailing"

    def _adopt_attachments(self):
        """Make the attached files the mailing's own.

        A file that belongs to another record (a template, say) is copied, so
        that what somebody does to it there cannot change what was validated.

        :raises AccessError: for a file that the user may not read
        """
        for mailing in self:
            foreign = mailing.attachment_ids.filtered(
                lambda file, mailing=mailing: (
                    (file.res_model, file.res_id) != (mailing._name, mailing.id)
                )
            )
            if not foreign:
                continue
            foreign.check_access("read")
            uploaded = foreign.filtered(
                lambda file: not file.res_id and file.create_uid == self.env.user
            )
            owner = {"res_model": mailing._name, "res_id": mailing.id}
            uploaded.sudo().write(owner)
            copies = self.env["ir.attachment"]
            for file in foreign - uploaded:
                copies |= file.sudo().copy({**owner, "name": file.name})
            if copies:
                kept = mailing.attachment_ids - foreign + uploaded
                mailing._as_system().write(
                    {"attachment_ids": [fields.Command.set((kept + copies).ids)]}
                )

    def _has_unsafe_expression(self):
        """Check the fields that are rendered; the mixin would read every field.

        ``recipient_ids`` among them, a million ids for a look at a subject.
        """
        for mailing in self.sudo():
            for name in self._get_rendered_fields():
                if self._fields[name].render_engine == "qweb":
                    is_unsafe = self._has_unsafe_expression_template_qweb
                else:
                    is_unsafe = self._has_unsafe_expression_template_inline_template
                if is_unsafe(mailing[name], "res.partner", name):
                    return True
        return False
