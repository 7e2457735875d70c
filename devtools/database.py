"""Databases with the addons installed: made once for each state of the addons, copied for each use.

A base holds Odoo, what the addons depend on, and the languages; it takes half a minute. A template
holds the addons on top of it and takes seconds, so that work on an addon does not wait for Odoo.
"""

import ast
import shutil

from . import paths
from .cache import digest, link_tree, lock
from .console import step
from .odoo_process import data_folder

# Odoo switches off English when other languages are named without it.
LANGUAGES = ("en_US", "de_DE", "es_ES", "fr_FR", "pl_PL", "ru_RU", "uk_UA")

# Under a test, compiled assets vanish with the test's transaction: compiled before, they save
# each browser tour eight seconds. Those that hardly a page of ours asks for (Odoo's own unit tests,
# reports, the dark web client) take half of the time, and are compiled when they are asked for.
COMPILE_ASSETS = """
import re
scarce = re.compile("unit_tests|tests_assets|qunit|report_assets|web_dark|assets_public|api_doc")
for kind, bundles in zip(("js", "css"), env["ir.qweb"]._get_bundles_to_pregenarate()):
    for name in sorted(bundles):
        if not scarce.search(name):
            bundle = env["ir.qweb"]._get_asset_bundle(name, js=kind == "js", css=kind == "css")
            getattr(bundle, kind)()
env.cr.commit()
"""


def fresh(odoo, name, bridges=False):
    """Return the name of a database that is a new copy of the template.

    With `bridges` it has, besides our main addon, those that join it to the addons of others.
    """
    database = odoo.server.prefix + name
    drop(odoo, database)
    template = prepare(odoo)
    if not bridges:
        with _templates():
            _copy(odoo, template, database)
        return database
    # With a lock of its own: others go on copying the template meanwhile.
    with _templates("bridged"):
        _copy(odoo, _bridged(odoo, template), database)
    return database


def peopled(odoo, name, make, key):
    """Return the name of a database that is a new copy of the template with users in it.

    The one that is copied is kept; `make(database)` makes the users of a new one. `key` is a text
    or bytes that changes with what `make` does.
    """

    def install(copy):
        with _templates():
            _copy(odoo, template, copy)
        make(copy)

    database = odoo.server.prefix + name
    drop(odoo, database)
    template = prepare(odoo)
    with _templates("peopled"):
        source = f"peopled_{digest(template, key)}"
        _copy(odoo, _provide(odoo, source, install, "Making users in a database"), database)
    return database


def prepare(odoo):
    """Return the name of the template, made when need be."""
    with _templates():
        return _template(odoo, _base(odoo))


def prepared(odoo, name, addons, make=None, key=()):
    """Return the name of a database that is a new copy of one with addons of Odoo's, not with ours.

    The one that is copied is kept for later runs. When it is made, `make(database)` is called to
    bring it further than the addons' installation; `key` are the texts or bytes that `make` uses,
    and when one of them changes, it is made anew.
    """

    def install(database):
        with _templates():
            _copy(odoo, _base(odoo), database)
        _install(odoo, database, addons)
        if make:
            make(database)

    database = odoo.server.prefix + name
    drop(odoo, database)
    # Each of these databases has a lock of its own: to make one takes up to two minutes.
    kind = f"with-{digest(name, *addons)[:6]}"
    with _templates(kind):
        template = f"{kind}_{digest(_base_digest(odoo), *key)}"
        source = _provide(odoo, template, install, f"Installing {', '.join(addons)}")
        _copy(odoo, source, database)
    return database


def mark(odoo, database):
    """Note that a database is ready, and for which state of the addons."""
    odoo.server.sql(f"COMMENT ON DATABASE \"{database}\" IS '{addons_digest()}'")


def mark_of(odoo, database):
    """Return the state of the addons that a database was marked with, None when it is not whole."""
    rows = odoo.server.sql("SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database")
    return (_is_whole(odoo, database) and dict(rows).get(database)) or None


def update(odoo, database):
    """Bring a database to the addons as they are now."""
    with step("Updating the addons in the database"):
        _install(odoo, database, _main_addons(), "--skip-auto-install", option="-u")


def drop(odoo, database):
    """Remove a database, also from under those who are connected, and its attachments."""
    odoo.server.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    shutil.rmtree(_filestore(database), ignore_errors=True)


