from urllib.parse import urlsplit

from ..tools.link_problem import is_private_host, split_host
from .check import SENDER, Check, register

# Paths of the web client: behind them a recipient finds the login page.
CLIENT_PATHS = ("/odoo", "/web")


@register
class BaseUrl(Check):
    """Whether recipients reach this database, where links and pictures of a message lead."""

    key = "base_url"
    kind = SENDER
    sequence = 40

    def get_question(self):
        return self.env._("Do links and pictures lead to an address that recipients can reach?")

    def look(self, content):
        return self.mailing._get_transport().leads_here(content)

    def describe(self, facts):
        return self.describe_sender() if facts else []

    def applies(self):
        return True

    def get_title(self):
        return self.env._("web address of this database")

    def describe_sender(self):
        address = self.mailing.get_base_url() or ""
        scheme, host = split_host(address)
        if scheme not in ("http", "https") or not host:
            message = self.env._(
                'The web address of this database, "%s", is not a valid address: the unsubscribe'
                " link, local links and pictures will not work.",
                address,
            )
        elif is_private_host(host):
            message = self.env._(
                'The web address of this database is "%s", which no recipient can reach: the'
                " unsubscribe link, local links and pictures will not work.",
                address,
            )
        elif scheme == "http":
            message = self.env._(
                'The web address of this database, "%s", does not begin with https://: mail programs'
                " show no button to unsubscribe, some show no pictures, and browsers warn.",
                address,
            )
        elif urlsplit(address).path.rstrip("/").startswith(CLIENT_PATHS):
            message = self.env._(
                'The web address of this database, "%s", ends in a path of the web client: recipients'
                " who follow a link would find the login page.",
                address,
            )
        else:
            return []
        remedy = self.env._(
            "Ask an administrator to write the public address, such as https://odoo.example.com, into"
            ' the system parameter "web.base.url" (Settings, Technical, System Parameters).'
        )
        return [self.make_finding(message, remedy)]
