"""Tests of the address parser alone: neither Odoo nor the addon is imported."""

import importlib.util
import sys
from pathlib import Path

FILE = Path(__file__).parents[2] / "mass_mailing_lite" / "tools" / "address_list.py"

spec = importlib.util.spec_from_file_location("address_list", FILE)
sys.modules["address_list"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
