"""The country of a phone number, from its first digits (ITU-T E.164).

Most calling codes belong to one country. Of those that several share, the digits behind the code
tell them apart: +1 204 is Canada, +7 7 is Kazakhstan. They are read by the library ``phonenumbers``, which
Odoo uses too, where it is there; without it no country is known.
"""

from functools import lru_cache

try:
    import phonenumbers
except ImportError:  # optional, as for Odoo
    phonenumbers = None

#: Digits behind a calling code of several countries that say which one it is. Area codes have three;
#: of the others, mobile phones of the smaller country differ from the larger one's in four or five.
DIGITS_BEHIND = {"1": 3, "7": 4, "44": 5}
USUAL_DIGITS_BEHIND = 4
#: Signs that hold any calling code: the plus and up to three digits.
CODE_SIGNS = 4


def get_prefix_lengths() -> dict[str, int]:
    """Return {plus and calling code: signs of a number that tell the country}.

    Only of the codes that several countries share; of all others, ``CODE_SIGNS`` are enough.
    """
    if phonenumbers is None:
        return {}
    return {
        f"+{code}": 1 + len(str(code)) + DIGITS_BEHIND.get(str(code), USUAL_DIGITS_BEHIND)
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        if len(regions) > 1
    }


@lru_cache(maxsize=65536)
def get_country_code(number: str) -> str:
    """Return the ISO code of the country of a number, "" where there is none.

    :param number: in the form E.164
    """
    if phonenumbers is None:
        return ""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    code = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code
    )
    # 001 stands for networks of no country, ZZ for an unknown one.
    return code if code and code.isalpha() and code != "ZZ" else ""
