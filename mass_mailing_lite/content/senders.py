from ..transport.allowed_senders import AllowedSenders


def with_allowed_sender(env, values):
    """Return default values; a From address that is not allowed gives way to the default.

    A user may have set it as a default when it was allowed, or a context may name it.
    """
    if not values.get("email_from"):
        return values
    senders = AllowedSenders(env.company, env.user)
    if not senders.get_problem(values["email_from"]):
        return values
    return {**values, "email_from": senders.get_default()}


def with_sender_of_company(env, vals):
    """Return values to create a mailing from, with the default sender of their company."""
    company = isinstance(vals, dict) and "email_from" not in vals and vals.get("company_id")
    if type(company) is not int or company == env.company.id:
        return vals
    company = env["res.company"].browse(company).exists()
    sender = company and AllowedSenders(company, env.user).get_default()
    return {**vals, "email_from": sender} if sender else vals
