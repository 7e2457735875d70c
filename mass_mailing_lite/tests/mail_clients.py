from unittest import SkipTest


def get_checker():
    """Return ``devtools.mail_clients``, which knows what mail programs support.

    :raises SkipTest: where the tests run without the repository, or its data cannot be had
    """
    try:
        from devtools import caniemail, console, mail_clients
    except ImportError as error:
        raise SkipTest(
            "The data on mail programs are fetched by the repository's tools."
        ) from error
    try:
        caniemail.find()
    except console.Failure as error:
        raise SkipTest(f"The data on mail programs cannot be had: {error}") from error
    return mail_clients
