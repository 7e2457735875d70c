from . import test_body_arch
from . import test_mailing_lists
