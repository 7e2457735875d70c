from ..tools.domain.mail_hosts import NO_DOMAIN, NO_HOST, REFUSES, TAKES
from .check import register
from .sender_check import MET, NOT_MET, SenderCheck


@register
class MailHosts(SenderCheck):
    """Whether the domains of the sender take mail: answers, bounces, and what receivers test."""

    key = "mx"
    sequence = 61
    needs = ("mx",)

    def get_title(self):
        return self.env._("mail of the sender's domains (MX)")

    def get_question(self):
        return self.env._("Do the domains of From, bounces and replies take mail?")

    def get_lines(self, data):
        question = data["question"]
        if line := self.make_uninstalled(self._name_line(question["from"])):
            return [line]
        found = data["facts"].get("mx")
        if not found:
            return [self.make_unanswered(self._name_line(question["from"]))]
        return [self._make(domain, one) for domain, one in found.items()]

    def _name_line(self, domain):
        return self.env._("Mail to %s (MX)", domain)

    def _make(self, domain, found):
        title = self._name_line(domain)
        if found["status"] == TAKES:
            return self.make_line(title, MET, ", ".join(found["hosts"]))
        problems = {
            REFUSES: self.env._("%s says that it takes no mail.", domain),
            NO_HOST: self.env._("%s has no mail server: answers and bounces are lost.", domain),
            NO_DOMAIN: self.env._("The domain %s does not exist.", domain),
        }
        if found["status"] not in problems:
            return self.make_unanswered(title)
        record = None if found["status"] == NO_DOMAIN else (domain, "MX", f"10 mail.{domain}.")
        return self.make_line(
            title,
            NOT_MET,
            missing=problems[found["status"]],
            remedy=self.env._(
                "Use an address of a domain that takes mail, or add a record with the name of the"
                " server for incoming mail."
            ),
            record=record,
        )
