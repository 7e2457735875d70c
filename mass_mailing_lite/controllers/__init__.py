from . import tracking, unsubscribe, view_in_browser
