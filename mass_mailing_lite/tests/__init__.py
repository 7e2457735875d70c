from . import (
    test_approval,
    test_audiences,
    test_extra_addresses,
    test_marking,
    test_message,
    test_recipients,
    test_refresh,
    test_rights,
    test_sending,
    test_tour,
    test_wizards,
)
