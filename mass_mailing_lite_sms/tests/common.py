from unittest.mock import patch

from odoo import Command
from odoo.addons.mass_mailing_lite.tests.common import SendingCase
from odoo.addons.sms.tools.sms_api import SmsApi

ANNA, BORIS = "+79031234567", "+34600123456"


class Gateway:
    """Answers as Odoo's SMS gateway does.

    :ivar sent: (number, text) of all that it took, in order
    :ivar batches: how many numbers each call had
    :ivar answers: {number: state} of those that it does not take
    :ivar error: a function that raises instead of an answer, called with all numbers
    """

    def __init__(self):
        self.sent, self.batches, self.answers, self.error = [], [], {}, None

    def contact(self, _api, endpoint, params, timeout=15):
        assert endpoint == "/api/sms/3/send", endpoint
        todo = [
            (entry["number"], message["content"], entry["uuid"])
            for message in params["messages"]
            for entry in message["numbers"]
        ]
        self.batches.append(len(todo))
        if self.error:
            self.error([number for number, _text, _uuid in todo])
        results = []
        for number, text, uuid in todo:
            state = self.answers.get(number, "success")
            if state in ("success", "processing"):
                self.sent.append((number, text))
            results.append({"uuid": uuid, "state": state})
        return results

    @property
    def numbers(self):
        return sorted(number for number, _text in self.sent)


class SmsCase(SendingCase):
    """People with phones, and a simulated gateway; all else is Odoo's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["iap.account"].get("sms")
        cls.env.company.country_id = cls.env.ref("base.es")
        cls.anna.write({"phone": "8 (903) 123-45-67", "country_id": cls.env.ref("base.ru").id})
        cls.boris.phone = "600 123 456"
        if "partner_mailing_utm" in cls.env.company:  # with mass_mailing_lite_email_marketing
            cls.env.company.partner_mailing_utm = False
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.gateway = Gateway()
        gateway = self.gateway
        self._enter(
            patch.object(
                SmsApi,
                "_contact_iap",
                lambda api, endpoint, params, timeout=15: gateway.contact(
                    api, endpoint, params, timeout
                ),
            )
        )

    def new_crowd(self, count):
        """Return as many further readers of the news, with numbers of their own."""
        return self.env["res.partner"].create(
            [
                {
                    "name": f"Reader {number}",
                    "phone": f"+3461100{number:04}",
                    "category_id": [(4, self.news.id)],
                }
                for number in range(count)
            ]
        )

    def new_sms(self, user=None, **values):
        """Return a complete draft of a mailing by SMS."""
        return (
            self.env["partner.mailing"]
            .with_user(user or self.marketer)
            .create(
                {
                    "name": "Shop open again",
                    "channel": "sms",
                    "sms_body": "{{ object.name }}, our shop is open again.",
                    "audience_ids": [Command.link(self.audience.id)],
                    **values,
                }
            )
        )

    def new_validated_sms(self, **values):
        """Return a mailing by SMS that the validator has validated."""
        mailing = self.new_sms(**values)
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        return mailing

    def results(self, mailing):
        """Return {number: state or skip reason}."""
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        return {row.phone_sanitized or row.name: row.skip_reason or row.state for row in rows}

    def row(self, mailing, number):
        return self.env["partner.mailing.recipient"].search(
            [("mailing_id", "=", mailing.id), ("phone_sanitized", "=", number)]
        )
