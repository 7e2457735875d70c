"""How the addons are built: one model in few classes, no method that overrides itself."""

import ast
from collections import defaultdict

import pytest

from devtools import paths

# How many classes of one addon may describe one model.
LIMITS = {"partner.mailing": 8, "partner.mailing.recipient": 3}

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


def test_no_method_overrides_one_of_the_same_model_and_addon(addon):
    places = defaultdict(list)
    for model, node, path in classes(addon):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name not in NOT_METHODS:
                places[model, method.name].append(f"{path.name}:{method.lineno}")
    twice = {place: where for place, where in places.items() if len(where) > 1}
    assert twice == {}, "make one method of these, which names its steps in order"


@pytest.mark.parametrize("package", ["sender", "transport"])
def test_the_sender_and_the_transports_are_no_models(package):
    for path in (paths.ROOT / "mass_mailing_lite" / package).glob("*.py"):
        assert not any(
            isinstance(node, ast.ClassDef) and get_model(node)
            for node in ast.walk(ast.parse(path.read_text()))
        ), path.name


def test_the_sender_imports_nothing_of_the_orm():
    for path in (paths.ROOT / "mass_mailing_lite" / "sender").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                assert not names & {"odoo.models", "odoo.api"}, path.name
                assert not (node.module or "").startswith(("odoo.models", "odoo.orm")), path.name
                assert "models" not in (node.module or "").split("."), path.name


def test_delivery_imports_nothing_of_odoo():
    for path in (paths.ROOT / "mass_mailing_lite" / "delivery").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in [module or "", *names]:
                assert name.partition(".")[0] != "odoo", path
