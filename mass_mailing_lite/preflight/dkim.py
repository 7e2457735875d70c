from .check import register
from .sender_check import MET, NOT_MET, UNKNOWN, SenderCheck

PASS = "pass"  # noqa: S105


@register
class Dkim(SenderCheck):
    """Whether messages arrive with a valid signature (DKIM): proved by a test that arrived."""

    key = "dkim"
    sequence = 63
    packages = ("dns", "dkim")

    def get_title(self):
        return self.env._("signature (DKIM)")

    def get_question(self):
        return self.env._("Do messages arrive with a valid signature of the domain (DKIM)?")

    def get_lines(self, data):
        title = self.env._("Signature of %s (DKIM)", data["question"]["from"])
        proof = data["proof"]
        if not proof:
            if line := self.make_uninstalled(title):
                return [line]
            return [
                self.make_line(
                    title,
                    UNKNOWN,
                    missing=self.env._(
                        "Only a test that arrived can show it: send one that comes back, or paste"
                        " the source of one."
                    ),
                )
            ]
        return [self._make(title, data, proof)]

    def _make(self, title, data, proof):
        verified = [one for one in proof["signatures"] if one["result"] == PASS]
        if good := next((one for one in verified if one["is_aligned"]), None):
            found = self.env._(
                "Valid signature of %(domain)s (selector %(selector)s). %(test)s",
                domain=good["domain"],
                selector=good["selector"],
                test=self._get_source(data),
            )
            return self.make_line(title, MET, found)
        stated = [
            one for one in proof["statements"] if one["method"] == "dkim" and one["result"] == PASS
        ]
        if aligned := next((one for one in stated if one["is_aligned"]), None):
            return self._make_stated(title, data, proof, aligned)
        if other := next(iter(verified or stated), None):
            return self.make_line(
                title,
                NOT_MET,
                self._get_source(data),
                self.env._(
                    "Messages are signed by %(other)s, not by %(domain)s: DMARC does not count it.",
                    other=other["domain"],
                    domain=data["question"]["from"],
                ),
                self.env._("Have the mail server sign for the domain of the From address."),
            )
        return self._make_invalid(title, data, proof)

    def _make_stated(self, title, data, proof, statement):
        """Return the line for what a server states, which a signature beside it may not confirm."""
        found = self.env._(
            "%(server)s states a valid signature of %(domain)s. %(test)s",
            server=statement["server"] or self.env._("A server"),
            domain=statement["domain"],
            test=self._get_source(data),
        )
        failed = [one for one in proof["signatures"] if one["is_aligned"]]
        if not failed:
            return self.make_line(title, MET, found)
        unconfirmed = self._make_invalid(title, data, proof)
        status = UNKNOWN if data["proof_kind"] == "pasted" else unconfirmed["status"]
        return {**unconfirmed, "status": status, "found": found}

    def _make_invalid(self, title, data, proof):
        source = self._get_source(data)
        if not proof["signatures"]:
            line = self.make_uninstalled(title) if proof["is_whole"] else None
            return line or self.make_line(
                title,
                NOT_MET,
                source,
                self.env._("The test had no valid signature."),
                self.env._("Have the mail server sign for the domain of the From address."),
            )
        failed = proof["signatures"][0]
        name = f"{failed['selector']}._domainkey.{failed['domain']}"
        if failed["problem"] == "no_answer":
            return self.make_unanswered(title, source)
        if failed["problem"] == "no_key":
            return self.make_line(
                title,
                NOT_MET,
                source,
                self.env._("The key of the signature is not in the DNS: %s.", name),
                self.env._("Add the record with the key; the operator of the mail server has it."),
                (name, "TXT", "v=DKIM1; k=rsa; p="),
            )
        return self.make_line(
            title,
            NOT_MET,
            source,
            self.env._("The signature of %s does not fit the message.", failed["domain"]),
            self.env._(
                "If the text was pasted, paste the source as it was downloaded. Otherwise the message"
                " is changed after it is signed, or the key in the DNS is an old one."
            ),
        )

    def _get_source(self, data):
        """Return where the proof is from: a test that came back, or one that a user pasted."""
        time = self.format_time(data["proved_at"])
        if data["proof_kind"] == "pasted":
            return self.env._(
                "Test pasted by %(user)s on %(time)s.",
                user=data["proved_by"] or self.env._("a user"),
                time=time,
            )
        return self.env._("Test that came back on %s.", time)
