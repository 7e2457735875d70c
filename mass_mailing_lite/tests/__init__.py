from . import (
    test_approval,
    test_message,
    test_placeholder,
    test_recipients,
    test_rights,
    test_sending,
    test_template,
    test_tour,
    test_wizards,
)
