"""Calls with arguments that no form would send, and what is a good answer to them.

A call is good when it returns, or is refused in words: ``UserError`` and its kinds. Anything else
is a fault, unless Odoo's own models answer the same call with a fault, too: what ``search(5)`` does
is Odoo's affair. Methods, models, fields and routes are found in the registry, so new ones are
called without a line here.

A call is made from its number and the seed alone: ``Calls.replay`` makes it again.
"""

import inspect
import json
import random
import re
import traceback
from collections import Counter
from typing import NamedTuple

import psycopg2

from odoo.exceptions import UserError
from odoo.models import MAGIC_COLUMNS
from odoo.service.model import call_kw, get_public_method
from odoo.tools import json_default

PACKAGE = "odoo.addons.mass_mailing_lite"
ADDON = "mass_mailing_lite"

MAX_SHOWN = 300  # characters of a value in a report

# Models of Odoo on which a call that failed is made again; one of each kind of our fields.
STOCK_MODELS = (
    "res.partner",
    "mail.template",
    "res.partner.category",
    "ir.filters",
    "res.country.group",
    "mail.notification",
    "base.language.export",
)
STOCK_ABSTRACT_MODELS = ("mail.thread", "mail.activity.mixin")

# Odoo's methods that reach fields of ours: called as often as methods of ours.
WITH_FIELDS = {
    "copy",
    "create",
    "default_get",
    "export_data",
    "formatted_read_group",
    "load",
    "name_create",
    "name_search",
    "onchange",
    "read",
    "read_group",
    "search",
    "search_count",
    "search_read",
    "web_name_search",
    "web_read",
    "web_read_group",
    "web_save",
    "web_search_read",
    "write",
}

TEXTS = (
    "",
    " ",
    "x",
    "0",
    "-1",
    "\x00",
    "a\x00b",
    "line\r\nbreak: x",
    "=?utf-8?q?a=0D=0ABcc:_x@example.com?=",
    "2026-02-30",
    "99999-01-01 00:00:00",
    "{{ object.name }}",
    "{{ object.name ||| ",
    '<t t-out="object.name"/>',
    "<t t-out=\"object.env['res.users']\"/>",
    "<div>" * 5000 + "x",
    "<p>" * 300 + '<img src="/web/image/99999999999999999999"/>',
    "\ud800",
    "\u202egnp.exe",
    "[('id', '=', 'x')]",
    "[('name', '=', uid)]",
    "[" * 300,
    "[('category_id', 'child_of', [[]])]",
    "[('parent_id.x', '=', 1)]",
    "('id', '=', 1)",
    "{'a': 1}",
    "1" * 5000,
    "%s %(x)s {0} {x}",
    "name:nonsense",
    "name asc, id; drop table x",
    "x" * 5000,
    "anna@example.com, boris@example.com",
    '"<@example.com',
    "https://example.com/\r\nX: y",
)
NUMBERS = (
    0, 1, -1, 2**31, -(2**31), 2**63, 10**40, 0.5, 1e308, float("nan"), float("inf"), float("-inf")
)  # fmt: skip
TYPED = ("Summer", "a@example.com", "[]", "{{ object.name }}")
FITTING = {  # by type of field
    "char": TYPED,
    "text": TYPED,
    "html": ('<p>Dear <t t-out="object.name"/></p>',),
    "integer": (0, 1, 7),
    "many2one_reference": (0, 1, 7),
    "float": (1.5,),
    "monetary": (1.5,),
    "boolean": (True, False),
    "date": ("2026-08-01",),
    "datetime": ("2026-08-01 10:00:00",),
    "binary": ("bmFtZSxlbWFpbApBLGFAZXhhbXBsZS5jb20=",),
    "json": ({"a": 1},),
}
ODD_KEYS = ("x", "self", "context", "id", "ids", "create_uid", "write_date", "display_name", "__x")
DOMAINS = (
    [("id", "=", "x")],
    [["id", "in", "x"]],
    [("id", "=", float("nan"))],
    [("id", ">", 10**40)],
    [("name", "like", 5)],
    [("name", "=", {"a": 1})],
    [("nonsense", "=", 1)],
    [("id.id.id", "=", 1)],
    [("create_date", ">", "nonsense")],
    [("create_date", ">", "99999-01-01")],
    [("id", "any", [("id", "=", "x")])],
    [("id", "nonsense", 1)],
    ["&"],
    ["!", "!", "!"],
    ["|", ("id", "=", 1)],
    [[]],
    [1],
    [("id", "=")],
    [("id", "=", [[[[]]]])],
    [("active", "=", "maybe")],
    [(1, "=", 1), (0, "=", 1)],
)
CONTEXTS = (
    {"active_ids": "x"},
    {"active_ids": [10**40], "active_model": "partner.mailing"},
    {"active_id": -1, "active_model": "nonsense", "active_domain": "x"},
    {"active_domain": [("id", "=", "x")], "active_model": "res.partner"},
    {"active_ids": [[1]], "active_model": "res.partner"},
    {"lang": "xx_XX"},
    {"lang": 5},
    {"lang": ["en_US"]},
    {"tz": "Mars/Olympus"},
    {"tz": 5},
    {"allowed_company_ids": [10**6]},
    {"allowed_company_ids": "x"},
    {"partner_mailing_system": True},
    {"recipient_filter": ["x"]},
    {"recipient_filter": "nonsense"},
    {"dialog_size": {}},
    {"bin_size": "x"},
    {"active_test": "x"},
    {"prefetch_fields": []},
    {"partner_mailing_servers": ["x"]},
    {"default_name": [1]},
)


