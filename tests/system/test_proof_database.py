"""PostgreSQL stops and comes back while a mailing is sent: it goes on by itself, nothing is lost."""

import contextlib
import dataclasses
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from devtools import company, database, odoo_process, paths
from devtools.cluster import Cluster
from devtools.postgres import Server, find_programs

from . import proofs
from .conftest import OdooServer
from .ledger import Ledger
from .mailings import MAILING, addresses, validated

COUNT = proofs.size(3_000, 20_000)
STOPS = ("fast", "immediate", "immediate")  # a restart by an administrator, and two crashes
DOWN = 1.0  # seconds
COMEBACK = 180  # seconds


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
    environments = [
        {**os.environ, **one.environment} for one in (tools.server, durable.server)
    ]
    with subprocess.Popen(commands[0], stdout=subprocess.PIPE, env=environments[0]) as dump:
        subprocess.run(commands[1], stdin=dump.stdout, env=environments[1], check=True)
    yield durable, name
    database.drop(tools, name)


def serve(durable_tools, **settings):
    """Run Odoo on that PostgreSQL."""
    tools, name = durable_tools
    return odoo_process.Odoo.serve(tools, name, name="durable", **settings)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("workers", [0, 2], ids=["threads", "processes"])
def test_a_mailing_goes_on_when_the_database_comes_back(cluster, durable_tools, workers):
    tools, name = durable_tools
    chance = random.Random(11)
    limits = []
    with Ledger() as ledger, serve(durable_tools, workers=workers) as url:
        server = OdooServer(url, name, tools)
        admin = server.login("admin")
        if not admin.search_read("res.users", [("login", "=", "validator")], "id"):
            company.create_users(admin)
        company.send_to(admin, ledger.port)
        author = server.login("marketing")
        mailing = validated(author, server.login("validator"), extra_emails=addresses(COUNT))
        for number, mode in enumerate(STOPS, start=1):
            begun = len(ledger.entries)
            target = COUNT * (number - chance.uniform(0.1, 0.9)) / len(STOPS)
            proofs.wait_for(lambda: len(ledger.entries) >= target, COMEBACK, "goes on")
            cluster.stop(mode)
            time.sleep(DOWN)
            cluster.start()
            moments = ledger.moments()[begun:]
            limits.append(1 + proofs.busiest(moments, proofs.CLAIM_SECONDS))
        back = time.monotonic()
        proofs.wait_for(
            lambda: author.read(MAILING, mailing, "state")["state"] == "done", COMEBACK, "done"
        )
        back = time.monotonic() - back
        proofs.wait_for(lambda: not ledger.open_count, 30, "no connection is left behind")
        found = proofs.states(server, mailing)
        uncertain = proofs.compare(ledger, found)
    assert set(found.values()) <= {"sent", "uncertain"}
    assert len(found) == COUNT
    proofs.say(
        f"{len(STOPS)} stops of PostgreSQL in {COUNT} messages: 0 twice, 0 lost, uncertain"
        f" {uncertain} (limit {sum(limits)}); done {back:.0f} s after the last"
    )
    assert uncertain <= sum(limits)
