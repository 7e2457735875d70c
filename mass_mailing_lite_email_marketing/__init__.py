from . import models, preflight, report, wizard
from .hooks import uninstall_hook
