from odoo.addons.mass_mailing_lite.tests.fuzzing import Calls
from odoo.addons.mass_mailing_lite.tests.test_fuzz import OWN, SEEDS, WEIGHTS, FuzzCase
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SmsCase


@tagged("post_install", "-at_install")
class TestSmsFuzz(FuzzCase, SmsCase):
    """The same as ``TestFuzz`` of the main addon, where all addons are installed."""

    def test_every_method_answers_in_words_beside_other_addons(self):
        sms = self.new_sms()
        sms.action_load_recipients()
        calls = Calls(self.env, self.users, self.make_world(), WEIGHTS)
        with mute_logger("odoo.sql_db", "odoo.domains", "odoo.orm", "odoo.models"):
            for seed in SEEDS:
                calls.run(seed, own=max(OWN // 4, 1), stock=0)
        self.assertAnswered(calls)
