from odoo.tools.misc import formatLang

from ..content.placeholders import Placeholders
from ..tools.person_name import PARTS
from ..tools.placeholder import HTML, PATH, TEXT, UnsupportedTemplate, find_placeholders
from .check import INFO, PEOPLE, Check, register
from .list_values import ListValues

MOST = 40  # placeholders of a text that are counted
LONGEST = 60  # characters of a fallback that are quoted


@register
class PlaceholderFallback(Check):
    """For each placeholder: how many of this list read its fallback, or nothing.

    Values in columns are counted by one statement for all placeholders. A body with conditions or
    loops is rendered for a sample of the list. Parts of names have a check of their own, which also
    knows the names that are unclear.
    """

    key = "placeholder_fallback"
    kind = PEOPLE
    sequence = 15

    def get_title(self):
        return self.env._("empty placeholders")

    def get_question(self):
        return self.env._(
            "Do recipients read nothing where a placeholder without a fallback stands?"
        )

    def look(self, content):
        """Return ``plain``: [[path, fallback]], and ``logic``: whether the body has QWeb logic."""
        found, has_logic = [], False
        for text in content.texts.values():
            found += find_plain(text, TEXT) or []
        if content.source:
            in_body = find_plain(content.source, HTML)
            has_logic = in_body is None
            found += in_body or []
        plain = [list(one) for one in dict.fromkeys(found) if not self._is_left_out(one[0])][:MOST]
        return {"plain": plain, "logic": has_logic} if plain or has_logic else None

    def _is_left_out(self, path):
        """Tell whether a placeholder shows a part of a name, or data of the company that sends.

        Those are the same for all recipients, and no contact has to be completed.
        """
        name = path.split(".")[-1]
        return name in PARTS or name in self.mailing._placeholders().company_fields

    def ask_list(self, facts):
        if not facts:
            return None
        # A body with logic is asked about anew whenever it changes.
        logic = any(found["logic"] for found in facts.values())
        return [facts, self._get_readers(), logic and self._get_body_mark()]

    def look_at_list(self):
        """Return ``{"counts": [[path, fallback, number, {version: number}]], "sampled": size}``."""
        facts = (self.mailing.finding_facts or {}).get(self.key, {})
        values = ListValues(self.mailing)
        asked = {
            (path, version): langs
            for version, langs in self._get_readers().items()
            for path, _fallback in self._get_version(facts, version).get("plain", ())
        }
        empty = values.count_empty(asked)
        counts, sampled = {}, 0
        for version, langs in self._get_readers().items():
            found = self._get_version(facts, version)
            for path, fallback in found.get("plain", ()):
                if number := empty[path, version]:
                    counts.setdefault((path, fallback), {})[version] = number
            if found.get("logic"):
                size, read = values.sample_body(version, langs)
                sampled += size
                for (path, fallback), number in read.items():
                    if not self._is_left_out(path):
                        counts.setdefault((path, fallback), {})[version] = number
        if not counts:
            return None
        return {
            "counts": [
                [path, fallback, sum(by_version.values()), by_version]
                for (path, fallback), by_version in counts.items()
            ],
            "sampled": sampled,
        }

    def describe(self, facts):
        found = self.list_facts
        if not facts or not found:
            return self._describe_due() if facts and self.is_list_due else []
        return [
            self._describe(path, fallback, count, by_version, found["sampled"])
            for path, fallback, count, by_version in sorted(
                found["counts"], key=lambda one: (bool(one[1]), -one[2])
            )
        ]

    def _describe(self, path, fallback, count, by_version, sampled):
        number, label = formatLang(self.env, count, digits=0), self._name(path)
        quoted = fallback if len(fallback) <= LONGEST else f"{fallback[: LONGEST - 1]}…"
        if sampled:
            number = self.env._(
                "%(number)s of %(sampled)s in a sample",
                number=number,
                sampled=formatLang(self.env, sampled, digits=0),
            )
        if fallback:
            message = self.env._(
                'Recipients without "%(field)s", who read "%(fallback)s" in its place: %(number)s.',
                field=label,
                fallback=quoted,
                number=number,
            )
            remedy = self.env._(
                "Read the text with this fallback in its place, or complete the contacts and update"
                " the list."
            )
        else:
            message = self.env._(
                'Recipients without "%(field)s", who read nothing in its place: %(number)s.',
                field=label,
                number=number,
            )
            remedy = self.env._(
                "Click on the placeholder and write a text for When Empty, or complete the contacts"
                " and update the list."
            )
        return self.make_finding(
            message,
            remedy,
            count=count,
            **({"level": INFO} if fallback else {}),
            lines=self._name_versions(by_version),
            page="content",
            **(
                {
                    "action": "action_open_empty_values",
                    "args": [path],
                    "label": self.env._("See Them"),
                    "is_view": True,
                }
                if PATH.fullmatch(path)
                else {}
            ),
        )

    def _describe_due(self):
        message = self.env._("How many recipients read a fallback is being counted.")
        return [self.make_finding(message, "", level=INFO, count=0, is_due=True)]

    def _name_versions(self, by_version):
        if len(self.mailing._get_version_counts()) < 2:
            return []
        return [
            f"{self.name_language(lang)}: {formatLang(self.env, number, digits=0)}"
            for lang, number in by_version.items()
        ]

    def _name(self, path):
        if not PATH.fullmatch(path):
            return path
        try:
            return Placeholders(self.env, ()).get_label(path)
        except (KeyError, AttributeError):
            return path

    def _get_readers(self):
        """Return {code of a version: [languages of messages that show it]}."""
        mailing, readers = self.mailing, {}
        for lang in sorted(mailing.language_counts or {}):
            readers.setdefault(mailing._get_read_version(lang), []).append(lang)
        return readers

    def _get_version(self, facts, version):
        """Return the facts of the text that a version shows."""
        written = (self.mailing.finding_facts or {}).get("languages", facts)
        return facts.get(version if version in written else "en_US", {})

    def _get_body_mark(self):
        """Return what changes with the bodies of all versions."""
        return self.mailing.version_fingerprints or False

    def get_langs(self, path):
        """Return the languages of the messages with a placeholder that the facts of the list name."""
        versions = {
            version
            for named, _fallback, _count, by_version in (self.list_facts or {}).get("counts", ())
            for version in by_version
            if named == path
        }
        readers = self._get_readers()
        return [lang for version in versions for lang in readers.get(version, [version])]


def find_plain(source, kind):
    """Return [(path, fallback)] of a template; None when it has more than placeholders."""
    try:
        return [(one.path, one.fallback.strip()) for one in find_placeholders(source, kind)]
    except UnsupportedTemplate:
        return None
