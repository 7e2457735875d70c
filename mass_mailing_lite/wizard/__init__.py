from . import partner_mailing_sample

# isort: split
# After what they inherit from.
from . import (
    partner_mailing_load_template,
    partner_mailing_preview,
    partner_mailing_refuse,
    partner_mailing_save_template,
    partner_mailing_test,
)
