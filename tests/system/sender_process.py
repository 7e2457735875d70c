"""Run by the tests as a program: a process with Odoo loaded, which forks senders on demand.

A sender is a process of its own, with its own session of PostgreSQL, that does what the scheduled
action and the command do; forked, it begins within milliseconds, so that a hundred can be killed.

Standard input: a line ``fork`` starts a sender, answered with its process id; a line with a process
id waits for its end, answered with its exit code (negative: the signal that ended it). Arguments:
name of the database, and seconds to wait for replies (0: as usual).
"""

import functools
import math
import os
import sys

from odoo import SUPERUSER_ID, api, sql_db
from odoo.addons.base.models import ir_mail_server
from odoo.modules.registry import Registry
from odoo.tools import config


def main(database, patience):
    """Serve requests until standard input ends."""
    config.parse_config([f"--database={database}"], setup_logging=True)
    registry = Registry(database)
    # The first mailing compiles templates and fills caches; so do all that follow.
    registry.check_signaling()
    if patience:
        use_patience(patience)
    sql_db.close_all()
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "fork\n":
            number = os.fork()
            if not number:
                run_sender(database)
            print(number, flush=True)
        else:
            _number, status = os.waitpid(int(line), 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


def use_patience(seconds):
    """Wait for replies so long, where a sender waits for minutes: tests of silence end sooner."""
    from odoo.addons.mass_mailing_lite.transport import smtp

    ir_mail_server.SMTP_TIMEOUT = seconds
    smtp.Pool = functools.partial(smtp.Pool, timeout=seconds, final_timeout=seconds)


def run_sender(database):
    """Send all that is due, and end this process; a process that failed ends with code 1."""
    code = 1
    try:
        with Registry(database).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})

            def commit_progress(_done, _waiting):
                cr.commit()
                return math.inf

            env["partner.mailing"]._send_due(commit_progress)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