class Call(NamedTuple):
    """One call: what ``call_kw`` gets, and as which user."""

    login: str
    model: str
    method: str
    args: list
    kwargs: dict

    def __str__(self):
        args = ", ".join(
            [shorten(arg) for arg in self.args]
            + [f"{key}={shorten(value)}" for key, value in self.kwargs.items()]
        )
        return f"{self.login}: {self.model}.{self.method}({args})"


class Answer(NamedTuple):
    """What came of a call: ``kind`` is ``result``, the class of words, or ``fault``."""

    kind: str
    error: BaseException | None = None


class UnusableResult(Exception):
    """The result of a method is nothing that JSON can carry."""


class Fault(NamedTuple):
    """A call without a good answer; ``number`` replays it."""

    number: str
    call: Call
    error: BaseException

    @property
    def place(self):
        """Return where it was raised: the innermost line of these addons, and the very last."""
        frames = list(traceback.walk_tb(self.error.__traceback__))
        ours = [place for place in frames if is_ours_frame(place[0])]
        return " … ".join(
            f"{frame.f_code.co_filename.rpartition('/')[2]}:{line} {frame.f_code.co_name}"
            for frame, line in dict.fromkeys([*ours[-1:], *frames[-1:]])
        )

    def __str__(self):
        words = shorten(str(self.error).strip().partition("\n")[0])
        return (
            f"{type(self.error).__name__}: {words}\n    at {self.place}\n    {self.call}"
            f"\n    replay: MAILING_FUZZ_REPLAY='{self.number}'"
        )


def is_through_ours(error):
    """Tell whether code of these addons took part in an error, or should have prevented it."""
    if isinstance(error, (UnusableResult, psycopg2.errors.NotNullViolation)):
        return True
    frames = [frame for frame, _line in traceback.walk_tb(error.__traceback__)]
    ours = [place for place, frame in enumerate(frames) if is_ours_frame(frame)]
    if not ours:
        return False
    # A method that only called ``super()`` has left the rest to Odoo.
    names = [frame.f_code.co_name for frame in frames[ours[-1] : ours[-1] + 2]]
    return len(names) < 2 or names[0] != names[1]


def is_ours_frame(frame):
    """Tell whether a frame runs code of these addons."""
    name = frame.f_globals.get("__name__", "")
    return name.startswith(PACKAGE) and ".tests." not in name


def shorten(value):
    """Return a value as Python writes it, shortened."""
    text = repr(value)
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}…<{len(text)} characters>"


