from . import controllers, models, odoo_seams, report, wizard
from .hooks import uninstall_hook
