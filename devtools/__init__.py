"""What stands behind the Makefile: everything that a fresh machine needs to work on the addons.

Odoo 19, a Python environment, PostgreSQL, a browser and a local inbox are fetched or started here
without installing anything into the system. The modules up to the Python environment use the
standard library alone, so that `python3 -m devtools` runs on a machine with nothing prepared.
"""
