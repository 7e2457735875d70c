"""What the phones of recipients show as the sender: kept by Odoo's apps in fields of their own."""


def get_sender_id(company, number):
    """Return the sender of SMS of a company, "" where the provider decides.

    :param company: ``res.company``, as the superuser
    :param number: of the recipient, in the form E.164: ``sms_twilio`` chooses its number by country
    """
    if "sms_provider" in company._fields and company.sms_provider == "twilio":
        return _get_twilio_number(company, number)
    # Not by `get("sms")`, which creates an account where there is none.
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
    return account.sender_name or ""


def _get_twilio_number(company, number):
    from odoo.addons.phone_validation.tools.phone_validation import (
        phone_get_country_code_for_number,
    )

    # As sms_twilio does when it sends: the first number of the recipient's country, else the first.
    numbers = company.sms_twilio_number_ids
    country = phone_get_country_code_for_number(number)
    own = numbers.filtered(lambda one: one.country_code == country)
    return (own or numbers)[:1].number or ""
