from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_datetime, formatLang

from ..selection import (
    DOMAIN_REASONS,
    IN,
    KEPT,
    OUT,
    ListDomains,
    Pressure,
    RecipientQuery,
    describe_sides,
    get_kinds,
    get_source,
    renew_statistics,
)
from ..tools import address_list
from .partner_mailing_recipient import EXCLUDED, INCLUDED, IS_EXCLUDED, IS_INCLUDED

# How many entries that are no address the form shows; the list of recipients has all of them.
PROBLEMS_SHOWN = 20

# What a duplicate takes of an entry, besides the field that says who is meant.
SOURCE_COLUMNS = (
    "side", "kind", "outcome", "link_id", "link_text", "email", "create_uid", "write_uid",
    "create_date", "write_date",
)  # fmt: skip

# Memory for the sort by address at a million rows; set for one transaction.
SORT_MEMORY = "256MB"
# How many recipients the tab of a mailing shows: one screen. The page of all recipients shows the
# rest; a plain one2many would read every id of the list.
RECIPIENT_WINDOW = 20
WINDOW_FIELDS = (
    "mailing_id",
    "name",
    "email",
    "email_normalized",
    "state",
    "skip_reason",
    "failure_type",
    "failure_reason",
    "source_id",
)


class PartnerMailing(models.Model):
    """The recipients of a mailing: audiences, contacts and addresses become the frozen list.

    In the order of this file: extra addresses, marked contacts, loading, eligibility of each
    address, preview of a refresh, exclusion by hand, duplicates, the windows of the form. The ``Transport``
    has what differs between channels (e-mail addresses, phone numbers).
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    extra_emails_problems = fields.Text(
        "Cannot Be Read",
        compute="_compute_extra_emails_problems",
        help="The entries of the extra addresses that are no address, line by line, with the reason.",
    )
    marked_window_ids = fields.Many2many(
        "res.partner", string="First Added Contacts", compute="_compute_marked_window_ids"
    )
    recipient_window_ids = fields.Many2many(
        "partner.mailing.recipient",
        string="First Recipients",
        compute="_compute_recipient_window_ids",
    )
    skipped_window_ids = fields.Many2many(
        "partner.mailing.recipient",
        string="First Excluded",
        compute="_compute_recipient_window_ids",
    )

    # Counted with the other totals: no form counts rows.
    further_count = fields.Integer(
        "Further Addresses",
        related="counter_id.further_count",
        help="Contacts with several addresses in their e-mail field get one message. These are the"
        " other addresses, as far as they are usable.",
    )
    further_included_count = fields.Integer(
        "Further Addresses among the Recipients", related="counter_id.further_included_count"
    )
    excluded_domains = fields.Json(
        copy=False,
        readonly=True,
        help="Domains whose people are excluded: {domain: reason}. See selection/list_domains.py.",
    )
    pressure_text = fields.Char("Limit of the Company", compute="_compute_pressure_text")
    list_status = fields.Char(
        "List of Recipients",
        compute="_compute_list_status",
        help="Whether the list is what audiences, contacts and addresses give, and who decided so.",
    )

    # ------------------------------------------------------------
    # Extra addresses
    # ------------------------------------------------------------

    @api.depends("extra_emails")
    def _compute_extra_emails_problems(self):
        for mailing in self:
            entries = address_list.parse(mailing.extra_emails)
            mailing.extra_emails_problems = self._describe_address_problems(entries)

    def action_import_addresses(self):
        """Open the dialog that reads extra addresses from a file."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("import addresses"))
        return self._open_dialog(
            "partner.mailing.import", self.env._("Import Addresses"), dialog_size="extra-large"
        )

    def _parse_extra_emails(self):
        """Return the entries of the extra addresses, in the order typed.

        An entry that is no address has no normalized address; it is in the list, excluded, so
        that nothing that was typed is lost. With one copy of the mailing (``copy_policy``), the
        addresses for copies are extra addresses too: each gets one message and is a recipient like
        the others.

        :return: list of ``address_list.Entry``
        """
        texts = [self.extra_emails or ""]
        if self.copy_policy == "once":
            texts += [self.cc or "", self.bcc or ""]
        return address_list.parse("\n".join(texts))

    @api.model
    def _describe_address_problems(self, entries, shown=PROBLEMS_SHOWN):
        """Return a line for each entry that is no address, or False when all are."""
        reasons = self._get_address_problems()
        problems = [entry for entry in entries if entry.problem]
        lines = [
            self.env._(
                "Line %(line)s: %(text)s – %(reason)s",
                line=entry.line,
                text=entry.text,
                reason=reasons[entry.problem],
            )
            for entry in problems[:shown]
        ]
        if len(problems) > shown:
            lines.append(self.env._("… and %s more.", len(problems) - shown))
        return "\n".join(lines) or False

    @api.model
    def _get_address_problems(self):
        """Return {problem of the parser: its description}."""
        return {
            address_list.NO_AT: self.env._("it has no @."),
            address_list.TWO_AT: self.env._("it has more than one @."),
            address_list.NO_LOCAL_PART: self.env._("nothing stands before the @."),
            address_list.NO_DOMAIN: self.env._("nothing stands behind the @."),
            address_list.INCOMPLETE_DOMAIN: self.env._("the domain has no ending, such as .com."),
            address_list.MISPLACED_DOT: self.env._("a dot is doubled, or at the edge of a part."),
            address_list.CHARACTER: self.env._("it has a blank or a sign that no address has."),
            address_list.CONTROL_CHARACTER: self.env._("it has a line break or control character."),
            address_list.TOO_LONG: self.env._("it is longer than an address may be."),
            address_list.NO_ADDRESS: self.env._("the chosen column is empty in this row."),
            address_list.NO_NUMBER: self.env._("it is no valid phone number."),
            address_list.OPEN_QUOTE: self.env._(
                "its quotation marks do not match, so its columns are not certain."
            ),
            address_list.MOVED_CELLS: self.env._(
                "it has more or fewer cells than the other rows, so its columns are not certain."
            ),
            address_list.SEVERAL: self.env._("it is unclear which of its addresses is meant."),
            address_list.CODED: self.env._("its coded signs (=?…?=) cannot be read."),
        }

    # ------------------------------------------------------------
    # Marked contacts
    # ------------------------------------------------------------

    @api.depends("marked_partner_ids")
    def _compute_marked_count(self):
        """Count in the table of the relation: 10 ms for a hundred thousand marked contacts."""
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

    @api.depends("marked_count")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_marked_window_ids(self):
        for mailing in self:
            mailing.marked_window_ids = mailing._find_marked() if mailing.marked_count else False

    def _find_marked(self, domain=Domain.TRUE):
        """Return the first marked contacts of ``domain`` that the user may read, archived too."""
        marked = Domain("partner_mailing_marked_ids", "in", self._origin.ids)
        contacts = self.env["res.partner"].with_context(active_test=False)
        fetched = ["complete_name", "email"]
        # By id: a sort by name would read all of a million.
        return contacts.search_fetch(
            Domain(domain) & marked, fetched, limit=RECIPIENT_WINDOW, order="id"
        )

    def action_open_marked(self):
        """Show the marked contacts in Odoo's own list, in which they can be taken off."""
        self.ensure_one()
        view = self.env.ref("mass_mailing_lite.res_partner_view_list_marked")
        context = {"partner_mailing_unmark_id": self.id} if self.can_edit else {}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Added from Contacts to %s", self.name),
            "res_model": "res.partner",
            "views": [(view.id, "list"), (False, "kanban"), (False, "form")],
            "view_mode": "list,kanban,form",
            "domain": [("partner_mailing_marked_ids", "in", self.ids)],
            "context": context,
        }

    def _unmark_contacts(self, domain):
        """Remove the marks of the contacts of a domain, in one statement.

        The list changes when it is updated. Of contacts that the user may not read, marks stay.

        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("remove contacts"))
        contacts = self.env["res.partner"].with_context(active_test=False)._search(domain)
        self.env.cr.execute(
            SQL(
                "DELETE FROM partner_mailing_marked_partner_rel"
                " WHERE mailing_id = %s AND partner_id IN %s",
                self.id,
                contacts.subselect(),
            )
        )
        if self.env.cr.rowcount:
            self._invalidate_marks()
            self._as_system().write(self._get_change_values({"marked_partner_ids"}))

    def action_unmark_all(self):
        """Remove all marks; the list changes when it is updated."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("remove contacts"))
        self.env.cr.execute(
            SQL("DELETE FROM partner_mailing_marked_partner_rel WHERE mailing_id = %s", self.id)
        )
        self._invalidate_marks()
        self._as_system().write(self._get_change_values({"marked_partner_ids"}))
        return True

    def _marked_contacts_sql(self):
        """Return SQL for the ids of the marked contacts."""
        return SQL(
            "(SELECT partner_id FROM partner_mailing_marked_partner_rel WHERE mailing_id = %s)",
            self._origin.id,
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
        self._invalidate_marks()

    def _invalidate_marks(self):
        """Drop the marks from the cache, after SQL has changed them, and count them again."""
        self.invalidate_recordset(["marked_partner_ids"], flush=False)
        self.modified(["marked_partner_ids"])
        self.env["res.partner"].invalidate_model(["partner_mailing_marked_ids"], flush=False)

    def _mark_contacts(self, domain, selected):
        """Mark the contacts of ``domain`` and add them to the list, in five statements.

        The rest of the list stays as it is. It is up to date if it was so before, or if marked
        contacts are the only source of recipients.

        :param domain: on res.partner; archived contacts, contacts of other
            companies and unreadable ones are not added
        :param selected: number of contacts that the user selected
        :return: dict: ``added``, ``present`` (were in the list), ``unusable``
            (archived or of another company) and one count for each skip reason
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("add contacts"))
        self._check_sources([OUT])
        self._lock_list()
        up_to_date = self.recipients_loaded_at or not (
            self.audience_ids or self.source_ids or self._get_transport().read_extra_addresses()
        )
        contacts = self._readable_contacts(domain)
        present = self._count_present(contacts)
        result = self._insert_marked_recipients(contacts)
        usable = present + sum(result.values())
        self._add_marked(contacts.select())
        self.env["partner.mailing.recipient"]._invalidate_rows()
        self._recount()
        self._store_list_facts()
        values = self._get_change_values({"marked_partner_ids"})
        if self.recipients_loaded_at:
            # Contacts that were archived since then are still found when the mailing is sent.
            values["recipients_loaded_at"] = self.recipients_loaded_at
        elif up_to_date:
            values.update(self._get_decision_values("updated"))
        self._as_system().write(values)
        return {**result, "present": present, "unusable": max(selected - usable, 0)}

    @api.model
    def _find_empty_draft(self, name, contact):
        """Return the user's own draft to one contact that was left as it was made, or none."""
        drafts = self.search(
            [("state", "=", "draft"), ("create_uid", "=", self.env.uid), ("name", "=", name)],
            order="id desc",
            limit=10,
        )
        return drafts.filtered(
            lambda draft: (
                draft.marked_partner_ids == contact
                and draft.pending_count == 1
                and not draft.audience_ids
                and not draft.extra_emails
                and draft._is_content_empty()
            )
        )[:1]

    def _count_present(self, contacts):
        """Return how many contacts of a query are in the list, excluded ones among them."""
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
        """Add the contacts of a query to the list; return {"added" or skip reason: count}."""
        query = self._query_recipients()
        eligible = query.eligible(
            self._get_transport().contact_columns_sql(contacts),
            SQL("SELECT 0, '', '', '' WHERE FALSE"),
            kept=SQL("TRUE"),
        )
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    WITH inserted AS (%s RETURNING skip_reason, is_further)
                    SELECT COALESCE(skip_reason, 'added'), count(*)
                      FROM inserted WHERE is_further IS NOT TRUE GROUP BY 1
                    """,
                    query.insert(eligible),
                )
            )
        )

    # ------------------------------------------------------------
    # Loading
    # ------------------------------------------------------------

    def action_load_recipients(self):
        """Load the list of recipients from audiences, marked contacts and extra addresses.

        Rows that were excluded by hand, and rows that were sent, failed and the like, stay as
        they are; the eligibility of all others is checked again.

        :raises UserError: when the mailing is no draft or a filter cannot be used
        """
        self._check_saved()
        self.check_access("write")
        self._check_editable(self.env._("update the list of recipients"))
        for mailing in self:
            mailing._load_recipients()
            self.env.user._bus_send(
                "simple_notification",
                {
                    "type": "success" if mailing.recipient_count else "warning",
                    "message": mailing._get_loaded_in_words(),
                },
            )
        return True

    def _get_loaded_in_words(self):
        """Return the result of loading in words, or what is missing for it."""
        if not (self.recipient_count or self.skipped_count or self._has_sources()):
            return self.env._(
                "No recipients are chosen yet: choose an audience, or add contacts or addresses."
            )
        return self.env._(
            "The list is up to date. Recipients: %(recipients)s, excluded: %(skipped)s.",
            recipients=formatLang(self.env, self.recipient_count, digits=0),
            skipped=formatLang(self.env, self.skipped_count, digits=0),
        )

    @api.depends(
        "recipients_loaded_at",
        "recipients_decision",
        "recipients_decided_by_id",
        "recipient_count",
        "skipped_count",
    )
    @api.depends_context("lang", "tz")
    def _compute_list_status(self):
        for mailing in self:
            mailing.list_status = mailing._get_list_status()

    def _get_list_status(self):
        """Return in words whether the list is up to date and who decided so, False without a list."""
        if not self.recipients_loaded_at:
            has_list = bool(self.recipient_count or self.skipped_count)
            return has_list and self.env._("Recipients were changed: update the list")
        values = {
            "name": self.sudo().recipients_decided_by_id.name,
            "date": format_datetime(self.env, self.recipients_loaded_at, dt_format="short"),
        }
        if self.recipients_decision == "kept":
            return self.env._("Kept as it is by %(name)s on %(date)s", **values)
        if values["name"]:
            return self.env._("Updated by %(name)s on %(date)s", **values)
        return self.env._("Updated on %(date)s", date=values["date"])

    def _get_decision_values(self, decision):
        """Return the values that record a decision of the current user about the list."""
        return {
            "recipients_loaded_at": fields.Datetime.now(),
            "recipients_decision": decision,
            "recipients_decided_by_id": self.env.uid,
        }

    def _has_sources(self):
        """Return whether somebody is chosen to write to, in whatever way."""
        extra = self[self._get_transport().extra_field]
        chosen = self.source_ids.filtered(lambda entry: entry.side == IN)
        return bool(self.audience_ids or chosen or extra or self.marked_count)

    def _note_change_of_sources(self):
        """Note that the list is out of date, and who has changed what it is made of.

        :raises UserError: when the mailing is no draft
        """
        if not self or self._is_system():
            return
        self.check_access("write")
        self._check_covered_unlocked({"source_ids"})
        self._as_system().write(self._get_change_values({"source_ids"}))

    def _check_sources(self, sides=(IN, OUT)):
        """Raise unless each entry of these sides can be used, by the user who loads the list.

        :raises UserError: with the first that cannot, and what to do
        """
        for audience in self._get_chosen_audiences():
            if reason := audience._get_unavailable_reason():
                raise UserError(reason)
        for entry in self.source_ids.filtered(lambda entry: entry.side in sides):
            source = get_source(entry)
            if entry.side == IN and entry.kind == "audience" and entry.audience_id:
                continue  # checked above
            if problem := source.get_problem():
                labels = dict(entry._fields["side"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "“%(side)s” has an entry that cannot be used: %(entry)s. %(problem)s",
                        side=labels[entry.side],
                        entry=source.describe(),
                        problem=problem,
                    )
                )

    def _load_recipients(self):
        """Replace the list of one mailing, in two statements and without a Python loop."""
        self.ensure_one()
        self._lock_list()
        self._check_sources()
        query = self._query_recipients()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM partner_mailing_recipient k
                 WHERE k.mailing_id = %s AND %s IS NOT TRUE
                """,
                self.id,
                KEPT,
            )
        )
        self.env.cr.execute(query.insert(query.eligible()))
        self.env["partner.mailing.recipient"]._invalidate_rows()
        self._recount()
        self._store_list_facts()
        self._as_system().write(self._get_decision_values("updated"))

    def _lock_list(self):
        """Lock the mailing, so that no other transaction changes its list until this one ends.

        :raises UserError: when another transaction holds the lock
        """
        self.ensure_one()
        self.env.flush_all()
        self._query_recipients().read_addresses()
        try:
            self._lock_patiently()
        except LockError as error:
            raise UserError(
                self.env._(
                    'The recipients of the mailing "%s" are being changed by another user.'
                    " Try again in a moment.",
                    self.name,
                )
            ) from error
        renew_statistics(self.env)
        self.env.cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", SORT_MEMORY))

    def _recount(self):
        """Count the recipients again; see ``partner.mailing.counter``."""
        for mailing in self.sudo():
            mailing.counter_id._recount(mailing)

    def _query_recipients(self):
        """Return the statements that make the list of its sources."""
        return RecipientQuery(self)

    def _written_to_lately_sql(self, quickly=False):
        """Return a SELECT of the addresses that get no further mailing now, None without a limit.

        :param quickly: see ``RecipientQuery.refused``
        """
        pressure = Pressure(self)
        is_used = pressure.is_on() and (not quickly or pressure.is_quick())
        return pressure.addresses_sql() if is_used else None

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_pressure_text(self):
        for mailing in self:
            mailing.pressure_text = Pressure(mailing).describe()

    def _readable_contacts(self, domain=Domain.TRUE):
        """Return the query for active contacts that the user may read and the company may use."""
        usable = Domain("active", "=", True) & Domain(
            "company_id", "in", [False, self.company_id.id]
        )
        return self.env["res.partner"]._search(Domain(domain) & usable)

    def _get_excluded_tags(self):
        """Return the tags whose contacts are not written to, of the mailing and of its audiences.

        An addon with a source of recipients of its own overrides this method and adds its tags.
        """
        tags = self._get_excluding_entries().filtered(lambda entry: entry.kind == "tag")
        tags = self._get_chosen_audiences().excluded_category_ids | tags.category_id
        # Who came in since another mailing must not have the tags that it excludes.
        newcomers = self.source_ids.filtered(
            lambda entry: entry.side == IN and entry.outcome == "newcomer"
        )
        for entry in newcomers:
            if not get_source(entry, self).get_problem():
                tags |= entry.earlier_mailing_id._get_excluded_tags()
        return tags

    def _get_chosen_audiences(self):
        """Return the audiences of *Write to*, also of a mailing that a form has not saved."""
        chosen = self.source_ids.filtered(lambda entry: entry.side == IN)
        return self.audience_ids | chosen.audience_id

    def _get_excluding_entries(self):
        """Return the entries that exclude people: of *But not to*, and of its audiences.

        An addon with a source of recipients of its own overrides this method and adds its entries.
        """
        own = self.source_ids.filtered(lambda entry: entry.side == OUT)
        return own | self._get_chosen_audiences().source_ids

    def _get_chosen_tags(self):
        """Return the tags that people are chosen by, of the entries and their audiences."""
        chosen = self.source_ids.filtered(lambda entry: entry.side == IN)
        audiences = self.audience_ids | chosen.audience_id
        # The tags of records that a form has not saved yet.
        return (audiences.category_ids | chosen.category_id)._origin

    def _get_chosen_domains(self):
        """Return the ``Domain`` of the contacts of each source.

        An addon with a source of recipients of its own overrides this method.
        """
        return self._query_recipients().get_domains()

    def _count_further_sources(self):
        """Return [label, number of submitted recipients] of sources that only an addon has."""
        return []

    # ------------------------------------------------------------
    # Further addresses
    # ------------------------------------------------------------

    def action_include_further_addresses(self):
        """Write to the further addresses of contacts as well; load the recipients."""
        self._use_further_addresses(True)
        return True

    def action_exclude_further_addresses(self):
        """Write to one address of each contact; load the recipients."""
        self._use_further_addresses(False)
        return True

    def _use_further_addresses(self, is_used):
        self.check_access("write")
        self._check_editable(self.env._("update the list of recipients"))
        for mailing in self:
            mailing.with_further_addresses = is_used
            mailing._load_recipients()

    # ------------------------------------------------------------
    # Domains that get no mail
    # ------------------------------------------------------------

    def action_exclude_domains(self, reason):
        """Exclude the people of domains that get no mail, or are mistyped, as ``reason`` says."""
        self._query_domains(reason, self.env._("exclude recipients")).exclude(reason)
        return True

    def action_include_domains(self, reason):
        """Include the people again whom ``action_exclude_domains`` has excluded."""
        self._query_domains(reason, self.env._("include recipients again")).include(reason)
        self._add_editor()
        return True

    def _query_domains(self, reason, what):
        """Return the ``ListDomains`` of a draft, whose list the user may change in this way."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(what)
        self._check_domain_reason(reason)
        return ListDomains(self)

    def action_open_domains(self, reason):
        """Show the recipients of such domains; the first 5,000."""
        self._check_saved()
        self.ensure_one()
        self.check_access("read")
        self._check_domain_reason(reason)
        action = self.action_open_recipients()
        action["domain"] = [("id", "in", ListDomains(self).find_ids(reason))]
        return action

    def _check_domain_reason(self, reason):
        if reason not in DOMAIN_REASONS:
            raise UserError(
                self.env._(
                    '"%(value)s" is no reason to exclude a domain. Write one of these: %(reasons)s.',
                    value=str(reason)[:100],
                    reasons=", ".join(DOMAIN_REASONS),
                )
            )

    # ------------------------------------------------------------
    # Refresh
    # ------------------------------------------------------------

    def action_refresh_recipients(self):
        """Load recipients; if there is a list, first open the dialog with what would change.

        When nothing would change, the list is loaded at once, and the dialog says so.

        :raises UserError: when the mailing is no draft or a filter cannot be used
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("update the list of recipients"))
        if not (self.recipient_count or (self.skipped_count and self.recipients_loaded_at)):
            return self.action_load_recipients()
        return self.env["partner.mailing.refresh"]._open(self)

    def _keep_list(self, seen):
        """Record the decision to leave the list as it is, although it is not what loading gives.

        It holds until the next change. The list is not loaded when the mailing is submitted.

        :param seen: {kind: number} of the changes that the user was shown
        :raises UserError: when the mailing is no draft, or other changes would be made by now
        """
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("keep the list of recipients"))
        totals, _changes = self._get_refresh_changes()
        if any(totals.get(kind, 0) != number for kind, number in seen.items()):
            raise UserError(
                self.env._(
                    "By now, other recipients would be added or removed than you were shown."
                    ' Press "Update List" again to see them.'
                )
            )
        self._as_system().write(self._get_decision_values("kept"))
        self._message_log(
            body=self.env._(
                "The list of recipients is kept as it is. An update would add %(in)s, remove"
                " %(out)s and change the address of %(address)s.",
                **seen,
            )
        )

    def _get_refresh_changes(self):
        """Compare the list with the one that loading would make, in one statement.

        :return: ``(totals, changes)``: totals is a dict of how many recipients would be added
            (``in``), removed (``out``) and get another address (``address``), and of how many
            would then be written to (``recipients``) and be excluded (``skipped``); changes is a
            list of dicts with kind, name, email, old_email and reason, the first ``CHANGES_SHOWN``
            of each kind
        """
        self.ensure_one()
        self._lock_list()
        self._check_sources()
        self.env.cr.execute(self._query_recipients().changes())
        rows = self.env.cr.dictfetchall()
        totals = {row["kind"]: row["total"] for row in rows}
        changes = [row for row in rows if row["kind"] in ("in", "out", "address")]
        return totals, changes

    # ------------------------------------------------------------
    # Exclusion by hand
    # ------------------------------------------------------------

    def action_exclude_all(self):
        """Exclude all recipients, so that a few can be included again."""
        self._update_all(EXCLUDED, IS_INCLUDED)
        return True

    def action_include_all(self):
        """Include again all recipients that were excluded by hand."""
        self._update_all(INCLUDED, IS_EXCLUDED)
        self._add_editor()
        return True

    def _update_all(self, assignments, condition):
        """Change the rows of the list under ``condition``; both parameters are SQL."""
        self.check_access("write")
        self._check_editable(self.env._("exclude or include all recipients"))
        for mailing in self:
            mailing._lock_list()
            self.env["partner.mailing.recipient"]._update_list(mailing, assignments, condition)
            mailing._recount()

    # ------------------------------------------------------------
    # Duplicate
    # ------------------------------------------------------------

    def _take_sources(self, mailing):
        """Take the entries of ``mailing``, of which this is a copy; audiences have been copied.

        A follow-up has an entry of its own in *Write to*.
        """
        self.env["partner.mailing.source"].flush_model()
        meant = {kind.field for kind in get_kinds(self.env).values()}
        names = SQL(", ").join(map(SQL.identifier, (*SOURCE_COLUMNS, *sorted(meant))))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO partner_mailing_source (mailing_id, %(names)s)
                SELECT %(copy)s, %(names)s FROM partner_mailing_source
                 WHERE mailing_id = %(mailing)s AND NOT (kind = 'audience' AND side = 'in')
                   AND (side = 'out' OR NOT %(is_follow_up)s)
              ORDER BY id
                """,
                names=names,
                copy=self.id,
                mailing=mailing.id,
                is_follow_up=bool(self.env.context.get("partner_mailing_follow_up")),
            )
        )
        self.invalidate_recordset(["source_ids"], flush=False)

    def _take_exclusions(self, mailing):
        """Exclude by hand who is excluded by hand in ``mailing``, of which this is a copy.

        The rows stay when the list of the copy is loaded. Rows without personal data are not taken
        over, nor is anything of a mailing whose personal data has to be removed by now.
        """
        self.ensure_one()
        source = mailing.sudo()
        if self.channel != mailing.channel or (
            source.personal_data_removed_at
            or source in source._find_due_for_removal(source.company_id)
        ):
            return
        recipients = self.env["partner.mailing.recipient"]
        recipients.flush_model()
        columns = (*recipients._get_typed_columns(), *recipients._get_address_columns())
        kept = SQL(", ").join(map(SQL.identifier, ("partner_id", "name", "lang", *columns)))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO partner_mailing_recipient
                       (mailing_id, state, skip_reason, attempts, is_submitted, is_further, %(kept)s)
                SELECT %(copy)s, state, skip_reason, 0, FALSE, is_further, %(kept)s
                  FROM partner_mailing_recipient s
                 WHERE s.mailing_id = %(source)s AND %(is_excluded)s AND %(address)s IS NOT NULL
              ORDER BY id
                """,
                kept=kept,
                copy=self.id,
                source=mailing.id,
                is_excluded=IS_EXCLUDED,
                address=recipients._address_sql("s"),
            )
        )
        if self.env.cr.rowcount:
            recipients._invalidate_rows()
            self._recount()

    def _log_duplicate(self, heading=""):
        """Say in the chatter of a copy what it has of the mailing that it was made from.

        The other mailing is not named: not all who may read the copy may read that one.

        :param heading: the first sentence; a follow-up is logged with one, when it is complete
        """
        self.ensure_one()
        if self.env.context.get("partner_mailing_follow_up"):
            return
        taken = [self.env._("content and options")]
        stale = self._get_stale_versions()
        versions = [
            self.env._("%s (out of date)", self._get_language_name(code))
            if code in stale
            else self._get_language_name(code)
            for code in self.sudo().version_ids.mapped("lang")
        ]
        if versions:
            taken.append(self.env._("language versions: %s", ", ".join(versions)))
        if self.attachment_ids:
            taken.append(self.env._("files: %s", len(self.attachment_ids)))
        if self.audience_ids:
            taken.append(self.env._("audiences: %s", ", ".join(self.audience_ids.mapped("name"))))
        taken += describe_sides(self, (OUT,) if heading else (IN, OUT))
        if self[self._get_transport().extra_field]:
            taken.append(self.env._("extra addresses"))
        if self.marked_count:
            taken.append(self.env._("added from Contacts: %s", self.marked_count))
        if self.skipped_count:
            taken.append(self.env._("excluded by hand: %s", self.skipped_count))
        body = Markup("<p>%s</p><ul><li>%s</li><li>%s</li></ul>") % (
            heading or self.env._("This mailing is a duplicate."),
            self.env._("Taken over: %s.", "; ".join(taken)),
            self.env._(
                "Not taken over: the list of recipients, tests, approvals, schedule and results."
            ),
        )
        self._message_log(body=body)

    # ------------------------------------------------------------
    # Windows of the form
    # ------------------------------------------------------------

    @api.depends("recipient_count", "skipped_count")
    def _compute_recipient_window_ids(self):
        Recipient = self.env["partner.mailing.recipient"]
        for mailing in self:
            domain = Domain("mailing_id", "=", mailing._origin.id)
            skipped = Domain("state", "=", "skipped")
            # The totals are read anyway: a window without rows costs no query.
            for name, count, rows in (
                ("recipient_window_ids", mailing.recipient_count, domain & ~skipped),
                ("skipped_window_ids", mailing.skipped_count, domain & skipped),
            ):
                mailing[name] = Recipient.search_fetch(
                    rows if count else Domain.FALSE, WINDOW_FIELDS, limit=RECIPIENT_WINDOW
                )
