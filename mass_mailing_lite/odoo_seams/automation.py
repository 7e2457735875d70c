"""Automation rules (``base_automation``) and tracking, both of which hang on ``write``."""


def is_watched(contacts):
    """Tell whether a change of tags must go through ``write``: automation rules, or tracking.

    ``write`` takes seven statements. Automation rules replace it on the model's class and keep
    what was there as the new method's ``origin``.

    :param contacts: ``res.partner`` records
    """
    return hasattr(type(contacts).write, "origin") or "category_id" in contacts._track_get_fields()
