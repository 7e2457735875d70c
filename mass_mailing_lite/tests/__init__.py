from . import (
    test_approval,
    test_handover,
    test_message,
    test_recipients,
    test_rights,
    test_rights_table,
    test_sending,
    test_tour,
    test_wizards,
)
