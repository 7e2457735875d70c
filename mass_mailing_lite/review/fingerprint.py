import hashlib
import json

from ..transport.file_links import name_kind


class Fingerprint:
    """What would be sent now, as a number that differs when anything of it does.

    :param mailing: a ``partner.mailing`` record with the rights of the system
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def take(self):
        """Return ``(fingerprint, recipient_count)``.

        The fingerprint is the SHA-256 (hex) of the covered fields, in every language, of the files'
        bytes and of the submitted list; the count is the length of that list.
        """
        mailing = self.mailing
        mailing.flush_recordset()
        recipients = self.env["partner.mailing.recipient"]
        recipients.flush_model()
        later = mailing._collect_from_transports("later_fields")
        translations = {
            name: by_lang
            for name, by_lang in mailing._get_translations().items()
            if name not in later or any(by_lang.values())
        }
        [(list_hash, count)] = self.env.execute_query(recipients._list_fingerprint_sql(mailing))
        texts = [text for by_lang in translations.values() for text in by_lang.values()]
        content = {
            **mailing._get_plain_content(),
            **translations,
            **mailing._get_company_data(texts),
            **mailing._get_layout_content(),
        }
        if parameters := mailing._get_link_parameters():
            content["link_parameters"] = [list(pair) for pair in parameters]
        digest = hashlib.sha256()
        for value in (content, list_hash):
            digest.update(json.dumps(value, sort_keys=True, default=str).encode())
        for file in mailing._get_content_files(translations["body_html"]).sorted("id"):
            digest.update(json.dumps([file.name, file.mimetype, *name_kind(file)]).encode())
            digest.update(hashlib.sha256(file.raw or b"").digest())
        return digest.hexdigest(), count
