"""Which fields are secret by their name."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# At the end of a word, as many names are written without a border: `clientsecret`.
_SECRET = re.compile(
    r"(?:secret|password|token|credential|conn(?:ection)?str(?:ing)?)s?$"
    r"|passwd$|pwd$|pass(?:phrase|code)$|samlresponse$"
)
_SECRET_AT_END = {"sig", "signature", "signatures", "assertion", "authorization", "cookie", "sas", "jwt", "pfx"}
# Not whatever ends in "key": a monkey does.
_KEY = re.compile(
    r"(?:|access|account|admin|api|app|auth|client|encryption|functions?|host|instrumentation|license|master"
    r"|primary|private|resource|sas|secondary|secret|security|service|shared|sharedaccess|signing|ssh|storage"
    r"|storageaccount|subscription|symmetric)keys?"
)
_CONNECTION = re.compile(r"conn(?:ection)?str(?:ing)?s?|samlresponse|(?:user|db|admin)pass")
#: What says nothing about what the words before it name: `secretValue`, `passwordHash`, `accountKey1Base64`.
_ADDED = {"value", "values", "text", "plain", "base", "hash", "encrypted", "pem", "v"}
#: What is said of a secret and isn't one.
_ABOUT = re.compile(
    r"ids?|names?|ur[il]s?|path|file|types?|policy|expir(?:y|ation|es|ed)|in|on|at|date|time|endpoint|length|count"
    r"|version|required|enabled|reset|errors?|exception|issuer|audience|lifetime|used|provider|manager|vault|scopes?"
    r"|status|mode|format|store|scan|scanning|check|checks|test|rotation|detection"
)


@lru_cache(maxsize=1024)  # the same few names come again and again
def is_confidential(name: str) -> bool:
    """Return whether a field is secret by its name, such as `clientSecret` or `x.storageAccountKey`.

    Whatever ends in Key is: that of a plan or a partition is hidden for nothing, which harms nobody, where a guess
    at the word before it may show an account's. A public key isn't.
    """
    words = _words(name)
    if not words or ("public" in words and "key" in words):  # `publicKeyToken` is in each .NET assembly's name
        return False
    if words[-1] == "pass" and len(words) > 1:
        return True
    return words[-1] in _SECRET_AT_END or _KEY.fullmatch(words[-1]) is not None or _is_credential(words)


@lru_cache(maxsize=1024)
def is_credential(name: str) -> bool:
    """Return whether a field surely is a credential: a stricter question, for whoever treats its value as one."""
    return is_confidential(name) and _is_credential(_words(name))


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(name[-120:])]
    while len(words) > 1 and words[-1] in _ADDED:
        words.pop()
    return words


def _is_credential(words: list[str]) -> bool:
    last = "".join(words[-2:])
    if _CONNECTION.fullmatch(last) or (_KEY.fullmatch(last) and not last.startswith("key")):
        return True
    return not _ABOUT.fullmatch(words[-1]) and any(map(_SECRET.search, words))
