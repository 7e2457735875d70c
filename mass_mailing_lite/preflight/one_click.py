from ..tools.domain import one_click
from .check import Check, register
from .sender_check import MET, NOT_MET, UNKNOWN, SenderCheck


@register
class OneClick(SenderCheck):
    """Whether mail programs show their button to unsubscribe, which large providers ask for."""

    key = "one_click"
    on_form = False  # the review has it in red
    sequence = 50
    packages = ()

    ask_background = Check.ask_background
    look_in_background = Check.look_in_background

    def get_title(self):
        return self.env._("unsubscribing by one click")

    def get_question(self):
        return self.env._("Do recipients have a link and a button to unsubscribe?")

    def applies(self):
        return True

    def describe(self, facts):
        return self._describe(None)

    def describe_sender(self):
        return self._describe(self.find_data())

    def _describe(self, data):
        if self.mailing.has_unsubscribe:
            return self.make_findings(data)
        return [
            self.make_finding(
                self.env._(
                    "Recipients have no link or button to unsubscribe. Gmail, Yahoo and others ask"
                    " for one click in mass mail, and put other messages into the spam folder."
                ),
                self.env._("Switch on Unsubscribe Link in the tab Options of the next mailing."),
            )
        ]

    def get_lines(self, data):
        title = self.env._("Unsubscribing by one click, over https")
        found = data["facts"].get("one_click")
        if not found:
            return []
        status, address = found["status"], self.mailing.get_base_url()
        if status == one_click.ANSWERS:
            return [self.make_line(title, MET, address)]
        problems = {
            one_click.NO_HTTPS: self.env._("%s does not begin with https://.", address),
            one_click.PRIVATE: self.env._("No recipient can reach %s.", address),
            one_click.CERTIFICATE: self.env._("The certificate of %s is not valid.", address),
            one_click.REDIRECT: self.env._("%s answers a POST with a redirect.", address),
            one_click.REFUSED: self.env._(
                "%(address)s answers a POST with the error %(code)s.",
                address=address,
                code=found["code"],
            ),
        }
        if status not in problems:
            missing = self.env._("From this server, %s did not answer.", address)
            return [self.make_line(title, UNKNOWN, missing=missing)]
        return [
            self.make_line(
                title,
                NOT_MET,
                missing=problems[status],
                remedy=self.env._(
                    "Ask an administrator to look at the web server and the system parameter"
                    ' "web.base.url".'
                ),
            )
        ]
