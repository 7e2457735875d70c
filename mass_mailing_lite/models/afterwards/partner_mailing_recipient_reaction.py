from odoo import api, fields, models
from odoo.tools import SQL

from ..sending.partner_mailing_recipient_queue import UTC_NOW

# A person needs longer from delivery to opening; scanners on the way look at once.
MACHINE_SECONDS = 10


class PartnerMailingClick(models.Model):
    """That one recipient was led to one link: once, however often they came."""

    _name = "partner.mailing.click"
    _inherit = ["partner.mailing.guard"]
    _description = "Click in a Mailing"
    _log_access = False

    link_id = fields.Many2one("partner.mailing.link", required=True, ondelete="cascade")
    recipient_id = fields.Integer(required=True, index=True)

    _once = models.UniqueIndex("(link_id, recipient_id)")


class PartnerMailingRecipient(models.Model):
    """What recipients do with the message: each thing is noted once, in one statement.

    Rows that somebody else has locked are passed by: that is the same request
    once more, or a sender at work, in which case no person has read the message
    yet. So a request waits for nobody, and nobody for it.
    """

    _inherit = "partner.mailing.recipient"

    @api.model
    def _note_opened(self, recipient_id, by_machine):
        """Note that a message's picture was loaded.

        :param bool by_machine: the request came from a known scanner; one within
            seconds of delivery counts as such, too
        """
        self._note(recipient_id, SQL("m.track_opens"), by_machine, None)

    @api.model
    def _note_clicked(self, recipient_id, link_id, by_machine):
        """Note that a link was followed, which no one does without having opened the message.

        :param int link_id: a link of the recipient's mailing
        """
        self._note(recipient_id, SQL("m.track_clicks"), by_machine, link_id)

    def _note(self, recipient_id, is_tracked, by_machine, link_id):
        """Write what is new on the row, and add it to what is waiting to be counted.

        Plan: two lookups by primary key; where all was noted before, nothing is written.
        """
        self.env.cr.execute(
            SQL(
                """
                -- Nobody waits for the disk: a crash may lose the openings of half a second.
                SET LOCAL synchronous_commit TO off;
                WITH seen AS (
                    SELECT r.id, r.mailing_id, r.opened_at, r.clicked_at, r.machine_opened_at,
                           %(by_machine)s OR r.sent_at IS NULL
                               OR r.sent_at > %(now)s - make_interval(secs => %(seconds)s) AS by_machine
                      FROM partner_mailing_recipient r
                      JOIN partner_mailing m ON m.id = r.mailing_id AND %(is_tracked)s
                     WHERE r.id = %(id)s AND r.state NOT IN ('pending', 'skipped')
                       FOR NO KEY UPDATE OF r SKIP LOCKED
                ), fresh AS (
                    SELECT id, mailing_id,
                           by_machine AND machine_opened_at IS NULL AS machine_opened,
                           NOT by_machine AND opened_at IS NULL AS opened,
                           NOT by_machine AND clicked_at IS NULL AND %(link_id)s::integer IS NOT NULL
                               AS clicked
                      FROM seen
                ), noted AS (
                    UPDATE partner_mailing_recipient r
                       SET opened_at = CASE WHEN f.opened THEN %(now)s ELSE r.opened_at END,
                           clicked_at = CASE WHEN f.clicked THEN %(now)s ELSE r.clicked_at END,
                           machine_opened_at = CASE WHEN f.machine_opened THEN %(now)s
                                                    ELSE r.machine_opened_at END
                      FROM fresh f
                     WHERE r.id = f.id AND (f.opened OR f.clicked OR f.machine_opened)
                ), linked AS (
                    INSERT INTO partner_mailing_click (link_id, recipient_id)
                    SELECT %(link_id)s::integer, id FROM seen
                     WHERE NOT by_machine AND %(link_id)s::integer IS NOT NULL
                        ON CONFLICT DO NOTHING
                )
                INSERT INTO partner_mailing_reaction (mailing_id, kind)
                SELECT f.mailing_id, k.kind
                  FROM fresh f,
                       LATERAL (VALUES ('opened', f.opened), ('clicked', f.clicked),
                                       ('machine_opened', f.machine_opened)) AS k (kind, is_new)
                 WHERE k.is_new
                """,
                id=recipient_id,
                is_tracked=is_tracked,
                by_machine=by_machine,
                link_id=link_id,
                seconds=MACHINE_SECONDS,
                now=UTC_NOW,
            )
        )
        self.invalidate_model(["opened_at", "clicked_at", "machine_opened_at"], flush=False)
