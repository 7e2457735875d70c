from odoo import fields, models
from odoo.exceptions import LockError, UserError
from odoo.tools import SQL

from .partner_mailing_judgement import NO_CONTACTS

# The sort by address fits into memory at a million rows; for this transaction only.
SORT_MEMORY = "256MB"


class PartnerMailing(models.Model):
    """Audiences, marked contacts and extra addresses become the frozen list of recipients."""

    _inherit = "partner.mailing"

    def action_load_recipients(self):
        """Fill the list of recipients anew from audiences, marked contacts and extra addresses.

        Rows that were left out by hand, and rows with a history (sent, failed …),
        stay as they are; everybody else is judged again.

        :raises UserError: when the mailing is no draft or a filter cannot be used
        """
        self.check_access("write")
        self._check_editable(self.env._("load recipients"))
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
        """Say what loading came to, or what to do before it can come to anything."""
        if not (self.recipient_count or self.skipped_count or self._has_sources()):
            return self.env._("Nobody is chosen yet: choose an audience, or add who gets it.")
        return self.env._(
            "%(recipients)s will be written to, %(skipped)s are left out.",
            recipients=self.recipient_count,
            skipped=self.skipped_count,
        )

    def _has_sources(self):
        """Tell whether something was chosen that recipients could come from."""
        return bool(self.audience_ids or self.extra_emails or self.marked_count)

    def _load_recipients(self):
        """Replace the list of one mailing, in two statements and without a Python loop."""
        self.ensure_one()
        self._lock_list()
        sources = self._judged_sources_sql(self._chosen_contacts_sql(), self._extra_addresses_sql())
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM partner_mailing_recipient
                 WHERE mailing_id = %s
                   AND (state = 'pending'
                        OR state = 'skipped' AND skip_reason NOT IN ('by_hand', 'unsubscribed'))
                """,
                self.id,
            )
        )
        self.env.cr.execute(self._insert_recipients_sql(sources))
        self.env["partner.mailing.recipient"]._forget_cached_rows()
        self._recount()
        self._as_system().write({"recipients_loaded_at": fields.Datetime.now()})

    def _lock_list(self):
        """Let nobody else change the list until the end of the transaction.

        :raises UserError: when somebody is at it this very moment
        """
        self.ensure_one()
        self.env.flush_all()
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(
                self.env._(
                    'The recipients of the mailing "%s" are being changed by somebody else just now.'
                    " Try again in a moment.",
                    self.name,
                )
            ) from error
        self.env.cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", SORT_MEMORY))

    def _recount(self):
        """Count the recipients anew; see ``partner.mailing.counter``."""
        for mailing in self.sudo():
            mailing.counter_id._recount(mailing)

    # ------------------------------------------------------------
    # Sources
    # ------------------------------------------------------------

    def _chosen_contacts_sql(self):
        """Return SQL for all contacts in the mailing's audiences, and those marked, each once."""
        domains = [audience._get_included_domain() for audience in self.audience_ids]
        if self.marked_count:
            domains.append([("id", "in", self._marked_contacts_sql())])
        queries = [self._source_columns_sql(self._readable_contacts(domain)) for domain in domains]
        if not queries:
            return NO_CONTACTS
        return SQL(" UNION ").join(SQL("(%s)", query) for query in queries)

    def _extra_addresses_sql(self):
        """Return SQL for (position, name, e-mail as typed, normalized address)."""
        entries = self._parse_extra_emails()
        return SQL(
            "SELECT * FROM unnest(%s::integer[], %s::text[], %s::text[], %s::text[])",
            list(range(len(entries))),
            [entry.name for entry in entries],
            # PostgreSQL has no text with a NUL in it.
            [entry.text.replace("\0", "\N{REPLACEMENT CHARACTER}") for entry in entries],
            [entry.address or None for entry in entries],
        )
