"""PostgreSQL stops and comes back while a mailing is sent: nothing is sent twice, nothing is lost.

Odoo's own server processes do not outlive their database: the scheduler of a threaded server ends, a
server with workers stops. What starts them again starts a sender; here it is the test.
"""

import contextlib
import dataclasses
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from devtools import company, database, paths
from devtools.cluster import Cluster
from devtools.postgres import Server, find_programs

from . import proofs
from .conftest import OdooServer
from .ledger import Ledger
from .mailings import MAILING, addresses, validated

pytestmark = pytest.mark.slow(25)

COUNT = proofs.size(3_000, 20_000)
STOPS = ("fast", "immediate", "immediate")  # a restart by an administrator, and two crashes
PATIENCE = 60  # seconds


@pytest.fixture(scope="module")
def cluster():
    """Return a PostgreSQL of the test's own, which keeps what was committed as in real life."""
    folder = Path("/var/tmp") / f"mass_mailing_lite-{paths.checkout_digest()}-durable"  # noqa: S108
    shutil.rmtree(folder, ignore_errors=True)
    own = Cluster(find_programs(), folder, durable=True)
    own.start()
    yield own
    with contextlib.suppress(Exception):
        own.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def durable_tools(tools, cluster):
    """Return the tools on that PostgreSQL, and the name of a database there."""
    name = database.fresh(tools, "durable")
    durable = dataclasses.replace(tools, server=Server(cluster.programs, cluster.environment))
    durable.server.sql(f'CREATE DATABASE "{name}"')
    commands = [
        [cluster.programs / "pg_dump", "-Fc", "-Z0", name],
        [cluster.programs / "pg_restore", "-d", name],
    ]
    environments = [{**os.environ, **one.environment} for one in (tools.server, durable.server)]
    with subprocess.Popen(commands[0], stdout=subprocess.PIPE, env=environments[0]) as dump:
        subprocess.run(commands[1], stdin=dump.stdout, env=environments[1], check=True)
    yield durable, name
    database.drop(tools, name)


@pytest.fixture(scope="module")
def server(durable_tools):
    """Return a server on that database, without scheduled actions: forked senders send."""
    tools, name = durable_tools
    with tools.serve(name, name="durable", max_cron_threads=0) as url:
        running = OdooServer(url, name, tools)
        company.create_users(running.login("admin"))
        yield running


@pytest.mark.timeout(1200)
def test_a_mailing_goes_on_when_the_database_is_back(cluster, server):
    chance = random.Random(11)
    limits = []
    held = proofs.Held()
    with Ledger(held) as ledger, proofs.senders(server.tools, server.database) as senders:
        held.ledger = ledger
        company.send_to(server.login("admin"), ledger.port)
        author, validator = server.login("marketing"), server.login("validator")
        mailing = validated(author, validator, extra_emails=addresses(COUNT))
        for number, mode in enumerate(STOPS):
            begun = len(ledger.entries)
            target = COUNT * (number + chance.uniform(0.2, 0.8)) / len(STOPS)
            with held.at(target + COUNT // 20):
                sender = senders.start()
                proofs.wait_for(
                    lambda goal=target: len(ledger.entries) >= goal, PATIENCE, "goes on"
                )
                cluster.stop(mode)
            assert senders.wait(sender) == 1, "a sender without database ends by itself"
            proofs.wait_for(lambda: not ledger.open_count, PATIENCE, "all connections are closed")
            cluster.start()
            moments = ledger.moments()[begun:]
            limits.append(1 + proofs.busiest(moments, proofs.CLAIM_SECONDS))
        senders.run()
        found = proofs.states(server, mailing)
        uncertain = proofs.compare(ledger, found)
    assert set(found.values()) <= {"sent", "uncertain"}
    assert len(found) == COUNT
    proofs.say(
        f"{len(STOPS)} stops of PostgreSQL in {COUNT} messages: 0 twice, 0 lost, uncertain"
        f" {uncertain}; a connection and 25 ms of messages, each time: {sum(limits)}"
    )
    assert uncertain <= sum(limits)
    # The same server process, which has lost its database three times.
    values = author.read(MAILING, mailing, "state", "sent_count", "uncertain_count")
    assert values["state"] == "done"
    assert (values["sent_count"], values["uncertain_count"]) == (COUNT - uncertain, uncertain)
