"""What the addon has in a database: what hangs on its tables, and the records of its data."""

# All that the addon has in a database: tables and what hangs on them, and records of its own data.
SCHEMA = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
         WHERE table_name LIKE 'partner_mailing%' OR column_name LIKE 'partner_mailing%'""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conrelid::regclass::text LIKE 'partner_mailing%' AND contype <> 'n'""",
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
         WHERE tablename LIKE 'partner_mailing%' OR indexdef LIKE '%partner_mailing%'""",
    "triggers": """
        SELECT event_object_table, trigger_name, event_manipulation
          FROM information_schema.triggers WHERE trigger_name LIKE '%partner_mailing%'""",
    "functions": "SELECT proname FROM pg_proc WHERE proname LIKE '%partner_mailing%'",
    "sequences": "SELECT relname FROM pg_class WHERE relkind = 'S' AND relname LIKE '%partner_mailing%'",
}
# Which addon a field of a mixin is named after depends on what was loaded first; the columns say
# what there is.
RECORDS = """
    SELECT model, name FROM ir_model_data WHERE module = 'mass_mailing_lite'
       AND model NOT IN ('ir.model.fields', 'ir.model.fields.selection', 'ir.model.inherit')"""


def schema(tools, name):
    """Return {kind of object: [what names and describes each]} of a database."""
    return {
        what: sorted(map(tuple, tools.server.sql(statement, name)))
        for what, statement in SCHEMA.items()
    }


def records(tools, name):
    """Return {(model, name)} of the addon's data in a database."""
    return {tuple(row) for row in tools.server.sql(RECORDS, name)}
