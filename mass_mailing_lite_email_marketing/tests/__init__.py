from . import (
    test_body_arch,
    test_conditions,
    test_design_seams,
    test_design_templates,
    test_mailing_lists,
    test_moving,
    test_stock_links,
    test_stock_statistics,
    test_utm,
)
