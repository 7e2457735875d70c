from ..tools.domain import spf
from ..tools.domain.arrived import is_public
from ..tools.domain.lookup import NO_DATA, NO_NAME
from .check import register
from .sender_check import MET, NOT_MET, UNKNOWN, SenderCheck

MAX_NAMED = 4  # addresses in a record that is proposed


@register
class Spf(SenderCheck):
    """Whether the domain lets the mail server send in its name (SPF, RFC 7208)."""

    key = "spf"
    sequence = 62
    needs = ("spf",)
    packages = ("dns", "spf")

    def get_title(self):
        return self.env._("permission to send (SPF)")

    def get_question(self):
        return self.env._("Does the domain let the mail server send in its name (SPF)?")

    def get_lines(self, data):
        title = self._name_line(data["question"]["from"])
        if line := self.make_uninstalled(title):
            return [line]
        if not (facts := data["facts"].get("spf")):
            return [self.make_unanswered(title)]
        return [self._make(domain, one, facts) for domain, one in facts["domains"].items()]

    def _name_line(self, domain):
        return self.env._("Permission to send for %s (SPF)", domain)

    def _make(self, domain, found, facts):
        title, records = self._name_line(domain), found["records"]
        shown = " · ".join(records)
        if not records:
            if found["status"] in (NO_DATA, NO_NAME) or found["status"] == "found":
                return self._make_missing(title, domain, found, facts)
            return self.make_unanswered(title)
        if len(records) > 1:
            return self.make_line(
                title,
                NOT_MET,
                shown,
                self.env._("%(domain)s has %(count)s SPF records; then none counts.",
                           domain=domain, count=len(records)),
                self.env._("Replace them by this one."),
                (domain, "TXT", spf.join(records)),
            )  # fmt: skip
        if found["problem"]:
            return self._make_invalid(title, domain, found)
        return self._make_judged(title, domain, found, facts)

    def _make_missing(self, title, domain, found, facts):
        terms = self._get_terms(found["results"], facts) or ["a", "mx"]
        return self.make_line(
            title,
            NOT_MET,
            missing=self.env._("%s has no SPF record.", domain),
            remedy=f"{self.env._('Add this record to the domain.')} {self._get_source(facts)}".strip(),
            record=(domain, "TXT", " ".join(["v=spf1", *terms, "~all"])),
        )

    def _make_invalid(self, title, domain, found):
        shown = found["records"][0]
        if found["lookups"] > spf.MAX_LOOKUPS:
            return self.make_line(
                title,
                NOT_MET,
                shown,
                self.env._(
                    "The SPF record of %(domain)s needs %(count)s look-ups, and %(most)s are"
                    " allowed; then it does not count.",
                    domain=domain,
                    count=found["lookups"],
                    most=spf.MAX_LOOKUPS,
                ),
                self.env._("Remove includes of services that no longer send for you."),
            )
        if "did not answer" in found["problem"]:
            return self.make_unanswered(title, shown)
        return self.make_line(
            title,
            NOT_MET,
            shown,
            self.env._(
                "The SPF record of %(domain)s is not valid: %(reason)s",
                domain=domain,
                reason=found["problem"],
            ),
            self.env._("Correct the record; until then it does not count."),
        )

    def _make_judged(self, title, domain, found, facts):
        record, results = found["records"][0], found["results"]
        passing = [one for one, result in results.items() if result["result"] == spf.PASS]
        failing = [one for one in results if one not in passing and is_public(one)]
        unsure = [one for one in failing if results[one]["result"] == spf.TEMPERROR]
        if unsure:
            return self.make_unanswered(title, record)
        if facts["include"] and facts["source"] == "host":
            # Messages of this provider leave from other addresses than the server has.
            if facts["include"].lower() in record.lower().split():
                return self.make_line(title, MET, record)
            failing = failing or [facts["host"]]
        if failing:
            return self.make_line(
                title,
                NOT_MET,
                record,
                self.env._(
                    "The SPF record of %(domain)s does not let %(addresses)s send.",
                    domain=domain,
                    addresses=", ".join(failing[:MAX_NAMED]),
                ),
                f"{self.env._('Replace the record by this one.')} {self._get_source(facts)}".strip(),
                (domain, "TXT", self._complete(record, found, facts)),
            )
        if not passing:
            return self.make_line(title, UNKNOWN, record, self.get_address_note())
        return self.make_line(
            title, MET, f"{record} ({', '.join(passing[:MAX_NAMED])})", self._get_source(facts)
        )

    def _complete(self, record, found, facts):
        for term in self._get_terms(found["results"], facts):
            record = spf.add_term(record, term)
        return record

    def _get_terms(self, results, facts):
        """Return the mechanisms that let the mail server send."""
        if facts["include"] and facts["source"] == "host":
            return [facts["include"]]
        missing = [one for one, result in results.items() if result["result"] != spf.PASS]
        return [spf.make_term(one) for one in missing if is_public(one)][:MAX_NAMED]

    def _get_source(self, facts):
        """Return a sentence that says where the sending addresses are from."""
        if facts["source"] == "test" or not facts["host"]:
            return ""
        return self.env._(
            "Looked at: the addresses of the mail server %s. Where messages leave from others, a"
            " test that comes back shows them.",
            facts["host"],
        )
