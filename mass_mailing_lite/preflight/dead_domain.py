from ..selection import DEAD
from .check import register
from .domain_check import DomainCheck


@register
class DeadDomain(DomainCheck):
    """Whether people have a domain that gets no mail, as the DNS said when it was asked last.

    It has no mail server (RFC 5321, section 5.1), a null MX (RFC 7505), or does not exist.
    """

    key = DEAD
    sequence = 44

    def get_title(self):
        return self.env._("Domains without e-mail")

    def get_question(self):
        return self.env._("Do recipients have a domain that gets no e-mail?")

    def describe_found(self, count, domains):
        return self.env._(
            "Recipients whose domain gets no e-mail: %(count)s. %(domains)s.",
            count=count,
            domains=domains,
        )

    def describe_excluded(self, count):
        return self.env._("Excluded, because their domain gets no e-mail: %s.", count)

    def describe_domain(self, what):
        return {
            "no_domain": self.env._("does not exist"),
            "no_host": self.env._("has no mail server"),
            "refuses": self.env._("declares that it gets no e-mail"),
        }.get(what, "")

    def get_remedy(self):
        return self.env._(
            "Messages to them bounce, and many bounces make providers refuse yours. Correct the"
            " contacts and load the recipients again, or exclude them."
        )
