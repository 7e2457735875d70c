"""Where the addon leans on private parts of Odoo's apps for SMS: one file for each app.

==========  ==============================================================================
``sms``     how Odoo's ``sms.sms`` finds the API of a provider and hands a batch to it
``twilio``  the request by which ``sms_twilio`` sends one SMS, and the account of a company
==========  ==============================================================================

``tests/test_odoo_seams.py`` holds both against the Odoo that is installed, and says in a sentence
what has changed.
"""
