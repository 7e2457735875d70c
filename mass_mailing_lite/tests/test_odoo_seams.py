import ast
import inspect
import smtplib
import ssl
import tempfile
import textwrap
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock, patch

from lxml import html

from odoo.addons.base.models import ir_cron
from odoo.addons.base.models.ir_actions import IrActionsServer
from odoo.addons.base.models.ir_binary import IrBinary
from odoo.addons.base.models.ir_cron import IrCron
from odoo.addons.base.models.ir_mail_server import IrMail_Server, MailDeliveryException
from odoo.addons.base.models.ir_qweb import IrQweb
from odoo.addons.base.models.res_partner import ResPartner
from odoo.addons.bus.models.bus import BusBus
from odoo.addons.bus.models.ir_websocket import IrWebsocket
from odoo.addons.mail.models.mail_render_mixin import MailRenderMixin
from odoo.addons.mail.models.mail_thread import MailThread
from odoo.fields import Html
from odoo.http import Stream
from odoo.models import BaseModel
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open

from ..odoo_seams import mail_gateway, smtp_session, tls_context
from ..tools import design
from .hostile_web import make_certificate
from .tls_server import TlsServer

SEAMS = "odoo_seams/%s.py"

GATEWAY = (
    "message_process",
    "_detect_is_bounce",
    "_routing_handle_bounce",
    "_detect_write_to_catchall",
    "message_route",
    "_message_route_process",
)


