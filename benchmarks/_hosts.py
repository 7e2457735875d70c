"""Several Odoo servers with one database and a job runner, behind a balancer."""

import contextlib
import time

from devtools import odoo_process, process
from devtools.console import Failure

JOBS_AT_ONCE = 4  # the capacity of the runner's root channel
WORKERS = 3  # a host's processes for requests: its jobs, and one for users
PATIENCE = 60  # seconds for the runner to start; it waits five seconds itself


@contextlib.contextmanager
def odoo_host(tools, database, *, port, balancer_port, name):
    """Run one Odoo server with worker processes and a job runner; give its process."""
    config = tools.configure(
        name,
        db_name=database,
        http_port=port,
        gevent_port=process.free_port(),
        workers=WORKERS,
        server_wide_modules="base,rpc,web,queue_job",
        queue_job={
            "channels": f"root:{JOBS_AT_ONCE}",
            "host": "127.0.0.1",
            "port": balancer_port,
        },
    )
    environment = {**tools.environment(), "ODOO_RC": str(config)}
    command = tools.command("server", "-c", config)
    with process.running(command, log=name, env=environment) as running:
        odoo_process.wait_for_answer(f"http://127.0.0.1:{port}", running, name)
        yield running


def wait_for_runner(server, database):
    """Wait until a runner serves the database; ``server`` is the PostgreSQL."""
    until = time.monotonic() + PATIENCE
    while True:
        [[found]] = server.sql(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND d.datname = '{database}'"
        )
        if int(found):
            return
        if time.monotonic() > until:
            raise Failure("No job runner started: look into .run/log.")
        time.sleep(0.2)
