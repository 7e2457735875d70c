"""Where the addon leans on private parts of Odoo's apps for SMS: one file for each app.

``sms``
    how Odoo's ``sms.sms`` finds the API of a provider and hands a batch to it
``provider``
    how the company's provider is set up, of Odoo's and of Twilio
``sender_id``
    what phones show as the sender: fields of ``iap.account`` and ``sms_twilio``
``twilio``
    the request by which ``sms_twilio`` sends one SMS, and the account of a company

``tests/test_odoo_seams.py`` holds them against the Odoo that is installed, and says in a sentence
what has changed.
"""
