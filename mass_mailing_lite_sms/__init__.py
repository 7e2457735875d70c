from . import controllers, models, tools, transport, wizard
from .hooks import uninstall_hook
