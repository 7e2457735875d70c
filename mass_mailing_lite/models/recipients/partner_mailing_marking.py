from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

# What leads to recipients beside the marked contacts.
OTHER_SOURCES = ("audience_ids", "extra_emails", "cc", "bcc")


class PartnerMailing(models.Model):
    """Contacts that somebody has marked in the Contacts list for this mailing."""

    _inherit = "partner.mailing"

    # Not named partner_ids: mail.thread takes a field of that name for the
    # people to suggest in the chatter. Copied by SQL, see copy().
    marked_partner_ids = fields.Many2many(
        "res.partner",
        "partner_mailing_marked_partner_rel",
        "mailing_id",
        "partner_id",
        string="Marked Contacts",
        copy=False,
        help="Chosen one by one, or by a filter, in the Contacts list.",
    )
    marked_count = fields.Integer("Marked", compute="_compute_marked_count", store=True)

    @api.depends("marked_partner_ids")
    def _compute_marked_count(self):
        """Count in the relation: a list of a hundred thousand is counted in 10 ms."""
        self.flush_model(["marked_partner_ids"])
        counts = dict(
            self.env.execute_query(
                SQL(
                    "SELECT mailing_id, count(*) FROM partner_mailing_marked_partner_rel"
                    " WHERE mailing_id = ANY(%s) GROUP BY mailing_id",
                    [id_ for id_ in self._origin.ids if id_],
                )
            )
        )
        for mailing in self:
            mailing.marked_count = counts.get(mailing._origin.id, 0)

    def copy(self, default=None):
        copies = super().copy(default)
        if "marked_partner_ids" not in (default or {}):
            for mailing, duplicate in zip(self, copies, strict=True):
                duplicate._add_marked(mailing._marked_contacts_sql())
        return copies

    def action_open_marked(self):
        """Show the marked contacts in Odoo's own list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Marked for %s", self.name),
            "res_model": "res.partner",
            "view_mode": "list,kanban,form",
            "domain": [("partner_mailing_marked_ids", "in", self.ids)],
        }

    def action_unmark_all(self):
        """Take the marks away; the list follows when recipients are loaded next."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("remove marked contacts"))
        self.env.cr.execute(
            SQL("DELETE FROM partner_mailing_marked_partner_rel WHERE mailing_id = %s", self.id)
        )
        self._forget_cached_marks()
        self._as_system().write(self._get_trace_of_change({"marked_partner_ids"}))
        return True

    def _marked_contacts_sql(self):
        """Return SQL for the ids of the marked contacts."""
        return SQL(
            "(SELECT partner_id FROM partner_mailing_marked_partner_rel WHERE mailing_id = %s)",
            self.id,
        )

    def _add_marked(self, contacts):
        """Mark contacts, given as SQL of their ids."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO partner_mailing_marked_partner_rel (mailing_id, partner_id)
                SELECT %s, chosen.id FROM (%s) chosen (id)
                    ON CONFLICT DO NOTHING
                """,
                self.id,
                contacts,
            )
        )
        self._forget_cached_marks()

    def _forget_cached_marks(self):
        self.invalidate_recordset(["marked_partner_ids"], flush=False)
        self.env.add_to_compute(self._fields["marked_count"], self)
        self.env["res.partner"].invalidate_model(["partner_mailing_marked_ids"], flush=False)

    def _mark_contacts(self, domain, selected):
        """Mark the contacts of ``domain`` and add them to the list, in five statements.

        The list is added to, not made anew: what else would change in it is
        looked at in a refresh. It counts as up to date afterwards if it was so
        before, or if nothing but marks leads to it.

        :param domain: on res.partner; archived contacts, contacts of other
            companies and unreadable ones do not come in
        :param selected: how many contacts were meant
        :return: dict: ``added``, ``present`` (were in the list), ``unusable``
            (archived or of another company) and one count for each reason left out
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("add contacts"))
        self._lock_list()
        up_to_date = self.recipients_loaded_at or not any(self[name] for name in OTHER_SOURCES)
        contacts = self._readable_contacts(domain)
        present = self._count_present(contacts)
        result = self._insert_marked_recipients(contacts)
        seen = present + sum(result.values())
        self._add_marked(contacts.select())
        self.env["partner.mailing.recipient"]._forget_cached_rows()
        self._recount()
        trace = self._get_trace_of_change({"marked_partner_ids"})
        if up_to_date:
            trace["recipients_loaded_at"] = fields.Datetime.now()
        self._as_system().write(trace)
        return {**result, "present": present, "unusable": max(selected - seen, 0)}

    def _count_present(self, contacts):
        """Return how many of the contacts of a query are in the list, written to or not."""
        [(present,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(DISTINCT partner_id)
                  FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND partner_id IN %s
                """,
                self.id,
                contacts.subselect(),
            )
        )
        return present

    def _insert_marked_recipients(self, contacts):
        """Add the contacts of a query to the list; return {"added" or reason left out: count}."""
        sources = self._judged_sources_sql(
            self._source_columns_sql(contacts),
            SQL("SELECT 0, '', '', '' WHERE FALSE"),
            kept=SQL("TRUE"),
        )
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    WITH inserted AS (%s RETURNING skip_reason)
                    SELECT COALESCE(skip_reason, 'added'), count(*) FROM inserted GROUP BY 1
                    """,
                    self._insert_recipients_sql(sources),
                )
            )
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    partner_mailing_marked_ids = fields.Many2many(
        "partner.mailing",
        "partner_mailing_marked_partner_rel",
        "partner_id",
        "mailing_id",
        string="Marked for Mailings",
        copy=False,
        groups="mass_mailing_lite.group_user",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_no_marks(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_no_marks(vals)
        return super().write(vals)

    def _check_no_marks(self, vals):
        """Refuse marks from this end: they are the mailing's, which knows who may change it."""
        if "partner_mailing_marked_ids" in vals:
            raise AccessError(
                self.env._(
                    'The field "%(field)s" of a contact only shows the marks: select contacts in the'
                    " Contacts list and add them to the mailing.",
                    field=self._fields["partner_mailing_marked_ids"]._description_string(self.env),
                )
            )

    @api.model
    def action_partner_mailing_mark(self):
        """Open the dialog that adds the selected contacts to a mailing.

        The web client sends no more than ``web.active_ids_limit`` ids. When as
        many arrive, everything that the list's filter matches was selected,
        and the filter stands in for the ids.
        """
        ids = self.env.context.get("active_ids") or self.ids
        limit = int(self.env["ir.config_parameter"].sudo().get_param("web.active_ids_limit", 20000))
        domain, count = Domain("id", "in", ids), len(ids)
        if count >= limit and "active_domain" in self.env.context:
            domain = Domain(self.env.context["active_domain"])
            count = self.search_count(domain)
        return self.env["partner.mailing.mark"]._open(domain, count)
