from .check import INFO, SENDER, Check, register


@register
class BounceAddress(Check):
    """Whether bounces come back to this database, which keeps dead addresses from the next list."""

    key = "bounce_address"
    kind = SENDER
    on_form = False
    sequence = 60

    def get_title(self):
        return self.env._("bounce address")

    def get_question(self):
        return self.env._("Do bounces come back to this database?")

    def describe(self, facts):
        company = self.mailing.company_id.sudo()
        bounce = company.alias_domain_id.bounce_email or company.bounce_email
        if not bounce:
            return [
                self.make_finding(
                    self.env._(
                        "Messages have no bounce address: failed deliveries go to the From address, and"
                        " addresses that no longer exist are written to again. That harms the"
                        " reputation of the sender."
                    ),
                    self.env._(
                        "Ask an administrator to set up an e-mail domain for the company (Mailings,"
                        " Configuration, Settings, Bounce Address)."
                    ),
                )
            ]
        ours = bounce.rpartition("@")[2].lower()
        senders = self.mailing._read_known_addresses("email_from")
        domain = senders[0].normalized.rpartition("@")[2] if senders else ours
        if is_same_organization(ours, domain):
            return []
        finding = self.make_finding(
            self.env._(
                "Bounces go to %(bounce)s, and the From address is of %(domain)s: receiving servers"
                " check SPF for the first domain, and DMARC then counts only the signature (DKIM) of"
                " the second.",
                bounce=bounce,
                domain=domain,
            ),
            self.env._(
                "Use a From address of the same domain, or make sure that the mail server signs for"
                " the domain of the From address."
            ),
        )
        return [{**finding, "level": INFO}]


def is_same_organization(one, other):
    """Tell whether one domain is the other, or below it."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
