from contextlib import contextmanager

from odoo import sql_db
from odoo.addons.mass_mailing_lite.tests.common import SendingCase
from odoo.addons.queue_job.job import Job
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID


class JobCase(SendingCase):
    """With the lock of a job runner, and jobs that a test runs itself."""

    @contextmanager
    def other_session(self, statement, *values):
        """Run a statement in a database session of its own, which lives as long as the block."""
        with sql_db.db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(statement, values)
            yield
            # What it locked is the session's, which goes back to the pool.
            cr.execute("SELECT pg_advisory_unlock_all()")

    def runner(self):
        """Hold the lock of a job runner within a ``with`` block."""
        return self.other_session("SELECT pg_try_advisory_lock(%s)", PG_ADVISORY_LOCK_ID)

    def jobs(self, server=None):
        """Return the pending jobs of a mail server's lanes, the oldest first."""
        number = (self.server if server is None else server).id or 0
        return self.env["queue.job"].search(
            [
                ("identity_key", "=like", f"mass\\_mailing\\_lite.server\\_{number}.lane\\_%"),
                ("state", "=", "pending"),
            ],
            order="id",
        )

    def run_job(self, job):
        """Run a job as the queue does; return its result."""
        with self.real_connections(), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            task = Job.load(self.env(cr=cr), job.uuid)
            task.set_started()
            task.store()
            cr.commit()  # pylint: disable=invalid-commit  # as the queue does: it is known to run
            result = task.perform()
            task.set_done(result)
            task.store()
        self.env.invalidate_all()
        return result
