from odoo import fields
from odoo.exceptions import UserError


class ScheduleChoice:
    """A validator's choice where Send On has passed while the mailing waited.

    :param mailing: a ``partner.mailing`` record
    :param request: the request that is decided on
    """

    def __init__(self, mailing, request):
        self.mailing = mailing
        self.request = request
        self.env = mailing.env

    def settle(self, choice):
        """Write the choice.

        :param choice: the new time (UTC), False for at once, None for no choice
        :return: a sentence about the change, or False
        :raises UserError: when a choice is needed and not made, or the other way round
        """
        mailing = self.mailing
        mailing.ensure_one()
        before = mailing.scheduled_at
        moment = self._read(choice)
        if not mailing._is_schedule_past():
            if choice is None or moment == before:
                return False
            raise UserError(
                self.env._(
                    'The time of the mailing "%s" has not passed, so it is part of what was'
                    " submitted. Refuse the mailing, and its author can choose another one.",
                    mailing.name,
                )
            )
        past = mailing._name_moment(before)
        if choice is None:
            raise UserError(
                self.env._(
                    '"%(field)s" of the mailing "%(mailing)s" was %(time)s, which has passed. Press'
                    " Validate again and choose: send it now, or at a new time.",
                    field=self._get_label(),
                    mailing=mailing.name,
                    time=past,
                )
            )
        mailing._check_schedule(moment)
        self.request._reschedule(moment)
        if not moment:
            return self.env._("Send On, %s, had passed: the mailing is sent at once.", past)
        return self.env._(
            "Send On, %(before)s, had passed: the mailing is sent on %(after)s.",
            before=past,
            after=mailing._name_moment(moment),
        )

    def _read(self, choice):
        """Return a choice as a moment (naive, UTC), False for none.

        :raises UserError: names the field and the value
        """
        try:
            return fields.Datetime.to_datetime(choice or None) or False
        except (TypeError, ValueError) as error:
            raise UserError(
                self.env._(
                    '"%(value)s" in the field "%(field)s" is no date and time. Write it as'
                    " 2030-12-31 08:00:00, in UTC.",
                    value=choice,
                    field=self._get_label(),
                )
            ) from error

    def _get_label(self):
        return self.mailing._fields["scheduled_at"]._description_string(self.env)
