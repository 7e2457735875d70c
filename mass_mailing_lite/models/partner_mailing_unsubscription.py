import json
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL, formataddr

from ..odoo_seams.automation import is_watched
from ..odoo_seams.chatter import log_notes
from .partner_mailing import UNFINISHED_STATES
from .unchecked_many2one import UncheckedMany2one

REASONS = [
    ("too_often", "I receive too many messages"),
    ("not_relevant", "The content is not relevant to me"),
    ("never_asked", "I never subscribed"),
    ("other", "Another reason"),
]
COMMENT_LIMIT = 1000  # characters
# Whether more users see a contact or the blocklist than the mailing ``m``: its title is not named.
HIDDEN = SQL(
    """
    (EXISTS (SELECT FROM partner_mailing_view_group_rel WHERE mailing_id = m.id)
     OR EXISTS (SELECT FROM partner_mailing_manage_group_rel WHERE mailing_id = m.id)
     OR (SELECT count(*) > 1 FROM res_company))
    """
)


class Subscription(NamedTuple):
    """The subscription of a recipient, and what the page behind a mailing's link shows of it."""

    id: int
    mailing_id: int
    mailing_name: str | None
    channel: str
    address: str
    lang: str
    company_id: int
    company_name: str
    has_logo: bool  # the company has one of its own
    staff_lang: str
    unsubscribed: bool  # by a link of this mailing
    blocklist_id: int | None  # the address's entry, archived or not
    blocklisted: bool
    carried: list[list[int]]  # [contact, tag] of the groups that can be left
    left: list[int]  # tags that a link of this mailing has removed
    left_groups: bool  # has unsubscribed from groups of this mailing, by a link of any mailing
    tag_names: dict[str, dict[str, str]]  # {id: {language: name}}
    author: list[str | None]  # name and address of the author of notes
    by_answer: bool = False  # the recipient did not open the page, but answered the message
    # What another addon lets recipients leave besides tags: (key, name or None) of each. A key is no
    # number; what has no name that recipients may see is named in general words.
    others: tuple[tuple[str, str | None], ...] = ()
    left_others: tuple[str | None, ...] = ()  # names of those that a link of this mailing has left

    @property
    def groups(self):
        """Return the ids of the tags that can be left."""
        return sorted({tag for _contact, tag in self.carried})

    @property
    def author_address(self):
        """Return name and address of the author of notes."""
        name, address = self.author
        return formataddr((name, address)) if address else ""

    def name_tags(self, lang):
        """Return {tag: name} in a language, in English where it has no translation."""
        return {
            int(tag): names.get(lang) or names.get("en_US") or ""
            for tag, names in self.tag_names.items()
        }

    def after_leaving(self, groups, everything, others=()):
        """Return the subscription after unsubscribing from groups, or from everything."""
        return self._replace(
            unsubscribed=True,
            blocklisted=self.blocklisted or everything,
            carried=[pair for pair in self.carried if pair[1] not in groups],
            left=[*self.left, *groups],
            others=tuple(one for one in self.others if one[0] not in others),
            left_others=(*self.left_others, *(name for key, name in self.others if key in others)),
        )


