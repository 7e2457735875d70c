from ..tools.free_mail import find_provider
from .check import SENDER, Check, register


@register
class SenderDomain(Check):
    """Whether the From address is of a free provider, whose mail other servers may not send."""

    key = "sender_domain"
    kind = SENDER
    on_form = False
    sequence = 20

    def get_title(self):
        return self.env._("domain of the From address")

    def get_question(self):
        return self.env._("Is the From address of a free provider?")

    def describe(self, facts):
        senders = self.mailing._read_known_addresses("email_from")
        domain = senders[0].normalized.rpartition("@")[2] if senders else ""
        provider = find_provider(domain)
        if not provider:
            return []
        host = (self.mailing._get_transport().get_mail_server().sudo().smtp_host or "").lower()
        if any(host == own or host.endswith(f".{own}") for own in provider.hosts):
            return [
                self.make_finding(
                    self.env._(
                        "The From address is a mailbox of %s, which is made for letters and not for"
                        " mailings: it takes few messages a day.",
                        domain,
                    ),
                    self.env._(
                        "Use an address of your own domain, and a mail server that sends for it."
                    ),
                )
            ]
        return [
            self.make_finding(
                self.env._(
                    "The From address is of %s. Its owner asks all servers to refuse or suspect mail"
                    " from it that another mail server sends (DMARC).",
                    domain,
                ),
                self.env._(
                    "Use an address of your own domain. Replies can go to your mailbox there: write it"
                    " into Reply To."
                ),
            )
        ]