# ------------------------------------------------------------
# What is called
# ------------------------------------------------------------


def is_ours(model):
    """Tell whether a model comes from these addons."""
    return model._original_module.startswith(ADDON)


def find_models(env):
    """Return all models of these addons."""
    return [env[name] for name in sorted(env.registry) if is_ours(env[name])]


def find_methods(model):
    """Return {name: whether these addons define it} of the methods that RPC reaches."""
    found = {}
    for name in dir(type(model)):
        if name.startswith("_") or not inspect.isfunction(getattr(type(model), name, None)):
            continue
        try:
            get_public_method(model, name)
        except Exception:  # noqa: S112 - not to be called from outside
            continue
        found[name] = any(
            name in vars(one) and one.__module__.startswith(PACKAGE) for one in type(model).mro()
        )
    return found


def find_targets(env):
    """Return [(model, method, whether it is ours)] of all that the fuzzer calls.

    Of models of ours all methods, of other models those that we define or extend. An abstract model
    has no records; its methods are called on the models that inherit it.
    """
    targets = []
    for name in sorted(env.registry):
        model = env[name]
        if is_ours(model) and model._abstract:
            continue
        for method, ours in find_methods(model).items():
            if ours or is_ours(model):
                targets.append((name, method, ours))
    return targets


# ------------------------------------------------------------
# Arguments
# ------------------------------------------------------------


