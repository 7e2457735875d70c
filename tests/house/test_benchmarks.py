"""How `make bench` sums up; the measurements themselves take an hour."""

import importlib
import json
from types import SimpleNamespace

from benchmarks import run
from benchmarks._figures import Figures
from devtools.console import Failure


def test_measurement_that_cannot_be_made_loses_no_figure_of_the_others(
    monkeypatch, capsys, tmp_path
):
    def measure(name):
        def main():
            if name == "spam":
                raise Failure("This needs SpamAssassin.")
            if name == "links":
                raise LookupError("a fault")
            figures = Figures()
            figures.at_least("rate", 5, 1)
            return figures

        return SimpleNamespace(main=main)

    load = importlib.import_module
    monkeypatch.setattr(
        importlib,
        "import_module",
        lambda name, *args: (
            measure(name.partition(".")[2]) if name.startswith("benchmarks.") else load(name, *args)
        ),
    )
    file = tmp_path / "figures.json"
    assert run.main(["spam", "links", "cost", f"--json={file}"]) == 1
    said = capsys.readouterr().out
    assert "1 of 1 goals are met." in said
    assert "Not measured: spam. This needs SpamAssassin." in said
    assert "Not measured: links. LookupError('a fault')" in said
    [figure] = json.loads(file.read_text())["figures"]
    assert (figure["measurement"], figure["met"]) == ("cost", True)
    assert run.main(["cost"]) == 0
