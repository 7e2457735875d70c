"""Tests of the folder ``tools`` alone: neither Odoo nor the addon's ``__init__`` is imported.

``addon`` stands for the addon: a package with its folder and without its content, so that relative
imports from ``tools`` to ``delivery`` work.
"""

import importlib.util
import sys
import types
from pathlib import Path

import pytest

addon = types.ModuleType("addon")
addon.__path__ = [str(Path(__file__).parents[2] / "mass_mailing_lite")]
sys.modules["addon"] = addon


def load(name):
    """Import a file of the addon's tests without their package, which needs Odoo."""
    spec = importlib.util.spec_from_file_location(name, f"{addon.__path__[0]}/tests/{name}.py")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dns_server = load("dns_server")


@pytest.fixture
def name_server():
    """Run a name server, without records at first, that all looks of the test ask."""
    from addon.tools.domain.lookup import Lookup

    with dns_server.DnsServer() as server:
        Lookup.test_server = server.address
        yield server
    Lookup.test_server = None
