"""Finds the regular expressions of all addons in their source, and inputs that hurt them.

A pattern hurts when a part that repeats may end in many places, and what follows fails: then each
of these places is tried, or each place where the match could begin. So an input is what leads to
the part, many signs that it takes, and a sign that it does not take.
"""

import ast
import builtins
import importlib
import re
from pathlib import Path
from typing import NamedTuple

try:
    from re import _constants as sre
    from re import _parser as sre_parse
except ImportError:  # Python 3.10
    import sre_constants as sre
    import sre_parse

ROOT = Path(__file__).parents[2]
METHODS = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
LARGE = 100  # repetitions of a part from which it is attacked
TAILS = ("", "\n", "\0", "!", " ", ">", '"')
SIGNS = " \n\ta0-._<>{}\"'@,;()[]\\/=?|:&%#!*$é"


class Found(NamedTuple):
    """A pattern of the source, as it is used."""

    where: str
    pattern: re.Pattern
    method: str


def find_patterns():
    """Return all patterns in the addons, each with each method by which it is used."""
    files = [
        file
        for addon in sorted(ROOT.glob("mass_mailing_lite*"))
        for file in sorted(addon.rglob("*.py"))
        if not {"tests", "migrations"} & set(file.relative_to(addon).parts[:-1])
    ]
    trees = {file: ast.parse(file.read_text()) for file in files}
    uses = {}
    for file, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                name = _last_name(node.value) or ""
                # A name that is not private may be used in another module.
                place = file if name.startswith("_") else None
                uses.setdefault((place, name), set()).add(node.attr)
    found = []
    for file, tree in trees.items():
        names = _Names(file)
        for statement in tree.body:
            names.learn(statement)
        for node, target, method in _calls(tree):
            where = f"{file.relative_to(ROOT)}:{node.lineno}"
            pattern = names.compile(node, where)
            place = file if (target or "").startswith("_") else None
            methods = {method} if method else uses.get((place, target)) or {"search", "fullmatch"}
            found += [Found(where, pattern, one) for one in sorted(methods)]
    return found


def count_calls():
    """Return how many lines of the addons speak of ``re``, found without their syntax."""
    count = 0
    for addon in ROOT.glob("mass_mailing_lite*"):
        for file in addon.rglob("*.py"):
            if not {"tests", "migrations"} & set(file.relative_to(addon).parts[:-1]):
                count += len(
                    re.findall(r"\bre\.(?:compile|" + "|".join(METHODS) + r")\(", file.read_text())
                )
    return count


def _last_name(node):
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _calls(tree):
    """Yield (call of ``re``, name that it is assigned to, method where it is known)."""
    targets, methods = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            value = node.value
            if isinstance(value, ast.Attribute) and value.attr in METHODS:
                methods[value.value] = value.attr
                value = value.value
            targets[value] = _last_name(node.targets[0])
        elif isinstance(node, ast.Attribute) and node.attr in METHODS:
            methods.setdefault(node.value, node.attr)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if _last_name(node.func.value) != "re":
            continue
        if node.func.attr == "compile":
            yield node, targets.get(node), methods.get(node)
        elif node.func.attr in METHODS:
            yield node, None, node.func.attr


class _Known(str):
    """A text of which only this much is known."""

    def __getattr__(self, name):
        return _Known("x")


class _Names(dict):
    """What names stand for at the top of a module; others are a text that is known when it runs."""

    def __init__(self, file):
        super().__init__(re=re)
        parts = file.relative_to(ROOT).with_suffix("").parts
        self.package = parts[1:-1] if parts[0] == "mass_mailing_lite" else None

    def __missing__(self, name):
        if hasattr(builtins, name):
            raise KeyError(name)
        return _Known("x")

    def learn(self, statement):
        if isinstance(statement, ast.ImportFrom) and statement.level and self.package is not None:
            base = self.package[: len(self.package) - statement.level + 1]
            module = ".".join((*base, *filter(None, [statement.module])))
            if module.split(".")[0] in ("delivery", "tools"):
                for alias in statement.names:
                    module_of = importlib.import_module(f"addon.{module}")
                    self[alias.asname or alias.name] = getattr(module_of, alias.name, "x")
        elif isinstance(statement, (ast.Assign, ast.FunctionDef)):
            try:
                exec(  # noqa: S102
                    compile(ast.Module([statement], []), "source", "exec"), _globals(self), self
                )
            except Exception:  # what needs Odoo is in no pattern
                return

    def compile(self, call, where):
        """Return the pattern of a call of ``re``."""
        flags = [word.value for word in call.keywords if word.arg == "flags"]
        if call.func.attr == "compile" and len(call.args) > 1:
            flags.append(call.args[1])
        source, *flags = (
            eval(compile(ast.Expression(node), where, "eval"), _globals(self), self)  # noqa: S307
            for node in (call.args[0], *flags)
        )
        return re.compile(source, *(flag for flag in flags if isinstance(flag, int)))


