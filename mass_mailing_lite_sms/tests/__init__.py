from . import (
    test_sms_content,
    test_sms_length,
    test_sms_pace,
    test_sms_recipients,
    test_sms_reports,
    test_sms_sending,
)
