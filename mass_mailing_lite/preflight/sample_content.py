from ..tools.sample import find_samples, read_html, read_text
from .check import STOP, Check, register

MOST = 3  # passages that are quoted, in each language
LONGEST = 80  # characters of a passage that are quoted


@register
class SampleContent(Check):
    """Whether recipients would read what a template only shows as an example."""

    key = "sample_content"
    level = STOP
    sequence = 6

    def get_title(self):
        return self.env._("sample text")

    def get_question(self):
        return self.env._("Would recipients read the example text of a template?")

    def look(self, content):
        lines, links = read_html(content.source)
        lines = [line for text in content.texts.values() for line in read_text(text)] + lines
        found = find_samples(lines, links)
        return found and [[key, shorten(passage)] for key, passage in found.items()]

    def describe(self, facts):
        mailing = self.mailing
        samples = mailing._get_samples(facts)
        if not samples:
            return []
        counts, main = mailing._get_version_counts(), mailing.main_lang
        found = [
            f"{mailing._describe_languages({lang: counts[lang]})}: {self._quote(passages)}"
            for lang, passages in samples.items()
        ]
        remedies, place = [self.env._("Replace it by your own words.")], {"focus": "version_ids"}
        if main in samples:
            remedies.append(
                self.env._(
                    "If it is what you want to say in the main version, press the button: the review"
                    " then names you."
                )
            )
            place = {
                "focus": mailing._get_transport().main_text,
                "action": "action_keep_language",
                "args": [main],
                "label": self.env._("It Is Our Text"),
            }
        if set(samples) - {main}:
            remedies.append(
                self.env._(
                    "Another version is edited, confirmed as still right or removed under Language"
                    " Versions."
                )
            )
        return [
            self.make_finding(
                self.env._(
                    "Recipients would read sample text of a template. %s.", "; ".join(found)
                ),
                " ".join(remedies),
                count=sum(map(len, samples.values())),
                page="content",
                step="write",
                hint=self.env._("Sample text of the template")
                if main in samples
                else self.env._("Language versions out of date: %s", len(samples)),
                **place,
            )
        ]

    def _quote(self, passages):
        quoted = ", ".join(f"“{passage}”" for passage in passages[:MOST])
        more = len(passages) - MOST
        if more <= 0:
            return quoted
        return self.env._("%(passages)s and %(more)s more", passages=quoted, more=more)


def shorten(passage):
    """Return a passage as it is quoted: after a placeholder it may begin with a comma."""
    passage = passage.lstrip(" ,;:")
    return passage if len(passage) <= LONGEST else f"{passage[: LONGEST - 1].rstrip()}…"
