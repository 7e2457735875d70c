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
    has_template = fields.Boolean(compute="_compute_replaced")
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

    def _get_template(self):
        """Return the chosen template: of the model that the mailing's channel has."""
        name = self.mailing_id._get_transport().template_field
        return self[name] if name in self._fields else self.env["mail.template"]

    @api.depends(lambda self: ["mailing_id", *self.env["partner.mailing"]._get_template_fields()])
    def _compute_replaced(self):
        """List the labels of the fields that the template replaces; say whose sender is not taken."""
        for wizard in self:
            mailing, template = wizard.mailing_id, wizard._get_template()
            transport = mailing._get_transport()
            names = [name for name in transport.template_texts if not mailing._is_text_empty(name)]
            if transport.files_field and mailing[transport.files_field]:
                names.append(transport.files_field)
            values = mailing._get_template_values(template) if template else {}
            wizard.sender_notice = template and mailing._describe_sender_of(template)
            names += [
                name
                for name in transport.template_options
                if mailing[name] and name in values and values[name] != mailing[name]
            ]
            wizard.has_template = bool(template)
            wizard.replaced = ", ".join(
                mailing._fields[name]._description_string(self.env) for name in names
            )

    @api.depends(lambda self: ["mailing_id", *self.env["partner.mailing"]._get_template_fields()])
    def _compute_offered_language_ids(self):
        for wizard in self:
            mailing, template = wizard.mailing_id._origin, wizard._get_template()._origin
            codes = mailing._get_template_languages(template) if mailing and template else set()
            wizard.offered_language_ids = self.env["res.lang"].search(
                [("code", "in", sorted(codes))]
            )
            wizard.main_language = mailing._get_language_name(mailing.main_lang)

    @api.depends(lambda self: self.env["partner.mailing"]._get_template_fields())
    def _compute_language_ids(self):
        """Want none of them: the author writes one language, and asks for others."""
        for wizard in self:
            wizard.language_ids = False

    def action_load(self):
        """Load the template into the draft, or add the languages alone.

        :raises UserError: when no template or language is chosen, or the mailing is no draft
        """
        self.ensure_one()
        if not (template := self._get_template()):
            raise UserError(self.env._('Choose a template in the field "Template".'))
        mailing, langs = self.mailing_id, self.language_ids.mapped("code")
        mailing.check_access("write")
        if not self.only_languages:
            mailing._load_template(template, langs)
        elif template != mailing._get_template():
            raise UserError(
                self.env._(
                    'The mailing "%(mailing)s" was not made from the template "%(template)s". Load the'
                    " template first.",
                    mailing=mailing.name,
                    template=template.name,
                )
            )
        elif not langs:
            raise UserError(self.env._('Choose a language in the field "Further Languages".'))
        else:
            mailing._take_template_languages(langs)
        return {"type": "ir.actions.act_window_close"}
