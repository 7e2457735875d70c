"""Odoo's own checks of addons, from its addon `test_lint`, made on this one.

Those that walk over files are shown this addon's alone; those that walk over models see all that
are loaded, this addon's among them.
"""

import importlib
from unittest.mock import patch

from odoo.modules import Manifest
from odoo.tests import BaseCase, tagged

ADDON = "mass_mailing_lite"

# First in an index of several columns, which serves as well as one of its own.
INDEXED_WITH_OTHERS = ["partner.mailing.recipient.mailing_id"]

# Not among them: its checks by eslint and by pylint (`make lint` runs pylint with the checks for
# Odoo, whose names in our comments pylint does not know without them), its check of localisations,
# and its tests of the checks.
CHECKS = (
    "docstring",
    "dunderinit",
    "i18n",
    "index",
    "jstranslate",
    "manifests",
    "markers",
    "naming",
    "onchange_domains",
    "orm_import",
    "override_signatures",
    "pofile",
    "routes",
    "test_holes",
)


class OurAddonAlone:
    """Shows a check this addon in place of all that Odoo knows."""

    def setUp(self):
        super().setUp()
        manifest = Manifest.for_addon(ADDON)
        patches = [patch.object(Manifest, "all_addon_manifests", return_value=[manifest])]
        if hasattr(self.check, "get_modules"):
            patches.append(patch.object(self.check, "get_modules", return_value=[ADDON]))
        if hasattr(self.check, "BTREE_INDEX_IGNORE_FIELDS"):
            ignored = {*self.check.BTREE_INDEX_IGNORE_FIELDS, *INDEXED_WITH_OTHERS}
            patches.append(patch.object(self.check, "BTREE_INDEX_IGNORE_FIELDS", ignored))
        for one in patches:
            one.start()
            self.addCleanup(one.stop)


def ours(name):
    """Return Odoo's check as a test of this addon; None where Odoo comes without its test addons."""
    try:
        check = importlib.import_module(f"odoo.addons.test_lint.tests.test_{name}")
    except ImportError:
        return None
    [base] = [
        found
        for found in vars(check).values()
        if isinstance(found, type)
        and issubclass(found, BaseCase)
        and found.__module__ == check.__name__
    ]
    made = type(f"Test{name.title()}", (OurAddonAlone, base), {"check": check})
    made.__module__ = __name__
    return tagged("post_install", "-at_install")(made)


for _name in CHECKS:
    if _made := ours(_name):
        globals()[_made.__name__] = _made
