"""The unsubscribe page against Odoo's own login page, in one run on the same worker."""

import http.client
import statistics
import subprocess
import time
import urllib.parse

from benchmarks._figures import Figures
from devtools import database
from devtools.odoo_process import odoo as running_odoo
from devtools.rpc import Client

REQUESTS, ROUNDS, WARM = 100, 5, 20
MAX_TIMES_LOGIN = 2.0

MAILING = {
    "name": "Bench",
    "subject": "News",
    "body_html": "<p>News</p>",
    "email_from": "shop@example.com",
    "extra_emails": "reader@example.com",
}
SCRIPT = """
row = env["partner.mailing.recipient"].search([], limit=1)
print("TOKEN", env["partner.mailing"]._get_link_key("unsubscribe").make(row.id))
"""


def token_of(tools, name):
    """Return the token of the only recipient, as it stands in the message."""
    admin = ["shell", "-c", tools.configure("bench-token", db_name=name), "--no-http"]
    done = subprocess.run(
        [str(part) for part in tools.command(*admin)],
        input=SCRIPT,
        env=tools.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return next(line.split()[-1] for line in done.stdout.splitlines() if line.startswith("TOKEN"))


def seconds_of(connection, path):
    """Return the seconds of one request on a connection that stays open."""
    started = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    if response.status not in (200, 404):
        raise AssertionError(f"{path}: {response.status}")
    return time.perf_counter() - started


def measure(tools):
    """Return {page: median seconds of a request}; the pages are requested in turns."""
    name = database.fresh(tools, "bench")
    try:
        with tools.serve(name, name="bench", max_cron_threads=0) as url:
            admin = Client(url, name, "admin")
            mailing = admin.create("partner.mailing", **MAILING)
            admin.call("partner.mailing", "action_load_recipients", [mailing])
            pages = {
                "login": "/web/login",
                "unsubscribe": f"/partner_mailing/unsubscribe/{token_of(tools, name)}",
                "forged": f"/partner_mailing/unsubscribe/{'A' * 32}",
            }
            address = urllib.parse.urlsplit(url)
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
            seconds = {page: [] for page in pages}
            for round_number in range(ROUNDS + 1):
                for page, path in pages.items():
                    times = [
                        seconds_of(connection, path)
                        for _ in range(REQUESTS if round_number else WARM)
                    ]
                    seconds[page] += times if round_number else []
            connection.close()
    finally:
        database.drop(tools, name)
    return {page: statistics.median(times) for page, times in seconds.items()}


def main():
    """Measure, print, and return the figures."""
    with running_odoo() as tools:
        seconds = measure(tools)
    print(f"\nOne client, median of {ROUNDS * REQUESTS} requests")
    for page, time_of_page in seconds.items():
        print(f"  {page:<30}{1000 * time_of_page:>10.2f} ms {1 / time_of_page:>10,.0f} a second")
    times = seconds["unsubscribe"] / seconds["login"]
    figures = Figures()
    figures.at_most("unsubscribe page ÷ login page", times, MAX_TIMES_LOGIN)
    return figures
