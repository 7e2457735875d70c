from odoo.addons.mass_mailing_lite.transport.smtp import SmtpTransport


class DesignedTransport(SmtpTransport):
    """Messages by SMTP whose body may come from a design; the body alone is sent."""

    body_fields = (*SmtpTransport.body_fields, "body_arch")
    own_fields = SmtpTransport.own_fields | {"body_arch"}
    later_fields = SmtpTransport.later_fields | {"body_arch"}
    # The design after the body: a body that is written alone drops it.
    template_texts = {**SmtpTransport.template_texts, "body_arch": "partner_mailing_body_arch"}
    template_options = {**SmtpTransport.template_options, "editor": "partner_mailing_editor"}
