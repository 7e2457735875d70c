from . import partner_mailing_report

# isort: split
# After what it extends.
from . import partner_mailing_dashboard