def addons_digest(bridges=False):
    """Return a text that changes with whatever the installed addons and their assets consist of."""
    addons = [one for one in paths.addons() if bridges or not paths.is_bridge(one)]
    files = (file for addon in addons for file in sorted(addon.rglob("*")))
    parts = []
    for file in files:
        place = file.relative_to(paths.ROOT).parts
        if file.is_file() and place[1] != "tests" and "__pycache__" not in place:
            parts += ["/".join(place), file.read_bytes()]
    return digest(*parts)


def _templates(kind="ours"):
    """Return a lock: no other process makes or removes templates of this kind meanwhile."""
    return lock(paths.make_folder(paths.RUN) / f"template-{kind}.lock")


def _template(odoo, base):
    """Return the name of the database with the addons as they are now, made when need be."""

    def install(database):
        _copy(odoo, base, database)
        # Odoo has installed its own SMS by itself, and would install what joins ours to it.
        _install(odoo, database, _main_addons(), "--skip-auto-install")
        _compile_assets(odoo, database)

    name = f"template_{digest(_base_digest(odoo), addons_digest(), COMPILE_ASSETS)}"
    return _provide(odoo, name, install, "Installing the addons")


def _bridged(odoo, template):
    """Return the name of the database with our other addons on top, made when need be."""

    def install(database):
        with _templates():
            _copy(odoo, template, database)
        _install(odoo, database, [one.name for one in paths.addons() if paths.is_bridge(one)])
        _compile_assets(odoo, database)

    key = digest(_base_digest(odoo), addons_digest(bridges=True), COMPILE_ASSETS)
    name = f"bridged_{key}"
    return _provide(odoo, name, install, "Installing the addons that join ours to others")


def _main_addons():
    """Return the names of the addons that are installed by a person."""
    return [addon.name for addon in paths.addons() if not paths.is_bridge(addon)]


def _base(odoo):
    """Return the name of the database with all that the addons depend on."""

    def install(database):
        languages = ("--load-language", ",".join(LANGUAGES))
        _install(odoo, database, _dependencies(), *languages)

    name = f"base_{_base_digest(odoo)}"
    return _provide(odoo, name, install, "Installing Odoo's own addons into a database")


def _base_digest(odoo):
    """Return a text that changes with Odoo and with what the addons depend on."""
    release = (odoo.source.python_path / "odoo" / "release.py").read_bytes()
    return digest(odoo.source.python_path, release, _dependencies(), LANGUAGES)


def _dependencies():
    """Return the addons of others that our main ones depend on."""
    manifests = [
        ast.literal_eval((paths.ROOT / name / "__manifest__.py").read_text())
        for name in _main_addons()
    ]
    wanted = {name for manifest in manifests for name in manifest["depends"]}
    return sorted(wanted - set(_main_addons()))


def _provide(odoo, name, make, what):
    """Return the full name of a database, made under another name until it is complete.

    Databases of the same kind that were made for an earlier state are removed.
    """
    kind = odoo.server.prefix + name.split("_")[0] + "_"
    database, unfinished = odoo.server.prefix + name, kind + "unfinished"
    if _is_whole(odoo, database):
        return database
    with step(what):
        for outdated in (found for found in _names(odoo) if found.startswith(kind)):
            drop(odoo, outdated)
        make(unfinished)
        link_tree(_filestore(unfinished), _filestore(database))
        odoo.server.sql(f'ALTER DATABASE "{unfinished}" RENAME TO "{database}"')
        shutil.rmtree(_filestore(unfinished), ignore_errors=True)
    return database


def _install(odoo, database, addons, *options, option="-i"):
    """Install addons into a database, which is created when it is not there, or update them."""
    command = ("server", "-d", database, option, ",".join(addons), "--stop-after-init", "--no-http")
    odoo.run(*command, *options, what=f"The installation of {', '.join(addons)}", log="install")


def _compile_assets(odoo, database):
    """Compile those assets of a database that pages ask for and that are not compiled yet."""
    odoo.script(database, COMPILE_ASSETS, what="Compiling the assets", log="assets")


def _copy(odoo, source, target):
    """Copy a database and its attachments, which are files that nobody changes in place."""
    odoo.server.sql(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
    link_tree(_filestore(source), _filestore(target))


def _names(odoo):
    """Return the names of the server's databases."""
    return [row[0] for row in odoo.server.sql("SELECT datname FROM pg_database ORDER BY 1")]


def _is_whole(odoo, database):
    """Tell whether a database is there, and its attachments with it.

    They are in the checkout, databases need not be: a new clone in the place of a removed one finds
    databases whose pages answer "500", for the scripts that they are made of are gone.
    """
    return database in _names(odoo) and _filestore(database).is_dir()


def _filestore(database):
    """Return the folder of a database's attachments."""
    return data_folder() / "filestore" / database