class PartnerMailingUnsubscription(models.Model):
    """One decision of a recipient to get no more mailings, of some groups or of any.

    What the link of a recipient can do is here, too: show the subscription of the address, end it,
    undo that. A token identifies the recipient, who is no user: all runs as superuser.
    """

    _name = "partner.mailing.unsubscription"
    _inherit = ["partner.mailing.guard"]
    _description = "Unsubscription"
    _order = "id desc"
    _rec_name = "email_normalized"
    _rec_names_search = ["email_normalized"]

    mailing_id = fields.Many2one("partner.mailing", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id", store=True)
    recipient_id = UncheckedMany2one("partner.mailing.recipient", index=True)
    email_normalized = fields.Char("E-mail", help="Empty where the mailing was no e-mail.")
    is_everything = fields.Boolean(
        "All Mailings", help="The address gets no mailings of this database."
    )
    category_ids = fields.Many2many(
        "res.partner.category",
        "partner_mailing_unsubscription_category_rel",
        "unsubscription_id",
        "category_id",
        string="Tags Unsubscribed From",
    )
    is_one_click = fields.Boolean(
        "One-Click", help="By the unsubscribe button of the mail program (RFC 8058)."
    )
    reason = fields.Selection(REASONS)
    comment = fields.Text()
    undone_at = fields.Datetime("Resubscribed On")
    removed_tags = fields.Json(help="For undoing: [contact, tag] for each tag that was removed.")

    _address_idx = models.Index("(email_normalized) WHERE undone_at IS NULL")

    @api.depends(
        lambda self: self.env["partner.mailing.recipient"]._get_address_columns()  # of any channel
    )
    def _compute_display_name(self):
        names = self.env["partner.mailing.recipient"]._get_address_columns()
        for decision in self:
            decision.display_name = next(filter(None, (decision[name] for name in names)), "")

    # ------------------------------------------------------------
    # Conditions for other statements
    # ------------------------------------------------------------

    @api.model
    def _address_sql(self, alias):
        """Return SQL for the address of a decision of any channel; ``alias`` is its table.

        The columns have the same names as those of recipients.
        """
        return self.env["partner.mailing.recipient"]._address_sql(alias)

    @api.model
    def _get_transport_classes(self):
        """Return the classes of the transports, whose addresses never read the same."""
        return self.env["partner.mailing"]._get_transports().values()

    def _unsubscribed_sql(self, mailing, address):
        """Return the SQL condition that an address has unsubscribed from a mailing's groups.

        It has unsubscribed from one of the groups of the mailing, and no contact with the address
        has any of their tags. When a user gives such a tag again, the condition is false.

        Costs one lookup in ``_address_idx`` for an address that has never unsubscribed.

        :param mailing: SQL of the mailing's id
        :param address: SQL of the normalized address
        """
        return SQL(
            """
            (EXISTS (SELECT FROM partner_mailing_unsubscription u
                       JOIN partner_mailing_unsubscription_category_rel l ON l.unsubscription_id = u.id
                       JOIN partner_mailing_unsubscribe_category_rel o
                         ON o.category_id = l.category_id AND o.mailing_id = %(mailing)s
                       JOIN partner_mailing n ON n.id = o.mailing_id AND n.has_unsubscribe
                      WHERE %(own_address)s = %(address)s AND u.undone_at IS NULL)
             AND NOT EXISTS (%(carried)s))
            """,
            mailing=mailing,
            own_address=self._address_sql("u"),
            address=address,
            carried=self._carried_sql(mailing, address),
        )

    def _carried_sql(self, mailing, address):
        """Return a SELECT of (contact, tag): contacts with an address and a mailing's groups.

        Plan: the address in one index of contacts for each channel.
        """
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT p.id AS partner_id, t.category_id
                  FROM res_partner p
                  JOIN res_partner_res_partner_category_rel t ON t.partner_id = p.id
                  JOIN partner_mailing_unsubscribe_category_rel o
                    ON o.category_id = t.category_id AND o.mailing_id = %(mailing)s
                 WHERE %(contact_address)s = %(address)s
                """,
                mailing=mailing,
                address=address,
                contact_address=transport.holder_address_sql("p"),
            )
            for transport in self._get_transport_classes()
        )

    def _blocked_sql(self, address):
        """Return a SELECT of (id, active): entries of the channels' blocklists for an address."""
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT b.id, b.active FROM %s b WHERE %s = %s",
                SQL.identifier(self.env[transport.blocklist_model]._table),
                transport.blocked_address_sql("b"),
                address,
            )
            for transport in self._get_transport_classes()
        )

    # ------------------------------------------------------------
    # The subscription of a recipient
    # ------------------------------------------------------------

    def _get_subscription(self, number, lock=False):
        """Return the ``Subscription`` of the recipient ``number``; None when there is none.

        Plan at a million rows: five rows by primary key, the address in the indexes of contacts,
        blocklist and unsubscriptions; 0.2 ms.

        :param number: id of the recipient
        :param lock: lock the row until the end of the transaction
        """
        mailing = SQL("r.mailing_id")
        address = self.env["partner.mailing.recipient"]._address_sql("r")
        left = SQL(
            """
            SELECT l.category_id
              FROM partner_mailing_unsubscription u
              JOIN partner_mailing_unsubscription_category_rel l ON l.unsubscription_id = u.id
             WHERE u.recipient_id = r.id AND u.undone_at IS NULL
            """
        )
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.id, r.mailing_id, CASE WHEN NOT %(hidden)s THEN m.name END,
                       m.channel, %(address)s, r.lang, m.company_id, c.name,
                       c.logo_web IS NOT NULL AND NOT COALESCE(c.uses_default_logo, FALSE),
                       COALESCE(s.lang, 'en_US'), r.unsubscribed_at IS NOT NULL,
                       b.id, COALESCE(b.active, FALSE),
                       ARRAY(SELECT ARRAY[g.partner_id, g.category_id]
                               FROM (%(carried)s) g ORDER BY 1),
                       ARRAY(%(left)s),
                       %(left_groups)s,
                       COALESCE((SELECT jsonb_object_agg(t.id, t.name) FROM res_partner_category t
                                  WHERE t.id IN (SELECT category_id FROM (%(carried)s) g
                                                  UNION %(left)s)), '{}'),
                       (SELECT ARRAY[p.name, p.email] FROM res_partner p WHERE p.id = %(author)s)
                  FROM partner_mailing_recipient r
                  JOIN partner_mailing m ON m.id = r.mailing_id
                  JOIN res_company c ON c.id = m.company_id
                  JOIN res_partner s ON s.id = c.partner_id
             LEFT JOIN LATERAL (SELECT * FROM (%(blocked)s) b
                              ORDER BY b.active DESC, b.id LIMIT 1) b ON TRUE
                 WHERE r.id = %(number)s AND %(address)s IS NOT NULL
                   %(lock)s
                """,
                carried=self._carried_sql(mailing, address),
                hidden=HIDDEN,
                left=left,
                left_groups=self._unsubscribed_sql(mailing, address),
                blocked=self._blocked_sql(address),
                address=address,
                author=self._get_author_id(),
                number=number,
                lock=SQL("FOR NO KEY UPDATE OF r") if lock else SQL(),
            )
        )
        return Subscription(*rows[0]) if rows else None

    @api.model
    def _get_example_others(self, mailing):
        """Return the ``Subscription.others`` that the link of a test message shows.

        An addon that adds ``others`` overrides this method.
        """
        return ()

    def _get_author_id(self):
        """Return the id of the contact that is the author of notes: OdooBot."""
        return self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root")

    # ------------------------------------------------------------
    # What a link can do
    # ------------------------------------------------------------

    def _unsubscribe_by_one_click(self, number):
        """Unsubscribe by the button of a mail program (RFC 8058).

        From the groups of the mailing that the recipient is in; from all mailings when it is in
        none. Mail programs may send the request again, which then changes nothing.

        :return: ``Subscription`` after it, None when there is no such recipient
        """
        subscription = self._get_subscription(number, lock=True)
        if not subscription or subscription.unsubscribed:
            return subscription
        others = [key for key, _name in subscription.others]
        if subscription.left_groups and not others:
            return subscription
        everything = not subscription.carried and not others
        return self._end_subscription(
            subscription, subscription.groups, everything, is_one_click=True, others=others
        )

    def _unsubscribe(self, number, groups=(), everything=False, by_answer=False, others=()):
        """Unsubscribe from what the recipient chose on the page.

        :param groups: ids of tags; those that are no groups of the mailing, or that the recipient
            does not have, are ignored
        :param everything: unsubscribe from all mailings
        :param by_answer: the recipient did not open the page, but answered the message
        :param others: keys of ``Subscription.others``; unknown ones are ignored
        :return: ``Subscription`` after it, None when there is no such recipient
        """
        subscription = self._get_subscription(number, lock=True)
        if not subscription:
            return None
        groups = [] if everything else sorted(set(groups) & set(subscription.groups))
        others = [key for key, _name in subscription.others if everything or key in others]
        if groups or others or (everything and not subscription.blocklisted):
            subscription = subscription._replace(by_answer=by_answer)
            return self._end_subscription(subscription, groups, everything, others=others)
        return subscription

    def _end_subscription(self, subscription, groups, everything, is_one_click=False, others=()):
        """Remove the tags, or put the address on the blocklist, and store what was changed.

        An addon that adds ``others`` overrides this method and leaves those that are named.

        :return: ``Subscription`` after it
        """
        removed = [pair for pair in subscription.carried if pair[1] in groups]
        if everything and not subscription.blocklisted:
            self._add_to_blocklist(subscription)
        contacts = self.env["res.partner"].browse({contact for contact, _tag in removed})
        if removed and is_watched(contacts):
            for group in groups:
                ids = [contact for contact, tag in removed if tag == group]
                contacts.browse(ids).write({"category_id": [Command.unlink(group)]})
            self.env.flush_all()  # before the statement that writes the same rows
        self._write_decision(subscription, groups, everything, is_one_click, removed)
        if removed:
            contacts.invalidate_recordset(["category_id", "write_date", "write_uid"], flush=False)
            self.env["res.partner.category"].invalidate_model(["partner_ids"], flush=False)
            contacts.modified(["category_id"])
            self._log_on_contacts(subscription, removed)
        return subscription.after_leaving(groups, everything, others)

    def _write_decision(self, subscription, groups, everything, is_one_click, removed):
        """Remove tags, write the decision and the time on the recipient, in one statement.

        The ORM would take fifteen. Plan: tags and contacts by primary key.

        :param removed: [(contact, tag)] to remove
        """
        self.env.execute_query(
            SQL(
                """
                WITH act AS (
                    INSERT INTO partner_mailing_unsubscription
                           (mailing_id, company_id, recipient_id, %(column)s, is_everything,
                            is_one_click, removed_tags, create_date, create_uid, write_date, write_uid)
                    VALUES (%(mailing)s, %(company)s, %(recipient)s, %(address)s, %(everything)s,
                            %(is_one_click)s, %(removed)s, %(now)s, %(uid)s, %(now)s, %(uid)s)
                 RETURNING id
                ), groups AS (
                    INSERT INTO partner_mailing_unsubscription_category_rel
                           (unsubscription_id, category_id)
                    SELECT act.id, category_id FROM act, unnest(%(groups)s::integer[]) category_id
                ), untagged AS (
                    DELETE FROM res_partner_res_partner_category_rel t
                     USING unnest(%(contacts)s::integer[], %(tags)s::integer[]) AS x (contact, tag)
                     WHERE t.partner_id = x.contact AND t.category_id = x.tag
                ), touched AS (
                    UPDATE res_partner SET write_date = %(now)s, write_uid = %(uid)s
                     WHERE id = ANY(%(contacts)s::integer[]))
                UPDATE partner_mailing_recipient
                   SET unsubscribed_at = COALESCE(unsubscribed_at, %(now)s)
                 WHERE id = %(recipient)s
             RETURNING id
                """,
                column=SQL.identifier(self._get_transport_class(subscription).address_column),
                mailing=subscription.mailing_id,
                company=subscription.company_id,
                recipient=subscription.id,
                address=subscription.address,
                everything=everything,
                is_one_click=is_one_click,
                removed=json.dumps(removed),
                groups=groups,
                contacts=[contact for contact, _tag in removed],
                tags=[tag for _contact, tag in removed],
                now=fields.Datetime.now(),
                uid=self.env.uid,
            )
        )
        self.invalidate_model(flush=False)
        recipients = self.env["partner.mailing.recipient"]
        recipients.invalidate_model(["unsubscribed_at"], flush=False)

    def _undo_unsubscription(self, number):
        """Undo what the links of one message have changed, as far as it is still so.

        :return: ``Subscription`` after it, None when there is no such recipient
        """
        subscription = self._get_subscription(number, lock=True)
        if not subscription or not subscription.unsubscribed:
            return subscription
        acts = self._get_acts(subscription)
        alive = set(
            self.env["res.partner"]
            .browse({contact for act in acts for contact, _tag in act.removed_tags or ()})
            .exists()
            .ids
        )
        tags = set(acts.category_ids.ids)
        pairs = [
            (contact, tag)
            for act in acts
            for contact, tag in act.removed_tags or ()
            if contact in alive and tag in tags
        ]
        for contact, tag in pairs:
            self.env["res.partner"].browse(contact).write({"category_id": [Command.link(tag)]})
        if pairs:
            self._log_on_contacts(subscription, pairs, undone=True)
        if any(act.is_everything for act in acts):
            staff = self._in_language_of_staff(subscription)
            message = staff.env._(
                'Subscribed again, by the link in the mailing "%s".',
                staff._get_mailing_name(subscription),
            )
            transport = self._get_transport_class(subscription)
            transport.remove_from_blocklist(
                staff.env[transport.blocklist_model], subscription.address, message
            )
        acts.write({"undone_at": fields.Datetime.now()})
        recipient = self.env["partner.mailing.recipient"].browse(subscription.id)
        recipient._as_system().write({"unsubscribed_at": False})
        return self._get_subscription(number)

    def _record_unsubscribe_reason(self, number, reason, comment):
        """Store the reason for unsubscribing; an unknown reason is ignored.

        :return: ``Subscription``, None when there is no such recipient
        """
        subscription = self._get_subscription(number)
        act = subscription and self._get_acts(subscription)[:1]
        known = dict(act._fields["reason"].selection) if act else {}
        if act:
            act.write(
                {
                    "reason": reason if reason in known else False,
                    "comment": (comment or "").replace("\0", "").strip()[:COMMENT_LIMIT] or False,
                }
            )
        return subscription

    def _get_acts(self, subscription):
        """Return the decisions of a recipient that are not undone, the latest first."""
        return self._as_system().search(
            [("recipient_id", "=", subscription.id), ("undone_at", "=", False)]
        )

    def _get_transport_class(self, subscription):
        """Return the class of the transport whose address a subscription is of."""
        return self.env["partner.mailing"]._get_transports()[subscription.channel]

    def _add_to_blocklist(self, subscription):
        """Put the address on the channel's blocklist, with a note that says why.

        :raises psycopg2.errors.UniqueViolation: when another transaction does it at this moment;
            see ``decide`` in the controller
        """
        staff = self._in_language_of_staff(subscription)
        # The note below says what the messages of creation and tracking would say.
        transport = self._get_transport_class(subscription)
        blocklist = staff.env[transport.blocklist_model].with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True, mail_notrack=True
        )
        entry = blocklist.browse(subscription.blocklist_id or [])
        if entry:
            entry.write({"active": True})
        else:
            entry = blocklist.create(transport.get_blocklist_values(subscription.address))
        name = staff._get_mailing_name(subscription)
        if subscription.by_answer:
            message = staff.env._(
                'Unsubscribed from all mailings, by an answer to the mailing "%s".', name
            )
        else:
            message = staff.env._(
                'Unsubscribed from all mailings, by the link in the mailing "%s".', name
            )
        log_notes(entry, {entry.id: message}, self._get_author_id(), subscription.author_address)

    def _log_on_contacts(self, subscription, pairs, undone=False):
        """Write in the chatter of each contact which tags were removed, or added again."""
        staff = self._in_language_of_staff(subscription)
        names = subscription.name_tags(subscription.staff_lang)
        name = staff._get_mailing_name(subscription)
        words = {}
        for contact, tag in pairs:
            words.setdefault(contact, []).append(names[tag])
        bodies = {
            contact: staff.env._(
                'Subscribed again to %(tags)s, by the link in the mailing "%(mailing)s".',
                tags=", ".join(tags),
                mailing=name,
            )
            if undone
            else staff.env._(
                'Unsubscribed from %(tags)s, by the link in the mailing "%(mailing)s".',
                tags=", ".join(tags),
                mailing=name,
            )
            for contact, tags in words.items()
        }
        contacts = staff.env["res.partner"].browse(bodies)
        log_notes(contacts, bodies, self._get_author_id(), subscription.author_address)

    def _get_mailing_name(self, subscription):
        """Return the title of the mailing; its number where more users see the note than it."""
        return subscription.mailing_name or self.env._("No. %s", subscription.mailing_id)

    def _in_language_of_staff(self, subscription):
        """Return ``self`` in the language of the company, whose users read the notes."""
        return self.with_context(
            lang=subscription.staff_lang, allowed_company_ids=[subscription.company_id]
        )

    # ------------------------------------------------------------
    # Other mailings, and totals
    # ------------------------------------------------------------

    def _apply_to_open_mailings(self, subscription):
        """Exclude the address from all open mailings, and count who unsubscribed.

        After undoing, include it again, where it is part of the submitted list.

        To be run in a transaction of its own: a sender writes the totals forty times a second, and
        a conflict with it must not roll back the decision. The unsubscribed are counted, not added
        to: if this fails, the next count includes them.

        Plan: the few open mailings by state, in each the address in ``_address_uniq``; the count by
        ``_unsubscribed_idx``.
        """
        unsubscribed = SQL(
            """
            CASE WHEN m.id = %(mailing)s
                 THEN (SELECT count(*) FROM partner_mailing_recipient
                        WHERE mailing_id = %(mailing)s AND unsubscribed_at IS NOT NULL)
                 ELSE k.unsubscribed_count END
            """,
            mailing=subscription.mailing_id,
        )
        self.env.cr.execute(
            SQL(
                """
                WITH excluded AS (
                    UPDATE partner_mailing_recipient r
                       SET state = 'skipped', skip_reason = 'unsubscribed'
                      FROM partner_mailing m
                     WHERE m.state = ANY(%(open)s) AND r.mailing_id = m.id
                       AND r.%(column)s = %(address)s
                       AND r.skip_reason IS NULL AND r.state = 'pending'
                       AND (EXISTS (SELECT FROM (%(blocked)s) b WHERE b.active) OR %(left)s)
                 RETURNING r.mailing_id, 'pending' AS old_state, 'skipped' AS new_state
                ), included AS (
                    UPDATE partner_mailing_recipient r
                       SET state = 'pending', skip_reason = NULL
                      FROM partner_mailing m
                     WHERE m.state = ANY(%(open)s) AND r.mailing_id = m.id
                       AND r.%(column)s = %(address)s
                       AND r.skip_reason = 'unsubscribed' AND r.is_submitted
                       AND NOT EXISTS (SELECT FROM (%(blocked)s) b WHERE b.active)
                       AND NOT %(left)s
                 RETURNING r.mailing_id, 'skipped' AS old_state, 'pending' AS new_state
                ), changed AS (
                    SELECT * FROM excluded
                     UNION ALL
                    SELECT * FROM included
                     UNION ALL
                    SELECT %(mailing)s, NULL, NULL)
                %(update_totals)s
                """,
                open=list(UNFINISHED_STATES),
                column=SQL.identifier(self._get_transport_class(subscription).address_column),
                address=subscription.address,
                blocked=self._blocked_sql(SQL("%s", subscription.address)),
                left=self._unsubscribed_sql(SQL("m.id"), SQL("%s", subscription.address)),
                mailing=subscription.mailing_id,
                update_totals=self.env["partner.mailing.counter"]._update_totals_sql(
                    "changed",
                    totals=("recipient_count", "pending_count", "skipped_count"),
                    assignments=[SQL("unsubscribed_count = %s", unsubscribed)],
                ),
            ),
            log_exceptions=False,  # a conflict is expected, and the step is run again
        )
        self.env["partner.mailing.recipient"]._invalidate_rows()
