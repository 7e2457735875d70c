"""What the developer sees: one line a step, a progress bar, and failures as one sentence."""

import sys
import time
from contextlib import contextmanager


class Failure(Exception):
    """An expected failure. Its text is one sentence that says what is wrong and what to do."""


def say(text=""):
    """Print one line at once, also when the output is a pipe."""
    print(text, flush=True)


@contextmanager
def remedy(text):
    """Add to a failure of the block what else can be done."""
    try:
        yield
    except Failure as failure:
        raise Failure(f"{failure}\n{text}") from failure


@contextmanager
def step(text):
    """Announce work that takes more than a moment, and say afterwards how long it took."""
    say(f"· {text} …")
    began = time.monotonic()
    yield
    say(f"  {time.monotonic() - began:.0f} s")


def progress_bar(percent, text, width=30):
    """Draw one state of a progress bar; on a terminal it replaces the state before it."""
    filled = round(width * min(max(percent, 0), 100) / 100)
    line = f"[{'█' * filled}{'░' * (width - filled)}] {percent:3.0f} %  {text}"
    if sys.stdout.isatty():
        print(f"\r{line}\033[K", end="", flush=True)
    else:
        say(line)


def end_progress_bar():
    """Leave the progress bar's line, so that what follows starts on a line of its own."""
    if sys.stdout.isatty():
        say()


def table(rows, heading=None):
    """Print rows of texts in columns as wide as their widest text."""
    rows = [[str(cell) for cell in row] for row in ([heading] if heading else []) + list(rows)]
    if not rows:
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    if heading:
        rows.insert(1, ["─" * width for width in widths])
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  " + "  ".join(cells).rstrip())
