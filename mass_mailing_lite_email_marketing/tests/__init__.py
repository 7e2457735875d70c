from . import test_body_arch, test_moving, test_stock_statistics
