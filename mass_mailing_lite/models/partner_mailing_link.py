import html
import re

from odoo import api, fields, models
from odoo.tools import SQL

# A link in a body; Outlook's buttons are VML, in comments that it alone reads. An attribute value
# with > in it ends the look at that tag: the link then stays as it is.
LINK = re.compile(
    r"(?P<before><(?:a|area|v:\w+)\s[^>]*?(?<=\s)href\s*=\s*)(?P<quote>[\"'])(?P<url>.*?)(?P=quote)",
    re.IGNORECASE | re.DOTALL,
)
WEB_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)
# What the addon itself links to: unsubscribing must not depend on a second link.
OWN_LINK = re.compile(r"https?://[^/]+/partner_mailing/", re.IGNORECASE)
# A placeholder's mark, or a placeholder itself: such an address is each recipient's own.
PERSONAL_PART = re.compile(r"mk[0-9a-f]{16}x\d+km|\{\{|#\{")


class PartnerMailingLink(models.Model):
    """An address that recipients of one mailing may be led to: no click leads anywhere else."""

    _name = "partner.mailing.link"
    _inherit = ["partner.mailing.guard"]
    _description = "Link of a Mailing"
    _order = "clicked_count desc, id"
    _rec_name = "url"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade", index=True)
    url = fields.Text("Address", required=True)
    clicked_count = fields.Integer(
        "Clicked By", default=0, help="Recipients, each counted once a link."
    )

    _url_uniq = models.UniqueIndex("(mailing_id, md5(url))")

    @api.model
    def _store(self, mailing):
        """Make a row for each address in the mailing's bodies; those that are there stay.

        Messages that are out already keep leading where they led.
        """
        mailing.flush_recordset(["body_html"])
        bodies = mailing._get_translations()["body_html"].values()
        found = {
            url
            for body in bodies
            for url in find_links(str(mailing._replace_local_links(body or "")))
        }
        known = set(self.sudo().search([("mailing_id", "=", mailing.id)]).mapped("url"))
        self._as_system().create(
            [{"mailing_id": mailing.id, "url": url} for url in sorted(found - known)]
        )

    @api.model
    def _find(self, number, link_id):
        """Return the address of a link, if it belongs to the mailing that a token stands for.

        :param int number: a recipient's id, or minus the id of a mailing
        :return: the address, None where there is none
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT l.url FROM partner_mailing_link l
                 WHERE l.id = %(link_id)s
                   AND l.mailing_id = CASE WHEN %(number)s < 0 THEN -%(number)s ELSE (
                       SELECT mailing_id FROM partner_mailing_recipient WHERE id = %(number)s) END
                """,
                link_id=link_id,
                number=number,
            )
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    @api.model
    def _count_clicks(self, mailing):
        """Set how many recipients clicked each link; one scan of an index of the clicks."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_link l
                   SET clicked_count = c.clicked
                  FROM (SELECT link_id, count(*) AS clicked
                          FROM partner_mailing_click
                         WHERE link_id IN (SELECT id FROM partner_mailing_link WHERE mailing_id = %s)
                      GROUP BY link_id) c
                 WHERE l.id = c.link_id AND l.clicked_count != c.clicked
                """,
                mailing.id,
            )
        )
        self.invalidate_model(["clicked_count"], flush=False)


def find_links(body):
    """Return the addresses in an HTML body whose clicks can be counted, in order."""
    return [url for match in LINK.finditer(body) if (url := get_address(match))]


def get_address(match):
    """Return the address of a link as a browser reads it, or None when it is left alone.

    Left alone are addresses that are no web pages (mailto:, tel:, #anchors), the
    addon's own, and those with a placeholder in them.
    """
    address = html.unescape(match["url"]).strip()
    if not WEB_ADDRESS.match(address) or OWN_LINK.match(address) or PERSONAL_PART.search(address):
        return None
    return address