def _globals(names):
    return {"__builtins__": builtins, **names}


# Attacks


def make_attacks(pattern):
    """Return (lead, sign that repeats, tail) of inputs that may hurt a pattern."""
    tree = sre_parse.parse(pattern.pattern, pattern.flags & ~re.DEBUG & ~re.LOCALE)
    literals = sorted(set(_literals(tree)))
    signs = list(dict.fromkeys([*SIGNS, *literals]))[:70]
    attacks = {}
    for lead, body in _repeats(tree, ""):
        taken = [sign for sign in signs if _takes(body, sign, pattern.flags)]
        pumps = [_sample(body), *taken]
        for pump in dict.fromkeys(filter(None, pumps[:9])):
            for tail in TAILS[:4]:
                attacks[lead, pump, tail] = True
            if lead:
                attacks["", lead + pump, "\0"] = True
        if lead:
            attacks["", lead, ""] = attacks["", lead, "\0"] = True
    whole = _sample(tree)
    for piece in (whole, whole[:-1], whole[1:]):
        if piece:
            attacks["", piece, "\0"] = True
    for sign in literals:
        attacks["", sign, "\0"] = True
    return list(attacks)


def _literals(tree):
    for kind, value in tree:
        if kind is sre.LITERAL:
            yield chr(value)
        for inner in _inner(kind, value):
            yield from _literals(inner)


def _inner(kind, value):
    """Return the parts inside a node."""
    name = str(kind)
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "BRANCH":
        return value[1]
    if name == "GROUPREF_EXISTS":
        return [part for part in value[1:] if part is not None]
    if name == "ATOMIC_GROUP":
        return [value]
    return []


def _repeats(tree, lead):
    """Yield (what leads to it, body) of each part that repeats often."""
    for kind, value in tree:
        if str(kind).endswith("_REPEAT") and value[1] >= LARGE:
            yield lead, value[2]
        for inner in _inner(kind, value):
            yield from _repeats(inner, lead)
        lead += _sample([(kind, value)])


def _takes(body, sign, flags):
    """Tell whether a part of one sign takes this one."""
    try:
        return bool(_compiled(body, flags).fullmatch(sign))
    except (re.error, ValueError):
        return False


def _compiled(body, flags):
    if len(body) == 1 and str(body[0][0]) in ("IN", "LITERAL", "NOT_LITERAL", "ANY"):
        pattern = sre_parse.SubPattern(body.state, list(body))
        return _sre_compile(pattern, flags)
    raise ValueError


def _sre_compile(parsed, flags):
    try:
        from re import _compiler as compiler
    except ImportError:
        import sre_compile as compiler
    parsed.state.str = ""
    return compiler.compile(parsed, flags & re.IGNORECASE & ~re.VERBOSE)


def _sample(tree):
    """Return a short text that a part matches, as far as that is easily said."""
    return "".join(_sample_one(kind, value) for kind, value in tree)


def _sample_one(kind, value):
    name = str(kind)
    if name == "LITERAL":
        return chr(value)
    if name == "IN":
        return next((sign for sign in "a0 -x<\n\"'(/@.=A" + SIGNS if _is_in(value, sign)), "")
    if name == "NOT_LITERAL":
        return "b" if chr(value) == "a" else "a"
    if name == "ANY":
        return "a"
    if name.endswith("_REPEAT"):
        return _sample(value[2]) * max(value[0], 1 if value[1] else 0)
    if name == "SUBPATTERN":
        return _sample(value[3])
    if name == "BRANCH":
        return _sample(value[1][0])
    if name == "ATOMIC_GROUP":
        return _sample(value)
    if name == "GROUPREF":
        return '"'
    return ""


def _is_in(items, sign):
    code, result = ord(sign), False
    for kind, value in items:
        name = str(kind)
        if name == "LITERAL":
            result |= code == value
        elif name == "RANGE":
            result |= value[0] <= code <= value[1]
        elif name == "CATEGORY":
            word = str(value).removeprefix("CATEGORY_")
            test = {"DIGIT": str.isdigit, "SPACE": str.isspace, "WORD": _is_word}
            result |= test[word.removeprefix("NOT_")](sign) != word.startswith("NOT_")
    return result != (str(items[0][0]) == "NEGATE")


def _is_word(sign):
    return sign.isalnum() or sign == "_"
