"""What the system tests do with mailings, through the public interface of a running Odoo."""

import subprocess

MAILING = "partner.mailing"
RECIPIENT = "partner.mailing.recipient"


def write(client, **values):
    """Create a complete draft to extra addresses and return its id."""
    return client.create(
        MAILING,
        **{
            "name": "System test",
            "subject": "News for {{ object.name }}",
            "body_html": '<p>Dear <t t-out="object.name">reader</t></p>',
            "email_from": "shop@example.com",
            "extra_emails": "Ana <ana@example.com>, ben@example.org",
            **values,
        },
    )


def validated(author, validator, **values):
    """Create, submit and validate a mailing; return its id."""
    mailing = write(author, **values)
    author.call(MAILING, "action_submit", [mailing])
    validator.call(MAILING, "action_validate", [mailing])
    return mailing


def command(server, *arguments):
    """Start the command that sends; return its process, whose output is text."""
    tools = server.tools
    return subprocess.Popen(
        [str(part) for part in tools.command("mailing_send", "-d", server.database, *arguments)],
        env=tools.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def switch_scheduler(server, is_on):
    """Let scheduled actions send, or not; wait for one that is sending.

    While they do not, a command that needs seconds to begin does not come too late.
    """
    server.sql(
        f"UPDATE ir_cron SET active = {is_on} WHERE id = (SELECT res_id FROM ir_model_data"
        " WHERE module = 'mass_mailing_lite' AND name = 'ir_cron_send')"
    )


def addresses(count):
    """Return ``count`` different addresses, a line each."""
    return "\n".join(f"reader{number}@example.com" for number in range(count))
