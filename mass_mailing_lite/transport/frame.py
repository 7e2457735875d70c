"""The frame of a message: the layout of its mailing, in one language, with the company's data.

A frame is HTML with one place for the body. Beside it only plain placeholders and personal links
are left, so the compiled message has its frame as segments, as it has the body.
"""

from markupsafe import escape

from odoo.exceptions import UserError

from ..tools import layout, local_file
from ..tools.placeholder import HTML, UnsupportedTemplate, substitute_placeholders


def get_frame(mailing):
    """Return the frame in the language of the mailing's environment; "" without a layout.

    Of what was submitted it is the one that was kept then: a later change of the layout changes no
    message, and not what "View in Browser" shows of one that has left.
    """
    if not mailing.layout_id:
        return ""
    mailing = mailing.sudo()
    frames = mailing.state != "draft" and mailing.frames
    if frames:
        return frames.get(mailing.env.lang) or frames.get(mailing.main_lang) or ""
    return render(mailing)


def render(mailing):
    """Return the frame as the layout is now.

    :raises UserError: when the layout cannot be rendered
    """
    mailing = mailing.sudo()
    used = mailing.layout_id
    try:
        return used._render_frame(mailing.company_id, mailing.has_unsubscribe)
    except UserError:
        raise
    except Exception as error:  # of QWeb, which evaluates what template editors wrote
        raise UserError(
            mailing.env._(
                'The layout "%(name)s" cannot be used: %(error)s', name=used.name, error=error
            )
        ) from error


def make_frames(mailing, copy_pictures):
    """Return {language code: frame} to keep with what is submitted; False without a layout.

    Pictures of the layout are copied: those that a message has are files of its mailing, which
    never change once it was validated.

    :param copy_pictures: callable, {id of a file: access tokens in its addresses} -> {id: (id of the
        mailing's own, access token)}
    """
    if not mailing.layout_id:
        return False
    frames, shown = {}, {}
    base_url = mailing.get_base_url().rstrip("/")
    for lang, _name in mailing.env["res.lang"].get_installed():
        frames[lang] = frame = render(mailing.with_context(lang=lang))
        for number, tokens in local_file.find(frame, base_url).items():
            shown.setdefault(number, set()).update(tokens)
    replaced = copy_pictures(shown)
    return {lang: local_file.replace(frame, base_url, replaced) for lang, frame in frames.items()}


def insert_body(mailing, frame, body, marker_for):
    """Return the body in its frame, as HTML with a slot for each placeholder of the frame.

    :param str body: HTML with absolute addresses and slot markers
    :param marker_for: callable, slot -> its slot marker
    """
    allowed = frozenset(mailing.env["res.partner"].mail_allowed_qweb_expressions())
    try:
        before, after = (
            substitute_placeholders(part, HTML, allowed, marker_for)
            for part in layout.split_frame(mailing._get_html(frame))
        )
    except (layout.LayoutError, UnsupportedTemplate) as error:
        # Checked when it was saved; an addon with a placeholder may have been removed since.
        raise UserError(
            mailing.env._(
                'The layout "%(name)s" cannot be used: %(error)s',
                name=mailing.sudo().layout_id.name,
                error=error,
            )
        ) from error
    if layout.has_logo(frame):
        # Templates begin with the logo; a message shows it once.
        body = layout.remove_logo(body)
    return f"{before}{body}{after}"


def fill_frame(mailing, body, contact):
    """Return a body that was rendered for a contact in its frame, for people who look at it."""
    frame = get_frame(mailing)
    if not frame:
        return body

    def read(placeholder):
        return str(escape(mailing._make_reader(placeholder)(contact, None)))

    return insert_body(mailing, frame, body, read)
