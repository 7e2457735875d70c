from .check import STOP, WARNING, Check, register


@register
class PastSchedule(Check):
    """Whether Send On has passed: an author chooses a later time, a validator decides."""

    key = "past_schedule"
    level = STOP
    sequence = 2

    def get_title(self):
        return self.env._("Send On")

    def get_question(self):
        return self.env._("Has the time at which the mailing is to be sent passed?")

    def describe(self, facts):
        mailing = self.mailing
        if not mailing._is_schedule_past():
            return []
        moment = mailing._name_moment(mailing.scheduled_at)
        message = self.env._("Send On, %s, has passed.", moment)
        if mailing.state == "draft":
            remedy = self.env._(
                "Choose a later time, or empty the field: then the mailing is sent as soon as it is"
                " validated."
            )
            return [
                self.make_finding(
                    message,
                    remedy,
                    focus="scheduled_at",
                    step="submit",
                    hint=self.env._("Send On has passed"),
                )
            ]
        remedy = self.env._("The validator decides whether it is sent now or at a new time.")
        return [self.make_finding(message, remedy, level=WARNING)]
