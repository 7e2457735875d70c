from . import (
    test_odoo_seams,
    test_sms_attacks,
    test_sms_companion,
    test_sms_content,
    test_sms_findings,
    test_sms_fuzz,
    test_sms_length,
    test_sms_migration,
    test_sms_rate_limit,
    test_sms_recipients,
    test_sms_reports,
    test_sms_sending,
)
