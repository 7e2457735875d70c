from .designs import make_design


def get_values(favorite):
    """Return the values of a mailing of ours with the content of a favorite of Email Marketing.

    :param favorite: a ``mailing.mailing`` record, in the language whose texts are wanted
    """
    body = favorite.body_html or ""
    return {
        "subject": favorite.subject or "",
        "preview_text": favorite.preview or "",
        "body_html": body,
        "body_arch": favorite.body_arch or (body and make_design(body)),
        "editor": "builder",
    }
