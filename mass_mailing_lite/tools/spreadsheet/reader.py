"""Tells by its first bytes what a file is, whatever its name says, and has it read."""

import re

from . import encoding as encodings
from . import open_document, vcard, workbook
from .delimited import DelimitedText, check_is_text
from .table import ENCRYPTED, MAX_BYTES, NO_TABLE, TOO_LARGE, UnreadableError

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The stream of an encrypted .xlsx, which is an OLE file then ([MS-OFFCRYPTO], 1.3.2).
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
# Documents that are text: web pages, which many programs save as .xls, XML, RTF, PDF.
DOCUMENT = re.compile(
    r"\s*(?:<\?xml|<!doctype|<html|<head|<table|<style|\{\\rtf|%PDF-)", re.IGNORECASE
)


def read(data, is_address, is_list, encoding=None, delimiter=None, sheet=None, language=""):
    """Return the ``Table`` of a file.

    :param data: bytes of the file
    :param is_address: function that tells whether a text is one address
    :param is_list: function that tells whether a line is addresses with their names and no more
    :param encoding: one of ``ENCODINGS``, None to guess it
    :param delimiter: one of ``DELIMITERS`` or ``NONE``, None to judge it
    :param sheet: position of the sheet, None for the first with an address
    :param language: of the user, as ``de_DE``, for the encoding
    :raises UnreadableError: with the reason
    """
    if len(data) > MAX_BYTES:
        raise UnreadableError(TOO_LARGE)
    if data.startswith(ZIP):
        archive = workbook.open_archive(data)
        if open_document.is_one(archive):
            return open_document.read(archive, is_address, sheet)
        return workbook.read(data, archive, is_address, sheet)
    if data.startswith(OLE):
        if ENCRYPTED_STREAM in data:
            raise UnreadableError(ENCRYPTED)
        return workbook.read_old(data, is_address, sheet)
    encoding = encoding or encodings.guess(data, language)
    text, undecoded, other_lines = encodings.decode(data, encoding, language)
    if DOCUMENT.match(text):
        raise UnreadableError(NO_TABLE)
    if vcard.is_one(text):
        check_is_text(text)
        table = vcard.read(text)
    else:
        table = DelimitedText(text, is_address, is_list, delimiter).to_table()
    table.encoding, table.undecoded, table.other_lines = encoding, undecoded, other_lines
    return table
