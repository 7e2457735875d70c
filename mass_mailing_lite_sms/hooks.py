"""What has to happen before the addon goes."""


def uninstall_hook(env):
    """Cancel the mailings by SMS that are not over: without the addon they would be e-mails.

    Nobody would know what counts against the limits of SMS either.
    """
    mailings = env["partner.mailing"].search(
        [("channel", "=", "sms"), ("state", "not in", ("done", "cancelled"))]
    )
    mailings.action_cancel()
    env["partner.mailing.rate.limit"].search([("sms_company_id", "!=", False)])._as_system().unlink()
