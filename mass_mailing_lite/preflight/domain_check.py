from odoo.tools.misc import formatLang

from ..selection import ListDomains
from .check import INFO, PEOPLE, Check


class DomainCheck(Check):
    """Whether people in the list have an address whose domain, as it is, gets no message.

    One press excludes them, another one includes them again. The key is the reason of the excluded
    rows as well.
    """

    kind = PEOPLE

    def look_at_list(self):
        return ListDomains(self.mailing).get_facts(self.key)

    def describe(self, facts):
        found = self.list_facts
        if not found:
            return []
        findings = []
        if found["count"]:
            findings.append(
                self.make_finding(
                    self.describe_found(
                        formatLang(self.env, found["count"], digits=0), self.name_domains(found)
                    ),
                    self.get_remedy(),
                    count=found["count"],
                    action="action_exclude_domains",
                    args=[self.key],
                    label=self.env._("Exclude These Recipients"),
                    is_personal=True,  # some people have a domain of their own
                    see={"action": "action_open_domains", "args": [self.key]},
                )
            )
        if found["excluded"]:
            findings.append(
                self.make_finding(
                    self.describe_excluded(formatLang(self.env, found["excluded"], digits=0)),
                    self.env._(
                        "They stay excluded when the list is updated, until their addresses are"
                        " corrected."
                    ),
                    count=found["excluded"],
                    action="action_include_domains",
                    args=[self.key],
                    label=self.env._("Include Again"),
                    level=INFO,
                )
            )
        return findings

    def name_domains(self, found):
        """Return the first domains in words, with what is said of each and how many people it has."""
        named = [
            self.env._(
                "%(domain)s (%(what)s): %(count)s",
                domain=domain,
                what=self.describe_domain(what),
                count=formatLang(self.env, count, digits=0),
            )
            for domain, what, count in found["domains"]
        ]
        if found["others"]:
            named.append(
                self.env._("further domains: %s", formatLang(self.env, found["others"], digits=0))
            )
        return "; ".join(named)

    def describe_found(self, count, domains):
        """Return the message for people who are written to."""
        raise NotImplementedError

    def describe_excluded(self, count):
        """Return the message for people who were excluded."""
        raise NotImplementedError

    def describe_domain(self, what):
        """Return in words what is said of a domain: its state, or the domain that was meant."""
        raise NotImplementedError

    def get_remedy(self):
        raise NotImplementedError
