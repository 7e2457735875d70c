"""Tells requests of programs from those of persons, by the headers of the request.

A request for a picture or a link of a mail counts as opening or clicking only when a person made
it. Scanners load them before the mail is in the mailbox. Those that identify themselves are
recognized here; most send the user agent of a browser, and the caller recognizes them by the time
of the request, seconds after delivery.

Requests of proxies that count as a person's:

* Gmail and Yahoo load a picture through their proxies when the message is opened (Google Workspace
  Admin Help, "Set up an image URL proxy allowlist"; user agents ``GoogleImageProxy`` and
  ``YahooMailProxy``).

Requests of a mail program that do not count:

* Apple's Mail Privacy Protection loads every picture in the background, whether the message is read
  or not (Apple Platform Security, "Mail Privacy Protection"). Its user agent is ``Mozilla/5.0`` and
  nothing else, which no browser sends.

The lists on the Python package index are for web sites and wrong for mail: ``crawlerdetect`` 0.4.2
and ``crawler-user-agents`` 1.67 take the proxies of Gmail and Yahoo for crawlers, ``crawlerdetect``
also Outlook itself, so that their openings would not count. By name each of them recognizes one of
the 16 mail filters below, and neither recognizes Apple's proxy.
"""

import re

# Scanners load pictures and links at once; a reader takes longer than so many seconds after
# delivery.
MACHINE_SECONDS = 10
# Parts of the user agent in lower case, by the source that documents them.
MACHINES = (
    # Crawlers: robots.txt (RFC 9309, section 2.2.1) and the pages of the programs.
    "bot", "crawler", "spider", "slurp", "archiver", "facebookexternalhit", "whatsapp", "preview",
    # Mail filters: the documentation of the products on how they check links.
    "barracuda", "mimecast", "proofpoint", "symantec", "trendmicro", "trend micro", "fortiguard",
    "sophos", "cisco", "ironport", "zscaler", "bitdefender", "kaspersky", "eset", "spamassassin",
    "rspamd", "safelinks", "scanner", "virustotal",
    # Libraries and programs, by their default user agent.
    "python", "curl/", "wget/", "libwww", "go-http-client", "java/", "okhttp", "apache-httpclient",
    "axios", "node-fetch", "guzzle", "php/", "ruby", "perl", "headlesschrome", "phantomjs",
)  # fmt: skip
# Their names contain a word from above, but they act for a person.
PERSONS = ("googleimageproxy", "yahoomailproxy")

_is_machine = re.compile("|".join(map(re.escape, MACHINES))).search
_BARE = ("", "mozilla/5.0")


def is_machine(user_agent, method="GET", purpose=""):
    """Tell whether a program made a request, not a person.

    :param user_agent: value of the header ``User-Agent``, or None
    :param purpose: value of the header ``Sec-Purpose`` or ``Purpose``; ``prefetch`` when a browser
        loads a page in advance (Fetch standard)
    """
    name = (user_agent or "").strip().lower()
    if method != "GET" or "prefetch" in purpose.lower() or name in _BARE:
        return True
    if any(proxy in name for proxy in PERSONS):
        return False
    return bool(_is_machine(name))
