"""Plain Python about designs; it imports nothing of Odoo."""
