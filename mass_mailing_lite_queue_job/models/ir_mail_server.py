import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.sender.wake_up import precise_now
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .sending_lane import MAX_LANES, get_lanes_held, lane

PARENT_CHANNEL = "mass_mailing_lite_queue_job.channel"

# Days after which done jobs are deleted. A lane that sends all day makes 1,728 of them; the results
# are kept with the mailing.
KEPT_DAYS = 1

# An Odoo worker may use 60 s of processor time for a request (limit_time_cpu), and the queue keeps
# a transaction open while a job runs, which delays PostgreSQL's vacuum.
JOB_SECONDS = 50.0

# Until the next job, after one that sent nothing though messages wait.
IDLE_PAUSE = timedelta(seconds=5)

# Age of a pending job from which it is stuck, if no job of its server runs.
STUCK_AFTER = timedelta(minutes=1)


class IrMailServer(models.Model):
    """The jobs of an outgoing mail server, and how many of them send mailings at once.

    Each job occupies a lane, sends for less than a minute, and queues the next.
    """

    _inherit = "ir.mail_server"

    partner_mailing_lanes = fields.Integer(
        "Lanes for Mailings",
        default=1,
        help="How many jobs at once send mailings through this server, each with as many"
        " connections as are set for it. More than one help where one process is kept busy;"
        " the limits hold for all of them together.",
    )

    @api.constrains("partner_mailing_lanes")
    def _check_partner_mailing_lanes(self):
        for server in self:
            if not 1 <= server.partner_mailing_lanes <= MAX_LANES:
                raise ValidationError(
                    self.env._(
                        'The number of lanes of the mail server "%(server)s" is %(number)s;'
                        " it must be from 1 to %(most)s.",
                        server=server.name,
                        number=server.partner_mailing_lanes,
                        most=MAX_LANES,
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        if "partner_mailing_lanes" in vals:
            # New lanes start at once.
            self.env.ref("mass_mailing_lite.ir_cron_send").sudo()._trigger()
        return result

    def _count_lanes(self):
        """Return the number of lanes; an empty record stands for Odoo's configured server: one."""
        return max(self.partner_mailing_lanes, 1)

    def _get_job_channel(self):
        """Return the full name of the channel of this server's jobs; create it on first use."""
        parent = self.env.ref(PARENT_CHANNEL).sudo()
        name = f"server_{self.id or 0}"
        full_name = f"{parent.complete_name}.{name}"
        if not parent.search([("complete_name", "=", full_name)], limit=1):
            parent.create({"name": name, "parent_id": parent.id, "removal_interval": KEPT_DAYS})
        return full_name

    # ------------------------------------------------------------
    # Jobs
    # ------------------------------------------------------------

    def _queue_lanes(self):
        """Queue a job for each lane that no job occupies."""
        held = get_lanes_held(self.env, self.id or 0)
        for number in range(self._count_lanes()):
            if number not in held:
                self._queue_lane(number)

    def _queue_lane(self, number):
        """Queue a job for a lane, unless one is pending."""
        self.with_delay(
            channel=self._get_job_channel(),
            identity_key=self._get_lane_key(number),
            description=self.env._(
                "Send mailings through %(server)s (lane %(number)s)",
                server=self.name or self.env._("the configured mail server"),
                number=number + 1,
            ),
        )._send_in_lane(number)

    def _get_lane_key(self, number):
        return f"mass_mailing_lite.server_{self.id or 0}.lane_{number}"

    def _send_in_lane(self, number):
        """Send this server's mailings until the time of the job is over; the method of the jobs.

        :return: the result, as a sentence for the list of jobs
        """
        cr, run = self.env.cr, self.env["partner.mailing"].sudo()._of_servers([self.id or 0])
        if not 0 <= number < self._count_lanes():
            return self.env._("This lane is no longer used.")
        began = time.monotonic()

        def commit_progress(_done, _waiting):
            cr.commit()  # pylint: disable=invalid-commit  # the job function allows it
            return began + JOB_SECONDS - time.monotonic()

        with lane(cr, self.id or 0, number) as is_ours:
            if not is_ours:
                return self.env._("Another job has this lane.")
            count = run._send_due(commit_progress)
        self._queue_next_job(number, run, count)
        return self.env._("%s messages.", count)

    def _queue_next_job(self, number, run, count):
        """Queue the lane's next job if there is more to send now, else schedule the supervisor."""
        self.invalidate_recordset()
        moment = run._get_next_wake_up()
        if moment and count and moment <= fields.Datetime.now():
            if number < self._count_lanes():
                self._queue_lane(number)
        else:
            run._schedule_supervisor(moment and max(moment, precise_now() + IDLE_PAUSE))

    def _has_stuck_jobs(self):
        """Tell whether pending jobs of this server are not started, while none of them runs."""
        keys = [self._get_lane_key(number) for number in range(self._count_lanes())]
        waiting = self.env["queue.job"].search(
            Domain("identity_key", "in", keys)
            & Domain("state", "in", ("pending", "enqueued"))
            & Domain("date_created", "<", fields.Datetime.now() - STUCK_AFTER),
            limit=1,
        )
        return bool(waiting) and not get_lanes_held(self.env, self.id or 0)
