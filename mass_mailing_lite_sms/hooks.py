"""What has to happen before the addon goes."""


def uninstall_hook(env):
    """Cancel the mailings by SMS that are not over: without the addon they would be e-mails."""
    mailings = env["partner.mailing"].search(
        [("channel", "=", "sms"), ("state", "not in", ("done", "cancelled"))]
    )
    mailings.action_cancel()
