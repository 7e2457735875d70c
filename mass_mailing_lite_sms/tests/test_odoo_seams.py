import ast
import inspect
from pathlib import Path

from odoo.addons.sms.models.iap_account import IapAccount
from odoo.addons.sms.models.sms_sms import SmsSms
from odoo.addons.sms.models.sms_tracker import SmsTracker
from odoo.addons.sms.tools.sms_api import SmsApi, SmsApiBase
from odoo.tests import BaseCase, tagged
from odoo.tools.misc import file_path

from ..odoo_seams.twilio import ACCOUNT_FIELD, SEND_REQUEST, TOKEN_FIELD


def get_parameters(function):
    return list(inspect.signature(function).parameters)


@tagged("post_install", "-at_install")
class TestOdooSeams(BaseCase):
    """The private parts of Odoo that the addon leans on are as it expects them."""

    def test_sms_finds_the_api_of_a_provider_and_hands_a_batch_to_it(self):
        self.assertEqual(
            get_parameters(SmsSms._send),
            ["self", "unlink_failed", "unlink_sent", "raise_exception"],
            "sms.sms._send() has other parameters: Listener.send() calls it with these.",
        )
        self.assertIn(
            'context.get("sms_api")',
            inspect.getsource(SmsSms._send).replace("'", '"'),
            "sms.sms._send() no longer takes the API of the provider from the context: no Listener"
            " hears what the provider answers.",
        )
        self.assertEqual(
            get_parameters(SmsSms._split_by_api),
            ["self"],
            "sms.sms._split_by_api() has other parameters: split_by_provider() calls it without.",
        )
        self.assertTrue(
            inspect.isgeneratorfunction(SmsSms._split_by_api),
            "sms.sms._split_by_api() no longer yields pairs of an API and the SMS that it sends.",
        )
        self.assertEqual(
            get_parameters(SmsSms._get_send_batch_size),
            ["self"],
            "sms.sms._get_send_batch_size() has other parameters: get_batch_size() calls it without.",
        )

    def test_what_is_read_of_the_settings_of_a_provider_exists(self):
        company = Path(file_path("sms_twilio/models/res_company.py")).read_text()
        account = "".join(
            Path(file_path(f"{addon}/models/iap_account.py")).read_text()
            for addon in ("iap", "sms")
        )
        for source, words in (
            (company, ("sms_provider = ", "sms_twilio_auth_token = ", "sms_twilio_number_ids = ")),
            (company, ("def _assert_twilio_sid(self):", "def _get_sms_api_class(self):")),
            (account, ("state = ", "'banned'", "'registered'", "'unregistered'", "sender_name = ")),
        ):
            for word in words:
                self.assertIn(
                    word, source, f"{word} has another name: find_problem() in odoo_seams reads it."
                )

    def test_the_api_of_a_provider_sends_a_batch(self):
        for api in (SmsApiBase, SmsApi):
            self.assertEqual(
                get_parameters(api._send_sms_batch),
                ["self", "messages", "delivery_reports_url"],
                f"{api.__name__}._send_sms_batch() has other parameters: Listener stands in its place.",
            )
        documentation = inspect.getdoc(SmsApi._send_sms_batch)
        for key in ("uuid", "state"):
            self.assertIn(
                f"{key}:",
                documentation,
                f'The answers of SmsApi._send_sms_batch() have no "{key}": from_answer() reads it.',
            )

    def test_trackers_are_told_of_states_and_errors(self):
        self.assertEqual(
            get_parameters(SmsTracker._action_update_from_sms_state),
            ["self", "sms_state", "failure_type", "failure_reason"],
            "sms.tracker._action_update_from_sms_state() has other parameters: sms_tracker.py"
            " overrides it.",
        )
        self.assertEqual(
            get_parameters(SmsTracker._action_update_from_provider_error),
            ["self", "provider_error"],
            "sms.tracker._action_update_from_provider_error() has other parameters: sms_tracker.py"
            " overrides it.",
        )
        self.assertIn(
            "return error_status, failure_type, failure_reason",
            inspect.getsource(SmsTracker._action_update_from_provider_error),
            "sms.tracker._action_update_from_provider_error() returns something else: sms_tracker.py"
            " takes failure type and reason from it.",
        )

    def test_a_company_has_its_account_at_twilio_in_two_fields(self):
        try:
            path = file_path("sms_twilio/models/res_company.py")
        except FileNotFoundError:
            self.skipTest("This Odoo comes without sms_twilio.")
        source = Path(path).read_text()
        for name in (ACCOUNT_FIELD, TOKEN_FIELD):
            self.assertRegex(
                source,
                rf"{name} = fields\.Char",
                f"res.company has no field {name} of sms_twilio: answers by SMS are all refused.",
            )

    def test_twilio_sends_each_sms_in_a_request_of_its_own(self):
        """By its source: importing the package of an app that is not installed adds its models."""
        try:
            path = file_path("sms_twilio/tools/sms_api.py")
        except FileNotFoundError:
            self.skipTest("This Odoo comes without sms_twilio.")
        tree = ast.parse(Path(path).read_text())
        methods = {
            method.name: method
            for api in tree.body
            if isinstance(api, ast.ClassDef) and api.name == "SmsApiTwilio"
            for method in api.body
            if isinstance(method, ast.FunctionDef)
        }
        self.assertIn(
            SEND_REQUEST,
            methods,
            f"SmsApiTwilio has no method {SEND_REQUEST}(): TwilioListener does not hear Twilio.",
        )
        self.assertEqual(
            [argument.arg for argument in methods[SEND_REQUEST].args.args],
            ["self", "session", "to_number", "body", "uuid"],
            f"SmsApiTwilio.{SEND_REQUEST}() has other parameters: TwilioListener stands in its place.",
        )
        self.assertIn(
            "session.post",
            get_calls(methods[SEND_REQUEST]),
            f"SmsApiTwilio.{SEND_REQUEST}() no longer posts through the session that it is given:"
            " ObservedSession does not see the response.",
        )
        self.assertIn(
            f"self.{SEND_REQUEST}",
            get_calls(methods["_send_sms_batch"]),
            f"SmsApiTwilio._send_sms_batch() no longer calls {SEND_REQUEST}(): TwilioListener does"
            " not hear Twilio.",
        )
        self.assertIn(
            "response is not None",
            ast.unparse(methods["_send_sms_batch"]),
            "SmsApiTwilio._send_sms_batch() no longer knows requests without a response:"
            " TwilioListener returns None where nothing can be read.",
        )

    def test_the_sender_of_sms_is_kept_where_it_is_read(self):
        self.assertTrue(
            hasattr(IapAccount, "sender_name"),
            "iap.account has no sender_name: get_sender_id() reads it.",
        )
        try:
            paths = [
                file_path(f"sms_twilio/{name}")
                for name in ("models/res_company.py", "models/sms_twilio_number.py")
            ]
        except FileNotFoundError:
            self.skipTest("This Odoo comes without sms_twilio.")
        source = "".join(Path(path).read_text() for path in paths)
        for name in ("sms_provider", "'twilio'", "sms_twilio_number_ids", "number", "country_code"):
            self.assertIn(
                name, source, f"sms_twilio has no {name}: get_sender_id() reads its numbers."
            )


def get_calls(function):
    """Return what a function calls, as it stands in the source."""
    return {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
