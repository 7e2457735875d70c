from odoo.exceptions import ValidationError

from ..tools import file_name
from ..tools.blank import describe_characters
from ..tools.link_days import MAX_DAYS, MIN_DAYS
from ..tools.markup import has_open_tags, measure_depth
from ..transport.file_links import name_size
from .files import get_body_fields

MEGABYTE = 1024 * 1024
BASE64_LINE = 76  # characters in a line, without CRLF (RFC 2045, section 6.8)

# Levels of elements in a body. Odoo's QWeb compiles a level with several calls, and Python allows a
# thousand; newsletters with tables in tables have 30 or 40.
MAX_DEPTH = 80


def check_bodies(mailing, vals):
    """Refuse bodies among the values that are written; see ``check_nesting``."""
    for name in get_body_fields(mailing):
        if isinstance(body := vals.get(name), str):
            check_nesting(mailing, name, body)


def check_nesting(mailing, name, body):
    """Refuse a body that Odoo's parsers cannot bear, or nested more deeply than QWeb compiles.

    :param mailing: a ``partner.mailing`` record, perhaps empty
    :param name: of the field
    :raises ValidationError: names the field, the depth and what to do
    """
    env = mailing.env
    label = mailing._fields[name]._description_string(env)
    if has_open_tags(body):
        raise ValidationError(
            env._(
                'In the field "%(field)s" many tags do not end. Insert the text without its'
                " formatting.",
                field=label,
            )
        )
    if (depth := measure_depth(body)) > MAX_DEPTH:
        raise ValidationError(
            env._(
                'In the field "%(field)s" elements stand in each other %(depth)s levels deep; at'
                " most %(most)s are possible. Insert the text without its formatting.",
                field=label,
                depth=depth,
                most=MAX_DEPTH,
            )
        )


def describe_blank_subject(mailing, subject, lang=None):
    """Return a sentence that names the field, in its language, and the characters in it."""
    env = mailing.env
    language = env["res.lang"]._get_data(code=lang or env.lang or "en_US")
    return env._(
        'The field "%(field)s" of the mailing "%(mailing)s" (%(language)s) holds "%(value)s", which'
        " is nothing but blanks (%(characters)s): recipients would see a message without a"
        " subject. Write a subject.",
        field=mailing._fields["subject"]._description_string(env),
        mailing=mailing.name,
        language=language.name or lang,
        value=subject,
        characters=describe_characters(subject),
    )


def check_message_size(mailing):
    """Refuse a message that is larger than the mail server takes.

    :raises ValidationError: with both sizes
    """
    env = mailing.env
    size, files = measure_message(mailing)
    if size < MEGABYTE:
        return  # every server takes that, so the server is not looked up
    server, _terms = mailing._get_server_and_terms()
    limit = server._get_max_email_size()
    if size > limit * MEGABYTE:
        raise ValidationError(
            env._(
                'The message of the mailing "%(mailing)s" is too large: the files in the field'
                ' "%(field)s" have %(files).1f MB, and encoded with them the message has'
                ' %(size).1f MB. The mail server "%(server)s" takes %(limit).1f MB at most.'
                " Remove or shrink files, or send them as links: tick As a Link below a file.",
                mailing=mailing.name,
                field=mailing._fields["attachment_ids"]._description_string(env),
                files=sum(files.mapped("file_size")) / MEGABYTE,
                size=size / MEGABYTE,
                server=server.name or env._("Default"),
                limit=limit,
            )
        )


def measure_message(mailing):
    """Return ``(size, files)``: of a message in bytes, and the files that are attached to it."""
    files = mailing.sudo().attachment_ids.filtered(lambda file: not file.partner_mailing_as_link)
    size = sum(encoded_size(file.file_size) for file in files)
    # The body is sent as HTML and, shorter, as text.
    return size + 2 * len((mailing.body_html or "").encode()), files


def describe_size(mailing):
    """Return ``size`` and ``limit`` of the message in bytes, and ``text``, both in words."""
    size, _files = measure_message(mailing)
    server, _terms = mailing._get_server_and_terms()
    limit = server._get_max_email_size() * MEGABYTE
    return {
        "size": size,
        "limit": int(limit),
        "text": mailing.env._(
            "%(size)s of %(limit)s; larger files become links.",
            size=name_size(mailing.env, size),
            limit=name_size(mailing.env, limit),
        ),
    }


def encoded_size(octets):
    """Return how many octets a file of ``octets`` has in a message, as base64 with line breaks."""
    encoded = (octets + 2) // 3 * 4
    return encoded + (encoded + BASE64_LINE - 1) // BASE64_LINE * 2


def check_file_name(env, name):
    """Raise for the name of a file that looks like another kind of file than it is.

    :raises ValidationError: names the file
    """
    problem = file_name.find_problem(name)
    if problem == file_name.HIDDEN:
        shown = "".join("?" if file_name.is_hidden(char) else char for char in name)
        raise ValidationError(
            env._(
                'The name of the file "%s" holds a line break or another invisible sign'
                " (shown as ?), which mail programs refuse or show as something else."
                " Rename the file and attach it again.",
                shown,
            )
        )
    if problem:
        raise ValidationError(
            env._(
                'The name of the file "%s" looks like that of another kind of file: it has two'
                " extensions, or blanks that move the last one out of sight. Rename the file and"
                " attach it again.",
                " ".join(name.split()),
            )
        )


def check_link_days(mailing):
    """Refuse a number of days for links to files that is too small or too large.

    :raises ValidationError: names the field and the limits
    """
    if not MIN_DAYS <= mailing.link_days <= MAX_DAYS:
        raise ValidationError(
            mailing.env._(
                '"%(field)s" of the mailing "%(mailing)s" is %(number)s; it must be from'
                " %(least)s to %(most)s.",
                field=mailing._fields["link_days"]._description_string(mailing.env),
                mailing=mailing.name,
                number=mailing.link_days,
                least=MIN_DAYS,
                most=MAX_DAYS,
            )
        )


def describe_copies(mailing):
    """Return how many copies of messages there will be, in words, or False."""
    copies = set(mailing._get_transport().read_copies())
    if mailing.copy_policy != "each" or not copies:
        return False
    if not mailing.recipient_count:
        return mailing.env._(
            "Each recipient's message makes %s copies: load the recipients to see how many in all.",
            len(copies),
        )
    return mailing.env._(
        "That makes %(total)s copies: %(copies)s of each of %(recipients)s messages.",
        total=f"{len(copies) * mailing.recipient_count:,}",
        copies=len(copies),
        recipients=f"{mailing.recipient_count:,}",
    )
