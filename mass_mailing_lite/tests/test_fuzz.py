import os
import random
import re
import threading
from collections import Counter

import requests

from odoo import Command
from odoo.models import MAGIC_COLUMNS
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import MailingCase
from .fuzzing import PACKAGE, TEXTS, Calls, find_models, find_targets
from .test_unsubscribe import UnsubscribeCase

# The seed of the suite. MAILING_FUZZ_SEEDS=7,8,9 tries others, MAILING_FUZZ_CALLS=50 makes more calls
# of each method, MAILING_FUZZ_REPLAY=NUMBER makes one call again.
SEEDS = os.environ.get("MAILING_FUZZ_SEEDS", "1").split(",")
OWN = int(os.environ.get("MAILING_FUZZ_CALLS", "8"))
ROUTE_CALLS = 5 * OWN
# A page of Odoo, for requests that its server does not answer at all.
HEALTH = "/web/health"
# The users who may do most are asked most.
WEIGHTS = {"marketer": 4, "manager": 4, "validator": 3}
REPLAY = os.environ.get("MAILING_FUZZ_REPLAY")


class FuzzCase(MailingCase):
    """With a world in which each model has records, of the author's and of others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = cls.env["res.company"].create({"name": "There"})
        cls.stranger = new_test_user(
            cls.env,
            "stranger",
            "base.group_user,mass_mailing_lite.group_manager",
            email="stranger@example.com",
            company_id=cls.there.id,
            company_ids=[(6, 0, cls.there.ids)],
        )
        cls.portal = new_test_user(
            cls.env, "portal_reader", "base.group_portal", email="portal@example.com"
        )
        cls.users = {
            user.login: user
            for user in (
                cls.marketer,
                cls.validator,
                cls.manager,
                cls.outsider,
                cls.stranger,
                cls.portal,
                cls.env.ref("base.public_user").sudo(),
            )
        } | {"admin": cls.env.ref("base.user_admin")}

    def make_world(self):
        """Create mailings in several states and one record of each dialog."""
        self.draft = self.new_mailing()
        self.draft.action_load_recipients()
        self.submitted = self.new_mailing(track_clicks=True)
        self.submitted.action_submit()
        self.validated = self.new_validated_mailing()
        foreign = self.new_mailing(
            self.stranger, company_id=self.there.id, audience_ids=[(5, 0, 0)]
        )
        ids = {}
        for model in find_models(self.env):
            if model._transient and "mailing_id" in model._fields:
                self._make_dialogs(model)
        for model in find_models(self.env):
            if not model._abstract:
                records = model.sudo().with_context(active_test=False)
                ids[model._name] = records.search([], limit=6, order="id desc").ids
        for name in ("res.partner", "res.users", "res.company", "mail.template", "ir.attachment",
                     "ir.mail_server", "res.partner.category", "res.groups"):  # fmt: skip
            ids[name] = self.env[name].sudo().search([], limit=6, order="id desc").ids
        ids["partner.mailing"] = [*ids["partner.mailing"], foreign.id]
        self.env.flush_all()
        return ids

    def _make_dialogs(self, model):
        """Create a dialog as each of those who may; nobody else reads it."""
        values = {}
        for name, field in model._fields.items():
            if field.required and name not in MAGIC_COLUMNS and field.type in ("char", "text"):
                values[name] = "[]" if "domain" in name else "a@example.com"
        for user in (self.marketer, self.validator, self.manager):
            theirs = model.with_user(user)
            if theirs.has_access("create"):
                mailing = self.draft if user == self.marketer else self.submitted
                theirs.create({**values, "mailing_id": mailing.id})

    def assertAnswered(self, calls):
        """Assert that all calls had a good answer."""
        for kind, count in sorted(calls.answers.items()):
            print(f"{count:6} {kind}")  # pylint: disable=print-used
        if calls.faults:
            unlike = {}
            for fault in calls.faults:
                unlike.setdefault((type(fault.error), fault.place), fault)
            self.fail(
                f"{len(calls.faults)} calls without an answer in words, {len(unlike)} unlike:\n"
                + "\n".join(map(str, unlike.values()))
            )


@tagged("post_install", "-at_install")
class TestFuzz(FuzzCase):
    """Any call has a result or is refused in words."""

    def test_every_method_answers_in_words(self):
        calls = Calls(self.env, self.users, self.make_world(), WEIGHTS)
        with mute_logger("odoo.sql_db", "odoo.domains", "odoo.orm", "odoo.models"):
            for number in [REPLAY] if REPLAY else ():
                calls.replay(number)
            for seed in () if REPLAY else SEEDS:
                calls.run(seed, own=OWN)
        self.assertAnswered(calls)

    def test_new_methods_are_found_by_themselves(self):
        targets = {(model, method) for model, method, ours in find_targets(self.env) if ours}
        self.assertLessEqual(
            {
                ("partner.mailing", "action_validate"),
                ("partner.mailing.import", "action_import"),
                ("partner.mailing.audience", "create"),
                ("res.partner", "action_open_partner_mailings"),
            },
            targets,
        )


@tagged("post_install", "-at_install")
class TestFuzzRoutes(UnsubscribeCase):
    """Any request to a page of ours has an answer that is no error of the server."""

    def setUp(self):
        super().setUp()
        self.mailing = self.new_running_mailing(
            track_opens=True,
            track_clicks=True,
            body_html='<p>Dear reader, <a href="https://example.com/">look</a></p>',
            attachment_ids=[
                Command.create({"name": "a.pdf", "raw": b"a", "partner_mailing_as_link": True})
            ],
        )
        self.file = self.env["partner.mailing.file"].sudo().search([], limit=1, order="id desc")
        self.link = self.env["partner.mailing.link"].sudo().search([], limit=1)
        self.env.flush_all()

    def find_routes(self):
        """Return [(path, endpoint)] of the routes of these addons."""
        threading.current_thread().dbname = self.env.cr.dbname  # as for a request
        rules = self.env["ir.http"].routing_map().iter_rules()
        return sorted(
            (rule.rule, rule.endpoint.original_endpoint.__qualname__)
            for rule in rules
            if rule.endpoint.original_endpoint.__module__.startswith(PACKAGE)
        )

    def test_all_routes_are_found(self):
        names = {name for _path, name in self.find_routes()}
        self.assertLessEqual({"Unsubscribe.act", "Unsubscribe.show", "ViewInBrowser.view"}, names)
        self.assertIn("PartnerMailingTracking.clicked", names)

    def test_every_route_answers(self):
        answers, faults = Counter(), []
        for seed in SEEDS:
            for path, name in self.find_routes():
                for number in range(ROUTE_CALLS):
                    chance = random.Random(f"{seed}/{path}/{name}/{number}")
                    method, url, options = self.make_request(chance, path)
                    status = self.send(method, url, options)
                    answers[status] += 1
                    if not isinstance(status, int) or status >= 500:
                        faults.append(f"{status}: {method} {url[:300]!r} {str(options)[:400]}")
        for status, count in sorted(answers.items(), key=str):
            print(f"{count:6} {status}")  # pylint: disable=print-used
        self.assertFalse(faults, "\n".join(faults))

    def send(self, method, url, options):
        """Return the status of a request, 0 where a page of Odoo has no answer either."""
        try:
            with mute_logger("odoo.http", "odoo.sql_db", "odoo.addons.base.models.ir_http"):
                options["headers"] = {**options.get("headers", {}), "Connection": "close"}
                response = self.opener.request(
                    method, self.base_url() + url, allow_redirects=False, timeout=30, **options
                )
        except requests.exceptions.InvalidHeader:
            return 0  # no client sends it
        except requests.exceptions.ConnectionError as error:
            return str(error) if url != HEALTH and self.send(method, HEALTH, options) else 0
        self.env.invalidate_all()
        return response.status_code

    def make_request(self, chance, path):
        """Return (method, path with query, options of ``requests``)."""
        purpose = path.split("/")[2]
        numbers = [row.id for row in self.rows(self.mailing).values()]
        key = self.mailing._get_link_key(purpose)
        good = key.make(chance.choice([*numbers, *numbers, -self.mailing.id, 0, 2**62, -(2**62)]))

        def fill(_converter):
            return chance.choice(
                [good] * 6 + ["x", "%00", "%ff%fe", "../..", "a" * 3000, good[:-1], good + "%0a",
                              str(self.link.id), "9" * 5000, "%F0%9D%9F%98", "-1", ";DROP"]
            )  # fmt: skip

        url = re.sub(
            r"<string:link>", lambda _m: chance.choice([str(self.link.id), fill("")]), path
        )
        url = re.sub(
            r"<string:number>", lambda _m: chance.choice([str(self.file.id), fill("")]), url
        )
        url = re.sub(r"<[^>]+>", fill, url)
        texts = [*TEXTS[:20], "One-Click", "leave", "leave_all", "undo", "reason", "9" * 5000,
                 str(self.news.id), str(self.offers.id), "-1", "1" * 12, "٣", "never_asked"]  # fmt: skip
        names = ["self", "token", "link", "do", "do", "do", "group", "group", "reason", "comment",
                 "List-Unsubscribe", "cls", "args", "kwargs", "context", "debug", "lang", "_query",
                 "csrf_token", "form", "redirect"]  # fmt: skip
        texts = [text.encode("utf-8", "replace") for text in texts]
        form = [(chance.choice(names), chance.choice(texts)) for _ in range(chance.randrange(5))]
        if chance.random() < 0.5:
            form.append(("do", chance.choice(["leave", "leave_all", "undo", "reason"])))
        options = {"headers": self.make_headers(chance)}
        method = chance.choice(["GET", "GET", "HEAD", "POST", "POST", "POST", "PUT", "OPTIONS"])
        if method == "POST" and chance.random() < 0.75:
            options["data"] = form
            if chance.random() < 0.3:
                options["files"] = {chance.choice(names): ("x.txt", b"\xff\x00" * 20)}
        else:
            options["params"] = form
        if method == "POST" and chance.random() < 0.1:
            options = {
                "data": chance.choice([b"\xff" * 99, b"{", b'{"params": {"self": 1}}', b"a" * 200_000]),
                "headers": {"Content-Type": chance.choice(["application/json", "text/x", "multipart/form-data", ""])},
            }  # fmt: skip
        return method, url, options

    def make_headers(self, chance):
        """Return odd headers, or none."""
        return chance.choice(
            [
                {},
                {},
                {"Accept-Language": "xx-YY;q=nonsense, ;;"},
                {"Accept-Language": "de" * 2000},
                {"Cookie": "session_id=../../etc; frontend_lang=xx_XX; tz=x; cids=x-1"},
                {"User-Agent": ""},
                {"User-Agent": "x" * 8000},
                {"User-Agent": b"\xff\xfe"},
                {"Sec-Purpose": "prefetch;x" * 500},
                {"Range": "bytes=9-1"},
                {"If-Modified-Since": "nonsense"},
                {"Authorization": "Bearer x"},
                {"X-Forwarded-For": "x" * 500, "Origin": "null"},
            ]
        )
