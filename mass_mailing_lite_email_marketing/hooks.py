"""What has to happen before the addon is uninstalled."""

from odoo.tools import SQL


def uninstall_hook(env):
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
