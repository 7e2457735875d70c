"""Figures: what was measured, what is wanted, and whether it is met."""

import json
import os
import platform
import re
from pathlib import Path
from typing import NamedTuple

from devtools.console import say, table


class Figure(NamedTuple):
    """One figure of a measurement.

    :ivar measured: the value, in ``unit``
    :ivar goal: what the value is to be at least, or at most; ``None`` for a figure that explains
        others
    """

    name: str
    measured: float
    unit: str = ""
    goal: float | None = None
    is_limit: bool = False
    detail: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; ``None`` without a goal."""
        if self.goal is None:
            return None
        return self.measured <= self.goal if self.is_limit else self.measured >= self.goal

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Name, value, goal, whether it is met, and detail, to be printed."""
        goal = "" if self.goal is None else f"{'≤' if self.is_limit else '≥'} {self.goal:,g}"
        met = {None: "", True: "met", False: "NOT MET"}[self.met]
        return self.name, f"{_short(self.measured)} {self.unit}".strip(), goal, met, self.detail


class Figures:
    """The figures of one measurement, in order; each is printed as soon as it is known."""

    def __init__(self):
        self.rows: list[Figure] = []

    def at_least(self, name, measured, goal, unit="", detail=""):
        """Add a value that is to be ``goal`` or more."""
        self._add(Figure(name, measured, unit, goal, False, detail))

    def at_most(self, name, measured, goal, unit="", detail=""):
        """Add a value that is to be ``goal`` or less."""
        self._add(Figure(name, measured, unit, goal, True, detail))

    def inform(self, name, measured, unit="", detail=""):
        """Add a value without a goal, which explains the others."""
        self._add(Figure(name, measured, unit, detail=detail))

    def _add(self, figure):
        self.rows.append(figure)
        name, value, goal, met, detail = figure.cells
        say("  " + " · ".join(filter(None, (f"{name}: {value}", f"{goal} {met}".strip(), detail))))


def summarize(measured, file=None):
    """Print one table of all figures, and return whether all goals are met.

    :param measured: {name of the measurement: its ``Figures``}
    :param file: path to write machine and figures to, as JSON
    """
    rows = [(name, figure) for name, figures in measured.items() for figure in figures.rows]
    machine = describe_machine()
    say(f"\n{machine}\n")
    table(
        [[name, *figure.cells] for name, figure in rows],
        ("measurement", "figure", "measured", "goal", "", "detail"),
    )
    with_goal = [figure for _name, figure in rows if figure.met is not None]
    say(f"\n{sum(figure.met for figure in with_goal)} of {len(with_goal)} goals are met.")
    if file:
        listed = [
            {"measurement": name, **figure._asdict(), "met": figure.met} for name, figure in rows
        ]
        Path(file).write_text(json.dumps({"machine": machine, "figures": listed}, indent=2) + "\n")
        say(f"The figures are in {file}.")
    return all(figure.met for figure in with_goal)


def describe_machine():
    """Return one line: processor, cores, memory, system, Python."""
    model = _find(r"model name\s*:\s*(.+)", "/proc/cpuinfo") or platform.machine()
    memory = int(_find(r"MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 1024**2
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}"
    )


def _find(pattern, file):
    """Return what the first group of a pattern matches in a file, ``None`` where there is none."""
    try:
        found = re.search(pattern, Path(file).read_text())
    except OSError:
        return None
    return found and found[1].strip()


def _short(value):
    """Return a number with three digits that count, or whole from a hundred on."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