class Arguments:
    """Makes arguments: most as a form sends them, and one or two that are wrong in some way.

    :param ids: {model: ids that exist}
    """

    def __init__(self, env, chance, ids):
        self.env, self.chance, self.ids = env, chance, ids

    def make(self, model, method, login):
        """Return a ``Call`` of a method."""
        function = getattr(type(model), method)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        args, kwargs = [], {}
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.default is not parameter.empty and self.chance.random() < 0.4:
                continue
            value = self.plausible(model, parameter.name)
            if parameter.kind is parameter.KEYWORD_ONLY or parameter.default is not parameter.empty:
                kwargs[parameter.name] = value
            else:
                args.append(value)
        if not getattr(function, "_api_model", False):
            args.insert(0, self.records(model._name))
        self._spoil(model, args, kwargs)
        return Call(login, model._name, method, args, kwargs)

    def _spoil(self, model, args, kwargs):
        """Make one or two places of a call wrong, or leave it as it is."""
        # What is wrong with ids is Odoo's affair, so they are right as a rule.
        first = int(len(args) > 1 and self.chance.random() < 0.9)
        for _time in range(self.chance.choice((0, 1, 1, 1, 2))):
            way = self.chance.random()
            if way < 0.15:
                kwargs["context"] = self.context(model)
            elif way < 0.18 and args:
                del args[-1]
            elif way < 0.2:
                kwargs[self.chance.choice(("x", "note", "reason", "days"))] = self.junk()
            elif kwargs and (way < 0.5 or not args[first:]):
                name = self.chance.choice(sorted(kwargs))
                if name != "context":
                    kwargs[name] = self.spoilt(kwargs[name])
            elif args[first:]:
                place = self.chance.randrange(first, len(args))
                args[place] = self.spoilt(args[place])

    def spoilt(self, value):
        """Return a value with something wrong inside, or something else in its place."""
        if isinstance(value, dict) and value and self.chance.random() < 0.7:
            key = self.chance.choice(list(value))
            return {**value, key: self.spoilt(value[key])}
        if isinstance(value, (list, tuple)) and value and self.chance.random() < 0.5:
            place = self.chance.randrange(len(value))
            return [*value[:place], self.spoilt(value[place]), *value[place + 1 :]]
        return self.junk()

    def junk(self, depth=0):
        """Return any value that JSON or XML-RPC can bring."""
        kind = self.chance.randrange(9 if depth < 3 else 5)
        if kind == 0:
            return self.chance.choice((None, True, False))
        if kind == 1:
            return self.chance.choice(NUMBERS)
        if kind in (2, 3):
            return self.chance.choice(TEXTS)
        if kind == 4:
            return self.chance.choice((b"", b"\xff\x00bytes", self.some_id("partner.mailing")))
        if kind == 5:
            return [self.junk(depth + 1) for _ in range(self.chance.randrange(4))]
        if kind == 6:
            key = self.chance.choice((*ODD_KEYS, "name", "mailing_id", ""))
            return {key: self.junk(depth + 1)}
        if kind == 7:
            return self.nested(self.chance.choice((3, 50, 200)))
        return self.command()

    def nested(self, depth):
        """Return lists in lists."""
        value = []
        for _level in range(depth):
            value = [value]
        return value

    def command(self):
        """Return a value for a field with many records, right or wrong."""
        return [
            self.chance.choice(
                (
                    (6, 0, ["x"]),
                    (6, 0, [10**10]),
                    (4, -1, 0),
                    (0, 0, {"x": 1}),
                    (0, 0, "x"),
                    (1, "x", {}),
                    (9, 0, 0),
                    (3,),
                    [2, [1], 0],
                )
            )
        ]

    def context(self, model):
        """Return a context with an odd key."""
        if self.chance.random() < 0.4 and model._fields:
            return {f"default_{self.field(model)}": self.junk()}
        return self.chance.choice(CONTEXTS)

    def some_id(self, name):
        """Return the id of a record that exists, 1 when there is none."""
        return self.chance.choice(self.ids.get(name) or [1])

    def records(self, name):
        """Return ids as a caller names them."""
        existing = self.ids.get(name) or [1]
        if self.chance.random() < 0.8:
            return [self.chance.choice(existing)]
        return self.chance.choice(
            ([], existing, self.some_id(name), [10**8], [-1], [existing[0]] * 2)
        )

    def field(self, model):
        """Return the name of a field; of another's model, of one that we added."""
        names = sorted(model._fields)
        if not is_ours(model):
            own = [n for n in names if (model._fields[n]._module or "").startswith(ADDON)]
            names = own or names
        return self.chance.choice(names)

    def value(self, field):
        """Return a value that fits a field."""
        if field.type == "selection":
            try:
                return self.chance.choice(field.get_values(self.env))
            except (IndexError, TypeError):
                return False
        if field.type == "many2one":
            return self.some_id(field.comodel_name)
        if field.type in ("one2many", "many2many"):
            return [(6, 0, [self.some_id(field.comodel_name)])]
        return self.chance.choice(FITTING.get(field.type, (False,)))

    def values(self, model):
        """Return values of required fields and some others."""
        fields = model._fields
        names = {
            n for n, f in fields.items() if f.required and n not in MAGIC_COLUMNS and not f.compute
        }
        names |= {self.field(model) for _ in range(self.chance.randrange(3))}
        return {n: self.value(fields[n]) for n in sorted(names) if n in fields}

    def domain(self, model):
        """Return a domain, right or wrong."""
        if self.chance.random() < 0.5:
            return [*self.chance.choice(DOMAINS)]
        name = self.field(model)
        operator = self.chance.choice(("=", "!=", "in", "like", ">", "any", "=?", "child_of"))
        return [(name, operator, self.spoilt(self.value(model._fields[name])))]

    def plausible(self, model, name):
        """Return a value for a parameter, by its name."""
        makers = {
            "vals": self.values,
            "values": self.values,
            "default": lambda _m: self.chance.choice((None, {}, self.values(model))),
            "vals_list": lambda _m: [self.values(model)],
            "domain": self.domain,
            "args": self.domain,
            "fields": lambda _m: self._names(model),
            "field_names": lambda _m: self._names(model),
            "allfields": lambda _m: self._names(model),
            "fields_list": lambda _m: self._names(model),
            "export_fields": lambda _m: self._names(model),
            "import_fields": lambda _m: self._names(model),
            "groupby": lambda _m: self._names(model),
            "aggregates": lambda _m: [
                f"{self.field(model)}:{self.chance.choice(('sum', 'count', 'x'))}"
            ],
            "order": lambda _m: f"{self.field(model)} desc",
            "limit": lambda _m: self.chance.choice((1, 80, None)),
            "offset": lambda _m: 0,
            "specification": self._specification,
            "fields_spec": lambda _m: {name: {} for name in model._fields},
            "fields_specification": self._specification,
            "name": lambda _m: self.chance.choice(("Summer", self.field(model))),
            "field_name": self.field,
            "fname": self.field,
            "operator": lambda _m: "ilike",
            "operation": lambda _m: "read",
            "views": lambda _m: [(False, "form"), (False, "search")],
            "options": lambda _m: {},
            "data": lambda _m: [["a", "b"]],
            "note": lambda _m: "All right.",
            "reason": lambda _m: "No.",
            "days": lambda _m: 30,
        }
        make = makers.get(name)
        return make(model) if make else self.junk()

    def _names(self, model):
        return [self.field(model) for _ in range(self.chance.randrange(1, 4))]

    def _specification(self, model):
        return {name: {} for name in self._names(model)}


