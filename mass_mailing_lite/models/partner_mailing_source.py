from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..selection import IN, OUT, Exclusions, get_kinds, get_source, put_in_words
from .mailing_guard import SYSTEM, SYSTEM_KEY
from .partner_mailing import EDITABLE_STATES

OVER = ("done", "cancelled")
# The fields that say more of who is meant by an entry than its kind does, and those of the mailing
# that matter for the number.
DETAILS = ("kind", "outcome", "link_id")
# Memory for hashes of a million people; set for one transaction.
SORT_MEMORY = "256MB"
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

    An audience has entries of *But not to* as well, which hold for each mailing to it. What each kind stands for is in the room ``selection/``. The audiences of *Write to* are those of
    the field ``audience_ids`` of the mailing, and the other way round.
    """

    _name = "partner.mailing.source"
    _inherit = ["partner.mailing.call"]
    _description = "Source of Recipients"
    _order = "side, id"
    _check_company_auto = True

    mailing_id = fields.Many2one("partner.mailing", ondelete="cascade", index=True, readonly=False)
    of_audience_id = fields.Many2one(
        "partner.mailing.audience",
        "Audience That Leaves Out",
        ondelete="cascade",
        index="btree_not_null",
        help="The entry is one of this audience, and of no mailing.",
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
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
    audience_id = fields.Many2one(
        "partner.mailing.audience", ondelete="set null", index=True, check_company=True
    )
    category_id = fields.Many2one(
        "res.partner.category", "Tag", ondelete="set null", index="btree_not_null"
    )
    earlier_mailing_id = fields.Many2one(
        "partner.mailing", ondelete="set null", index="btree_not_null"
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
    link_text = fields.Char("Address of the Link", compute="_compute_link_text", store=True)
    partner_id = fields.Many2one(
        "res.partner", "Contact", ondelete="cascade", index="btree_not_null"
    )
    domain = fields.Char("Filter")
    address = fields.Text("Addresses")
    email = fields.Text(
        "E-mail",
        compute="_compute_email",
        store=True,
        help="The same addresses: Odoo looks for personal data in fields of this name.",
    )
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

    _owner_check = models.Constraint(
        "CHECK (num_nonnulls(mailing_id, of_audience_id) = 1)",
        "An entry belongs to one mailing or to one audience. Choose it.",
    )
    _side_check = models.Constraint(
        "CHECK (of_audience_id IS NULL OR side = 'out')",
        "The entries of an audience only leave people out. Set its tags and its filter instead.",
    )

    @api.model
    def _get_value_fields(self):
        """Return the names of the fields that say what is meant: one for each kind."""
        return sorted({kind.field for kind in get_kinds(self.env).values()})

    @api.constrains(lambda self: ["kind", *self._get_value_fields()])
    def _check_one_value(self):
        """Refuse an entry that names something of another kind: it would not be clear what is meant."""
        for entry in self:
            named = get_source(entry).field
            fields_by_name = {name: entry._fields[name] for name in self._get_value_fields()}
            if entry.kind != "mailing":
                fields_by_name["link_id"] = entry._fields["link_id"]
            for name, field in fields_by_name.items():
                if name != named and entry[name]:
                    raise ValidationError(
                        self.env._(
                            'An entry of the kind "%(kind)s" cannot have a value of "%(field)s" too.'
                            " Add a second entry for it.",
                            kind=dict(self._fields["kind"]._description_selection(self.env))[
                                entry.kind
                            ],
                            field=field._description_string(self.env),
                        )
                    )

    @api.constrains("of_audience_id", "audience_id")
    def _check_no_cycle(self):
        for audience in self.of_audience_id:
            if problem := Exclusions(audience).get_cycle():
                raise ValidationError(problem)

    @api.depends("mailing_id.company_id", "of_audience_id.company_id")
    @api.depends_context("company")
    def _compute_company_id(self):
        for entry in self:
            company = entry.mailing_id.company_id or entry.of_audience_id.company_id
            # An audience of all companies names records of the company in which it is changed.
            entry.company_id = company or self.env.company

    @api.depends("address")
    def _compute_email(self):
        for entry in self:
            entry.email = entry.address

    @api.depends("link_id")
    def _compute_link_text(self):
        for entry in self:
            # Kept when the link is gone, so that the entry can say which it was.
            # A link of a mailing that the user may not read tells nothing.
            if entry.link_id.sudo(False).has_access("read"):
                entry.link_text = entry.link_id.sudo().url or entry.link_text
            else:
                entry.link_text = False

    @api.depends(
        lambda self: [
            *("mailing_id", "of_audience_id", "side", *DETAILS),
            *self._get_value_fields(),
        ]
    )
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_count(self):
        for entry in self:
            usable = entry.kind and not get_source(entry).get_problem()
            entry.count = usable and get_source(entry).count()

    @api.depends(lambda self: [*DETAILS, *self._get_value_fields()])
    @api.depends_context("uid", "lang")
    def _compute_problem(self):
        for entry in self:
            entry.problem = entry.kind and get_source(entry).get_problem()

    @api.depends(
        lambda self: [
            *DETAILS,
            *self._get_value_fields(),
            # Named here to be read in the same query.
            *("side", "of_audience_id", "link_text"),
        ]
    )
    @api.depends_context("uid", "lang")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = entry.kind and get_source(entry).describe()

    def _get_words(self):
        """Return in words who is meant, with the audience whose entry it is; "" for no entry."""
        return put_in_words(self.env, get_source(self).get_facts()) if self.kind else ""

    # ------------------------------------------------------------
    # Numbers, before anything is saved or loaded
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def count_people(self, mailing_id, values, entries):
        """Return how many people entries stand for, as they are in a form, perhaps not saved.

        :param mailing_id: id of the mailing, false for one that is not saved
        :param values: the fields ``COUNTED_WITH`` of the mailing, as in the form
        :param entries: list of {field: value}, ids for records; "id": of the entry, if it is saved
        :return: {"total": about how many people would be written to, False where an entry cannot
            be used; "entries": [{"count", "problem", "words", "name" of an earlier mailing}];
            "others": [{"field", "label", "count"}] of fields with further people; "kinds": the
            kinds of entries that the user can choose}
        """
        self.check_access("read")
        origin = self.env["partner.mailing"].browse([mailing_id] if mailing_id else [])
        origin._check_saved()
        origin.check_access("read")
        values = values if isinstance(values, dict) else {}
        known = {*COUNTED_WITH, *origin._get_extra_fields()} & set(values)
        mailing = origin.new({name: values[name] for name in known}, origin=origin)
        drafts = self._new_drafts(entries, origin.source_ids)
        drafts.mailing_id = mailing
        drafts._check_kind()
        mailing.source_ids = drafts
        mailing.audience_ids = False
        counted = drafts._get_all_counted()
        total = False
        if not any(one["problem"] for one in counted):
            # A list of a million people is hashed only where there is room for it.
            self.env.cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", SORT_MEMORY))
            [(total,)] = self.env.execute_query(mailing._query_recipients().count())
        extra = mailing._get_transport().extra_field
        others = [
            {
                "field": extra,
                "label": mailing._fields[extra]._description_string(self.env),
                "count": len(mailing._get_transport().read_extra_addresses()),
            }
        ]
        kinds = self._get_choosable_kinds()
        return {"total": total, "entries": counted, "others": others, "kinds": kinds}

    @api.model
    def _get_choosable_kinds(self):
        """Return the keys of the kinds of which the user may read what an entry can name."""
        models = {
            key: self._fields[kind.field].comodel_name for key, kind in get_kinds(self.env).items()
        }
        return [
            key for key, model in models.items() if not model or self.env[model].has_access("read")
        ]

    @api.model
    def _new_drafts(self, entries, saved):
        """Return the entries of a form, which are not saved; see ``count_people``.

        :param saved: the entries that the form was opened with
        :raises AccessError: where one names anew what the user may not read
        """
        by_id = {entry.id: entry for entry in saved}
        named = {"side", "link_text", *DETAILS, *self._get_value_fields()}
        drafts = self.browse()
        for values in entries if isinstance(entries, list) else ():
            given = values if isinstance(values, dict) else {}
            before = by_id.get(given["id"]) if type(given.get("id")) is int else None
            draft = self.new({name: given[name] for name in named & set(given)}, origin=before)
            # Of what is saved, the entry says that the user may not see it.
            draft._check_readable(before)
            drafts += draft
        return drafts

    def _get_all_counted(self):
        """Return the numbers of these entries, which are not saved, as ``count_people`` does."""
        # Of the same entry, an earlier question in the same transaction may have other values.
        self.invalidate_recordset(["count", "problem", "display_name"], flush=False)
        return [entry._get_counted() for entry in self]

    def _get_counted(self):
        """Return number, problem and words of an entry, as ``count_people`` does."""
        name = self.kind == "mailing" and get_source(self).get_name()
        return {
            "count": self.count,
            "problem": self.problem,
            "words": self.display_name,
            "name": name or False,
        }

    @api.model
    @api.readonly
    def count_people_of_audience(self, audience_id, values, entries):
        """Return how many people entries of an audience leave out; as ``count_people``.

        :param audience_id: id of the audience, false for one that is not saved
        :param values: its fields, as in the form: ``company_id``
        """
        self.check_access("read")
        origin = self.env["partner.mailing.audience"].browse([audience_id] if audience_id else [])
        origin._check_saved()
        origin.check_access("read")
        company = values.get("company_id") if isinstance(values, dict) else False
        known = type(company) is int and company in self.env.companies.ids
        audience = origin.new({"company_id": company} if known else {}, origin=origin)
        drafts = self._new_drafts(entries, origin.source_ids)
        drafts.side = OUT
        drafts.of_audience_id = audience
        drafts._check_kind()
        counted = drafts._get_all_counted()
        kinds = self._get_choosable_kinds()
        return {"total": False, "entries": counted, "others": [], "kinds": kinds}

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
        for vals in vals_list:
            self._check_texts(vals)
            if vals.get("of_audience_id"):
                vals.setdefault("side", OUT)
        entries = super().create(vals_list)
        entries._check_readable()
        entries.mailing_id._note_change_of_sources()
        entries.of_audience_id._note_change_of_sources()
        self._tell_audiences([], entries._get_audiences())
        return entries

    def write(self, vals):
        self._check_texts(vals)
        owners = {
            name: self[name] | self[name].browse(vals.get(name) or [])
            for name in ("mailing_id", "of_audience_id")
        }
        for records in owners.values():
            records._note_change_of_sources()
        before = self._get_audiences()
        if not vals.get("link_id", True):
            vals = {**vals, "link_text": False}  # any link is meant now
        result = super().write(vals)
        self._check_readable()
        self._tell_audiences(before, self._get_audiences())
        return result

    def unlink(self):
        mailings = self.mailing_id
        if self.env.su:  # Odoo's privacy lookup, of which a mailing that is over keeps nothing
            mailings = mailings.filtered(lambda mailing: mailing.state not in OVER)
        mailings._note_change_of_sources()
        self.of_audience_id._note_change_of_sources()
        before = self._get_audiences()
        result = super().unlink()
        self._tell_audiences(before, [])
        return result

    def _check_texts(self, vals):
        """Raise unless texts can be stored.

        :raises UserError: names the field
        """
        for name in ("domain", "address"):
            if name in vals:
                self._check_text(vals[name], self._fields[name]._description_string(self.env))

    def _check_readable(self, before=None):
        """Raise unless the user may read what the entries name.

        :param before: an entry that may name the same, or None
        :raises AccessError: as Odoo does; whoever may not read a mailing learns nothing of it
        """
        guarded = (kind.field for kind in get_kinds(self.env).values() if kind.is_guarded)
        for name in guarded:
            named = self[name]._origin
            # Of no record Odoo would ask for the rights to its model, which another app may keep.
            if named and (not before or named != before[name]):
                named.sudo(False).check_access("read")

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

    # ------------------------------------------------------------
    # Personal data
    # ------------------------------------------------------------

    @api.model
    def _remove_personal_data(self, mailing):
        """Remove contacts and addresses from the entries of a mailing; the entries stay.

        A copy of the mailing then says at the entry that nobody is meant any more, and is not sent
        to whom it was not to go to.
        """
        entries = mailing.source_ids.sudo()
        named = entries.filtered(lambda entry: entry.kind in ("address", "contact"))
        named |= entries.filtered(lambda entry: entry.kind == "domain" and entry._names_people())
        named.with_context(**{SYSTEM_KEY: SYSTEM}).write(
            {"address": False, "partner_id": False, "domain": False}
        )
        for request in mailing._as_system().approval_ids:
            summary = dict(request.summary or {})
            for side in ("sources", "but_not_to"):
                summary[side] = [
                    [
                        {**facts, "name": ""}
                        if facts.get("kind") in ("address", "contact")
                        else facts,
                        n,
                    ]
                    for facts, n in summary.get(side, [])
                ]
            request.summary = summary

    def _names_people(self):
        """Tell whether the filter says something of single contacts: a name, an address, an id."""
        self.ensure_one()
        partner = self.env["res.partner"]._fields
        try:
            conditions = list(Domain(literal_eval(self.domain or "[]")).iter_conditions())
        except Exception:  # no filter; nobody knows what is in it
            return True
        return any(
            condition.field_expr == "id"
            or getattr(partner.get(condition.field_expr), "type", "") in ("char", "text", "html")
            for condition in conditions
        )
