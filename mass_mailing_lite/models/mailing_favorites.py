from odoo import api, fields, models
from odoo.tools import SQL


class PartnerMailingFavorites(models.AbstractModel):
    """A mailing that each user may have among the favorites of their own."""

    _name = "partner.mailing.favorites"
    _description = "My Favorites"

    favorite_user_ids = fields.Many2many(
        "res.users",
        "partner_mailing_favorite_rel",
        "mailing_id",
        "user_id",
        string="Favorite Of",
        copy=False,
    )
    is_favorite = fields.Boolean(
        "Favorite",
        compute="_compute_is_favorite",
        inverse="_inverse_is_favorite",
        search="_search_is_favorite",
        copy=False,
        help="One of your favorites. Other users have their own.",
    )

    @api.depends("favorite_user_ids")
    @api.depends_context("uid")
    def _compute_is_favorite(self):
        # By SQL: to read a many2many field, Odoo also reads all columns of the mailings, bodies among
        # them, and their companies.
        favorites = self.env.execute_query(
            SQL(
                "SELECT mailing_id FROM partner_mailing_favorite_rel"
                " WHERE user_id = %s AND mailing_id = ANY(%s)",
                self.env.uid,
                self._origin.ids,
            )
        )
        ids = {number for (number,) in favorites}
        for mailing in self:
            mailing.is_favorite = mailing._origin.id in ids

    def _inverse_is_favorite(self):
        for mailing in self:
            mailing._set_favorite(mailing.is_favorite)

    @api.model
    def _search_is_favorite(self, operator, _value):
        if operator != "in":
            return NotImplemented
        return [("favorite_user_ids", "in", [self.env.uid])]

    def _set_favorite(self, is_favorite):
        """Add the mailings to the favorites of the user, or remove them.

        Written by SQL: readers may do it, and the mailing is not changed by it.
        """
        self.check_access("read")
        if is_favorite:
            query = SQL(
                "INSERT INTO partner_mailing_favorite_rel (mailing_id, user_id)"
                " SELECT unnest(%s::int[]), %s ON CONFLICT DO NOTHING",
                self.ids,
                self.env.uid,
            )
        else:
            query = SQL(
                "DELETE FROM partner_mailing_favorite_rel"
                " WHERE mailing_id = ANY(%s) AND user_id = %s",
                self.ids,
                self.env.uid,
            )
        self.env.cr.execute(query)
        self.invalidate_recordset(["favorite_user_ids", "is_favorite"], flush=False)
