from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..delivery.characters import CONTROL
from ..tools.link_address import find_links
from ..transport.link_parameters import LinkParameters


class PartnerMailingLink(models.Model):
    """A link in one mailing; clicks are redirected to addresses in this table only."""

    _name = "partner.mailing.link"
    _inherit = ["partner.mailing.guard"]
    _description = "Link of a Mailing"
    _order = "clicked_count desc, id"
    _rec_name = "url"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade", index=True)
    url = fields.Text("Address", required=True)
    target = fields.Text(
        "Leads To",
        help="The address with the parameters that it had when the mailing was submitted.",
    )
    clicked_count = fields.Integer(
        "Clicked By", default=0, help="Recipients, each counted once a link."
    )

    _url_uniq = models.UniqueIndex("(mailing_id, md5(COALESCE(target, url)))")

    @api.depends("url")
    @api.depends_context("uid")
    def _compute_display_name(self):
        """Name a link to those only who may read its mailing, also where an entry refers to it.

        Odoo reads the names of such records as superuser.
        """
        for link in self:
            is_asked = self.env.su and self.env.uid != SUPERUSER_ID
            is_hidden = is_asked and not link.mailing_id.sudo(False).has_access("read")
            link.display_name = self.env._("A link you may not see") if is_hidden else link.url

    @api.model
    def _store(self, mailing):
        """Create a row for each new address in the mailing's content; existing rows stay.

        Links in messages that were sent lead to the same addresses as before, with the parameters
        that they had.
        """
        mailing.flush_recordset()
        found = mailing._get_transport().find_links(mailing._get_translations())
        targets = LinkParameters(mailing).get_targets(found)
        known = self.sudo().search([("mailing_id", "=", mailing.id)])._get_targets()
        self._as_system().create(
            [
                {"mailing_id": mailing.id, "url": url, "target": target != url and target}
                for target, url in targets.items()
                if target not in known
            ]
        )

    def _get_targets(self):
        """Return {address that a link leads to: the link}."""
        return {link.target or link.url: link for link in self}

    @api.model
    def _find_in_html(self, body):
        """Return the addresses in an HTML body whose clicks can be counted."""
        return find_links(body)

    @api.model
    def _find_at(self, number, position):
        """Return ``(id, address)`` of the link at a position of the mailing of a recipient.

        Links are never deleted, and new ones come last: a position is that of one link for ever.

        :param int number: a recipient's id
        :param int position: from 1
        :return: None when there is none
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT l.id, COALESCE(l.target, l.url) FROM partner_mailing_link l
                 WHERE l.mailing_id = (
                       SELECT mailing_id FROM partner_mailing_recipient WHERE id = %s)
              ORDER BY l.id LIMIT 1 OFFSET %s
                """,
                number,
                position - 1,
            )
        )
        row = self.env.cr.fetchone()
        return row and (row[0], CONTROL.sub("", row[1]))

    @api.model
    def _find(self, number, link_id):
        """Return the address of a link, if it is a link of the mailing that a token names.

        :param int number: a recipient's id, or minus the id of a mailing
        :return: the address, None when it is no link of the mailing
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT COALESCE(l.target, l.url) FROM partner_mailing_link l
                 WHERE l.id = %(link_id)s
                   AND l.mailing_id = CASE WHEN %(number)s < 0 THEN -%(number)s ELSE (
                       SELECT mailing_id FROM partner_mailing_recipient WHERE id = %(number)s) END
                """,
                link_id=link_id,
                number=number,
            )
        )
        row = self.env.cr.fetchone()
        return row and CONTROL.sub("", row[0])

    @api.model
    def _count_clicks(self, mailing):
        """Set how many recipients clicked each link, by one index scan of the clicks."""
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
