"""Files of this database in HTML: which ones it shows, and the same HTML with others in their place."""

import re

# A whole address, as it stands in an attribute or a style; bounded, and read once.
ADDRESS = re.compile(r"/web/(?:image|content)(?=[/?])(?:(?!&quot;|&#3[49];)[^\s\"'<>()]){1,2000}")
IN_PATH = re.compile(r"/web/(?:image|content)/(?:ir\.attachment/)?(\d{1,9})(?=[-/?#]|$)")
IN_QUERY = re.compile(r"(?<=[?&;]id=)(\d{1,9})(?=[&;#]|$)")
OTHER_MODEL = re.compile(r"[?&;]model=(?!ir\.attachment(?:[&;#]|$))")
TOKEN = re.compile(r"(?<=[?&;]access_token=)[^&#;]{0,200}")
# For ``find_all``, which takes each address that may show a file.
ANY_IN_PATH = re.compile(r"/web/(?:image|content)/?(?:ir\.attachment/)?(\d{1,10})(?!\d)")
ANY_IN_QUERY = re.compile(r"[?&;]id=(\d{1,10})(?!\d)")
ANY_ADDRESS = re.compile(r"[^\s\"'<>]+")
MAX_ID = 2**31  # of PostgreSQL's integer
DELIMITERS = frozenset("\"'<>(),;= \t\r\n")
MAX_HOST = 300  # characters before the path


def find_all(body):
    """Return the ids of all files that a body may show, on whatever host and with any query.

    For the fingerprint: a file too many does no harm. ``find`` is for those that are replaced.
    """
    found = ANY_IN_PATH.findall(body)
    for address in ANY_ADDRESS.findall(body) if "/web/" in body else ():
        if "/web/image" in address or "/web/content" in address:
            found += ANY_IN_QUERY.findall(address)
    return {number for number in map(int, found) if number < MAX_ID}


def find(body, base_url):
    """Return {id of a file: set of the access tokens in its addresses}.

    :param base_url: of this database, without a slash at its end; addresses on other hosts are none
    """
    found = {}
    for address in ADDRESS.finditer(body):
        place = _find_id(body, address, base_url)
        if place:
            found.setdefault(int(place[1]), set()).update(TOKEN.findall(address[0]))
    return found


def replace(body, base_url, files):
    """Return the body with other files in its addresses.

    :param files: {id of a file: (id of the file in its place, access token)}
    """

    def change(address):
        place = _find_id(body, address, base_url)
        if not place or int(place[1]) not in files:
            return address[0]
        number, token = files[int(place[1])]
        changed = f"{address[0][: place.start(1)]}{number}{address[0][place.end(1) :]}"
        if TOKEN.search(changed):
            return TOKEN.sub(token, changed)
        path, sharp, fragment = changed.partition("#")
        joint = "&amp;" if "?" in path else "?"
        return f"{path}{joint}access_token={token}{sharp}{fragment}"

    return ADDRESS.sub(change, body)


def _find_id(body, address, base_url):
    """Return the match of the id in an address, None when it is no file of this database."""
    if _get_host(body, address.start()) not in ("", base_url):
        return None
    if place := IN_PATH.match(address[0]):
        return place
    if OTHER_MODEL.search(address[0]) or not address[0].partition("?")[0].endswith(
        ("/image", "/content")
    ):
        return None
    return IN_QUERY.search(address[0])


def _get_host(body, start):
    """Return what stands before the path of an address, back to the quotation mark or the like."""
    end = start
    while start > max(0, end - MAX_HOST) and body[start - 1] not in DELIMITERS:
        start -= 1
    return body[start:end]
