from . import test_body_arch
