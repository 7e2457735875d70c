from odoo.tools import SQL

TABLES = {
    "partner_mailing_pace": "partner_mailing_rate_limit",
    "partner_mailing_grant": "partner_mailing_reservation",
}
COLUMNS = {
    "partner_mailing_reservation": {"pace_id": "rate_limit_id"},
    "partner_mailing_counter": {
        "hold_kind": "wait_reason",
        "hold_until": "wait_until",
        "trouble_words": "fault_words",
        "trouble_count": "fault_count",
    },
}
# Fields that people may have in views, filters and exports of their own.
FIELDS = {
    "hold_kind": "wait_reason",
    "hold_until": "wait_until",
    "trouble_text": "fault_text",
}
# Views of the addon are validated one by one while others are still old, and those that people have
# customised stay.
NAMES_IN_VIEWS = FIELDS | {
    "action_leave_out_all": "action_exclude_all",
    "action_take_back_all": "action_include_all",
    "action_leave_out": "action_exclude",
    "action_take_back": "action_include",
    "partner_mailing_road": "partner_mailing_checklist",
}


def migrate(cr, version):
    """Give tables and columns the names that the models have since; their content stays.

    What a server was sent counts against its limits for a day, so it must not be lost.
    """
    for old, new in TABLES.items():
        if exists(cr, old):
            rename_table(cr, old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            if exists(cr, table, old):
                cr.execute(
                    SQL(
                        "ALTER TABLE %s RENAME COLUMN %s TO %s",
                        SQL.identifier(table),
                        SQL.identifier(old),
                        SQL.identifier(new),
                    )
                )
    if exists(cr, "partner_mailing_counter", "wait_reason"):
        cr.execute(
            "UPDATE partner_mailing_counter SET wait_reason = 'rate_limit'"
            " WHERE wait_reason = 'pace'"
        )
    rename_in_views(cr)
    rename_in_filters_and_exports(cr)
    if exists(cr, "partner_mailing_approval", "content"):
        # Yes and No of these were written in lower case.
        cr.execute(
            """
            UPDATE partner_mailing_approval
               SET content = content || jsonb_build_object(
                       'track_opens', initcap(content ->> 'track_opens'),
                       'track_clicks', initcap(content ->> 'track_clicks'))
             WHERE content ? 'track_opens'
            """
        )


def rename_in_views(cr):
    """Give views of mailings the new names, also those that people have customised."""
    patterns = {rf"\m{old}\M": new for old, new in NAMES_IN_VIEWS.items()}
    # A word of English: only where it is the whole value of an attribute, or of an expression in it.
    patterns[r"""(?<=["'])road(?=\\?["'])"""] = "checklist"
    for pattern, new in patterns.items():
        cr.execute(
            "UPDATE ir_ui_view SET arch_db = regexp_replace(arch_db::text, %s, %s, 'g')::jsonb"
            " WHERE model LIKE 'partner.mailing%%' AND arch_db::text ~ %s",
            [pattern, new, pattern],
        )


def rename_in_filters_and_exports(cr):
    """Give filters that people have saved, and their lists of fields to export, the new names."""
    cr.execute(
        "UPDATE ir_filters SET domain = regexp_replace(domain, %s, %s, 'g')"
        r" WHERE model_id LIKE 'partner.mailing%%' AND domain ~ '\mhold_kind\M'",
        [r"""(['"])pace\1""", r"\1rate_limit\1"],
    )
    for old, new in FIELDS.items():
        pattern = rf"\m{old}\M"
        for column in map(SQL.identifier, ("domain", "context", "sort")):
            cr.execute(
                SQL(
                    "UPDATE ir_filters SET %s = regexp_replace(%s, %s, %s, 'g')"
                    " WHERE model_id LIKE 'partner.mailing%%' AND %s ~ %s",
                    column,
                    column,
                    pattern,
                    new,
                    column,
                    pattern,
                )
            )
        cr.execute(
            "UPDATE ir_exports_line line SET name = regexp_replace(line.name, %s, %s)"
            " FROM ir_exports list WHERE list.id = line.export_id"
            " AND list.resource LIKE 'partner.mailing%%' AND line.name ~ %s",
            [pattern, new, pattern],
        )


def exists(cr, table, column=None):
    """Tell whether a table, or a column of it, is there."""
    cr.execute(
        "SELECT FROM information_schema.columns WHERE table_schema = current_schema"
        " AND table_name = %s AND (%s IS NULL OR column_name = %s)",
        [table, column, column],
    )
    return bool(cr.rowcount)


def rename_table(cr, old, new):
    """Rename a table with its sequence and primary key; Odoo makes other indexes and keys anew."""
    cr.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", [old]
    )
    for (name,) in cr.fetchall():
        cr.execute(
            SQL("ALTER TABLE %s DROP CONSTRAINT %s", SQL.identifier(old), SQL.identifier(name))
        )
    cr.execute(
        "SELECT indexrelid::regclass::text FROM pg_index"
        " WHERE indrelid = %s::regclass AND NOT indisprimary",
        [old],
    )
    for (name,) in cr.fetchall():
        cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
    for kind, end in (("INDEX", "_pkey"), ("SEQUENCE", "_id_seq"), ("TABLE", "")):
        cr.execute(
            SQL(
                f"ALTER {kind} IF EXISTS %s RENAME TO %s",
                SQL.identifier(f"{old}{end}"),
                SQL.identifier(f"{new}{end}"),
            )
        )
