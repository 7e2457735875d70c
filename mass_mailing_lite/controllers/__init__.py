from . import file, review, tracking, unsubscribe, view_in_browser
