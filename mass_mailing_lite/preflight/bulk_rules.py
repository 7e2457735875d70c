"""What Gmail and Yahoo ask of senders of many messages since February 2024, as one table."""

from .sender_check import MET, NOT_MET, UNKNOWN

# Below which complaints are to stay, and which they never reach: percent of the messages.
COMPLAINTS, MAX_COMPLAINTS = "0.1", "0.3"


class BulkRules:
    """The rules, each met, not met or not known, with the reason.

    :param mailing: whose sender it is, perhaps not saved
    :param lines: of all checks of the sender, see ``SenderCheck``
    :param proof: of a test that arrived, see ``tools/domain/proof.py``; perhaps empty
    """

    def __init__(self, mailing, lines, proof):
        self.mailing = mailing
        self.env = mailing.env
        self.proof = proof
        self.lines = {}
        for line in lines:
            self.lines.setdefault(line["key"], []).append(line)

    def get_table(self):
        """Return a list of dicts ``key``, ``rule``, ``status``, ``reason``."""
        dmarc = self.lines.get("dmarc", [])
        return [
            # Receivers look at the domain of the envelope sender, which is the first.
            self._make("spf", self.env._("SPF lets the mail server send"), self._get("spf")[:1]),
            self._make("dkim", self.env._("Messages are signed (DKIM)"), self._get("dkim")),
            self._make("dmarc", self.env._("The From domain has a DMARC policy"), dmarc[:1]),
            self._make("alignment", self.env._("From is aligned (DMARC)"), dmarc[1:]),
            self._get_one_click(),
            self._make(
                "ptr", self.env._("The address has a name that leads back"), self._get("ptr")
            ),
            self._get_encryption(),
            self._get_complaints(),
        ]

    def _get(self, key):
        return self.lines.get(key, [])

    def _make(self, key, rule, lines):
        for status in (NOT_MET, UNKNOWN, MET):
            if chosen := next((line for line in lines if line["status"] == status), None):
                reason = chosen["missing"] or chosen["found"]
                return {"key": key, "rule": rule, "status": status, "reason": reason}
        return {
            "key": key,
            "rule": rule,
            "status": UNKNOWN,
            "reason": self.env._("Not checked yet."),
        }

    def _get_one_click(self):
        rule = self.env._("Unsubscribing by one click, over https")
        if self.mailing.has_unsubscribe:
            return self._make("one_click", rule, self._get("one_click"))
        reason = self.env._("The mailing has no link to unsubscribe.")
        return {"key": "one_click", "rule": rule, "status": NOT_MET, "reason": reason}

    def _get_encryption(self):
        found = self.proof.get("is_encrypted")
        status, reason = {
            True: (MET, self.env._("The test arrived encrypted.")),
            False: (NOT_MET, self.env._("The test did not arrive encrypted.")),
            None: (UNKNOWN, self.env._("A test that comes back can show it.")),
        }[found]
        rule = self.env._("Messages are transmitted encrypted (TLS)")
        return {"key": "tls", "rule": rule, "status": status, "reason": reason}

    def _get_complaints(self):
        return {
            "key": "complaints",
            "rule": self.env._(
                "Complaints stay under %(low)s %% and never reach %(high)s %%",
                low=COMPLAINTS,
                high=MAX_COMPLAINTS,
            ),
            "status": UNKNOWN,
            "reason": self.env._(
                "Only the providers count them: see Postmaster Tools of Gmail"
                " (postmaster.google.com) and the Complaint Feedback Loop of Yahoo"
                " (senders.yahooinc.com)."
            ),
        }
