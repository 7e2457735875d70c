"""Each validator who is asked gets the real message in her own mailbox."""

import re
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import SendingCase

LINK = re.compile(r"https?://[^\s\"'<>]+")
# Tokens, and the number of a file: what differs from recipient to recipient.
PERSONAL = re.compile(r"(/partner_mailing/\w+/)[A-Za-z0-9_-]{32}")


def read(message, subtype):
    """Return a text of a message, with the same line ends everywhere."""
    return message.get_body((subtype,)).get_content().replace("\r\n", "\n")


class ProofCase(SendingCase):
    def setUp(self):
        super().setUp()
        # Those of all other validators would be asked, too.
        group = self.env.ref("mass_mailing_lite.group_validator")
        (group.all_user_ids - self.validator).partner_mailing_proof = False
        self.proofs = self.env["partner.mailing.proof"].sudo()

    def run_proofs(self):
        """Run the scheduled action of proofs once, as the scheduler does."""
        with self.real_connections(), self.enter_registry_test_mode():
            cron = self.env.ref("mass_mailing_lite.ir_cron_proofs")
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    def submit(self, **values):
        mailing = self.new_mailing(**values)
        mailing.action_submit()
        return mailing

    def proof(self, address="validator@example.com"):
        return self.inbox.message_to(address)

    def notes(self, mailing):
        return " ".join(mailing.sudo().message_ids.mapped("body"))

    def pass_time(self, hours=3):
        waiting = self.proofs._as_system().search([("state", "=", "waiting")])
        waiting.next_at = fields.Datetime.now() - timedelta(hours=hours)

    def review_link(self, message):
        [link, *_others] = [
            one for one in LINK.findall(read(message, "html")) if "/partner_mailing/review/" in one
        ]
        return link


