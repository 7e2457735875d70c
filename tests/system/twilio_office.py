"""A company that writes SMS through Twilio: a running Odoo, its people, and what they do."""

import contextlib
import itertools
import time
from dataclasses import dataclass

from devtools import company, database
from devtools.rpc import Client

from .conftest import OdooServer
from .mailings import MAILING, RECIPIENT
from .twilio import ACCOUNT, SENDER, TOKEN

PATIENCE = 150  # seconds until something has become of a mailing

_numbers = itertools.count(611000000)


def new_number():
    """Return a number to which nothing was sent before."""
    return f"+34{next(_numbers)}"


@contextlib.contextmanager
def open_office(tools):
    """Run an Odoo with `sms_twilio` and an account there, our addons installed last."""
    name = database.prepared(tools, "twilio", ["sms_twilio"])
    install = ("server", "-d", name, "-i", "mass_mailing_lite", "--stop-after-init", "--no-http")
    tools.run(*install, what="The installation beside sms_twilio", log="twilio")
    with tools.serve(name, name="twilio") as url:
        server = OdooServer(url, name, tools)
        admin = server.login("admin")
        company.create_users(admin)
        admin.call("ir.config_parameter", "set_param", "web.base.url", url)
        office = Office(server, admin, server.login("marketing"), server.login("validator"))
        office.set_company(
            country_id=admin.record("base.es"),
            sms_provider="twilio",
            sms_twilio_account_sid=ACCOUNT,
            sms_twilio_auth_token=TOKEN,
            sms_twilio_number_ids=[office.own_number()],
            partner_mailing_failure_share=0,
        )
        yield office
    database.drop(tools, name)


@dataclass
class Office:
    """A running Odoo, and the users who are logged in."""

    server: OdooServer
    admin: Client
    author: Client
    validator: Client

    def own_number(self):
        """Return the command that adds the company's number at Twilio."""
        return (0, 0, {"number": SENDER, "country_id": self.admin.record("base.es")})

    def set_company(self, **values):
        """Change the company; return what it had before."""
        [before] = self.admin.search_read("res.company", [], *values)
        self.admin.call("res.company", "write", [before["id"]], values)
        return before

    def write(self, numbers):
        """Return a mailing to these numbers that is submitted and validated."""
        mailing = self.author.create(
            MAILING,
            name="System test",
            channel="sms",
            sms_body="Our shop is open again.",
            extra_numbers="\n".join(numbers),
        )
        self.author.call(MAILING, "action_submit", [mailing])
        self.validator.call(MAILING, "action_validate", [mailing])
        return mailing

    def settle(self, mailing, until=("done", "paused", "server")):
        """Wait until a mailing is over, paused, or waits for the provider; return which of these."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.author.read(MAILING, mailing, "state", "wait_reason")
            for reached in (found["state"], found["wait_reason"]):
                if reached in until:
                    return reached
            time.sleep(0.1)
        raise AssertionError(f"nothing came of the mailing: {found}")

    def send(self, *numbers):
        """Send a mailing; return it, what it came to, and {number: recipient}."""
        mailing = self.write(numbers)
        reached = self.settle(mailing)
        return mailing, reached, self.recipients(mailing)

    def recipients(self, mailing):
        """Return {number: recipient}."""
        found = self.author.search_read(
            RECIPIENT,
            [("mailing_id", "=", mailing)],
            "phone_sanitized", "state", "failure_type", "failure_reason", "bounce_type",
        )  # fmt: skip
        return {row["phone_sanitized"]: row for row in found}

    def webhook(self):
        """Return the address that the settings page shows, to be entered at Twilio."""
        name = "partner_mailing_sms_answer_url"
        settings = self.admin.create("res.config.settings")
        return self.admin.read("res.config.settings", settings, name)[name]

    def answers(self, number):
        """Return what came back from a number, the oldest first."""
        return self.admin.search_read(
            "partner.mailing.answer", [("number", "=", number)], "text", "kind", "mailing_id",
        )[::-1]  # fmt: skip

    def is_blocklisted(self, number):
        """Tell whether a number is on Odoo's blocklist."""
        return bool(self.admin.search_read("phone.blacklist", [("number", "=", number)], "id"))

    def cancel_all(self):
        """Leave no mailing under way."""
        under_way = [("state", "in", ("validated", "sending", "paused"))]
        left = self.author.search_read(MAILING, under_way, "id")
        self.author.call(MAILING, "action_cancel", [mailing["id"] for mailing in left])
