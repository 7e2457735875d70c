"""SMS: what carries the texts of a mailing to phones.

===========  =================================================================
``sms``      ``SmsTransport``, the transport of the channel
``text``     a text: compiled, filled, and addressed to one number
``estimate`` how many SMS a mailing is, in which countries, and what they cost
``pool``     hands batches of texts to Odoo's ``sms.sms``
``outcome``  what the answer of a provider, or the end of a call, means
===========  =================================================================

What a provider answers is heard in ``odoo_seams``, beside Odoo's own code.
"""
