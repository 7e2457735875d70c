from ..tools.domain.lookup import FOUND, NO_DATA
from .check import register
from .sender_check import MET, NOT_MET, UNKNOWN, SenderCheck


@register
class Dmarc(SenderCheck):
    """Whether the From domain has a DMARC policy, and messages pass it by an aligned domain."""

    key = "dmarc"
    sequence = 64
    needs = ("dmarc",)

    def get_title(self):
        return self.env._("policy of the domain (DMARC)")

    def get_question(self):
        return self.env._("Does the domain have a DMARC policy, and do messages pass it?")

    def get_lines(self, data):
        domain = data["question"]["from"]
        title = self.env._("Policy of %s (DMARC)", domain)
        if line := self.make_uninstalled(title):
            return [line]
        facts = data["facts"].get("dmarc")
        if not facts:
            return [self.make_unanswered(title)]
        return [self._make_policy(title, domain, facts), self._make_alignment(data, facts)]

    def _make_policy(self, title, domain, facts):
        record = (f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
        if facts["status"] == NO_DATA:
            return self.make_line(
                title,
                NOT_MET,
                missing=self.env._("%s has no DMARC record.", domain),
                remedy=self.env._("Add this record to the domain."),
                record=record,
            )
        if facts["status"] != FOUND:
            return self.make_unanswered(title)
        shown = " · ".join(facts["records"])
        if facts["domain"] != domain:
            shown = f"{facts['domain']}: {shown}"
        if not facts["problem"]:
            return self.make_line(title, MET, shown)
        if facts["problem"] == "several":
            missing = self.env._("%s has several DMARC records; then none counts.", domain)
        elif facts["problem"] == "no_policy":
            missing = self.env._("The DMARC record of %s names no policy (p=).", domain)
        else:
            missing = self.env._(
                'The DMARC record of %(domain)s is not valid at "%(text)s".',
                domain=domain,
                text=facts["detail"],
            )
        record = (f"_dmarc.{facts['domain']}", *record[1:])
        return self.make_line(
            title, NOT_MET, shown, missing, self.env._("Replace the record by this one."), record
        )

    def _make_alignment(self, data, facts):
        """Return the line about the alignment: a domain of the message that belongs to that of From."""
        title = self.env._("Alignment with %s (DMARC)", facts["from"])
        modes = {"s": self.env._("strict"), "r": self.env._("relaxed")}
        words = {"domain": facts["envelope"], "mode": modes[facts["spf_mode"]]}
        if facts["is_spf_aligned"]:
            found = self.env._("The bounce address is of %(domain)s: aligned (%(mode)s).", **words)
            return self.make_line(title, MET, found)
        found = self.env._("The bounce address is of %(domain)s: not aligned (%(mode)s).", **words)
        if is_signed_in_alignment(data["proof"]):
            signed = self.env._("The signature is aligned.")
            return self.make_line(title, MET, f"{found} {signed}")
        remedy = self.env._(
            "Use a bounce address of the domain of From, or have the mail server sign for it."
        )
        if not data["proof"]:
            missing = self.env._("It depends on the signature (DKIM), which no test has shown yet.")
            return self.make_line(title, UNKNOWN, found, missing, remedy)
        missing = self.env._(
            "Neither bounce address nor signature is aligned with %s.", facts["from"]
        )
        return self.make_line(title, NOT_MET, found, missing, remedy)


def is_signed_in_alignment(proof):
    """Tell whether a test had a valid signature of a domain that is aligned with that of From.

    Statements of other servers count where there is no signature to verify.
    """
    stated = [one for one in proof.get("statements", ()) if one["method"] == "dkim"]
    found = proof.get("signatures") or stated
    return any(one["result"] == "pass" and one["is_aligned"] for one in found)
