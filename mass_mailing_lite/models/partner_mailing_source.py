from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..selection import IN, OUT, get_source
from .partner_mailing import EDITABLE_STATES

# The fields that say who is meant by an entry, and those of the mailing that matter for the number.
NAMED = (
    "side",
    "kind",
    "audience_id",
    "category_id",
    "earlier_mailing_id",
    "outcome",
    "link_id",
    "partner_id",
    "domain",
    "address",
)
SAME_LINK = ("side", "earlier_mailing_id", "outcome")
COUNTED_WITH = ("company_id", "channel", "copy_policy", "cc", "bcc", "ignores_pressure")
OUTCOMES = [
    ("sent", "Got it"),
    ("not_reached", "Did not get it"),
    ("opened", "Opened it"),
    ("not_opened", "Did not open it"),
    ("clicked", "Clicked a link"),
    ("not_clicked", "Did not click a link"),
    ("replied", "Answered"),
    ("newcomer", "Came in since"),
]


class PartnerMailingSource(models.Model):
    """One entry of *Write to* or *But not to* of a mailing: whom it goes to, or does not.

    What each kind stands for is in the room ``selection/``. The audiences of *Write to* are those of
    the field ``audience_ids`` of the mailing, and the other way round.
    """

    _name = "partner.mailing.source"
    _inherit = ["partner.mailing.call"]
    _description = "Source of Recipients"
    _order = "side, id"

    mailing_id = fields.Many2one(
        "partner.mailing", required=True, ondelete="cascade", index=True, readonly=False
    )
    company_id = fields.Many2one(related="mailing_id.company_id")
    side = fields.Selection([(IN, "Write to"), (OUT, "But not to")], required=True, default=IN)
    kind = fields.Selection(
        [
            ("audience", "Audience"),
            ("tag", "Tag"),
            ("mailing", "Earlier Mailing"),
            ("contact", "Contact"),
            ("domain", "Filter"),
            ("address", "Addresses"),
        ],
        required=True,
    )
    audience_id = fields.Many2one("partner.mailing.audience", ondelete="set null", index=True)
    category_id = fields.Many2one(
        "res.partner.category", "Tag", ondelete="set null", index="btree_not_null"
    )
    earlier_mailing_id = fields.Many2one(
        "partner.mailing", "Earlier Mailing", ondelete="set null", index="btree_not_null"
    )
    outcome = fields.Selection(
        OUTCOMES, "Result", help="Which of the recipients of the earlier mailing are meant."
    )
    link_id = fields.Many2one(
        "partner.mailing.link",
        ondelete="set null",
        index="btree_not_null",
        help="Empty: any link.",
    )
    # Not readable as it is: not all who may read the mailing may read the earlier one.
    link_text = fields.Char(
        "Address of the Link",
        compute="_compute_link_text",
        store=True,
        groups=fields.NO_ACCESS,
        help="Kept when the link is gone, so that the entry can say which it was.",
    )
    partner_id = fields.Many2one(
        "res.partner", "Contact", ondelete="cascade", index="btree_not_null"
    )
    domain = fields.Char("Filter")
    address = fields.Text("Addresses")
    count = fields.Integer(
        "People", compute="_compute_count", help="How many people the entry stands for by now."
    )
    problem = fields.Char(
        compute="_compute_problem", help="Why the entry cannot be used, and what to do."
    )

    # The audiences of one side, each once; of an audience that was deleted, an entry stays.
    _audience_uniq = models.UniqueIndex(
        "(mailing_id, side, audience_id) WHERE kind = 'audience' AND audience_id IS NOT NULL",
        "This audience is already chosen.",
    )

    @api.depends("link_id")
    def _compute_link_text(self):
        for entry in self:
            entry.link_text = entry.link_id.sudo().url

    @api.depends(
        "side", "kind", "audience_id", "category_id", "earlier_mailing_id", "outcome", "link_id",
        "partner_id", "domain", "address",
    )  # fmt: skip
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_count(self):
        for entry in self:
            usable = entry.kind and not get_source(entry).get_problem()
            entry.count = usable and get_source(entry).count()

    @api.depends(
        "kind", "audience_id", "category_id", "earlier_mailing_id", "outcome", "link_id",
        "partner_id", "domain", "address",
    )  # fmt: skip
    @api.depends_context("uid", "lang")
    def _compute_problem(self):
        for entry in self:
            entry.problem = entry.kind and get_source(entry).get_problem()

    @api.depends(
        "kind", "audience_id", "category_id", "earlier_mailing_id", "outcome", "link_id",
        "partner_id", "domain", "address",
    )  # fmt: skip
    @api.depends_context("uid", "lang")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = entry.kind and get_source(entry).describe()

    # ------------------------------------------------------------
    # Numbers, before anything is saved or loaded
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def count_people(self, mailing_id, values, entries):
        """Return how many people entries stand for, as they are in a form, perhaps not saved.

        :param mailing_id: id of the mailing, false for one that is not saved
        :param values: the fields ``COUNTED_WITH`` of the mailing, as in the form
        :param entries: list of {field: value}, ids for records
        :return: {"total": about how many people would be written to, False where an entry cannot
            be used; "entries": [{"count", "problem", "words"}]}
        """
        self.check_access("read")
        origin = self.env["partner.mailing"].browse(mailing_id or [])
        origin.check_access("read")
        values = values if isinstance(values, dict) else {}
        mailing = origin.new(
            {name: values[name] for name in COUNTED_WITH if name in values}, origin=origin
        )
        drafts = self.browse()
        for one in entries if isinstance(entries, list) else ():
            known = set(NAMED) & set(one if isinstance(one, dict) else ())
            drafts += self.new({name: one[name] for name in known})
        drafts.mailing_id = mailing
        drafts._check_kind()
        drafts._check_readable()
        drafts._take_gone_links(origin)
        mailing.source_ids = drafts
        mailing.audience_ids = False
        counted = [
            {"count": one.count, "problem": one.problem, "words": one.display_name}
            for one in drafts
        ]
        total = False
        if not any(one["problem"] for one in counted):
            [(total,)] = self.env.execute_query(mailing._query_recipients().count())
        return {"total": total, "entries": counted}

    def _take_gone_links(self, mailing):
        """Let entries of a form say which link is gone, as those of the saved mailing do."""
        gone = mailing.sudo().source_ids.filtered(lambda one: one.link_text and not one.link_id)
        for entry in self if gone else ():
            same = gone.filtered(
                lambda one, entry=entry: all(one[name] == entry[name] for name in SAME_LINK)
            )
            if same and not entry.link_id:
                entry.sudo().link_text = same[0].link_text

    def _check_kind(self):
        """Raise for an entry of a kind, side or result that there is not.

        :raises UserError: names the field
        """
        for entry in self:
            for name in ("kind", "side"):
                field = entry._fields[name]
                if entry[name] not in dict(field.selection):
                    label = field._description_string(self.env)
                    raise UserError(self.env._('An entry has no "%s". Choose one.', label))

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        entries = super().create(vals_list)
        entries._check_readable()
        entries.mailing_id._note_change_of_sources()
        self._tell_audiences([], entries._get_audiences())
        return entries

    def write(self, vals):
        mailings = self.mailing_id | self.mailing_id.browse(vals.get("mailing_id") or [])
        mailings._note_change_of_sources()
        before = self._get_audiences()
        result = super().write(vals)
        self._check_readable()
        self._tell_audiences(before, self._get_audiences())
        return result

    def unlink(self):
        self.mailing_id._note_change_of_sources()
        before = self._get_audiences()
        result = super().unlink()
        self._tell_audiences(before, [])
        return result

    def _check_readable(self):
        """Raise unless the user may read what the entries name.

        :raises AccessError: as Odoo does; whoever may not read a mailing learns nothing of it
        """
        for name in ("earlier_mailing_id", "audience_id", "partner_id"):
            self[name].sudo(False).check_access("read")

    # ------------------------------------------------------------
    # The field Audiences, which says the same as the entries of *Write to*
    # ------------------------------------------------------------

    def _get_audiences(self):
        """Return [(id of the mailing, id of the audience)] of the audiences of *Write to*."""
        return [
            (entry.mailing_id.id, entry.audience_id.id)
            for entry in self
            if entry.kind == "audience" and entry.side == IN and entry.audience_id
        ]

    @api.model
    def _tell_audiences(self, before, after):
        """Change ``audience_ids`` of the mailings as their entries were changed.

        :param before: what ``_get_audiences`` returned before the change, and
        :param after: after it
        """
        if before == after:
            return
        self.flush_model()
        table = self.env["partner.mailing"]
        table.flush_model(["audience_ids"])
        for mailing, audience in set(before) - set(after):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM partner_mailing_audience_rel"
                    " WHERE mailing_id = %s AND audience_id = %s",
                    mailing,
                    audience,
                )
            )
        for mailing, audience in set(after) - set(before):
            self.env.cr.execute(
                SQL(
                    "INSERT INTO partner_mailing_audience_rel (mailing_id, audience_id)"
                    " VALUES (%s, %s) ON CONFLICT DO NOTHING",
                    mailing,
                    audience,
                )
            )
        mailings = table.browse({mailing for mailing, _audience in (*before, *after)})
        mailings.invalidate_recordset(["audience_ids"], flush=False)
        mailings.modified(["audience_ids"])

    @api.model
    def _follow_audiences(self, mailings):
        """Make the entries of the mailings what ``audience_ids`` says."""
        mailings.flush_recordset(["audience_ids"])
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    DELETE FROM partner_mailing_source s
                     WHERE s.mailing_id = ANY(%(ids)s) AND s.kind = 'audience' AND s.side = 'in'
                       AND s.audience_id IS NOT NULL
                       AND (s.mailing_id, s.audience_id) NOT IN (
                           SELECT mailing_id, audience_id FROM partner_mailing_audience_rel
                            WHERE mailing_id = ANY(%(ids)s)))
                INSERT INTO partner_mailing_source
                       (mailing_id, side, kind, audience_id, create_uid, write_uid, create_date,
                        write_date)
                SELECT r.mailing_id, 'in', 'audience', r.audience_id, %(uid)s, %(uid)s,
                       now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                  FROM partner_mailing_audience_rel r
                 WHERE r.mailing_id = ANY(%(ids)s)
              ORDER BY r.mailing_id, r.audience_id
                    ON CONFLICT (mailing_id, side, audience_id)
                       WHERE kind = 'audience' AND audience_id IS NOT NULL DO NOTHING
                """,
                ids=mailings.ids,
                uid=self.env.uid,
            )
        )
        self.invalidate_model(flush=False)
        mailings.invalidate_recordset(["source_ids"], flush=False)
        mailings.modified(["source_ids"])

    @api.model
    def _find_drafts(self, domain):
        """Return the drafts with entries of a domain."""
        entries = self.sudo().search(domain)
        return entries.mailing_id.filtered(lambda mailing: mailing.state in EDITABLE_STATES)