@tagged("post_install", "-at_install")
class TestProof(ProofCase):
    def test_a_submission_sends_the_real_message_to_each_validator_who_is_asked(self):
        mailing = self.submit()
        self.assertFalse(self.inbox.messages, "nothing leaves while the author waits")
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["validator@example.com"])
        proof = self.proof()
        self.assertEqual(proof["Subject"], "[To validate] News for Anna")
        self.assertEqual(proof["From"].addresses[0].addr_spec, "shop@example.com")
        self.assertIn("validator@example.com", proof["To"])
        self.assertIn("Dear Anna, it is summer.", read(proof, "html"))
        for shown in ("Summer news", "Submitted by marketer", "Recipients: 2", "Anna"):
            self.assertIn(shown, read(proof, "html"))
            self.assertIn(shown, read(proof, "plain"))
        self.assertIn("A proof was sent to validator", self.notes(mailing))
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 1, "once")

    def test_the_approved_part_of_a_proof_is_what_recipients_get(self):
        self.env.company.street = "1 Main Street"
        mailing = self.submit(
            preview_text="For {{ object.name }}",
            track_clicks=True,
            track_opens=True,
            body_html='<p>Dear <t t-out="object.name"/>, <a href="https://example.com/x">read</a>'
            ' &amp; <a href="/partner_mailing/view">view</a> ñ.</p>',
            attachment_ids=[Command.create({"name": "Prices.txt", "raw": b"4.20"})],
        )
        self.run_proofs()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        proof, sent = self.proof(), self.inbox.message_to("anna@example.com")

        def pieces(message):
            page = PERSONAL.sub(r"\1TOKEN", read(message, "html"))
            head, body = page.split('<div style="max-width: 680px; margin: 0 auto;">')
            return head.replace("[To validate] ", ""), body

        (proof_head, proof_body), (head, body) = pieces(proof), pieces(sent)
        self.assertEqual(proof_head, head)
        body, end = body[: body.rindex("</div>")], body[body.rindex("</div>") :]
        self.assertEqual(proof_body.count(body), 1)
        above, below = proof_body.split(body)
        self.assertRegex(above.strip(), r"(?s)^<div.*</div>$")
        self.assertTrue(below.endswith(end))
        text = PERSONAL.sub(r"\1TOKEN", read(sent, "plain")).strip()
        self.assertIn(text, PERSONAL.sub(r"\1TOKEN", read(proof, "plain")))
        for message in (proof, sent):
            [file] = message.iter_attachments()
            self.assertEqual((file.get_filename(), file.get_content()), ("Prices.txt", "4.20"))
        same = ("From", "Reply-To", "List-Id", "Precedence", "Return-Path")
        self.assertEqual(*([message[name] for name in same] for message in (proof, sent)))

    def test_nothing_in_a_proof_acts_for_a_recipient(self):
        mailing = self.submit(
            track_opens=True, track_clicks=True, cc="boss@example.com", copy_policy="each"
        )
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["validator@example.com"], "no copies are sent")
        proof = self.proof()
        self.assertIsNone(proof["List-Unsubscribe"])
        self.assertIsNone(proof["List-Unsubscribe-Post"])
        found = re.findall(r"/partner_mailing/(\w+)/([A-Za-z0-9_-]{32})", read(proof, "html"))
        self.assertLessEqual(
            {"unsubscribe", "view", "open"}, {purpose for purpose, _token in found}
        )
        for purpose, token in found:
            self.assertEqual(mailing._read_link_token(purpose, token), -mailing.id)
        self.assertEqual(set(self.states(mailing).values()), {"pending"})
        self.assertEqual((mailing.sent_count, mailing.recipient_count), (0, 2))
        self.assertCountersTrue(mailing)
        ids = self.env["partner.mailing.recipient"].search([]).mapped("message_id")
        self.assertNotIn(proof["Message-Id"], ids)
        self.assertEqual(mailing.test_state, "never", "a proof is no test by the author")

    def test_the_recipient_is_the_first_one_of_the_validators_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.lang"]._activate_lang("de_DE")
        self._new_contact("Chloé", "chloe@example.com", self.news, lang="fr_FR")
        mailing = self.new_mailing()
        mailing.update_field_translations("subject", {"fr_FR": "Nouvelles pour {{ object.name }}"})
        second = self._new_user("second", "validator")
        third = self._new_user("third", "validator")
        self.validator.lang, second.lang, third.lang = "fr_FR", "en_US", "de_DE"
        mailing.with_context(lang="en_US").action_submit()
        self.run_proofs()
        subjects = {
            name: self.proof(f"{name}@example.com")["Subject"].partition("] ")[2]
            for name in ("validator", "second", "third")
        }
        self.assertEqual(subjects["validator"], "Nouvelles pour Chloé")
        self.assertEqual(subjects["second"], "News for Anna")
        self.assertEqual(subjects["third"], "News for Anna", "nobody reads German")

    def test_a_recipient_that_the_validator_may_not_read_is_not_shown(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Anna",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": f"[('id', '!=', {self.anna.id})]",
                "groups": [Command.link(self.env.ref("mass_mailing_lite.group_validator").id)],
            }
        )
        self.submit()
        self.run_proofs()
        self.assertEqual(self.proof()["Subject"], "[To validate] News for Boris")
        self.assertNotIn("Anna", self.proof().as_string())

    def test_without_a_readable_recipient_it_is_what_the_validator_would_get(self):
        self.env["ir.rule"].create(
            {
                "name": "Myself",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": "[('user_ids', '!=', False)]",
                "groups": [Command.link(self.env.ref("mass_mailing_lite.group_validator").id)],
            }
        )
        self.submit()
        self.run_proofs()
        self.assertEqual(self.proof()["Subject"], f"[To validate] News for {self.validator.name}")
        self.assertIn("as you would get it", read(self.proof(), "plain"))

    def test_of_an_extra_address_it_has_the_recipients_own_data(self):
        self.submit(
            audience_ids=False,
            extra_emails="Zoe <zoe@example.org>",
            body_html='<p>To <t t-out="object.name"/></p>',
        )
        self.run_proofs()
        self.assertIn("To Zoe", read(self.proof(), "html"))
        self.assertNotIn("zoe@example.org", self.proof()["To"])

    def test_user_and_company_can_switch_it_off(self):
        self.validator.with_user(self.validator).partner_mailing_proof = False
        self.submit()
        self.run_proofs()
        self.assertFalse(self.inbox.messages)
        self.validator.partner_mailing_proof = True
        self.env.company.partner_mailing_proof = False
        self.submit()
        self.run_proofs()
        self.assertFalse(self.inbox.messages)
        self.assertTrue(self.env["res.users"].default_get(["partner_mailing_proof"]))
        self.assertFalse(self.proofs.search([]))

    def test_the_preferences_offer_it_to_validators(self):
        view = self.env.ref("base.view_users_form_simple_modif")
        for user, is_offered in ((self.validator, True), (self.marketer, False)):
            theirs = Form(user.with_user(user), view)
            with self.subTest(user.login):
                self.assertEqual(theirs.partner_mailing_is_validator, is_offered)
                self.assertTrue(theirs.partner_mailing_proof)
        with Form(self.validator.with_user(self.validator), view) as theirs:
            theirs.partner_mailing_proof = False
        self.assertFalse(self.validator.partner_mailing_proof)
        with self.assertRaises(AccessError):
            self.validator.with_user(self.marketer).partner_mailing_proof = False

    def test_a_request_that_is_withdrawn_before_sends_none(self):
        mailing = self.submit()
        mailing.action_back_to_draft()
        self.run_proofs()
        self.assertFalse(self.inbox.messages)
        mailing.action_submit()
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 1)
        self.assertEqual(set(self.proofs.search([]).mapped("state")), {"void", "sent"})

    def test_each_request_has_a_proof_of_its_own(self):
        mailing = self.submit()
        self.run_proofs()
        mailing.action_back_to_draft()
        mailing.subject = "Better news"
        mailing.action_submit()
        self.run_proofs()
        [first, second] = [message for _from, _to, message in self.inbox.messages]
        self.assertEqual(second["Subject"], "[To validate] Better news")
        self.assertNotEqual(self.review_link(first), self.review_link(second))

    def test_the_second_of_two_validators_gets_no_second_proof(self):
        self.env.company.partner_mailing_two_validators_from = 1
        self._new_user("second", "validator")
        mailing = self.submit()
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["second@example.com", "validator@example.com"])
        mailing.with_user(self.validator).action_validate()
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 2)

    def test_validators_who_share_a_mailbox_get_one(self):
        self._new_user("second", "validator").email = "Validator@example.com"
        mailing = self.submit()
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 1)
        self.assertRegex(self.notes(mailing), "A proof was sent to second.* and validator")

    def test_the_findings_stand_below(self):
        self.submit(body_html='<p>Dear [First name], <a href="http://localhost/x">here</a></p>')
        self.run_proofs()
        page = read(self.proof(), "html")
        self.assertGreater(page.index("Before Sending"), page.index("Dear [First name]"))
        self.assertIn("[First name]", page[page.index("Before Sending") :])


