"""What is written: templates, placeholders, files, and the message made from them."""

from . import (
    ir_attachment,
    ir_qweb,
    mail_template,
    partner_mailing_contact,
    partner_mailing_content,
    partner_mailing_headers,
    partner_mailing_message,
)

# isort: split
# After what they extend.
from . import (
    partner_mailing_language,
    partner_mailing_links,
    partner_mailing_notice,
    partner_mailing_picture,
    partner_mailing_placeholder,
    partner_mailing_qweb,
    partner_mailing_size,
    partner_mailing_template,
    partner_mailing_tested,
    partner_mailing_view_in_browser,
)
