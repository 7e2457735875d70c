"""What has to happen before the addon is uninstalled."""

from odoo.tools import SQL


def uninstall_hook(env):
    """Cancel the mailings by SMS that are not over, and keep to whom the others went.

    Without the addon they are e-mails; their numbers stay readable as addresses that were typed.
    """
    mailings = env["partner.mailing"].search(
        [("channel", "=", "sms"), ("state", "not in", ("done", "cancelled"))]
    )
    mailings.action_cancel()
    env.cr.execute(
        SQL("UPDATE partner_mailing_recipient SET email = phone WHERE phone IS NOT NULL")
    )
    env["partner.mailing.recipient"].invalidate_model(["email"], flush=False)
    # No e-mail address reads like a number, so none is unsubscribed by it.
    env.cr.execute(
        SQL(
            "UPDATE partner_mailing_unsubscription SET email_normalized = phone_sanitized"
            " WHERE phone_sanitized IS NOT NULL"
        )
    )
    # Without the company it is not known what a rate limit belongs to.
    env["partner.mailing.rate.limit"].search(
        [("sms_company_id", "!=", False)]
    )._as_system().unlink()
