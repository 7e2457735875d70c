from . import models, preflight, wizard
from .hooks import uninstall_hook
