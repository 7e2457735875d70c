"""Plain Python that needs neither Odoo nor a database."""