# ------------------------------------------------------------
# Calls and answers
# ------------------------------------------------------------


class Calls:
    """Calls all methods of the addons that are installed, as several users.

    :param users: {login: user}
    :param ids: {model: ids that exist}
    :param weights: {login: how often compared with others}; those without rights are soon refused
    """

    def __init__(self, env, users, ids, weights=()):
        self.env, self.users, self.ids, self.weights = env, users, ids, dict(weights)
        self.answers = Counter()
        self.faults = []

    def run(self, seed, own=10, stock=1):
        """Make ``own`` calls of each method of ours, and ``stock`` of each that Odoo defines."""
        for model, method, ours in find_targets(self.env):
            for number in range(own if ours or method in WITH_FIELDS else stock):
                self.replay(f"{seed}/{model}/{method}/{number}")

    def replay(self, number):
        """Make the call with a number."""
        _seed, name, method, _count = number.split("/")
        model = self.env[name]
        chance = random.Random(number)
        logins = sorted(self.users)
        login = chance.choices(logins, [self.weights.get(login, 1) for login in logins])[0]
        call = Arguments(self.env, chance, self.ids).make(model, method, login)
        answer = self.answer(call)
        if answer.kind == "fault" and not self._is_known(call, answer.error):
            self.faults.append(Fault(number, call, answer.error))
        elif answer.kind == "fault":
            answer = Answer("fault of Odoo's own")
        self.answers[answer.kind] += 1
        return answer

    def answer(self, call, method=None):
        """Make a call as the web client's route does, undo it, and return the ``Answer``.

        :param method: another implementation than that of the model
        """
        env = self.env
        savepoint = env.cr.savepoint(flush=False)
        try:
            user_env = env(user=self.users[call.login], su=False, context={})
            model = user_env[call.model]
            if method:
                result = call_method(model, method, list(call.args), call.kwargs)
            else:
                result = call_kw(model, call.method, list(call.args), call.kwargs)
            user_env.flush_all()
            try:
                json.dumps(result, default=json_default)
            except Exception as error:
                raise UnusableResult(str(error)) from error
            return Answer("result")
        except UserError as error:
            has_words = any(letter.isalpha() for letter in str(error))
            return Answer(type(error).__name__, error) if has_words else Answer("fault", error)
        except psycopg2.IntegrityError as error:
            # Odoo's route makes words of these. A dialog is asked for what is missing by us.
            is_dialog = env[call.model]._transient and is_ours(env[call.model])
            missing = isinstance(error, psycopg2.errors.NotNullViolation)
            return Answer("fault" if is_dialog and missing else "IntegrityError", error)
        except (Exception, RecursionError) as error:
            return Answer("fault", error)
        finally:
            env.transaction.clear()
            savepoint.close(rollback=True)
            env.cr.precommit.clear()
            env.cr.postcommit.clear()
            env.transaction.reset()
            env.registry.reset_changes()

    def _is_known(self, call, error):
        """Tell whether Odoo answers the same call with a fault, too.

        It is Odoo's where no line of ours takes part. A method of ours is compared with a button of Odoo's, for the ids and the context; a method
        that we extend with what it extends; a method of Odoo with the same one on Odoo's models.
        """
        model = self.env[call.model]
        if "context" in call.kwargs:
            context = {"context": call.kwargs["context"]}
            read = Call("admin", "res.partner.category", "read", [[1], ["name"]], context)
            if self._is_fault(read):
                return True
        if not is_through_ours(error):
            return True
        stock = find_stock_method(model, call.method)
        if stock is None:
            context = {"context": call.kwargs["context"]} if "context" in call.kwargs else {}
            is_of_model = getattr(getattr(type(model), call.method), "_api_model", False)
            ids = [1] if is_of_model else call.args[0] if call.args else []
            return has_wrong_names(model, call) or any(
                self._is_fault(Call(call.login, name, "read", [ids, [field]], context))
                for name, field in (("res.partner", "name"), ("res.partner.category", "name"))
            )
        if not is_ours(model):
            return self._is_fault(call, method=stock)
        names = STOCK_ABSTRACT_MODELS if model._abstract else STOCK_MODELS
        for name in names:
            if name in self.env and hasattr(type(self.env[name]), call.method):
                translated = Translation(model, self.env[name], self.ids)
                args, kwargs = translated(call.args), translated(call.kwargs)
                # Odoo may have refused another mistake of the call first.
                for left_out in (None, *kwargs):
                    rest = {key: value for key, value in kwargs.items() if key != left_out}
                    if self._is_fault(Call(call.login, name, call.method, args, rest)):
                        return True
        return False

    def _is_fault(self, call, method=None):
        """Tell whether a call, as the user or as an administrator, has no good answer."""
        return any(
            self.answer(call._replace(login=login), method).kind == "fault"
            for login in (call.login, "admin")
        )


