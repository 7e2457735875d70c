import collections
import logging
import sys
from pathlib import Path

from odoo.tests import tagged

from .common import MailingCase

_logger = logging.getLogger(__name__)

MODELS = Path(__file__).parents[1] / "models"
# A reader who follows "Submit" through the code opens no more files than that.
MAX_FILES = 15


@tagged("post_install", "-at_install")
class TestHouse(MailingCase):
    def test_submit_runs_through_few_files(self):
        mailing = self.new_mailing()
        files, calls = set(), collections.Counter()

        def note(frame, event, _argument):
            if event == "call":
                files.add(frame.f_code.co_filename)
                calls[frame.f_code.co_name] += 1

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            mailing.action_submit()
        finally:
            sys.setprofile(before)
        ours = sorted(Path(name).name for name in files if Path(name).is_relative_to(MODELS))
        _logger.info("Submit runs through %s files: %s", len(ours), ", ".join(ours))
        self.assertEqual(mailing.state, "to_validate")
        self.assertLessEqual(len(ours), MAX_FILES, ours)
        # Once for each message that is built to see that it can be.
        self.assertEqual(calls["_get_message_overrides"], calls["_build_common_message"])
