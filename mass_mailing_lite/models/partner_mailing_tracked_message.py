from odoo import models

from ..delivery.link_token import LinkHole
from .partner_mailing_link import replace_links

OPEN, CLICK = "open", "click"
# Without a border and a description, so that neither eyes nor screen readers meet it.
PIXEL = '<img src="%s" width="1" height="1" alt="" style="display: block; border: 0"/>'


class PartnerMailing(models.Model):
    """The picture and the links by which a tracked message reports; other messages have neither.

    Only the formatted part: a plain text shows its addresses to the reader,
    who would see a long one of ours instead of the one that they know.
    """

    _inherit = "partner.mailing"

    def _put_tracking(self, body, mark_for):
        """Return the HTML body with what the mailing's switches ask for.

        :param mark_for: callable, ``LinkHole`` -> the mark that stands for its token
        """
        if self.track_clicks and (links := self._get_link_ids()):
            body = self._lead_by_us(body, links, lambda: mark_for(LinkHole(CLICK)))
        if self.track_opens:
            body += PIXEL % f"{self._get_link(OPEN, mark_for(LinkHole(OPEN)))}.gif"
        return body

    def _put_links_in_rendered(self, value, row):
        value = super()._put_links_in_rendered(value, row)
        if self.track_clicks and (links := self._get_link_ids()):
            token = self._get_link_key(CLICK).make(self._get_link_number(row))
            value = value._replace(
                html=type(value.html)(self._lead_by_us(value.html, links, lambda: token))
            )
        return value

    def _get_link_ids(self):
        """Return {address: id} of the links that were stored at submission; none before."""
        links = self.env["partner.mailing.link"].sudo().search([("mailing_id", "=", self.id)])
        return {link.url: link.id for link in links}

    def _lead_by_us(self, body, links, get_token):
        """Let stored links lead by way of this database; others stay as they are."""

        def lead(address):
            number = links.get(address)
            return number and f"{self._get_link(CLICK, get_token())}/{number}"

        return replace_links(str(body), lead)
