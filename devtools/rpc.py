"""A client of a running Odoo that does what the web client does, with one user's rights."""

import http.cookiejar
import itertools
import json
import urllib.request

from .console import Failure

PATIENCE = 600  # seconds; the import of a thousand contacts is one call


class RpcError(Failure):
    """Odoo's answer to a call that it refused; `kind` is the name of the exception there."""

    def __init__(self, message, kind, trace):
        super().__init__(message)
        self.kind = kind
        self.trace = trace


class Client:
    """A session of one user on one database."""

    def __init__(self, url, database, login, password=None):
        self.url = url
        self._numbers = itertools.count(1)
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self._cookies),
        )
        credentials = {"db": database, "login": login, "password": password or login}
        self.uid = self._post("/web/session/authenticate", credentials)["uid"]

    def cookies(self):
        """Return the cookies of the session, as Playwright takes them."""
        return [{"name": one.name, "value": one.value, "url": self.url} for one in self._cookies]

    def call(self, model, method, *args, **kwargs):
        """Call a public method of a model and return its result."""
        place = f"/web/dataset/call_kw/{model}/{method}"
        call = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(place, call)

    def create(self, model, **values):
        """Create one record and return its id."""
        return self.call(model, "create", [values])[0]

    def read(self, model, record_id, *names):
        """Return fields of one record, by name."""
        return self.call(model, "read", [record_id], names)[0]

    def search_read(self, model, domain, *names):
        """Return fields of all records that match."""
        return self.call(model, "search_read", domain, fields=names)

    def record(self, xml_id):
        """Return the id of the record that an addon's data knows by this name."""
        module, name = xml_id.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        found = self.search_read("ir.model.data", domain, "res_id")
        if not found:
            raise Failure(f"The database has no record {xml_id}: is the addon installed?")
        return found[0]["res_id"]

    def _post(self, place, params):
        """Send one request and return its result, or raise what Odoo says."""
        body = {"jsonrpc": "2.0", "id": next(self._numbers), "params": params}
        request = urllib.request.Request(
            self.url + place,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=PATIENCE) as response:
            answer = json.load(response)
        if error := answer.get("error"):
            data = error.get("data") or {}
            message = data.get("message") or error["message"]
            raise RpcError(f"Odoo refused: {message}", data.get("name"), data.get("debug"))
        return answer.get("result")  # a method that returns nothing has none
