from odoo import api, fields, models
from odoo.exceptions import UserError


class PartnerMailingLoadTemplate(models.TransientModel):
    """The dialog that loads a template into a draft and says what it replaces.

    It asks which languages of the template are wanted beside the main one. With ``only_languages`` it
    adds languages to a draft that has the template's content, and replaces nothing else.
    """

    _name = "partner.mailing.load.template"
    _inherit = ["partner.mailing.dialog"]
    _description = "Load a Template into a Mailing"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade")
    template_id = fields.Many2one("mail.template", domain=[("model", "=", "res.partner")])
    only_languages = fields.Boolean()
    replaced = fields.Char(compute="_compute_replaced")
    sender_notice = fields.Char(compute="_compute_replaced")
    language_ids = fields.Many2many(
        "res.lang",
        string="Further Languages",
        compute="_compute_language_ids",
        store=True,
        readonly=False,
        domain="[('id', 'in', offered_language_ids)]",
    )
    offered_language_ids = fields.Many2many("res.lang", compute="_compute_offered_language_ids")
    main_language = fields.Char(compute="_compute_offered_language_ids")
    language_summary = fields.Char(related="mailing_id.language_summary")

    @api.depends("mailing_id", "template_id")
    def _compute_replaced(self):
        """List the labels of the fields that the template replaces; say whose sender is not taken."""
        for wizard in self:
            mailing, template = wizard.mailing_id, wizard.template_id
            names = [name for name in ("subject", "preview_text") if mailing[name]]
            if not mailing._is_body_empty():
                names.append("body_html")
            if mailing.attachment_ids:
                names.append("attachment_ids")
            values = mailing._get_template_values(template) if template else {}
            wizard.sender_notice = template and mailing._describe_sender_of(template)
            names += [
                name
                for name in ("email_from", "reply_to", "mail_server_id")
                if mailing[name] and name in values and values[name] != mailing[name]
            ]
            wizard.replaced = ", ".join(
                mailing._fields[name]._description_string(self.env) for name in names
            )

    @api.depends("mailing_id", "template_id")
    def _compute_offered_language_ids(self):
        for wizard in self:
            mailing, template = wizard.mailing_id._origin, wizard.template_id._origin
            codes = mailing._get_template_languages(template) if mailing and template else set()
            wizard.offered_language_ids = self.env["res.lang"].search(
                [("code", "in", sorted(codes))]
            )
            wizard.main_language = mailing._get_language_name(mailing.main_lang)

    @api.depends("template_id")
    def _compute_language_ids(self):
        """Want none of them: the author writes one language, and asks for others."""
        for wizard in self:
            wizard.language_ids = False

    def action_load(self):
        """Load the template into the draft, or add the languages alone.

        :raises UserError: when no template or language is chosen, or the mailing is no draft
        """
        self.ensure_one()
        if not self.template_id:
            raise UserError(self.env._('Choose a template in the field "Template".'))
        mailing, langs = self.mailing_id, self.language_ids.mapped("code")
        mailing.check_access("write")
        if not self.only_languages:
            mailing._load_template(self.template_id, langs)
        elif self.template_id != mailing.template_id:
            raise UserError(
                self.env._(
                    'The mailing "%(mailing)s" was not made from the template "%(template)s". Load the'
                    " template first.",
                    mailing=mailing.name,
                    template=self.template_id.name,
                )
            )
        elif not langs:
            raise UserError(self.env._('Choose a language in the field "Further Languages".'))
        else:
            mailing._take_template_languages(langs)
        return {"type": "ir.actions.act_window_close"}
