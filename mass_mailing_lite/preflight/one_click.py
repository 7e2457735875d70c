from .check import SENDER, Check, register


@register
class OneClick(Check):
    """Whether mail programs show their button to unsubscribe, which large providers ask for."""

    key = "one_click"
    kind = SENDER
    on_form = False  # the review has it in red
    sequence = 50

    def get_title(self):
        return self.env._("unsubscribing by one click")

    def get_question(self):
        return self.env._("Do mail programs show a button to unsubscribe?")

    def describe(self, facts):
        if self.mailing.has_unsubscribe:
            return []
        return [
            self.make_finding(
                self.env._(
                    "Recipients have no link or button to unsubscribe. Gmail, Yahoo and others ask"
                    " for one click in mass mail, and put other messages into the spam folder."
                ),
                self.env._("Switch on Unsubscribe Link in the tab Options of the next mailing."),
            )
        ]
