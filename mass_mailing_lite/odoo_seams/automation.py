"""Automation rules (``base_automation``) and tracking, which both extend ``write``."""


def is_watched(contacts):
    """Tell whether a change of tags must go through ``write``, for automation rules or tracking.

    ``write`` takes seven statements, so it is avoided where nothing depends on it. Automation rules
    replace it on the class of the model and keep the old method as ``write.origin``.

    :param contacts: ``res.partner`` records
    """
    return hasattr(type(contacts).write, "origin") or "category_id" in contacts._track_get_fields()