@tagged("post_install", "-at_install")
class TestProofFaults(ProofCase):
    def test_a_dead_server_stops_nothing_and_is_noted(self):
        self.server.smtp_port = 9  # discard: no program listens there
        mailing = self.submit()
        self.run_proofs()
        self.assertEqual(mailing.state, "to_validate")
        [proof] = self.proofs.search([])
        self.assertEqual((proof.state, proof.attempts), ("waiting", 1))
        self.assertIn("could not be sent to validator", self.notes(mailing))
        self.assertIn("no mail server listens there", self.notes(mailing))
        self.server.smtp_port = self.inbox.port
        self.run_proofs()
        self.assertFalse(self.inbox.messages, "not before it is time")
        self.pass_time()
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["validator@example.com"])

    def test_it_is_not_tried_for_ever(self):
        self.server.smtp_port = 9
        mailing = self.submit()
        for _try in range(6):
            self.run_proofs()
            self.pass_time()
        [proof] = self.proofs.search([])
        self.assertEqual((proof.state, proof.attempts), ("failed", 4))
        self.assertEqual(self.notes(mailing).count("No proof was sent to validator"), 1)
        self.assertEqual(self.notes(mailing).count("tried again later"), 1)

    def test_a_refused_address_and_a_missing_one_are_noted_and_stop_no_other(self):
        self._new_user("refused", "validator")
        self._new_user("without", "validator").email = False
        self.inbox.replies["refused@example.com"] = "550 5.1.1 No such <b>user</b>"
        mailing = self.submit()
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["validator@example.com"])
        notes = self.notes(mailing)
        self.assertRegex(notes, "No proof was sent to refused .*: No such &lt;b&gt;user")
        self.assertRegex(notes, "No proof was sent to without .*: there is no e-mail address")
        self.assertEqual(mailing.state, "to_validate")

    def test_a_validator_who_has_left_gets_none(self):
        self.submit()
        self.validator.active = False
        self.run_proofs()
        self.assertFalse(self.inbox.messages)

    def test_who_is_no_validator_any_more_gets_none(self):
        self.submit()
        self.validator.group_ids -= self.env.ref("mass_mailing_lite.group_validator")
        self.run_proofs()
        self.assertFalse(self.inbox.messages)

    def test_an_address_that_may_not_send_any_more_sends_no_proof(self):
        mailing = self.submit()
        self.env.company.partner_mailing_allowed_senders = "other@example.com"
        self.run_proofs()
        self.assertFalse(self.inbox.messages)
        self.assertIn("No proof was sent to validator", self.notes(mailing))

    def test_who_gets_no_proof_is_notified_as_without(self):
        """The proof says the same as the e-mail about the activity: one of both leaves."""
        context = {**self.env.context, "mail_activity_quick_update": False}
        self.validator.notification_type = "email"

        def notified(mailing):
            """Return the states of Odoo's e-mails to the validator about the mailing."""
            mails = self.env["mail.mail"].search(
                [("model", "=", mailing._name), ("res_id", "=", mailing.id)]
            )
            ours = mails.filtered(lambda one: self.validator.partner_id in one.recipient_ids)
            return ours.mapped("state")

        mailing = self.new_mailing().with_context(context)
        mailing.action_submit()
        self.assertTrue(mailing.sudo().activity_ids.filtered(lambda a: a.user_id == self.validator))
        self.assertEqual(notified(mailing), ["outgoing"], "it waits for the proof")
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["validator@example.com"])
        self.assertFalse(notified(mailing))
        self.inbox.replies["validator@example.com"] = "550 5.1.1 No"
        mailing = self.new_mailing().with_context(context)
        mailing.action_submit()
        self.run_proofs()
        self.assertNotIn("outgoing", notified(mailing), "it has left")
        self.assertEqual(len(notified(mailing)), 1)
        self.validator.partner_mailing_proof = False
        mailing = self.new_mailing().with_context(context)
        with self.real_connections():
            mailing.action_submit()
        self.assertNotIn("outgoing", notified(mailing), "without a proof it leaves at once")

    def test_proofs_count_against_the_limits_of_the_server(self):
        for number in range(3):
            self._new_user(f"second{number}", "validator").email = f"v{number}@example.org"
        self.server.partner_mailing_limit_minute = 3
        self.server.partner_mailing_limit_domain_minute = 2
        self.submit()
        self.run_proofs()
        self.assertEqual(
            self.inbox.addresses, ["v0@example.org", "v1@example.org", "validator@example.com"]
        )
        self.pass_time()
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 3, "the limit is reached")
        reserved = self.env["partner.mailing.reservation"].sudo()
        self.assertEqual(sum(reserved.search([("domain", "=", False)]).mapped("count")), 3)
        [waiting] = self.proofs.search([("state", "=", "waiting")])
        self.assertEqual(waiting.attempts, 0, "to wait for room is no try")
        self.server.partner_mailing_limit_minute = 0
        self.server.partner_mailing_limit_domain_minute = 0
        self.pass_time()
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 4)

    def test_an_author_who_submits_again_and_again_fills_no_mailbox(self):
        self.env.company.partner_mailing_test_limit_day = 2
        mailing = self.submit()
        for _time in range(3):
            self.run_proofs()
            mailing.action_back_to_draft()
            mailing.action_submit()
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 2)
        self.assertIn("2 proofs of the same author within a day", self.notes(mailing))
        colleagues = self.new_mailing(user=self.colleague)
        colleagues.action_submit()
        self.run_proofs()
        self.assertEqual(len(self.inbox.messages), 3, "another author's proofs are counted apart")

    def test_fifty_validators_are_asked_over_few_sessions(self):
        users = self.env["res.users"].create(
            [
                {
                    "name": f"Validator {number}",
                    "login": f"many{number}",
                    "email": f"many{number}@example.com",
                    "group_ids": [
                        Command.link(self.env.ref("base.group_user").id),
                        Command.link(self.env.ref("mass_mailing_lite.group_validator").id),
                    ],
                }
                for number in range(50)
            ]
        )
        self.submit()
        self.run_proofs()
        self.assertEqual(len(self.inbox.addresses), 51)
        self.assertLessEqual(set(users.mapped("email")), set(self.inbox.addresses))


