"""How the addons are built: one model in few classes, no method that overrides itself."""

import ast
import re
from collections import defaultdict

import pytest

from devtools import paths, samples

# How many classes of one addon may describe one model.
LIMITS = {"partner.mailing": 8, "partner.mailing.recipient": 3}

# A reader sees the subject of a file at once.
MAX_LINES = 900

# Packages of plain classes, which take records and define no models.
PLAIN = ("sender", "transport", "content", "review", "preflight", "selection")

# Compared by name: what a class has once for itself, and what Odoo calls of each class.
NOT_METHODS = {"init"}


def classes(addon):
    """Yield (model, class definition, path) of the models that an addon's Python files describe."""
    for path in sorted(addon.rglob("*.py")):
        if "tests" in path.relative_to(addon).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and (model := get_model(node)):
                yield model, node, path


def get_model(node):
    """Return the name of the model that a class describes, None when it describes none."""
    values = {
        target.id: statement.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in ("_name", "_inherit")
    }
    for name in ("_name", "_inherit"):
        if isinstance(values.get(name), ast.Constant):
            return values[name].value
    return None


@pytest.fixture(params=paths.addons(), ids=lambda addon: addon.name)
def addon(request):
    return request.param


def test_a_model_has_few_classes(addon):
    found = defaultdict(list)
    for model, _node, path in classes(addon):
        found[model].append(path.name)
    many = {model: files for model, files in found.items() if len(files) > LIMITS.get(model, 1)}
    assert many == {}, "merge these classes: each describes the same model"


def test_no_file_has_a_second_subject(addon):
    sizes = {path: len(path.read_text().splitlines()) for path in addon.rglob("*.py")}
    long = {path.name: size for path, size in sizes.items() if size > MAX_LINES}
    assert long == {}, "move what is no matter of records, rights and states to a plain class"


def test_no_method_overrides_one_of_the_same_model_and_addon(addon):
    places = defaultdict(list)
    for model, node, path in classes(addon):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name not in NOT_METHODS:
                places[model, method.name].append(f"{path.name}:{method.lineno}")
    twice = {place: where for place, where in places.items() if len(where) > 1}
    assert twice == {}, "make one method of these, which names its steps in order"


@pytest.mark.parametrize("package", PLAIN)
def test_packages_of_plain_classes_are_no_models(package):
    for path in (paths.ROOT / "mass_mailing_lite" / package).glob("*.py"):
        assert not any(
            isinstance(node, ast.ClassDef) and get_model(node)
            for node in ast.walk(ast.parse(path.read_text()))
        ), path.name


def imports(path):
    """Yield the absolute name of all that a file of ``mass_mailing_lite`` imports."""
    package = path.relative_to(paths.ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: -node.level] if node.level else ()
            module = (*above, *((node.module or "").split(".") if node.module else ()))
            yield from (".".join((*module, alias.name)) for alias in node.names)


def test_imports_are_told_by_their_absolute_names(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    path = tmp_path / "addon" / "sender" / "queue.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import odoo.models\nfrom .. import models\nfrom ..models.a import B\nfrom .wait import Wait\n"
    )
    assert list(imports(path)) == [
        "odoo.models",
        "addon.models",
        "addon.models.a.B",
        "addon.sender.wait.Wait",
    ]


@pytest.mark.parametrize("package", PLAIN)
def test_packages_of_plain_classes_import_no_models(package):
    forbidden = ("odoo.models", "odoo.api", "odoo.orm", "mass_mailing_lite.models")
    types = {"odoo.models.BaseModel"}  # of annotations
    for path in (paths.ROOT / "mass_mailing_lite" / package).glob("*.py"):
        for name in set(imports(path)) - types:
            assert not f"{name}.".startswith(tuple(f"{one}." for one in forbidden)), path.name


@pytest.mark.parametrize("package", ["delivery", "tools"])
def test_delivery_and_tools_are_plain_python(package):
    """They import neither Odoo nor a part of the addon that does."""
    own = ("mass_mailing_lite.delivery.", "mass_mailing_lite.tools.")
    for path in (paths.ROOT / "mass_mailing_lite" / package).rglob("*.py"):
        for name in imports(path):
            assert name.partition(".")[0] != "odoo", path
            assert not name.startswith("mass_mailing_lite.") or f"{name}.".startswith(own), path


def test_each_reported_situation_has_a_test_that_exists():
    cases = (paths.ROOT / "tests" / "data" / "cases.md").read_text()
    rows = re.findall(r"\| `(test_\w+\.py)`: (.+) \|$", cases, re.MULTILINE)
    assert len(rows) > 50
    folders = [paths.ROOT / "tests", *(addon / "tests" for addon in paths.addons())]
    for file, name in rows:
        texts = [path.read_text() for folder in folders for path in folder.rglob(file)]
        if name.startswith("`"):
            assert any(f"def {name.strip('`')}(" in text for text in texts), (file, name)
        else:
            dirty = (paths.ROOT / "tests" / "tools" / "dirty_files.py").read_text()
            assert f'"{name}"' in dirty, (file, name)


def test_all_passages_of_the_shipped_templates_are_known_as_samples():
    missing = set(samples.find_keys()) - samples.sample.get_known_keys()
    assert not missing, "run `python3 -m devtools samples` and look at what it adds"
