from . import test_body_arch, test_mailing_lists
