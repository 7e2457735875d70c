"""What is asked of private methods of Odoo's ``utm``: names of sources, and media.

It needs ``utm.source._generate_name(record, content)``, ``utm.mixin._get_unique_names(model, names)``
with ``utm_check_skip_record_ids`` in the context, ``utm.mixin._split_name_and_count(name)``,
``utm.mixin._find_or_create_record(model, name)``, and the external ids ``utm.utm_medium_…``.
"""

from odoo.tools.misc import clean_context


def name_source(mailing, title, lang):
    """Return the name of the source that Odoo would make from a title.

    :param mailing: a ``partner.mailing``, empty for one that is created now
    """
    # A number in square brackets is how Odoo makes names unique; it would cut the name there.
    title = title.translate({ord("["): "(", ord("]"): ")"})
    sources = mailing.env["utm.source"].with_context(lang=lang)
    return sources._generate_name(mailing.with_context(lang=lang), title)


def is_named(source, name):
    """Tell whether a source has a name, maybe with the number that makes it unique."""
    return source.env["utm.mixin"]._split_name_and_count(source.name)[0] == name


def rename(source, name):
    """Give a source a name, with a number where another one has it."""
    names = source.env["utm.mixin"].with_context(utm_check_skip_record_ids=source.ids)
    [source.name] = names._get_unique_names(source._name, [name])


def create_sources(env, names):
    """Return a new source for each name, with a number where another one has it."""
    sources = env["utm.source"].sudo().with_context(**clean_context(env.context))
    return sources.create([{"name": name} for name in names])


def find_medium(env, channel, label):
    """Return the medium of a channel: ``email`` is Odoo's *Email*; one that is missing is made.

    :param label: of the channel, in English: the name of another medium
    """
    if medium := env.ref(f"utm.utm_medium_{channel}", raise_if_not_found=False):
        return medium.sudo(False)
    return env["utm.mixin"].sudo()._find_or_create_record("utm.medium", label)
