from . import answer, short_link
