import re
from functools import lru_cache

from odoo import api, models

from ...delivery.link_token import LinkHole, LinkKey
from ...delivery.message import Value

# A link that is each recipient's own, as it stands in a body. The path is what a user writes,
# the address before it Odoo's; the token comes behind it.
PERSONAL_LINK = re.compile(
    r"https?://[^\s/<>\"']+/partner_mailing/(?P<purpose>unsubscribe|view)/?(?![\w/-])"
)

# Keys of a few databases and purposes; making one takes longer than a token.
make_key = lru_cache(maxsize=64)(LinkKey)


class PartnerMailing(models.Model):
    """Links that are each recipient's own.

    In a body they are links to ``/partner_mailing/unsubscribe`` and the like.
    When the message is compiled, a mark of the kind ``LinkHole(purpose)`` comes
    behind them; what fills it is the token of the recipient and the purpose, so
    that no template is rendered for it. Whoever adds a kind of link overrides
    ``_put_links`` (and ``_put_links_in_rendered``, for bodies that QWeb renders
    for each recipient), and reads tokens with ``_read_link_token``::

        body += f'<img src="{self._get_link("open", mark_for(LinkHole("open")))}"/>'
    """

    _inherit = "partner.mailing"

    # ------------------------------------------------------------
    # Tokens
    # ------------------------------------------------------------

    @api.model
    def _get_link_key(self, purpose):
        """Return the ``LinkKey`` of this database for a purpose."""
        secret = self.env["ir.config_parameter"].sudo().get_param("database.secret")
        return make_key(secret, purpose)

    @api.model
    def _read_link_token(self, purpose, token):
        """Return what a token stands for: a recipient's id, or minus the id of a mailing.

        The latter stands in previews and tests, which belong to no recipient.

        :return: the number, None when the token is not of this database and purpose
        """
        return self._get_link_key(purpose).parse(token)

    def _get_link_number(self, row):
        """Return what the tokens for a row stand for; see ``_read_link_token``."""
        return -self.id if row.get("is_sample") else row["id"]

    def _get_link(self, purpose, token):
        """Return the address of a personal link, with a token or with its mark."""
        return f"{self.get_base_url()}/partner_mailing/{purpose}/{token}"

    # ------------------------------------------------------------
    # Places in the message
    # ------------------------------------------------------------

    def _put_links(self, body, mark_for):
        """Return the HTML body with a mark behind each personal link.

        :param str body: HTML with absolute addresses and marks
        :param mark_for: callable, ``LinkHole`` -> the mark that stands for its token
        """
        return PERSONAL_LINK.sub(
            lambda link: self._get_link(link["purpose"], mark_for(LinkHole(link["purpose"]))), body
        )

    def _get_link_headers(self, _mark_for):
        """Return the headers with personal links, with marks in their values."""
        return {}

    def _put_links_in_rendered(self, value, row):
        """Return what QWeb rendered for one recipient with that recipient's links.

        :param value: ``Value`` of the body, which has no marks; its parts may be
            in pieces, and are in pieces again: what is the same for all stays so
        """

        def complete(link):
            token = self._get_link_key(link["purpose"]).make(self._get_link_number(row))
            return self._get_link(link["purpose"], ""), token

        return Value(*(replace_in_pieces(PERSONAL_LINK, complete, part) for part in value))

    def _make_reader(self, hole):
        if isinstance(hole, LinkHole):
            make = self._get_link_key(hole.purpose).make
            return lambda _contact, row: make(self._get_link_number(row))
        read = super()._make_reader(hole)
        if hole == "body_html":
            return lambda contact, row: self._put_links_in_rendered(read(contact, row), row)
        return read


def replace_in_pieces(pattern, replace, content):
    """Return a text, or one in pieces, in pieces with matches of a pattern replaced.

    :param pattern: compiled regular expression; what it finds lies in one piece
    :param replace: callable, match -> the pieces that come instead
    :param content: text, or sequence of texts
    """
    result = []
    for piece in (content,) if isinstance(content, str) else content:
        end = 0
        for match in pattern.finditer(piece):
            result += [piece[end : match.start()], *replace(match)]
            end = match.end()
        result.append(piece[end:] if end else piece)
    return result
