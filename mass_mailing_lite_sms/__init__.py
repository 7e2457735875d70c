from . import controllers, models, preflight, tools, transport, wizard
from .hooks import uninstall_hook
