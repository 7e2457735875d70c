from . import (
    partner_mailing_load_template,
    partner_mailing_version_edit,
)
