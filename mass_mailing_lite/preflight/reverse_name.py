from ipaddress import ip_address

from ..tools.domain.lookup import FOUND
from .check import register
from .sender_check import MET, NOT_MET, UNKNOWN, SenderCheck


@register
class ReverseName(SenderCheck):
    """Whether the sending address has a name that leads back to it (PTR)."""

    key = "ptr"
    sequence = 65
    needs = ("ptr",)

    def get_title(self):
        return self.env._("name of the sending address (PTR)")

    def get_question(self):
        return self.env._("Does the sending address have a name that leads back to it (PTR)?")

    def get_lines(self, data):
        title = self.env._("Name of the sending address (PTR)")
        if line := self.make_uninstalled(title):
            return [line]
        facts = data["facts"].get("ptr")
        if not facts:
            return [self.make_unanswered(title)]
        if not facts["names"]:
            return [self.make_line(title, UNKNOWN, missing=self.get_address_note())]
        host = data["question"]["host"]
        return [self._make(address, one, host) for address, one in facts["names"].items()]

    def _make(self, address, found, host):
        title = self.env._("Name of %s (PTR)", address)
        if found["confirmed"]:
            return self.make_line(title, MET, ", ".join(found["confirmed"]))
        if not found["is_known"]:
            return self.make_unanswered(title, ", ".join(found["names"]))
        if found["status"] == FOUND:
            name = found["names"][0]
            return self.make_line(
                title,
                NOT_MET,
                ", ".join(found["names"]),
                self.env._("The name %(name)s does not lead back to %(address)s.",
                           name=name, address=address),
                self.env._("Add this record to the domain of the name."),
                (name, "AAAA" if ":" in address else "A", address),
            )  # fmt: skip
        is_name = "." in host and not host.replace(".", "").isdigit() and ":" not in host
        name = host if is_name else "mail.example.com"
        return self.make_line(
            title,
            NOT_MET,
            missing=self.env._("%s has no name.", address),
            remedy=self.env._(
                "Ask the operator of the address, such as the hoster, for this record."
            ),
            record=(ip_address(address).reverse_pointer, "PTR", f"{name}."),
        )
