from .check import STOP, Check, register


@register
class StaleLanguage(Check):
    """Whether recipients would get a version that is older than the main version.

    There is nothing to look at in a text: the mailing compares its versions when one is changed.
    """

    key = "stale_language"
    level = STOP
    sequence = 4

    def get_title(self):
        return self.env._("outdated language versions")

    def get_question(self):
        return self.env._("Is a version older than the main version?")

    def describe(self, facts):
        mailing = self.mailing
        outdated = mailing._get_outdated_languages()
        if not outdated:
            return []
        return [
            self.make_finding(
                self.env._(
                    "The main version (%(main)s) was changed after these versions were written:"
                    " %(versions)s.",
                    main=self.name_language(mailing.main_lang),
                    versions=mailing._describe_languages(outdated),
                ),
                self.env._(
                    "For each of them, under Language Versions, edit it, confirm it as still right, or"
                    " remove it: its recipients then get the main version."
                ),
                count=sum(outdated.values()) or len(outdated),
                page="content",
                focus="version_ids",
                step="write",
                hint=self.env._(
                    "Language versions out of date: %s", len(mailing._get_stale_languages())
                ),
            )
        ]