def calls(function, name):
    """Tell whether the source of a function calls a method of this name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
        for node in ast.walk(tree)
    )


@tagged("post_install", "-at_install")
class TestOdooSeams(TransactionCase):
    """Each private part of Odoo that the addon uses is as the addon expects it.

    A failure after an update of Odoo says what has changed, and which file of ours to look at.
    """

    def broken(self, what, file):
        """Return the sentence of a failure: what Odoo changed, and the file that depends on it."""
        return f"Odoo changed {what}. The addon depends on it: see mass_mailing_lite/{file}."

    def assertAccepts(self, owner, name, file, *args, **kwargs):
        """Assert that a function exists and can be called with these arguments (without self)."""
        place = f"{owner.__module__}.{owner.__name__}.{name}"
        function = getattr(owner, name, None)
        self.assertTrue(function, self.broken(f"{place}(), which is gone", file))
        signature = inspect.signature(inspect.unwrap(function))
        try:
            signature.bind(None, *args, **kwargs)
        except TypeError as error:
            self.fail(self.broken(f"the parameters of {place}(), now {signature}: {error}", file))

    def assertCalls(self, owner, name, called, file):
        """Assert that a method of Odoo calls another one, which we override."""
        function = getattr(owner, name, None)
        place = f"{owner.__module__}.{owner.__name__}.{name}()"
        self.assertTrue(function, self.broken(f"{place}, which is gone", file))
        self.assertTrue(
            calls(function, called), self.broken(f"{place}, which does not call {called}()", file)
        )

    # ------------------------------------------------------------
    # odoo_seams/ir_qweb.py
    # ------------------------------------------------------------

    def test_qweb_compiles_a_template_without_a_view(self):
        file = SEAMS % "ir_qweb"
        self.assertAccepts(IrQweb, "_prepare_environment", file, {})
        self.assertAccepts(IrQweb, "_compile", file, html.fragment_fromstring("<p/>"))
        self.assertAccepts(IrQweb, "_render_iterall", file, "view", None, {})
        qweb = self.env["ir.qweb"]._prepare_environment({})
        compiled = qweb._compile(html.fragment_fromstring("<p>a</p>"))
        self.assertEqual(
            [
                isinstance(part, kind)
                for part, kind in zip(compiled, (dict, str, Mapping), strict=False)
            ],
            [True, True, True],
            self.broken("the result of ir.qweb._compile(): (functions, name, options)", file),
        )
        self.assertIn(
            compiled[1],
            compiled[0],
            self.broken("the functions of ir.qweb._compile(), which lack the named one", file),
        )

    def test_qweb_looks_functions_up_in_the_context(self):
        file = SEAMS % "ir_qweb"
        source = inspect.getsource(IrQweb)
        for key in (
            "__qweb_loaded_functions",
            "__qweb_loaded_codes",
            "__qweb_loaded_options",
            "_qweb_error_path_xml",
            "__qweb_root_values",
        ):
            self.assertIn(
                f"'{key}'", source, self.broken(f"the key {key} of the context or values", file)
            )

    def test_qweb_runs_a_compiled_template_without_compiling_it_again(self):
        file = SEAMS % "ir_qweb"
        template = html.fragment_fromstring('<p>Dear <t t-out="name"/></p>')
        found = []
        try:
            qweb, compiled = self.env["ir.qweb"]._prepare_compiled(template, {})
            with patch.object(IrQweb, "_generate_code_uncached") as compiled_again:
                for name in ("Anna", "Boris"):
                    found.append("".join(qweb._render_compiled(compiled, {"name": name})))
        except Exception as error:
            self.fail(self.broken(f"how ir.qweb compiles and runs templates: {error!r}", file))
        self.assertEqual(
            found,
            ["<p>Dear Anna</p>", "<p>Dear Boris</p>"],
            self.broken("what a run of compiled functions of ir.qweb returns", file),
        )
        self.assertFalse(
            compiled_again.called, self.broken("ir.qweb, which compiles for each run", file)
        )
        self.assertIn(
            "<p>Dear ",
            compiled.get_static(),
            self.broken("where compiled functions of ir.qweb keep constant text", file),
        )

    # ------------------------------------------------------------
    # odoo_seams/mail_gateway.py
    # ------------------------------------------------------------

    def test_the_gateway_has_the_methods_that_are_overridden(self):
        file = SEAMS % "mail_gateway"
        for name in GATEWAY:
            theirs = getattr(MailThread, name, None)
            self.assertTrue(theirs, self.broken(f"mail.thread.{name}(), which is gone", file))
            parameters, ours = (
                list(inspect.signature(inspect.unwrap(method)).parameters)
                for method in (theirs, getattr(mail_gateway.MailThread, name))
            )
            self.assertEqual(
                parameters, ours, self.broken(f"the parameters of mail.thread.{name}()", file)
            )

    def test_the_gateway_calls_the_methods_that_are_overridden(self):
        file = SEAMS % "mail_gateway"
        for caller, called in (
            ("_message_parse_extract_bounce", "_detect_is_bounce"),
            ("message_route", "_routing_handle_bounce"),
            ("message_route", "_detect_write_to_catchall"),
            ("message_process", "message_route"),
            ("message_process", "_message_route_process"),
        ):
            self.assertCalls(MailThread, caller, called, file)

    def test_the_gateway_parses_a_mail_into_the_keys_that_are_used(self):
        message = EmailMessage()
        message["From"], message["To"] = "MAILER-DAEMON@example.com", "shop@example.com"
        message["Message-Id"] = "<returned.1@example.com>"
        message["In-Reply-To"] = message["References"] = "<1.x@example.com>"
        message.set_content("No such user.")
        parsed = self.env["mail.thread"].message_parse(message)
        for key in (
            "message_id",
            "to",
            "email_from",
            "in_reply_to",
            "references",
            "is_bounce",
            "bounced_email",
            "bounced_partner",
            "bounced_message",
        ):
            self.assertIn(
                key,
                parsed,
                self.broken(
                    f"the result of mail.thread.message_parse(), which lacks {key!r}",
                    SEAMS % "mail_gateway",
                ),
            )

    # ------------------------------------------------------------
    # odoo_seams/automation.py
    # ------------------------------------------------------------

    def test_automation_rules_keep_the_method_that_they_replace_as_its_origin(self):
        file = SEAMS % "automation"
        with file_open("base_automation/models/base_automation.py") as source:
            tree = ast.parse(source.read())
        assigned = {
            target.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Attribute)
        }
        used = {
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        changed = "how base.automation replaces write() (it set write.origin)"
        self.assertIn("origin", assigned, self.broken(changed, file))
        self.assertIn("write.origin", used, self.broken(changed, file))
        called = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        changed = "how base.automation runs server actions (it called run())"
        self.assertIn("run", called, self.broken(changed, file))
        self.assertAccepts(IrActionsServer, "run", file)

    def test_tracked_fields_are_known_by_name(self):
        file = SEAMS % "automation"
        self.assertAccepts(MailThread, "_track_get_fields", file)
        tracked = self.env["partner.mailing"]._track_get_fields()
        self.assertIsInstance(
            tracked, set, self.broken("the type of _track_get_fields(): set of names", file)
        )
        self.assertIn("state", tracked, self.broken("the names in _track_get_fields()", file))

    # ------------------------------------------------------------
    # odoo_seams/chatter.py
    # ------------------------------------------------------------

    def test_notes_can_be_created_for_several_records_at_once(self):
        file = SEAMS % "chatter"
        self.assertAccepts(MailThread, "_message_create", file, [{}])
        self.assertCalls(MailThread, "_message_log_batch", "_message_create", file)
        with patch.object(MailThread, "_message_create", autospec=True) as created:
            partner = self.env.user.partner_id
            partner._message_log_batch({partner.id: "text"})
        [values] = created.call_args.args[1]
        known = self.env["mail.message"]._fields
        for name in (
            "model",
            "res_id",
            "body",
            "author_id",
            "email_from",
            "reply_to",
            "message_type",
            "subtype_id",
            "is_internal",
            "message_id",
        ):
            self.assertIn(
                name, values, self.broken(f"the values of a note, which lack {name}", file)
            )
        for name in ("email_add_signature", "record_alias_domain_id", "record_company_id"):
            self.assertIn(name, known, self.broken(f"mail.message, which lacks {name}", file))

    # ------------------------------------------------------------
    # odoo_seams/scheduler.py
    # ------------------------------------------------------------

    def test_a_trigger_is_a_row_with_two_columns(self):
        self.env.cr.execute(
            """
            SELECT column_name FROM information_schema.columns
             WHERE table_name = 'ir_cron_trigger' AND is_nullable = 'NO' AND column_default IS NULL
            """
        )
        required = {name for (name,) in self.env.cr.fetchall()}
        self.assertEqual(
            required,
            {"cron_id", "call_at"},
            self.broken("the required columns of ir_cron_trigger", SEAMS % "scheduler"),
        )

    def test_schedulers_listen_to_a_notification_in_the_database_postgres(self):
        file = SEAMS % "scheduler"
        self.assertTrue(
            getattr(ir_cron, "ODOO_NOTIFY_FUNCTION", None),
            self.broken("ir_cron.ODOO_NOTIFY_FUNCTION, which is gone", file),
        )
        source = inspect.getsource(inspect.unwrap(IrCron._notifydb))
        for part in ("db_connect('postgres')", "SELECT %s('cron_trigger', %s)", "cr.dbname"):
            self.assertIn(part, source, self.broken("how ir.cron notifies the schedulers", file))

    # ------------------------------------------------------------
    # odoo_seams/smtp_session.py
    # ------------------------------------------------------------

    def test_smtplib_sends_through_the_methods_that_are_observed(self):
        file = SEAMS % "smtp_session"
        self.assertCalls(smtplib.SMTP, "send_message", "sendmail", file)
        self.assertCalls(smtplib.SMTP, "sendmail", "rcpt", file)
        self.assertCalls(smtplib.SMTP, "sendmail", "data", file)
        self.assertAccepts(smtplib.SMTP, "rcpt", file, "anna@example.com", [])
        self.assertAccepts(smtplib.SMTP, "data", file, b"")

    def test_an_observed_session_sees_what_smtplib_does(self):
        replies = {
            "mail": (250, b"OK"),
            "rcpt": (550, b"5.1.1 No such user"),
            "data": (250, b"2.0.0 Kept"),
        }
        smtp = smtplib.SMTP(timeout=1)
        smtp.sock, smtp.helo_resp, smtp.esmtp_features = Mock(), b"OK", {}
        for name, reply in replies.items():
            setattr(smtp, name, Mock(return_value=reply))
        smtp.rcpt.side_effect = [replies["rcpt"], (250, b"OK")]
        session = smtp_session.ObservedSession(smtp)
        smtp.sendmail("shop@example.com", ["anna@example.com", "boss@example.com"], b"text")
        self.assertEqual(
            (session.in_data, session.accepted, session.refusal and session.refusal.code),
            (True, True, 550),
            self.broken(
                "how smtplib.SMTP.sendmail() uses rcpt() and data()", SEAMS % "smtp_session"
            ),
        )

    def test_send_email_hands_the_message_to_the_session_it_is_given(self):
        file = "transport/one_by_one.py"
        self.assertAccepts(
            IrMail_Server, "send_email", file, None, mail_server_id=None, smtp_session=None
        )
        self.assertCalls(IrMail_Server, "send_email", "send_message", file)
        self.assertTrue(
            issubclass(MailDeliveryException, Exception),
            self.broken("MailDeliveryException of ir.mail_server", file),
        )

    # ------------------------------------------------------------
    # odoo_seams/tls_context.py
    # ------------------------------------------------------------

    def test_connections_of_mailings_resume_tls_sessions_and_others_do_not(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate = make_certificate(Path(folder))
        server = self.env["ir.mail_server"].create({"name": "TLS", "smtp_host": "127.0.0.1"})
        for encryption in ("ssl", "starttls"):
            tls = TlsServer(certificate, starttls=encryption == "starttls")
            self.addCleanup(tls.stop)
            server.write({"smtp_port": tls.port, "smtp_encryption": encryption})
            with patch.object(self.registry["ir.mail_server"], "_disable_send", return_value=False):
                for _each in range(2):
                    server._connect__(mail_server_id=server.id).close()
                with tls_context.resumed_sessions():
                    for _each in range(2):
                        server._connect__(mail_server_id=server.id).close()
            self.assertEqual(
                tls.reused,
                [False, False, False, True],
                self.broken("how ir.mail_server._connect__() uses ssl", SEAMS % "tls_context"),
            )

    def test_a_certificate_that_is_not_trusted_is_refused_where_it_is_verified(self):
        with tempfile.TemporaryDirectory() as folder:
            tls = TlsServer(make_certificate(Path(folder)))
        self.addCleanup(tls.stop)
        server = self.env["ir.mail_server"].create(
            {
                "name": "TLS",
                "smtp_host": "127.0.0.1",
                "smtp_port": tls.port,
                "smtp_encryption": "ssl",
            }
        )
        with (
            patch.object(self.registry["ir.mail_server"], "_disable_send", return_value=False),
            tls_context.resumed_sessions(),
        ):
            server._connect__(mail_server_id=server.id).close()
            server.smtp_encryption = "ssl_strict"
            with self.assertRaises(
                ssl.SSLCertVerificationError,
                msg=self.broken("how ir.mail_server verifies", SEAMS % "tls_context"),
            ):
                server._connect__(mail_server_id=server.id)

    # ------------------------------------------------------------
    # Private parts that are used in other files
    # ------------------------------------------------------------

    def test_a_session_of_a_mail_server_says_its_from_filter(self):
        self.assertAccepts(
            IrMail_Server,
            "_connect__",
            "transport/smtp.py",
            mail_server_id=None,
            smtp_from="shop@example.com",
        )
        source = inspect.getsource(inspect.unwrap(IrMail_Server._connect__))
        for name in ("from_filter", "smtp_from"):
            self.assertIn(
                f"connection.{name} =",
                source,
                self.broken(f"the attribute {name} of a session", "transport/smtp.py"),
            )

    def test_a_message_is_built_from_its_parts(self):
        file = "models/ir_mail_server.py"
        parts = {
            "email_from": "shop@example.com",
            "email_to": ["anna@example.com"],
            "subject": "News",
            "body": "<p>Dear Anna</p>",
            "subtype": "html",
            "body_alternative": "Dear Anna",
            "subtype_alternative": "plain",
            "email_cc": ["boss@example.com"],
            "email_bcc": [],
            "reply_to": "answers@example.com",
            "message_id": "<1.x@example.com>",
            "headers": {"List-Id": "<1.example.com>"},
            "attachments": [("prices.txt", b"1 EUR", "text/plain")],
        }
        self.assertAccepts(IrMail_Server, "_build_email__", file, **parts)
        message = self.env["ir.mail_server"]._build_email__(**parts)
        shown = {name: str(message[name]) for name in ("Subject", "Reply-To", "List-Id")}
        self.assertEqual(
            shown,
            {
                "Subject": "News",
                "Reply-To": "answers@example.com",
                "List-Id": "<1.example.com>",
            },
            self.broken("the header of ir.mail_server._build_email__()", file),
        )
        self.assertEqual(
            [part.get_content_type() for part in message.walk() if not part.is_multipart()],
            ["text/plain", "text/html", "text/plain"],
            self.broken("the parts of ir.mail_server._build_email__()", file),
        )

    def test_a_message_is_prepared_by_what_the_session_says(self):
        file = "models/partner_mailing_message.py"
        self.assertAccepts(IrMail_Server, "_prepare_email_message__", file, None, None)
        message = EmailMessage()
        message["From"], message["To"] = "shop@example.com", "anna@example.com"
        session = SimpleNamespace(from_filter="example.org", smtp_from="noreply@example.org")
        prepared = self.env["ir.mail_server"]._prepare_email_message__(message, session)
        self.assertEqual(
            (prepared[0], prepared[1]),
            ("noreply@example.org", ["anna@example.com"]),
            self.broken("ir.mail_server._prepare_email_message__(): (from, [to], message)", file),
        )

    def test_odoo_chooses_a_mail_server_by_the_from_address(self):
        file = "models/partner_mailing_message.py"
        servers = self.env["ir.mail_server"]
        self.assertAccepts(IrMail_Server, "_find_mail_server_allowed_domain", file)
        self.assertAccepts(IrMail_Server, "_find_mail_server", file, "shop@example.com", servers)
        self.assertAccepts(IrMail_Server, "_get_default_from_filter", file)
        servers.search([]).active = False
        server = servers.create(
            {"name": "Own", "smtp_host": "127.0.0.1", "from_filter": "example.com"}
        )
        self.assertEqual(
            servers._find_mail_server("shop@example.com", server),
            (server, "shop@example.com"),
            self.broken("ir.mail_server._find_mail_server(): (server, From address)", file),
        )

    def test_a_from_filter_names_domains(self):
        file = "transport/smtp.py"
        servers = self.env["ir.mail_server"]
        self.assertAccepts(IrMail_Server, "_match_from_filter", file, "a@example.com", "b.com")
        self.assertEqual(
            [
                bool(servers._match_from_filter("shop@example.com", from_filter))
                for from_filter in ("example.com", "example.org", False)
            ],
            [True, False, True],
            self.broken("ir.mail_server._match_from_filter()", file),
        )

    def test_stored_translations_are_read_by_language(self):
        file = "models/partner_mailing_content.py"
        tag = self.env["res.partner.category"].create({"name": "News"})
        field = tag._fields["name"]
        self.assertTrue(
            hasattr(field, "_get_stored_translations"),
            self.broken("_get_stored_translations() of translated fields, which is gone", file),
        )
        self.assertEqual(
            field._get_stored_translations(tag),
            {"en_US": "News"},
            self.broken("the result of _get_stored_translations(): {language: text}", file),
        )

    def test_an_address_is_displayed_in_lines(self):
        file = "models/partner_mailing_message.py"
        self.assertAccepts(ResPartner, "_display_address", file, without_company=True)
        partner = self.env["res.partner"].create({"name": "Shop", "street": "Main Street 1"})
        self.assertEqual(
            partner._display_address(without_company=True).splitlines()[0],
            "Main Street 1",
            self.broken("res.partner._display_address(): lines of text", file),
        )

    def test_placeholders_have_odoos_own_values_and_checks(self):
        self.assertAccepts(
            MailRenderMixin, "_render_eval_context", "models/partner_mailing_message.py"
        )
        for name in (
            "_has_unsafe_expression_template_qweb",
            "_has_unsafe_expression_template_inline_template",
        ):
            file = "models/partner_mailing_content.py"
            self.assertAccepts(MailRenderMixin, name, file, "text", "res.partner", "name")
        self.assertCalls(
            MailRenderMixin,
            "_check_access_right_dynamic_template",
            "_has_unsafe_expression",
            "models/partner_mailing_content.py",
        )

    def test_a_model_is_read_through_its_search_and_its_check_of_access(self):
        file = "wizard/mailing_dialog.py"
        self.assertAccepts(BaseModel, "_check_access", file, "read")
        self.assertAccepts(BaseModel, "_search", file, [], bypass_access=False)
        self.assertCalls(BaseModel, "fetch", "_search", file)
        self.assertCalls(BaseModel, "fetch", "check_access", file)
        for name in ("check_access", "has_access", "_filtered_access"):
            self.assertCalls(BaseModel, name, "_check_access", file)

    def test_a_path_of_fields_becomes_sql(self):
        file = "models/partner_mailing_approval.py"
        partners = self.env["res.partner"]
        query = partners._search([])
        countries, alias = partners._fields["country_id"].join(partners, query.table, query)
        self.assertEqual(
            countries._name, "res.country", self.broken("join() of a many2one field", file)
        )
        name = countries._field_to_sql(alias, "name", query)
        self.assertTrue(
            self.env.execute_query(query.select(name)), self.broken("_field_to_sql()", file)
        )

    def test_channels_of_the_bus_and_uses_of_a_mail_server_can_be_added(self):
        self.assertAccepts(
            IrWebsocket, "_build_bus_channel_list", "models/ir_websocket.py", ["channel"]
        )
        file = "models/ir_mail_server.py"
        self.assertAccepts(IrMail_Server, "_active_usages_compute", file)
        self.assertCalls(IrMail_Server, "write", "_active_usages_compute", file)

    def test_a_file_is_streamed_by_the_way_of_odoo(self):
        file = "controllers/file.py"
        self.assertAccepts(
            IrBinary, "_get_stream_from", file, None, filename="a", mimetype="text/plain"
        )
        self.assertAccepts(
            Stream, "get_response", file, as_attachment=True, content_security_policy=""
        )

    def test_the_bus_sends_to_a_channel_of_a_record_with_a_name(self):
        file = "models/partner_mailing_sending.py"
        self.assertAccepts(BusBus, "_sendone", file, (None, "name"), "type", {})
        self.env.cr.precommit.data.pop("bus.bus.values", None)
        self.env["bus.bus"]._sendone((self.env.company, "name"), "type", {"id": 1})
        self.assertTrue(
            self.env.cr.precommit.data.get("bus.bus.values"),
            self.broken("bus.bus._sendone(), which does not wait for the commit", file),
        )

    def test_html_fields_are_sanitized_where_they_are_converted(self):
        broken = self.broken("how HTML fields are sanitized", "models/body_field.py")
        names = list(inspect.signature(Html._convert).parameters)
        self.assertEqual(names, ["self", "value", "record", "validate"], broken)
        field = self.env["mail.template"]._fields["body_html"]
        self.assertEqual(field.render_engine, "qweb", broken)
        self.assertEqual(field.sanitize_output_method, "xml", broken)
        self.assertTrue(field.translate, broken)

    def test_a_registry_names_the_addons_that_its_database_has(self):
        broken = self.broken("_init_modules of a registry", "preflight/check.py")
        installed = self.env["ir.module.module"].search([("state", "=", "installed")])
        self.assertEqual(set(self.registry._init_modules), {*installed.mapped("name")}, broken)

    def test_the_builder_names_columns_as_the_style_sheet_of_designs_does(self):
        with file_open(
            "mail/static/src/views/web/fields/html_mail_field/convert_inline.js"
        ) as file:
            source = file.read()
        broken = self.broken("the classes of convert_inline.js", "tools/design.py")
        name = "o_stacking_wrapper"
        self.assertIn(name, source, broken)
        self.assertIn(name, design.get_page_values(f'<p class="{name}">', False)["head"])

    def test_the_editors_columns_and_banners_have_the_parts_that_become_tables(self):
        for path, names in (
            ("html_editor/static/src/main/column_plugin.js", ("o_text_columns", '"row"', "`col-$")),
            (
                "html_editor/static/src/main/banner_plugin.js",
                ("o_editor_banner_icon", "o_editor_banner_content", "alert alert-"),
            ),
            ("html_editor/static/src/editor.js", ("clean_for_save_handlers", "normalize_handlers")),
            (
                "mail/static/src/views/web/fields/html_mail_field/convert_inline.js",
                ("export function createMso(",),
            ),
        ):
            with file_open(path) as file:
                source = file.read()
            for name in names:
                with self.subTest(path=path, name=name):
                    broken = self.broken(name, "static/src/editor/mail_blocks.js")
                    self.assertIn(name, source, broken)
