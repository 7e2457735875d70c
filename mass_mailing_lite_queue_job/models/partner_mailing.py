import contextlib
from datetime import timedelta

from odoo import api, models
from odoo.addons.mass_mailing_lite.sender.wake_up import precise_now, wake_at
from odoo.fields import Domain

from .sending_lane import has_runner, lane

SERVERS_KEY = "partner_mailing_servers"

# How often the supervisor runs while jobs send. It costs a few queries.
SUPERVISION_INTERVAL = timedelta(seconds=30)


class PartnerMailing(models.Model):
    """The scheduled action as the supervisor of the jobs that send."""

    _inherit = "partner.mailing"

    @api.model
    def _cron_send(self):
        """Start the mailings that are due and queue jobs for them; send those of stuck jobs here.

        Without a job runner this is the scheduled action of the main addon. A lane whose job died
        is free and gets a new job.
        """
        if not has_runner(self.env):
            return super()._cron_send()
        # Lanes send the first mailings while the lists of others are compared.
        for _started in self._begin_run():
            self._queue_lanes(self._find_servers())
        servers = self._find_servers()
        lost = [one.id or 0 for one in servers if one._has_stuck_jobs()]
        self._queue_lanes(servers)
        with contextlib.ExitStack() as stack:
            # In lane 0 of each server: a stuck job that starts meanwhile finds it occupied and
            # ends.
            ours = [one for one in lost if stack.enter_context(lane(self.env.cr, one, 0))]
            if ours:
                super(PartnerMailing, self._of_servers(ours))._cron_send()
        moment = self._get_next_wake_up()
        self._schedule_supervisor(
            moment if lost or not moment else max(moment, precise_now() + SUPERVISION_INTERVAL)
        )
        return None

    def _schedule_supervisor(self, moment):
        """Let the supervisor run at ``moment`` (naive, UTC; None for never).

        While messages are being sent it runs anyway, since their sender may die.
        """
        if self.env["partner.mailing.counter"]._has_claims():
            moment = min(filter(None, (moment, precise_now() + SUPERVISION_INTERVAL)))
        if moment:
            wake_at(self.env.ref("mass_mailing_lite.ir_cron_send").sudo(), moment)

    def _find_servers(self):
        """Return the mail servers that have something to send now, as records; an empty one stands
        for Odoo's configured server.
        """
        servers = {
            mailing._get_transport().get_mail_server().id or 0 for mailing in self._find_sendable()
        }
        return [self.env["ir.mail_server"].browse(one or []) for one in servers]

    def _queue_lanes(self, servers):
        """Queue a job for each free lane of mail servers, and commit, so that the jobs begin."""
        for server in servers:
            server._queue_lanes()
        self.env["ir.cron"]._commit_progress(len(servers))

    def _of_servers(self, server_ids):
        """Return a run of the mailings that use these mail servers; 0 stands for no record."""
        return self.browse().with_context(**{SERVERS_KEY: tuple(server_ids)})

    def _domain_of_run(self):
        domain = super()._domain_of_run()
        if SERVERS_KEY not in self.env.context:
            return domain
        server_ids = self.env.context[SERVERS_KEY]
        without = self.sudo().search(
            Domain("mail_server_id", "=", False) & Domain("state", "in", ("validated", "sending"))
        )
        # Odoo chooses the server of these by their From address.
        chosen = without.filtered(
            lambda one: (one._get_transport().get_mail_server().id or 0) in server_ids
        )
        own = Domain("mail_server_id", "in", [one for one in server_ids if one])
        return domain & (own | Domain("id", "in", chosen.ids))
