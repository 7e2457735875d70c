"""How the company's provider of SMS is set up: Odoo's (``sms``) or Twilio (``sms_twilio``).

Needs: ``res.company._get_sms_api_class()``, which names the provider; of ``sms_twilio`` the fields
``sms_twilio_auth_token`` and ``sms_twilio_number_ids`` and ``_assert_twilio_sid()``; of ``sms`` the
fields ``state`` and ``sender_name`` of ``iap.account``. Of another provider nothing is known.
"""

from odoo.addons.sms.tools.sms_api import SmsApi
from odoo.exceptions import UserError

NO_CREDENTIALS, NO_NUMBER, BANNED, UNREGISTERED, NO_SENDER_NAME = (
    "no_credentials", "no_number", "banned", "unregistered", "no_sender_name",
)  # fmt: skip


def find_problem(company):
    """Return what keeps a company from sending SMS or is worth a look; None when all is well.

    :return: one of the constants above
    """
    company = company.sudo()
    if company._get_sms_api_class() is SmsApi:
        return find_iap_problem(company)
    if "sms_twilio_number_ids" in company._fields and company.sms_provider == "twilio":
        return find_twilio_problem(company)
    return None


def find_iap_problem(company):
    """Return what is wrong with the account at Odoo; what Odoo has not told yet is no problem."""
    account = company.env["iap.account"].search(
        [
            ("service_name", "=", "sms"),
            "|",
            ("company_ids", "in", company.ids),
            ("company_ids", "=", False),
        ],
        order="id desc",
        limit=1,
    )
    if not account or account.state == "unregistered":
        return UNREGISTERED
    if account.state == "banned":
        return BANNED
    if account.state == "registered" and not account.sender_name:
        return NO_SENDER_NAME
    return None


def find_twilio_problem(company):
    try:
        company._assert_twilio_sid()
    except UserError:
        return NO_CREDENTIALS
    if not company.sms_twilio_auth_token:
        return NO_CREDENTIALS
    return None if company.sms_twilio_number_ids else NO_NUMBER
