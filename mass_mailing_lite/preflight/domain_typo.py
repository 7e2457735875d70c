from ..selection import TYPO
from .check import register
from .domain_check import DomainCheck


@register
class DomainTypo(DomainCheck):
    """Whether people have a domain that is probably a large provider's, mistyped: ``gmial.com``."""

    key = TYPO
    sequence = 43

    def get_title(self):
        return self.env._("Mistyped domains")

    def get_question(self):
        return self.env._("Do recipients have a domain that is probably mistyped?")

    def describe_found(self, count, domains):
        return self.env._(
            "Recipients whose domain is probably mistyped: %(count)s. %(domains)s.",
            count=count,
            domains=domains,
        )

    def describe_excluded(self, count):
        return self.env._("Excluded, because their domain is probably mistyped: %s.", count)

    def describe_domain(self, what):
        return self.env._("meant is %s?", what)

    def get_remedy(self):
        return self.env._(
            "Their messages bounce, or reach a stranger. Correct the contacts and load the recipients"
            " again, or exclude them."
        )
