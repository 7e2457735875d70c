from .check import SENDER, STOP, Check, register


@register
class FromFilter(Check):
    """Whether the mail server sends for the From address, so that recipients see it."""

    key = "from_filter"
    kind = SENDER
    on_form = False  # the form shows the same sentence at its top
    sequence = 10

    def get_title(self):
        return self.env._("From address and mail server")

    def get_question(self):
        return self.env._("Does the mail server send for the From address?")

    def describe(self, facts):
        mailing = self.mailing
        if not mailing._read_known_addresses("email_from"):
            finding = self.make_finding(
                self.env._("There is no From address."),
                self.env._("Write one, such as Name <name@example.com>."),
            )
            return [{**finding, "level": STOP}]
        if not (warning := mailing._get_transport().get_sender_warning()):
            return []
        return [
            self.make_finding(
                warning,
                self.env._(
                    "Choose a From address that the mail server sends for, or another mail server. An"
                    " administrator can change the addresses of the server (From Filtering)."
                ),
            )
        ]
