from .check import SENDER, STOP, Check, register


@register
class FromFilter(Check):
    """Whether the mail server sends for the From address, so that recipients see it."""

    key = "from_filter"
    kind = SENDER
    sequence = 10

    def get_title(self):
        return self.env._("From address and mail server")

    def get_question(self):
        return self.env._("Does the mail server send for the From address?")

    def describe(self, facts):
        # Also whether the user may write from the address; see the field.
        return self._make(self.mailing.sender_warning)

    def _make(self, warning):
        if not warning:
            return []
        return [
            self.make_finding(
                warning,
                self.env._(
                    "Choose a From address that the mail server sends for, or another mail server. An"
                    " administrator can change the addresses of the server (From Filtering)."
                ),
                focus="email_from",
            )
        ]

    def describe_sender(self):
        if not self.mailing._read_known_addresses("email_from"):
            return [
                self.make_finding(
                    self.env._("There is no From address."),
                    self.env._("Write one, such as Name <name@example.com>."),
                    level=STOP,
                )
            ]
        # The field has a warning only while the mailing is not decided on.
        mailing = self.mailing
        return self._make(mailing.sender_warning or mailing._get_transport().get_sender_warning())
