from odoo import fields
from odoo.exceptions import UserError
from odoo.tools.misc import format_date, format_time


class SendOn:
    """When a mailing is to be sent, in words: a moment to come, one that has passed, or none.

    :param mailing: a ``partner.mailing`` record; its environment decides language and time zone
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def is_past(self):
        """Tell whether the mailing has a Send On that has passed."""
        moment = self.mailing.scheduled_at
        return bool(moment) and moment <= fields.Datetime.now()

    def get_notice(self):
        """Return a sentence about a Send On that has passed, False where it does not matter."""
        mailing = self.mailing
        if not self.is_past():
            return False
        moment = self.name(mailing.scheduled_at)
        if mailing.state == "draft":
            return self.env._(
                "Send On, %s, has passed. Choose a later time, or empty the field: then the mailing"
                " is sent as soon as it is validated.",
                moment,
            )
        if mailing.state == "to_validate":
            return self.env._(
                "Send On, %s, has passed. The validator decides whether the mailing is sent now or"
                " at a new time.",
                moment,
            )
        if mailing.state == "paused" and not mailing.started_at:
            return self.env._(
                "Send On, %s, has passed. When you resume the mailing, it is sent at once.", moment
            )
        return False

    def check(self, moment):
        """Raise when a moment for Send On has passed.

        :param moment: naive, UTC; false for none
        :raises UserError: names the field and the moment
        """
        if moment and moment <= fields.Datetime.now():
            raise UserError(
                self.env._(
                    '"%(field)s" of the mailing "%(mailing)s" is %(time)s, which has passed. Choose'
                    " a later time, or empty the field: then the mailing is sent as soon as it is"
                    " validated.",
                    field=self.mailing._fields["scheduled_at"]._description_string(self.env),
                    mailing=self.mailing.name or "",
                    time=self.name(moment),
                )
            )

    def get_begin_in_words(self):
        """Return when the mailing begins once it is validated."""
        if self.is_past():
            return self.env._(
                "%s has passed: the validator decides whether it is sent now or at a new time",
                self.name(self.mailing.scheduled_at),
            )
        if self.mailing.scheduled_at:
            return self.name(self.mailing.scheduled_at)
        return self.env._("as soon as it is validated")

    def name(self, moment, person=None):
        """Return a moment (naive, UTC) with its year and its time zone, in the user's language.

        :param person: a user in whose time zone it is, the current one if there is none
        """
        zone = person.sudo().tz if person else self.env.context.get("tz") or self.env.user.tz
        zone = zone or "UTC"
        local = fields.Datetime.context_timestamp(self.mailing.with_context(tz=zone), moment)
        return self.env._(
            "%(date)s, %(time)s (%(zone)s)",
            date=format_date(self.env, local, date_format="medium"),
            time=format_time(self.env, moment, tz=zone, time_format="short"),
            zone=zone,
        )
