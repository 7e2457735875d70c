"""Tests of the folder ``delivery`` alone: neither Odoo nor the addon is imported.

The folder is loaded as a package of its own, for the addon's ``__init__`` needs Odoo; and the addon
does not come into ``sys.path``, where its ``tests`` would hide these.
"""

import importlib.util
import smtplib
import sys
from pathlib import Path

import pytest


def load(name, file):
    spec = importlib.util.spec_from_file_location(name, file)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


ADDON = Path(__file__).parents[2] / "mass_mailing_lite"

load("delivery", ADDON / "delivery" / "__init__.py")
load("scripted_server", ADDON / "tests" / "scripted_server.py")
load("tls_server", ADDON / "tests" / "tls_server.py")
load("hostile_web", ADDON / "tests" / "hostile_web.py")

from delivery.smtp.envelope import Envelope  # noqa: E402
from delivery.smtp.session import Session  # noqa: E402
from scripted_server import ScriptedServer  # noqa: E402

MESSAGE = b"Subject: hello\r\nTo: ada@example.com\r\n\r\nHello\r\n"


@pytest.fixture
def serve():
    """Start scripted servers; they end with the test."""
    servers = []

    def start(answer=None, **options):
        server = ScriptedServer(answer, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect():
    """Open sessions to a server; they are closed with the test."""
    sessions = []

    def open_session(server, timeout=30.0, final_timeout=30.0):
        smtp = smtplib.SMTP("127.0.0.1", server.port, timeout=30)
        smtp.ehlo_or_helo_if_needed()
        sessions.append(Session(smtp, timeout, final_timeout))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close(0.2)


@pytest.fixture
def envelopes():
    """Make envelopes to user0@example.com, user1@example.com and so on."""

    def make(count, data=MESSAGE, **fields):
        return [
            Envelope(number, "news@example.com", (f"user{number}@example.com",), data, **fields)
            for number in range(count)
        ]

    return make
