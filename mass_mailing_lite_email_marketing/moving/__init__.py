"""From Email Marketing to mailings with approval: plain classes, no models.

::

    TakeOver             take_over.py             makes a mailing of one of Email Marketing
    ForeignPlaceholders  foreign_placeholders.py  placeholders about records that are no contacts
    StockAudience        stock_audience.py        whom a mailing of Email Marketing goes to
    count_sql            figures.py               what became of its messages, counted from its traces

*Stock* is short for a mailing of Email Marketing, ``mailing.mailing``.
"""

from .figures import COUNTS, count_sql
from .foreign_placeholders import ForeignPlaceholders
from .stock_audience import StockAudience
from .take_over import TakeOver

__all__ = ["COUNTS", "ForeignPlaceholders", "StockAudience", "TakeOver", "count_sql"]
