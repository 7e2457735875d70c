from . import unsubscribe, view_in_browser
