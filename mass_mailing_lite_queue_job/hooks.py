from .models.ir_mail_server import PARENT_CHANNEL


def uninstall_hook(env):
    """Remove the mail servers' channels, which no data file made, and cancel the pending jobs."""
    waiting = [("method_name", "=", "_send_in_lane"), ("state", "in", ("pending", "enqueued"))]
    env["queue.job"].search(waiting).button_cancelled()
    parent = env.ref(PARENT_CHANNEL, raise_if_not_found=False)
    if parent:
        env["queue.job.channel"].search([("parent_id", "=", parent.id)]).unlink()