def call_method(model, method, args, kwargs):
    """Call an implementation of a method as ``call_kw`` does."""
    if not getattr(method, "_api_model", False):
        model, args = model.browse(args[0]), args[1:]
    kwargs = dict(kwargs)
    model = model.with_env(model.env(context=kwargs.pop("context", None) or {}))
    return method(model, *args, **kwargs)


def find_stock_method(model, name):
    """Return the method that Odoo itself has on the model, None if it has none."""
    for one in type(model).mro():
        if name in vars(one) and not one.__module__.startswith(PACKAGE):
            return vars(one)[name]
    return None


def has_wrong_names(model, call):
    """Tell whether a call cannot be made in Python at all: arguments missing, or too many."""
    function = getattr(type(model), call.method)
    args = call.args if getattr(function, "_api_model", False) else call.args[1:]
    names = {name: value for name, value in call.kwargs.items() if name != "context"}
    if not getattr(function, "_api_model", False) and not call.args:
        return True
    try:
        inspect.signature(function).bind(model, *args, **names)
    except TypeError:
        return True
    return False


class Translation:
    """Arguments for a model of Odoo: its ids and fields in place of ours, of the same type."""

    def __init__(self, model, stock, ids):
        self.ids = {*ids.get(model._name, ())}
        self.stock_ids = (not stock._abstract and stock.sudo().search([], limit=2).ids) or [1]
        fields = sorted(stock._fields.items())
        kinds = {(field.type, bool(field.store)): name for name, field in fields}
        kinds = {**{(kind, not store): name for (kind, store), name in kinds.items()}, **kinds}
        self.names = {
            name: kinds.get((field.type, bool(field.store)), name)
            for name, field in model._fields.items()
            if name not in ("id", "display_name")
        }
        words = "|".join(sorted(map(re.escape, self.names), key=len, reverse=True))
        self.word = re.compile(rf"(?<!\w)(default_)?({words})(?!\w)") if words else None

    def __call__(self, value):
        if isinstance(value, dict):
            return {self(key): self(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self, value))
        if isinstance(value, str) and self.word and len(value) < 200:
            return self.word.sub(lambda found: (found[1] or "") + self.names[found[2]], value)
        if isinstance(value, int) and not isinstance(value, bool) and value in self.ids:
            return self.stock_ids[0]
        return value
