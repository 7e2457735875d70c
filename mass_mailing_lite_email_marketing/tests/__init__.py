from . import test_body_arch, test_tour_builder
