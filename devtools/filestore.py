"""A plugin of pytest: each process of an addons' suite keeps its attachments in a folder of its own.

pytest-odoo lets all processes share one folder. When a test class of Odoo ends, it deletes the files
there that no committed attachment has; those of a test that runs in another process at that moment
are among them.
"""

import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

from odoo.tools import config


@pytest.fixture(scope="session", autouse=True)
def own_filestore(load_registry):
    """Give the process a copy of the folder; the files in it are hard links, for none is changed."""
    process = os.environ.get("PYTEST_XDIST_WORKER")
    if not process:
        yield
        return
    shared = Path(config.filestore(config["db_name"]))
    own = shared.with_name(f"{shared.name}-{process}")
    shutil.rmtree(own, ignore_errors=True)
    if shared.exists():
        shutil.copytree(shared, own, copy_function=os.link)
    with mock.patch.object(config, "filestore", return_value=str(own)):
        yield
    shutil.rmtree(own, ignore_errors=True)
