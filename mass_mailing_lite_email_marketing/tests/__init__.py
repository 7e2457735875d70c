from . import (
    test_body_arch,
    test_mailing_lists,
    test_moving,
    test_stock_statistics,
)
