from . import file, tracking, unsubscribe, view_in_browser