@tagged("post_install", "-at_install")
class TestProofAttacks(ProofCase):
    def test_names_make_no_header_and_no_html(self):
        self.validator.name = "V\r\nBcc: victim@example.org"
        self.marketer.name = "<script>alert(1)</script>"
        self.submit(name='<img src=x onerror="alert(1)"> {{ object.name }}')
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["validator@example.com"])
        proof = self.proof()
        self.assertIsNone(proof["Bcc"])
        page = read(proof, "html")
        self.assertNotIn("<script", page)
        self.assertNotIn("<img src=x", page)
        self.assertIn("{{ object.name }}", page, "a title is no template")

    def test_nobody_queues_or_redirects_a_proof(self):
        self.submit()
        [proof] = self.proofs.search([])
        values = {
            "mailing_id": proof.mailing_id.id,
            "approval_id": proof.approval_id.id,
            "user_id": self.outsider.id,
        }
        for user in (self.marketer, self.validator, self.manager, self.outsider):
            theirs = self.env["partner.mailing.proof"].with_user(user)
            with self.subTest(user.login), self.assertRaises(AccessError):
                theirs.create(values)
            with self.subTest(user.login), self.assertRaises(AccessError):
                proof.with_user(user).write({"user_id": self.outsider.id})
        self.marketer.group_ids += self.env.ref("base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.validator.partner_id.with_user(self.marketer).write({"email": "x@example.org"})
        self.env.invalidate_all()
        self.validator.with_user(self.validator).write({"email": "own@example.org"})
        self.run_proofs()
        self.assertEqual(self.inbox.addresses, ["own@example.org"])

    def test_a_validator_who_may_not_read_the_mailing_gets_none(self):
        mailing = self.submit()
        self.env["ir.rule"].create(
            {
                "name": "Hidden",
                "model_id": self.env.ref("mass_mailing_lite.model_partner_mailing").id,
                "domain_force": f"[('id', '!=', {mailing.id})]",
            }
        )
        self.run_proofs()
        self.assertFalse(self.inbox.messages)
