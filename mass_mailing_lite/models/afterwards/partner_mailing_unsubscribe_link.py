from odoo import api, fields, models

from ...delivery.link_token import LinkHole

UNSUBSCRIBE, VIEW = "unsubscribe", "view"


class PartnerMailing(models.Model):
    """The way out: a footer, and the headers for the button of mail programs."""

    _inherit = "partner.mailing"

    has_unsubscribe = fields.Boolean(
        "Unsubscribe Link",
        default=True,
        help="Recipients can unsubscribe: by the button of their mail program, and by a link at the"
        " end of the message, or where you put one.",
    )
    unsubscribed_count = fields.Integer("Unsubscribed", related="counter_id.unsubscribed_count")

    @api.onchange("audience_ids")
    def _onchange_audience_ids(self):
        """Let recipients leave the tags by which they were chosen."""
        before = self._origin.audience_ids.category_ids
        self.unsubscribe_category_ids |= self.audience_ids.category_ids - before

    def _put_links(self, body, mark_for):
        if self.has_unsubscribe and not self._has_link_in_body(UNSUBSCRIBE):
            body = f"{body}{self._render_footer(mark_for)}"
        return super()._put_links(body, mark_for)

    def _has_link_in_body(self, purpose):
        """Tell whether somebody placed the link, in the version of the current language."""
        return f"/partner_mailing/{purpose}" in (self.body_html or "")

    def _render_footer(self, mark_for):
        """Return the footer as HTML: who writes, how to unsubscribe, the message in a browser."""
        company = self.company_id.sudo()
        return self.env["ir.qweb"]._render(
            "mass_mailing_lite.mail_footer",
            {
                "company": company.name,
                "address": self._get_postal_address(company.partner_id),
                "unsubscribe_url": self._get_link(UNSUBSCRIBE, mark_for(LinkHole(UNSUBSCRIBE))),
                "view_url": not self._has_link_in_body(VIEW)
                and self._get_link(VIEW, mark_for(LinkHole(VIEW))),
            },
            minimal_qcontext=True,
        )

    def _get_postal_address(self, partner):
        """Return where a company can be reached, on one line; laws on mailings ask for it."""
        if not partner.street:
            return ""
        lines = partner._display_address(without_company=True).splitlines()
        return ", ".join(filter(None, map(str.strip, lines)))

    def _get_link_headers(self, mark_for):
        """Return the headers for one click (RFC 2369, RFC 8058).

        No mailto: beside the https address: its mail would come to the sender's
        mailbox, where nothing unsubscribes anybody.
        """
        headers = super()._get_link_headers(mark_for)
        if self.has_unsubscribe:
            link = self._get_link(UNSUBSCRIBE, mark_for(LinkHole(UNSUBSCRIBE)))
            headers["List-Unsubscribe"] = f"<{link}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    def _submit(self):
        self.env["partner.mailing.recipient"]._skip_unsubscribed(self)
        return super()._submit()


class PartnerMailingCounter(models.Model):
    _inherit = "partner.mailing.counter"

    unsubscribed_count = fields.Integer(default=0, required=True)
