"""What is looked at before a mailing by SMS leaves; see ``preflight`` of the main addon.

Checks of the main addon that are about texts, versions and recipients hold for SMS as well.
"""

from . import sms_alphabet, sms_opt_out, sms_parts, sms_sender
