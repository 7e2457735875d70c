from . import (
    test_body_arch,
    test_builder_seams,
    test_conditions,
    test_design_seams,
    test_design_templates,
    test_mailing_lists,
    test_moving,
    test_stock_links,
    test_stock_statistics,
    test_tour_builder,
    test_utm,
)
