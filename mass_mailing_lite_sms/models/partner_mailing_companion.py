from odoo import Command, api, fields, models
from odoo.addons.mass_mailing_lite.models.partner_mailing import EDITABLE_STATES
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

# What both have alike, so that those who see or change one mailing may do it with the other.
SHARED = ("company_id", "user_id", "manage_group_ids", "view_group_ids")


class PartnerMailing(models.Model):
    """A mailing by e-mail and its companion: an SMS to those that the e-mail cannot reach.

    The companion is a mailing of its own, with texts, tests, pauses and results. Its recipients are
    the contacts that the list of the e-mail excludes because they have no usable address. Both are
    submitted and decided on together, see ``_get_linked`` of the main addon.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    _system_fields = frozenset({"companion_of_id", "companion_ids"})

    # Not readable as they are: not all who may read the one mailing may read the other.
    companion_of_id = fields.Many2one(
        "partner.mailing",
        ondelete="set null",
        copy=False,
        readonly=True,
        groups=fields.NO_ACCESS,
        help="The mailing by e-mail to whose contacts without a usable address this one goes.",
    )
    companion_ids = fields.One2many(
        "partner.mailing",
        "companion_of_id",
        "Companions",
        copy=False,
        readonly=True,
        groups=fields.NO_ACCESS,
        context={"active_test": False},
    )
    companion_id = fields.Many2one(
        "partner.mailing",
        "Linked Mailing",
        compute="_compute_companion_id",
        help="The mailing that is validated together with this one: an e-mail, and an SMS to the"
        " contacts without a usable address.",
    )
    companion_count = fields.Integer(
        "Recipients of the Linked Mailing", compute="_compute_companion_id"
    )
    companion_badge = fields.Char("Together With", compute="_compute_companion_id")
    is_companion = fields.Boolean("Is a Companion", compute="_compute_companion_id")

    _companion_uniq = models.UniqueIndex(
        "(companion_of_id) WHERE companion_of_id IS NOT NULL",
        "This mailing has a companion by SMS already. Reload the page.",
    )

    # ------------------------------------------------------------
    # The pair
    # ------------------------------------------------------------

    @api.depends("state", "recipient_count", "channel", "companion_of_id", "companion_ids")
    @api.depends_context("uid", "lang")
    def _compute_companion_id(self):
        others = {mailing: (mailing._get_linked() - mailing._origin)[:1] for mailing in self}
        readable = self.browse().union(*others.values())._filtered_access("read")
        for mailing in self:
            other = others[mailing] & readable
            mailing.companion_id = other
            mailing.companion_count = other.recipient_count
            mailing.companion_badge = bool(other) and f"+ {other._get_channel_label()}"
            mailing.is_companion = bool(mailing.sudo()._origin.companion_of_id)

    def _get_linked(self):
        linked = super()._get_linked()
        saved = self._origin.sudo()
        if not saved:
            return linked
        lead = saved.companion_of_id or saved
        return (lead | lead.companion_ids).with_env(self.env)

    def _get_companions(self):
        """Return the drafts whose recipients come from the lists of these mailings."""
        companions = self.sudo().companion_ids
        return companions.filtered(lambda one: one.state in EDITABLE_STATES).with_env(self.env)

    def action_add_companion(self):
        """Open the SMS to the contacts without a usable address; make it when there is none.

        :raises UserError: when the mailing is no draft by e-mail
        """
        self.ensure_one()
        self._check_saved()
        self.check_access("write")
        if not self.sudo().companion_ids:
            self._check_editable(self.env._("add an SMS to it"))
            self._check_can_have_companion()
            self._add_companion()
        return self.action_open_companion()

    def _check_can_have_companion(self):
        """Raise unless the list says who has no address that its channel could write to."""
        if self.sudo().companion_of_id or not self._get_transport().no_address_reasons:
            raise UserError(
                self.env._(
                    'The mailing "%s" is sent by SMS. Only a mailing by e-mail can have an SMS to'
                    " those without an address.",
                    self.name,
                )
            )

    def _add_companion(self):
        """Make the draft by SMS, and load its recipients if those of the e-mail are chosen."""
        shared = {name: self._fields[name].convert_to_write(self[name], self) for name in SHARED}
        companion = self.create(
            {
                **shared,
                "name": self.env._("%s (SMS)", self.name),
                "channel": "sms",
                "main_lang": self.main_lang,
                "scheduled_at": self.scheduled_at,
                "unsubscribe_category_ids": [Command.set(self.unsubscribe_category_ids.ids)],
            }
        )
        companion._as_system().write({"companion_of_id": self.id})
        if self._has_sources():
            companion._load_recipients()

    def action_open_companion(self):
        """Open the other mailing of the pair."""
        self.ensure_one()
        self.check_access("read")
        other = self._get_linked() - self
        if not other:
            raise UserError(self.env._('The mailing "%s" is linked with no other.', self.name))
        other.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": other.name,
            "res_model": self._name,
            "res_id": other.id,
            "views": [(False, "form")],
        }

    @api.constrains("companion_of_id", "channel", "audience_ids", "marked_partner_ids")
    def _check_companion(self):
        for mailing in self:
            lead = mailing.sudo().companion_of_id
            if lead:
                mailing._check_has_no_sources()
            if lead and (mailing.channel == lead.channel or lead.companion_of_id):
                mailing._raise_channel_of_pair(mailing)
            for companion in mailing.sudo().companion_ids:
                if companion.channel == mailing.channel:
                    mailing._raise_channel_of_pair(mailing)

    def _raise_channel_of_pair(self, mailing):
        raise ValidationError(
            self.env._(
                'The channel of the mailing "%s" cannot be changed: it is linked with another one,'
                " of which one goes by e-mail and the other by SMS. Delete the draft by SMS first.",
                mailing.name,
            )
        )

    def _check_has_no_sources(self):
        """Raise when contacts are chosen for a companion, whose recipients come from the e-mail."""
        if self.audience_ids or self.marked_count:
            raise ValidationError(
                self.env._(
                    'The SMS "%s" goes to the contacts without a usable address of the e-mail that'
                    " it is linked with. Choose audiences and contacts in the e-mail; extra numbers"
                    " can be added here.",
                    self.name,
                )
            )

    def _follow_in_companions(self, vals):
        """Carry over what ``vals`` changed and both have alike; a changed list is out of date there.

        Called after ``vals`` were written to these mailings.
        """
        if "recipients_loaded_at" in vals:
            loaded = self._get_companions().filtered("recipients_loaded_at")
            if loaded:
                loaded._as_system().write({"recipients_loaded_at": False})
        names = [name for name in SHARED if name in vals]
        for mailing in self if names else ():
            for other in mailing._get_linked() - mailing:
                values = {
                    name: self._fields[name].convert_to_write(mailing[name], mailing)
                    for name in names
                    if other[name] != mailing[name]
                }
                if values:
                    other.write(values)

    # ------------------------------------------------------------
    # Copy and deletion
    # ------------------------------------------------------------

    def copy(self, default=None):
        """Copy the pair, whichever of both is copied; return the copies of these mailings.

        A follow-up stands by itself: who has no address has got the SMS of the first pair.
        """
        copies = super().copy(default)
        if self.env.context.get("partner_mailing_follow_up"):
            return copies
        linked = self.browse().union(*(mailing._get_linked() for mailing in self)) - self
        others = linked._filtered_access("read")
        alike = {name: value for name, value in (default or {}).items() if name in SHARED}
        further = super(PartnerMailing, others).copy(alike) if others else others
        pairs = dict(zip([*self, *others], [*copies, *further], strict=True))
        for mailing, duplicate in pairs.items():
            lead = mailing.sudo().companion_of_id.with_env(self.env)
            if lead in pairs:
                duplicate._as_system().write({"companion_of_id": pairs[lead].id})
        return copies

    def _check_companions_can_stay(self):
        """Raise unless the companions of mailings that are deleted can do without them."""
        for mailing in self:
            for companion in mailing.sudo().companion_ids - self.sudo():
                if companion.state not in (*EDITABLE_STATES, "cancelled"):
                    raise UserError(
                        self.env._(
                            'The mailing "%s" cannot be deleted: its SMS to those without an address'
                            " is no draft any more. Archive the mailing instead.",
                            mailing.name,
                        )
                    )

    def unlink(self):
        """Leave a companion as a mailing of its own, whose recipients have to be chosen."""
        self.check_access("unlink")
        self._check_companions_can_stay()
        companions = (self.sudo().companion_ids - self.sudo())._as_system()
        for companion in companions:
            companion._message_log(
                body=self.env._(
                    "The e-mail that this SMS was linked with was deleted. Choose the recipients"
                    " here."
                )
            )
        companions.write({"companion_of_id": False, "recipients_loaded_at": False})
        return super().unlink()

    # ------------------------------------------------------------
    # Recipients
    # ------------------------------------------------------------

    def _load_recipients(self):
        """Load the lists of the pair: that of the e-mail first, then that of its companion."""
        lead = self.sudo().companion_of_id.with_env(self.env)
        if lead.state in EDITABLE_STATES and not lead.recipients_loaded_at:
            lead.check_access("write")
            lead._load_recipients()
            return
        super()._load_recipients()
        for companion in self._get_companions():
            companion._load_recipients()

    def _get_chosen_domains(self):
        lead = self.sudo().companion_of_id
        if not lead:
            return super()._get_chosen_domains()
        return [Domain("id", "in", self._contacts_without_address_sql(lead))]

    def _contacts_without_address_sql(self, lead):
        """Return SQL for the ids of the contacts that a list excludes for want of an address.

        A contact with another row in that list is written to there, or excluded for a reason that
        holds for the SMS as well.

        Plan at a million rows of which 50,000 have no address: one scan by ``_rare_state_idx``
        for the excluded rows, and one hash anti-join with the list.
        """
        return SQL(
            """
            (SELECT w.partner_id
               FROM partner_mailing_recipient w
              WHERE w.mailing_id = %(lead)s AND w.rare_state = 'skipped' AND w.partner_id IS NOT NULL
                AND w.skip_reason = ANY(%(reasons)s)
                AND NOT EXISTS (
                    SELECT FROM partner_mailing_recipient o
                     WHERE o.mailing_id = %(lead)s AND o.partner_id = w.partner_id
                       AND (o.skip_reason IS NULL OR o.skip_reason != ALL(%(reasons)s))))
            """,
            lead=lead.id,
            reasons=list(lead._get_transport().no_address_reasons),
        )

    def _get_excluded_tags(self):
        lead = self.sudo().companion_of_id
        tags = super()._get_excluded_tags()
        return tags | lead._get_excluded_tags().with_env(self.env) if lead else tags

    def _get_excluding_entries(self):
        lead = self.sudo().companion_of_id
        entries = super()._get_excluding_entries()
        return entries | lead._get_excluding_entries().with_env(self.env) if lead else entries

    def _has_sources(self):
        return bool(self.sudo().companion_of_id) or super()._has_sources()

    def _mark_contacts(self, domain, selected):
        if self.sudo().companion_of_id:
            raise UserError(
                self.env._(
                    'Contacts cannot be added to the SMS "%s": it goes to the contacts without a'
                    " usable address of the e-mail that it is linked with. Add them to the e-mail.",
                    self.name,
                )
            )
        return super()._mark_contacts(domain, selected)

    def _count_further_sources(self):
        sources = super()._count_further_sources()
        if self.sudo().companion_of_id:
            count = (
                self.env["partner.mailing.recipient"]
                .sudo()
                .search_count(
                    Domain("mailing_id", "=", self.id)
                    & Domain("is_submitted", "=", True)
                    & Domain("partner_id", "!=", False)
                )
            )
            sources.append([self.env._("Without a usable e-mail address"), count])
        return sources

    # ------------------------------------------------------------
    # Approval
    # ------------------------------------------------------------

    def _search_waits_for_me(self, operator, value):
        """Leave out mailings that wait together with one that the user may not decide on."""
        domain = super()._search_waits_for_me(operator, value)
        if domain is NotImplemented or domain.is_false():
            return domain
        system = self.sudo().with_context(active_test=False)
        refused = Domain("state", "=", "to_validate") & ~domain
        of_lead = Domain("companion_of_id", "!=", False)
        leads = system._search(refused & of_lead).subselect("companion_of_id")
        companions = system._search(of_lead & Domain("companion_of_id", "any!", refused))
        return domain & Domain("id", "not in", leads) & Domain("id", "not in", companions)

    def _get_plain_content(self):
        """Cover by the fingerprint whose companion the mailing is."""
        content = super()._get_plain_content()
        lead = self.sudo().companion_of_id
        return {**content, "companion_of_id": lead.id} if lead else content

    # ------------------------------------------------------------
    # Checklist
    # ------------------------------------------------------------

    def _get_linked_steps(self):
        steps = super()._get_linked_steps()
        companion = self._get_companions()._filtered_access("read")[:1]
        if companion:
            steps.append(self._get_companion_step(companion))
        return steps

    def _get_companion_step(self, companion):
        """Return the step of the checklist about the SMS to those without an address."""
        step = {"key": "companion", "label": self.env._("SMS"), "action": "action_open_companion"}
        if not companion.recipients_loaded_at:
            return {**step, "status": "attention", "hint": self.env._("Changed: update the list")}
        if not companion.pending_count:
            return {**step, "status": "done", "hint": self.env._("No one without an address")}
        if companion._get_missing(companion._get_transport().required_fields):
            return {**step, "status": "open", "hint": self.env._("Write the text")}
        count = formatLang(self.env, companion.pending_count, digits=0)
        return {**step, "status": "done", "hint": self.env._("To %s without an address", count)}
