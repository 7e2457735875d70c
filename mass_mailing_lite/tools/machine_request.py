"""Tells requests by machines from those by people, as far as they say what they are.

Of a picture or a link in a mail a request means something only when a person made it. Scanners look
at mail on its way to the mailbox; most of them call themselves a browser, and only the moment, right
after delivery, gives them away. Those that say what they are, are told here.

Counted as a person, although a proxy asks:

* Gmail and Yahoo load a picture through their proxies when the message is opened (Google Workspace
  Admin Help, "Set up an image URL proxy allowlist"; user agents ``GoogleImageProxy`` and
  ``YahooMailProxy``).

Not counted, although a mail program asks:

* Apple's Mail Privacy Protection loads every picture in the background, whether the message is read
  or not (Apple Platform Security, "Mail Privacy Protection"). Its proxy calls itself ``Mozilla/5.0``
  and nothing else, which no browser does.
"""

import re

# By whoever documents it, in lower case; a part of the user agent's name.
MACHINES = (
    # Programs that say so, by convention: robots.txt (RFC 9309, section 2.2.1) and their own pages.
    "bot", "crawler", "spider", "slurp", "archiver", "facebookexternalhit", "whatsapp", "preview",
    # Mail filters: the products' documentation of how links are checked.
    "barracuda", "mimecast", "proofpoint", "symantec", "trendmicro", "trend micro", "fortiguard",
    "sophos", "cisco", "ironport", "zscaler", "bitdefender", "kaspersky", "eset", "spamassassin",
    "rspamd", "safelinks", "scanner", "virustotal",
    # Libraries and programs without a person, by the name that they send unless told otherwise.
    "python", "curl/", "wget/", "libwww", "go-http-client", "java/", "okhttp", "apache-httpclient",
    "axios", "node-fetch", "guzzle", "php/", "ruby", "perl", "headlesschrome", "phantomjs",
)  # fmt: skip
# Their names hold a word from above, and people stand behind them.
PEOPLE = ("googleimageproxy", "yahoomailproxy")

_is_machine = re.compile("|".join(map(re.escape, MACHINES))).search
_BARE = ("", "mozilla/5.0")


def is_machine(user_agent, method="GET", purpose=""):
    """Tell whether a request was made by a machine on its own account.

    :param user_agent: value of the header, or None
    :param purpose: value of the header ``Sec-Purpose`` or ``Purpose``: a browser that loads a page
        in advance says ``prefetch`` (Fetch standard)
    """
    name = (user_agent or "").strip().lower()
    if method != "GET" or "prefetch" in purpose.lower() or name in _BARE:
        return True
    if any(proxy in name for proxy in PEOPLE):
        return False
    return bool(_is_machine(name))
