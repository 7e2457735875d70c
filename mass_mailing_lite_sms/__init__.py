from . import models, tools, transport, wizard
from .hooks import uninstall_hook
