from odoo import models

from ...delivery.link_token import LinkHole
from ..content.partner_mailing_links import replace_in_pieces
from .partner_mailing_link import LINK, get_address

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
        if self.track_clicks and (addresses := self._get_link_ids()):
            pieces = self._lead_by_us(body, addresses, lambda: mark_for(LinkHole(CLICK)))
            body = "".join(pieces)
        if self.track_opens:
            body += PIXEL % f"{self._get_link(OPEN, mark_for(LinkHole(OPEN)))}.gif"
        return body

    def _make_reader(self, hole):
        read = super()._make_reader(hole)
        if hole != "body_html" or not self.track_clicks:
            return read
        # Looked up once a language: what follows runs for each recipient.
        addresses, make = self._get_link_ids(), self._get_link_key(CLICK).make

        def read_tracked(contact, row):
            value = read(contact, row)
            token = make(self._get_link_number(row))
            return value._replace(html=self._lead_by_us(value.html, addresses, lambda: token))

        return read_tracked if addresses else read

    def _get_link_ids(self):
        """Return {address: id} of the links that were stored at submission; none before."""
        links = self.env["partner.mailing.link"].sudo().search([("mailing_id", "=", self.id)])
        return {link.url: link.id for link in links}

    def _lead_by_us(self, body, addresses, get_token):
        """Return the body in pieces, stored links leading by way of this database.

        :param body: HTML, as a text or in pieces
        """

        def lead(match):
            number = addresses.get(get_address(match))
            if not number:
                return [match[0]]
            begin = f"{match['before']}{match['quote']}{self._get_link(CLICK, '')}"
            return begin, get_token(), f"/{number}{match['quote']}"

        return replace_in_pieces(LINK, lead, body)
