"""A mistyped large provider is seen; a real domain that resembles one is left alone."""

import pytest
from addon.tools.domain_typo import OTHERS, PROVIDERS, SHORT, _get_slips, get_names, suggest
from addon.tools.free_mail import PROVIDERS as FREE_MAIL

MISTAKES = {
    "gmail.com": "gmial.com gmal.com gmai.com gamil.com gmaill.com gnail.com gmsil.com gmail.con"
    " gmail.co gmail.cm gmail.comm gmai.con ggmail.com",
    "googlemail.com": "goglemail.com googlemal.com googlemail.con",
    "hotmail.com": "hotmial.com hotmal.com hotmai.com hormail.com hotmail.con hotmail.co hitmail.com",
    "hotmail.fr": "hotmial.fr hotmal.fr",
    "hotmail.co.uk": "hotmial.co.uk",
    "outlook.com": "outlok.com outloook.com otulook.com outlook.con",
    "yahoo.com": "yahoo.con yaho.com yahho.com yhaoo.com yahooo.com yahoo.cmo",
    "icloud.com": "icoud.com iclod.com icluod.com icloud.con",
    "yandex.ru": "yandx.ru yadnex.ru",
    "t-online.de": "t-onlin.de t-onlne.de tonline.de",
    "aol.com": "aol.con",
    "gmx.com": "gmx.con",
}
REAL = """
gmx.net gmx.de gmx.at gmx.ch web.de mail.com ymail.com email.com live.com hotmail.de outlook.jp
yahoo.co.jp yahoo.com.hk rocketmail.com proton.me pm.me me.com mac.com msn.com aol.com fastmail.com
zoho.com hey.com inbox.com mail.ru list.ru bk.ru ya.ru rambler.ru ukr.net i.ua meta.ua wp.pl o2.pl
op.pl onet.pl interia.pl free.fr orange.fr sfr.fr laposte.net libero.it tiscali.it alice.it gail.com
grail.com hail.com cloud.com could.com google.com goggle.com hotel.com hotmall.com outlast.com
online.de verizon.com comcast.com ramble.ru gambler.ru example.com gmail.example yahoo.example
"""


@pytest.mark.parametrize(
    ("meant", "typed"), [(m, t) for m, ts in MISTAKES.items() for t in ts.split()]
)
def test_a_slip_of_a_finger_is_seen(meant, typed):
    assert suggest(typed) == meant
    assert typed.split(".")[0] in get_names()


@pytest.mark.parametrize("domain", REAL.split())
def test_a_real_domain_is_no_mistake(domain):
    assert suggest(domain) == ""


def test_no_domain_of_a_provider_is_a_mistake():
    own = [f"{name}.{ending}" for name, endings in PROVIDERS.items() for ending in endings]
    for domain in (*own, *(f"{name}.com" for name in SHORT)):
        assert suggest(domain) == "", domain
    for provider in FREE_MAIL:
        for domain in provider.domains:
            assert suggest(domain) == "", domain


def test_what_is_suggested_is_no_mistake_itself():
    for name in (*_get_slips(), *OTHERS):
        for ending in ("com", "con", "co", "ru", "de", "fr"):
            if found := suggest(f"{name}.{ending}"):
                assert suggest(found) == "", (name, ending)


@pytest.mark.parametrize(
    "odd", ["", ".", "com", "gmial", ".com", "gmial.", "a" * 300, "gmial..com"]
)
def test_what_is_no_domain_is_no_mistake(odd):
    assert suggest(odd) == ""
