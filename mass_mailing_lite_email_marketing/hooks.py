"""What has to happen before the addon is uninstalled."""

from odoo.tools import SQL

from .selection.mailing_list import OPTED_OUT


def uninstall_hook(env):
    """Remove what is this addon's own: designs, and entries that name mailing lists."""
    _remove_designs(env)
    _remove_lists(env)


def _remove_designs(env):
    """Let mailings keep their bodies, without designs.

    What waits, is validated or is being sent stays what it is: its body, which alone is sent, does not
    change. Its fingerprint covers the design, so it is taken anew where it was right.
    """
    env["partner.mailing"].flush_model()
    Approval = env["partner.mailing.approval"]
    open_ones = Approval.search([("state", "in", ("pending", "validated"))]).filtered(
        lambda one: any(
            (one.mailing_id._get_translations(["body_arch"])["body_arch"] or {}).values()
        )
    )
    right = open_ones.filtered(lambda one: one.fingerprint == one.mailing_id._get_fingerprint()[0])
    env.cr.execute(SQL("UPDATE partner_mailing SET body_arch = NULL, editor = 'plain'"))
    env["partner.mailing"].invalidate_model(["body_arch", "editor"], flush=False)
    for approval in right:
        approval._as_system().fingerprint = approval.mailing_id._get_fingerprint()[0]


def _remove_lists(env):
    """Remove the entries that name mailing lists; the lists of recipients made of them stay."""
    env.flush_all()
    env.cr.execute(SQL("DELETE FROM partner_mailing_source WHERE kind = 'mailing_list'"))
    # Without the addon nobody knows more than that they unsubscribed.
    _rename_reason_of_recipients(env)
    _rename_reason_in_figures(env)
    _rename_reason_in_requests(env)
    env.invalidate_all()


def _rename_reason_of_recipients(env):
    """Say "Unsubscribed" of those who opted out of a list.

    They are not written to when the list is loaded again. An address has that reason once in a
    mailing, as the index demands.
    """
    env.cr.execute(
        SQL(
            """
            UPDATE partner_mailing_recipient r
               SET skip_reason = CASE WHEN x.is_first THEN 'unsubscribed' ELSE 'duplicate' END
              FROM (SELECT o.id,
                           row_number() OVER (PARTITION BY o.mailing_id, o.email_normalized
                                                  ORDER BY o.id) = 1
                           AND NOT EXISTS (
                               SELECT FROM partner_mailing_recipient k
                                WHERE k.mailing_id = o.mailing_id
                                  AND k.email_normalized = o.email_normalized
                                  AND (k.skip_reason IS NULL
                                       OR k.skip_reason IN ('by_hand', 'unsubscribed')))
                           AS is_first
                      FROM partner_mailing_recipient o
                     WHERE o.skip_reason = %(opted_out)s) x
             WHERE r.id = x.id
            """,
            opted_out=OPTED_OUT,
        )
    )


def _rename_reason_in_figures(env):
    """Add up the figures of both reasons, one for each; those of long ago are not counted again."""
    env.cr.execute(
        SQL(
            """
            WITH added AS (
                UPDATE partner_mailing_breakdown b
                   SET recipient_count = b.recipient_count + o.recipient_count
                  FROM partner_mailing_breakdown o
                 WHERE b.mailing_id = o.mailing_id AND b.skip_reason = 'unsubscribed'
                   AND o.skip_reason = %(opted_out)s
             RETURNING o.id
            ), gone AS (
                DELETE FROM partner_mailing_breakdown WHERE id IN (SELECT id FROM added))
            UPDATE partner_mailing_breakdown SET skip_reason = 'unsubscribed'
             WHERE skip_reason = %(opted_out)s AND id NOT IN (SELECT id FROM added)
            """,
            opted_out=OPTED_OUT,
        )
    )


def _rename_reason_in_requests(env):
    """Rename the reason in requests for approval, which keep how the list was made up."""
    env.cr.execute(
        SQL(
            """
            UPDATE partner_mailing_approval
               SET summary = replace(summary::text, %(key)s, '"unsubscribed"')::jsonb
             WHERE strpos(summary::text, %(key)s) > 0
            """,
            key=f'"{OPTED_OUT}"',
        )
    )
