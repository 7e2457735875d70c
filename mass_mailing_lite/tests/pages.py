"""What the web client asks for when it opens a page, and what that costs."""

import ast
import json

from lxml import etree


def specification(env, model, arch):
    """Return the specification of fields that the web client makes from a view's arch.

    Without those that the form of a mailing reads when their page opens (option ``late``), unless
    ``arch`` is such a page.
    """
    fields = env[model]._fields
    result = {}
    for node in arch.xpath(".//field[not(ancestor::field)]"):
        field = fields.get(node.get("name"))
        if field is None:
            continue
        late = arch.tag == "form" and get_late(node)
        if late is True:
            continue
        spec = result.setdefault(field.name, {})
        if late == "rows":
            continue
        if field.type in ("one2many", "many2many") and len(node):
            inner = {
                child.get("name"): {"fields": {"display_name": {}}}
                if env[field.comodel_name]._fields[child.get("name")].type == "many2one"
                else {}
                for child in node.xpath("./list/field | ./kanban//field")
            }
            spec.update(fields=inner, limit=int(node[0].get("limit", 40)))
        elif field.type in ("many2one", "one2many", "many2many"):
            spec["fields"] = {"display_name": {}}
    return result


def get_late(node):
    """Return the option ``late`` of a field in a form: True, "rows", or None."""
    options = node.get("options") or "{}"
    return ast.literal_eval(options.replace("true", "True").replace("false", "False")).get("late")


def cost(env, call):
    """Return ``(queries, bytes of JSON)`` of a call, with nothing cached but what a worker has."""
    call()
    env.flush_all()
    env.invalidate_all()
    before = env.cr.sql_log_count
    answer = call()
    return env.cr.sql_log_count - before, len(json.dumps(answer, default=str))


def opening_form(env, mailing, without=()):
    """Return the call that reads a mailing for its form when that opens.

    :param without: names of fields that are left out
    """
    arch = etree.fromstring(env["partner.mailing"].get_view(view_type="form")["arch"])
    spec = specification(env, "partner.mailing", arch)
    spec = {name: value for name, value in spec.items() if name not in without}
    return lambda: mailing.web_read(spec)


def opening_tab(env, mailing):
    """Return the call that reads what the tab of recipients shows."""
    arch = etree.fromstring(env["partner.mailing"].get_view(view_type="form")["arch"])
    spec = specification(env, "partner.mailing", arch.xpath("//page[@name='recipients']")[0])
    return lambda: mailing.web_read(spec)


def opening_page(env, mailing):
    """Return the call that reads the first lines of the page of all recipients."""
    Recipient = env["partner.mailing.recipient"]
    arch = etree.fromstring(Recipient.get_view(view_type="list")["arch"])
    spec = specification(env, Recipient._name, arch)
    domain = mailing.action_open_recipients()["domain"]
    return lambda: Recipient.web_search_read(domain, spec, limit=80, count_limit=10001)
