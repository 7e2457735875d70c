"""Tests of the folder ``tools`` alone: neither Odoo nor the addon's ``__init__`` is imported.

``addon`` stands for the addon: a package with its folder and without its content, so that relative
imports from ``tools`` to ``delivery`` work.
"""

import sys
import types
from pathlib import Path

addon = types.ModuleType("addon")
addon.__path__ = [str(Path(__file__).parents[2] / "mass_mailing_lite")]
sys.modules["addon"] = addon
