"""What the checks of a sender that ask the DNS have in common."""

from typing import Any, ClassVar

from odoo import fields
from odoo.tools.misc import format_datetime

from ..tools.domain import lookup, signature, spf
from .check import SENDER, Check

MET, NOT_MET, UNKNOWN = "met", "not_met", "unknown"

# Optional Python packages: (is it there, name for pip, name in Debian).
PACKAGES = {
    "dns": (lookup.is_available, "dnspython", "python3-dnspython"),
    "spf": (spf.is_available, "pyspf", "python3-spf"),
    "dkim": (signature.is_available, "dkimpy", "python3-dkim"),
}


class SenderCheck(Check):
    """A check whose facts are in ``partner.mailing.sender.look``: from the DNS, or from a test.

    It puts them into words as lines, for the dialog; those that are not met are its findings.
    """

    kind = SENDER
    #: Keys of the facts that it needs.
    needs: ClassVar[tuple[str, ...]] = ()
    #: Keys of ``PACKAGES`` that it needs.
    packages: ClassVar[tuple[str, ...]] = ("dns",)

    def ask_background(self, facts):
        return self.mailing._get_transport().get_sender_question()

    def look_in_background(self, asked):
        looks = self.env["partner.mailing.sender.look"]
        look = looks._obtain(self.mailing)
        if not look:
            return None
        if not look._is_fresh():
            look._look()
        return self.choose(look._get_data())

    def choose(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the part of what was found that the check needs, to be stored with a mailing."""
        return {**data, "facts": {key: data["facts"].get(key) for key in self.needs}}

    def describe(self, facts):
        return self.make_findings(self.background.get("facts"))

    def describe_sender(self):
        return self.make_findings(self.find_data())

    def find_data(self) -> dict[str, Any] | None:
        """Return what was found about the sender of the mailing; None when it was not checked."""
        look = self.env["partner.mailing.sender.look"]._find(self.mailing)
        return look._get_data() if look.checked_at or look.proved_at else None

    def applies(self):
        """Tell whether it has an answer: what is not known is neither a finding nor in order."""
        data = self.find_data()
        statuses = {line["status"] for line in self.get_lines(data)} if data else set()
        return NOT_MET in statuses or statuses == {MET}

    def make_findings(self, data) -> list[dict[str, Any]]:
        """Return a finding for each line that is not met, with a button for the dialog."""
        return [
            self.make_finding(
                line["missing"],
                " ".join(filter(None, (line["remedy"], write_record(line["record"])))),
                record=line["record"],
                action="action_open_sender_check",
                label=self.env._("Check the Sender"),
                is_view=True,
            )
            for line in (self.get_lines(data) if data else ())
            if line["status"] == NOT_MET
        ]

    def get_lines(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what was found and what is missing, made by :meth:`make_line`.

        :param data: see ``_get_data`` of ``partner.mailing.sender.look``
        """
        raise NotImplementedError

    def make_line(self, title, status, found="", missing="", remedy="", record=None):
        """Return a line.

        :param status: ``met``, ``not_met`` or ``unknown``
        :param found: what there is
        :param missing: what is not as it should be, or not known
        :param record: (name, type, value) of the record to add to the DNS
        """
        record = record and dict(zip(("name", "type", "value"), record, strict=True))
        return {
            "key": self.key,
            "title": title,
            "status": status,
            "found": found,
            "missing": missing,
            "remedy": remedy,
            "record": record,
        }

    def make_unanswered(self, title, found=""):
        """Return the line for a question that the DNS did not answer."""
        return self.make_line(
            title, UNKNOWN, found, self.env._("The DNS did not answer. Check again later.")
        )

    def make_uninstalled(self, title):
        """Return the line that says which Python package is missing, None when all are there."""
        for key in self.packages:
            is_available, pip, debian = PACKAGES[key]
            if not is_available():
                return self.make_line(
                    title,
                    UNKNOWN,
                    missing=self.env._(
                        "To check this, an administrator of the server installs the Python package"
                        " %(pip)s (Debian: %(debian)s).",
                        pip=pip,
                        debian=debian,
                    ),
                )
        return None

    def format_time(self, text):
        """Return a stored moment as the user reads it."""
        return format_datetime(self.env, fields.Datetime.to_datetime(text)) if text else ""

    def get_address_note(self):
        """Return the sentence for a sender whose sending address is not known."""
        return self.env._(
            "From which address its messages leave is not known: send a test that comes back."
        )


def write_record(record):
    """Return a record as one line of a zone file; empty for none."""
    if not record:
        return ""
    value = f'"{record["value"]}"' if record["type"] == "TXT" else record["value"]
    return f"{record['name']} {record['type']} {value}"
