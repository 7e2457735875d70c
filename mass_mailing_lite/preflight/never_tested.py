from .check import Check, register


@register
class NeverTested(Check):
    """Whether a person has received the message as it is now, in each of its languages."""

    key = "never_tested"
    sequence = 60

    def get_title(self):
        return self.env._("test")

    def get_question(self):
        return self.env._("Was the message tested as it is now, in each language?")

    def describe(self, facts):
        mailing = self.mailing
        if not mailing._origin or mailing.test_state == "tested" or mailing._is_content_empty():
            return []
        return [
            self.make_finding(
                mailing.test_status,
                self.env._("Send a test to yourself, and read it as your recipients will."),
                count=len(mailing._get_versions_not_in(mailing.tested_versions or {})) or 1,
                action="action_send_test",
                label=self.env._("Send a Test"),
                # Until there is a list, the steps of the mailing say that a test comes later.
                is_early=not mailing.recipients_loaded_at,
            )
        ]
