from . import (
    test_approval,
    test_content,
    test_message,
    test_placeholder,
    test_preview,
    test_recipients,
    test_rights,
    test_sending,
    test_template,
    test_tested,
    test_tour,
    test_wizards,
)
