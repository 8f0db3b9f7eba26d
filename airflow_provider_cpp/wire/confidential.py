"""What may not be shown of a text or a document: signatures, keys, tokens, passwords, whatever quotes them.

All that leaves the process and that somebody else wrote goes through `without_secrets`: what a service, a proxy or
a library says, and what a definition holds. What is around a secret stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from airflow_provider_cpp.wire.confidential_names import is_confidential
from airflow_provider_cpp.wire.escapes import Unescaped, may_hold_escapes, unescaped

__all__ = [
    "HIDDEN",
    "is_confidential",
    "redacted",
    "secret_fields",
    "secrets_in",
    "without_queries",
    "without_secrets",
]

HIDDEN = "***"

# Of each text that holds a secret, and of few others, in lower case.
_HINT = re.compile(
    r"sig(?!n(?!ature)|ht|ma)|secret|pass(?:w|phrase|code)|pwd|token|key|credential|assertion|authorization"
    r"|connection[ _-]?string|cookie|code=|pass=|eyj|jwt|sas\b|bearer|basic |samlresponse"
    r"|conn_?str|pfx|gh[oprsu]_|github_pat|==|q~"
)

# A name, and what is between it and its value; each run of such characters is looked at once.
_PAIR = re.compile(
    r"(?<![\w.$-])(?P<name>[\w.$-]+)(?P<quote>(?:\[\d{0,4}\])?[\"'`\]]{0,3})\s{0,32}(?P<sign>=>|={1,3}|:=?)"
    r"(?P<space>\s{0,32})"
)
# `--client-secret ...`, and `("Authorization", "...")`.
_OPTION = re.compile(r"(?<![\w-])--(?P<name>[\w-]{1,100})(?P<quote>)(?P<space>)(?P<sign>)\s{1,4}(?![\s-])")
# Of two names neither is the other's value.
_TUPLE = re.compile(
    r"[(\[]b?(?P<quote>[\"'])(?P<name>[\w.$-]{1,100})(?P=quote),(?P<space>\s{0,4})(?P<sign>)b?"
    r"(?=[\"'](?:[A-Za-z]{1,30} )?[^\s\"']{0,200}[\d=~*!@])"
)
# `<Name>clientSecret</Name><Value>...</Value>`
_NAMED_ELEMENT = re.compile(
    r"<(?:[\w.-]+:)?(?:name|key)>\s{0,8}(?P<name>[\w.$-]+)\s{0,8}</[^<>]{1,40}>\s{0,40}<[\w.:-]+>(?P<value>[^<]+)",
    re.IGNORECASE,
)
_NAMES = r"name|key|(?:key|header)_?name|field|target|param(?:eter)?|property|(?:parameter|property|field)name"
_VALUES = r"(?:attempted|rejected|raw|actual|current|old|new)?values?"
# `"name": "clientSecret", "value": "..."`, also the other way around, and as attributes of XML.
_NAMED = re.compile(
    rf"\b(?P<name>{_VALUES})(?P<quote>[\"']?)\s{{0,4}}(?P<sign>[=:])"
    r"(?P<space>\s{0,4})(?=[\"'\[{\d])",
    re.IGNORECASE,
)
_NAME = re.compile(
    rf"\b(?:{_NAMES})[\"']?\s{{0,4}}[=:]\s{{0,4}}"
    r"[\"'](?P<name>[\w.$-]+)[\"']",
    re.IGNORECASE,
)
#: How far a name may be from its value, in characters.
_BESIDE = 200
_BORDER = re.compile(r"[<>{}]")
_ELEMENT = re.compile(r"<(?P<name>[\w.:-]+)(?:\s[^<>]*)?>(?:<!\[CDATA\[)?(?P<value>[^<]+)")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_+/=-]{8,}(?:\.[A-Za-z0-9_+/=-]*){0,4}"
    r"|\b(?i:bearer)\s{1,4}(?!\w{1,40}=\")(?P<value>[\w.~+/=-]{16,})"
    r"|\b(?i:basic)\s{1,4}(?P<basic>(?=\S{0,99}[a-z])(?=\S{0,99}[A-Z])(?=\S{0,99}[\d=])[A-Za-z0-9+/]{8,}={0,2})(?![\w-])"
    r"|-{4,5}[ +]?BEGIN[ +][A-Z0-9 +]{0,30}PRIVATE[ +]KEY(?:[ +]BLOCK)?[ +]?-{4,5}"
    r"(?P<key>.*?)(?:-{4,5}[ +]?END|\Z)"
    # Secrets of GitHub, of an app registration, and of a storage account.
    r"|\b(?:gh[oprsu]|github_pat)_\w{20,}"
    r"|(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}(?![\w.~-])"
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==",
    re.DOTALL,
)
# As a sentence quotes it: "The client secret 'x' is wrong", "Incorrect API key provided: x".
_SAID = re.compile(
    r"(?<![\w-])(?i:(?:(?:client|app|application|shared|user)[ -])?(?:secret|password|passphrase|token)"
    r"|(?:api|account|access|storage|subscription|sas|shared access|primary|secondary)[ -]key)"
    r"(?i:\s(?:is|was|value|provided|given|used|supplied|sent)){0,2}:?\s{1,4}"
    r"(?:(?P<mark>[\"'`])(?P<quoted>(?=[^\s\"'`]{0,99}\d)[^\s\"'`]{8,200})(?P=mark)"
    r"|(?P<bare>(?=\S{0,99}\d)(?=\S{0,99}[a-z])(?=\S{0,99}[A-Z])[^\s\"'`<>()]{7,200}[^\s\"'`<>().,:;!?]))"
)
# Of YAML: lines of text, or of a list, that stand further in, below the name.
_BLOCK = re.compile(
    r"[^\S\r\n]{0,4}(?:[|>][+-]?\d?[^\S\r\n]{0,4}\r?\n(?P<text>(?:[ \t][^\r\n]*(?:\r?\n|\Z))+)"
    r"|\r?\n(?P<list>(?:[ \t]{0,40}-[ \t][^\r\n]*(?:\r?\n|\Z))+))"
)
_SCHEME = re.compile(
    r"(?:Bearer|Basic|Digest|Negotiate|NTLM|SharedKey(?:Lite)?|SharedAccessSignature|Token|ApiKey)\s{1,4}"
    r"|[a-z][\w-]{0,30}\s{1,4}(?=\S{0,99}\d)(?=[\w.~+/=:-]{16,})",
    re.IGNORECASE,
)
# `Digest username="x", response="y"`
_PARAMETERS = re.compile(
    r"(?:Digest|Hawk|OAuth|MAC|Signature|AWS4[\w-]{1,30})\s{1,4}(?:[\w-]{1,40}=(?:\"[^\"]*\"|[^\s,\"]+)[,\s]{0,4})+",
    re.IGNORECASE,
)
# As CSV doubles them, and Python's long texts have them.
_DOUBLED = re.compile(r"([\"'`])\1{1,2}(?=[^\s,;:&)\]}>\"'`<|])")
# Where a file with keys lies, which isn't one.
_FILE = re.compile(r"~?/(?:etc|home|root|usr|var|opt|tmp|mnt)/[\w./-]*")
_DIGIT = re.compile(r"\d")
# Where a value ends that isn't in quotes. A bracket, a quote or a comma may be a part of it.
_STOP = re.compile(r"[\s&;<|]|[\"'`)\]}>](?=[\s.,;:&)\]}>\"'`<|]|$)|,(?=[\s\"'\]})]|$|[\w.$-]{1,64}\s?[=:])")
_LINE_END = re.compile(r"[\r\n\"<>]")
_AUTHORITY_END = re.compile(r"[/\s\"<>`\\]|'(?=[\s,;:)\]}]|$)")
# As `host?x=a@b`, which names no user.
_HOST_ONLY = re.compile(r"[\w.-]*(?::\d*)?[?#]")
# As `user:a/b@host`, where somebody forgot to escape the slash: no host has such a port.
_SLASH_IN_PASSWORD = re.compile(r"[^\s\"'<>/?#@\[:]{1,100}:(?!\d{0,5}/)[^\s\"'<>?#@]{1,100}(?=@)")
# A proxy without a scheme: `user:password@host:8080`.
_BARE_USER = re.compile(r"(?<![\w.:/@%+-])[\w.%+-]{1,100}:[^\s\"'<>/@]{1,100}@(?=[\w.-]{1,200}:\d{2,5}(?!\d))")
_BRACKET = re.compile(r"[\"\[\]{}]")
# A password may hold blanks, and goes up to the next pair of its connection string.
_PASSWORD = re.compile(r"(?:password|pwd|passphrase)$", re.IGNORECASE)
_NEXT_PAIR = re.compile(r"[^;&\r\n\"'<>]{0,200};(?=\s{0,4}(?:[A-Za-z][\w ]{0,40}=|[\s\"'<>]|$))")
# No word of a sentence: with a digit, a sign or a capital within, or too long for one.
_ODD = re.compile(r"(?=.{4}).*(?:[0-9+=~!@#$%^*_]|[a-zA-Z][A-Z])|.{20}", re.DOTALL)
_GOES_ON = re.compile(r"[^\S\r\n]{1,4}\S")
# How a sentence about a field begins: "clientSecret: The field is required."
_SENTENCE = re.compile(
    r"an?|are|can(?:not)?|could|do(?:es)?|expired|failed|field|found|ha[sd]|have|invalid|is|it|its|length|may|missing"
    r"|must|no|not|of|on|one|only|or|parameter|please|property|provided|required|should|some|that|the|there|these"
    r"|this|too|value|was|were|which|will|with|wrong|your?",
    re.IGNORECASE,
)
#: What somebody says of a field, and no value: "token: expired". Nor is what a parser says of a token.
_STATE = re.compile(
    r"expired|invalid|missing|required|failed|denied|wrong|(?:dis|en)abled|rejected|revoked|unknown|incorrect|absent"
    r"|not|found|yes|no|ok|passed|recommended",
    re.IGNORECASE,
)
_UNEXPECTED = re.compile(r"(?i:unexpected|illegal|unknown)\s$")
_SAS = re.compile(r"\??s(?:v|r|e|p|t|s|i|rt|pr|ig|kn)=", re.IGNORECASE)
_NOTHING = {"", "none", "null", "nil", "true", "false", "undefined", "nothing", "empty", HIDDEN}

#: Where two secrets are written into each other, what is left of one may be seen only when the other is hidden.
_PASSES = 8

#: Shorter ones aren't masked: every log line would be full of holes.
_SHORTEST = 8

#: Secret only perhaps: a text may well say `key=value`, and `&code=`.
_VAGUE = {"key", "keys", "code", "pass"}

Span = tuple[int, int]


def without_secrets(text: str, *, is_cut: bool = False) -> str:
    """Return a text with each secret in it blanked, however JSON, HTML or a URL write it.

    Those are values of secret names (`sig=...`, `"clientSecret": "..."`, `AccountKey=...;`, a header), users of
    URLs, tokens and private keys. A text without any is returned as it is. Takes time linear in its length.

    :param is_cut: whether it goes on: then what begins like a user of a URL is one.
    """
    for _ in range(_PASSES):
        parts: list[str] = []
        done = 0
        for begin, end in _found(text, is_cut=is_cut):
            parts += (text[done:begin], HIDDEN)
            done = end
        if not parts or (hidden := "".join([*parts, text[done:]])) == text:
            break
        text = hidden
    return text


def without_queries(text: str) -> str:
    """Return a text with the query of each URL blanked: whoever made it may have put a secret under any name."""
    if "?" not in text or "://" not in text:
        return text
    return re.sub(r"[^\s\"'<>]+", lambda run: _without_query(run[0]), text)


def _without_query(run: str) -> str:
    begin = run.find("?", run.find("://") + 1)
    return f"{run[:begin]}?{HIDDEN}" if "://" in run and begin != -1 else run


def redacted(value: Any, *, is_secret: bool = False) -> Any:
    """Return a JSON value for a log: without secrets and the queries of URLs, otherwise as it is.

    :param value: JSON primitives.
    :param is_secret: whether the field that holds it is secret, and with it all that it holds.
    """
    if isinstance(value, Mapping):
        fields = secret_fields(value, is_secret)
        return {redacted(key): redacted(item, is_secret=inner) for key, item, inner in fields}
    if isinstance(value, list | tuple):
        return [redacted(item, is_secret=is_secret) for item in value]
    if is_secret and value not in (None, "") and not isinstance(value, bool):
        return HIDDEN
    return without_secrets(without_queries(value)) if isinstance(value, str) else value


def secret_fields(fields: Mapping[Any, Any], is_secret: bool) -> Iterator[tuple[Any, Any, bool]]:
    """Yield each field of an object, its value, and whether that is secret.

    :param fields: the object.
    :param is_secret: whether it is in a field that is.
    """
    named = is_named_secret(fields)
    for key, item in fields.items():
        inner = is_confidential(str(key)) and not (named and is_secrets_name(item))
        yield key, item, is_secret or inner or (named and is_value(key))


def is_value(name: object) -> bool:
    """Return whether a field holds the value of what another names, such as `{"name": ..., "value": ...}`."""
    return isinstance(name, str) and re.fullmatch(_VALUES, name, re.IGNORECASE) is not None


def is_secrets_name(value: object) -> bool:
    """Return whether what a field named "key" holds is the name of a secret, and none itself."""
    return (
        isinstance(value, str) and re.fullmatch(r"[A-Za-z_.-]{1,40}", value) is not None and is_confidential(value)
    )


def is_named_secret(fields: Mapping[Any, Any]) -> bool:
    """Return whether it is a pair such as `{"name": "clientSecret", "value": ...}`, as errors quote them too."""
    if not any(map(is_value, fields)):
        return False
    names = (
        item for key, item in fields.items() if isinstance(key, str) and re.fullmatch(_NAMES, key, re.IGNORECASE)
    )
    return any(isinstance(name, str) and is_confidential(name) for name in names)


def secrets_in(value: Any) -> Iterator[str]:
    """Yield each secret of a JSON value, for whoever masks logs: as it stands, and as it is without its %-escapes.

    :param value: JSON primitives.
    """
    for secret in _secrets_in(value, is_secret=False):
        for form in {secret, unquote(secret)}:  # storage quotes a signature as it understood it
            if len(form) >= _SHORTEST:
                yield form


def _secrets_in(value: Any, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for _, item, inner in secret_fields(value, is_secret):
            yield from _secrets_in(item, inner)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets_in(item, is_secret)
    elif isinstance(value, str):
        if is_secret:
            yield value
        for run in re.findall(r"[^\s\"'<>]+", value) if "://" in value else ():
            yield run.partition("://")[2].partition("?")[2]
        yield from (value[begin:end] for begin, end in _found(value))
    elif is_secret and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _is_suspect(text: str) -> bool:
    """Return whether it is worth looking for secrets: a cheap question, asked of each text of an operation."""
    return _HINT.search(text.lower()) is not None or ("@" in text and ":" in text)


def _found(text: str, *, is_cut: bool = False) -> list[Span]:
    """Return where the secrets of a text are, in order."""
    is_escaped = may_hold_escapes(text)
    if not is_escaped and not (_is_suspect(text) or is_cut):
        return []
    plain = unescaped(text) if is_escaped else Unescaped(text)
    if is_escaped and not (_is_suspect(plain.text) or is_cut):
        return []
    spans = [*_values(plain, _PAIR), *_elements(plain), *_tokens(plain), *_users(plain, is_cut)]
    if "--" in plain.text:
        spans += _values(plain, _OPTION)
    if "," in plain.text:
        spans += _values(plain, _TUPLE)
    if "value" in plain.text.lower():
        spans += _values(plain, _NAMED)
    merged: list[Span] = []
    for begin, end in sorted((plain.place(begin), plain.place(end)) for begin, end in spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _values(plain: Unescaped, pattern: re.Pattern[str]) -> Iterator[Span]:
    """Yield the values of secret names."""
    position = 0
    while match := pattern.search(plain.text, position):
        position = match.end()
        if _is_secret_here(plain.text, match):
            span = _value(plain, match)
            if span is not None:
                yield span
                position = max(position, span[1])


def _is_secret_here(text: str, match: re.Match[str]) -> bool:
    name = match["name"]
    if match.re is _NAMED:
        return _name_beside(text, match)
    if is_confidential(name):
        if name.lower() == "token" and _UNEXPECTED.search(text, max(0, match.start() - 20), match.start()):
            return False
        # Of a whole signature, `sig` is found by itself.
        return not (name.lower().endswith("signature") and _SAS.match(text, match.end()))
    # The key of an Azure function, say; `code=` by itself is an error's.
    begin = match.start()
    before = text[max(0, begin - 1) : begin]
    return match["sign"] == "=" and (
        (name.lower() == "code" and before in {"?", "&"}) or (name.lower() == "pass" and before in {"?", "&", ";"})
    )


def _name_beside(text: str, match: re.Match[str]) -> bool:
    """Return whether a secret's name is in the same object or element as a value: before it, else after it."""
    before = _BORDER.split(text[max(0, match.start() - _BESIDE) : match.start()])[-1]
    names = _NAME.findall(before)[-1:] or _NAME.findall(
        _BORDER.split(text[match.end() : match.end() + _BESIDE])[0]
    )
    return bool(names) and is_confidential(names[0])


def _value(plain: Unescaped, match: re.Match[str]) -> Span | None:
    """Return where the value of a secret name is; None if there is none, or if it is the rest of a sentence."""
    text, name, begin = plain.text, match["name"].lower(), match.end()
    first = text[begin : begin + 1]
    if (block := _BLOCK.match(text, match.end("sign"))) is not None and match["sign"] == ":":
        lines = block["text"] or block["list"]
        start = block.end() - len(lines.lstrip())
        end = start + len(lines.strip())
        is_hidden = lines.strip() == HIDDEN or (name in _VAGUE and _DIGIT.search(lines) is None)
        return None if is_hidden or end <= start else (start, end)
    if (run := _DOUBLED.match(text, begin)) is not None:
        end = text.find(run[0], run.end())
        return (run.end(), end if end != -1 else len(text))
    if first in {'"', "'", "`"}:
        end = _closed(plain, begin, is_doubled=match["sign"] != ":")
        word = text[begin + 1 : end]
        return None if word.lower() in _NOTHING or (name in _VAGUE and is_secrets_name(word)) else (begin + 1, end)
    further_from = begin
    if first in {"[", "{"}:
        if name in _VAGUE and _DIGIT.search(text, begin, begin + 500) is None:  # "missing keys: ['a', 'b']"
            return None
        further_from = _balanced(plain, begin)
        if not text[begin:further_from].strip("[]{} "):
            return None
    scheme = _SCHEME.match(text, begin) if name.endswith("authorization") else None
    begin = scheme.end() if scheme else begin
    further_from = max(begin, further_from)  # a password may begin with a bracket: `{a}b`
    end = _end(plain, further_from, plain.percent(match.start("sign")))
    if name.endswith("authorization") and (parameters := _PARAMETERS.match(text, match.end())) is not None:
        return parameters.span()
    if _PASSWORD.search(name) and not match["space"]:
        further = _NEXT_PAIR.match(text, further_from)
        end = max(end, further.end() - 1) if further else end
    elif name.endswith("cookie"):
        line = _LINE_END.search(text, further_from)
        end = line.start() if line else len(text)
    if further_from > begin:
        return (begin, end)
    word = text[begin:end]
    if (
        word.lower() in _NOTHING
        or _STATE.fullmatch(word)
        or (name in _VAGUE and _FILE.fullmatch(word))
        or (name in _VAGUE and (len(word) < _SHORTEST or not _ODD.match(word)))
    ):
        return None
    if match["space"] and not match["quote"] and not scheme and _is_sentence(text, name, word, end):
        return None
    return (begin, end)


def _is_sentence(text: str, name: str, word: str, end: int) -> bool:
    """Return whether a sentence follows a name, as "token: the signature is wrong", and not a secret."""
    if not _GOES_ON.match(text, end) or _ODD.match(word):
        return False
    return name.isalpha() or _SENTENCE.fullmatch(word) is not None


def _end(plain: Unescaped, begin: int, percent: int) -> int:
    """Return where a value ends that isn't in quotes, but for what ends a sentence."""
    end = len(plain.text)
    for stop in _STOP.finditer(plain.text, begin):
        if plain.percent(stop.start()) <= percent:
            end = stop.start()
            break
    while end > begin and plain.text[end - 1] in ".:!?":
        end -= 1
    return end


def _closed(plain: Unescaped, opening: int, *, is_doubled: bool) -> int:
    """Return where a text in quotes ends: at one that isn't escaped any further; or the end, if it was cut."""
    text, quote, depth = plain.text, plain.text[opening], plain.depth(opening)
    position = text.find(quote, opening + 1)
    while position != -1:
        if plain.depth(position) <= depth:
            if not (is_doubled and position > opening + 1 and text[position + 1 : position + 2] == quote):
                return position
            position += 1  # of a connection string: two of them are one
        position = text.find(quote, position + 1)
    return len(text)


def _balanced(plain: Unescaped, opening: int) -> int:
    """Return where a list or an object ends; or the end, if it was cut."""
    open_ones, inside = 0, False
    depth = plain.depth(opening)
    for match in _BRACKET.finditer(plain.text, opening):
        if match[0] == '"':
            # The least escaped ones are the JSON's own.
            quote = plain.depth(match.start())
            if not inside:
                inside, depth = True, quote
            elif quote <= depth:
                inside = False
        elif not inside:
            open_ones += 1 if match[0] in "[{" else -1
            if open_ones == 0:
                return match.end()
    return len(plain.text)


def _elements(plain: Unescaped) -> Iterator[Span]:
    if "<" in plain.text:
        for match in _ELEMENT.finditer(plain.text):
            is_vague = match["name"].lower() in _VAGUE and not _ODD.match(match["value"].strip())
            if is_confidential(match["name"]) and match["value"].strip() and not is_vague:
                yield match.span("value")
        for match in _NAMED_ELEMENT.finditer(plain.text):
            if is_confidential(match["name"]):
                yield match.span("value")


def _tokens(plain: Unescaped) -> Iterator[Span]:
    for match in _TOKEN.finditer(plain.text):
        if match["value"] is None:
            yield match.span(next((name for name in ("key", "basic") if match[name] is not None), 0))
        elif _ODD.match(match["value"]):
            yield match.span("value")
    for match in _SAID.finditer(plain.text):
        yield match.span("quoted" if match["quoted"] else "bare")


def _users(plain: Unescaped, is_cut: bool) -> Iterator[Span]:
    text = plain.text
    if "@" in text:
        for match in _BARE_USER.finditer(text):
            yield match.start(), match.end() - 1
    position = text.find("//") if "@" in text or is_cut else -1
    while position != -1:
        begin = position + 2
        stops = _AUTHORITY_END.finditer(text, begin)
        percent = plain.percent(position)
        end = next((stop.start() for stop in stops if plain.percent(stop.start()) <= percent), len(text))
        at = text.rfind("@", begin, end)  # the last one, as a password may hold one
        if at != -1 and not _HOST_ONLY.match(text, begin, at):
            yield begin, at
        elif is_cut and end == len(text):
            yield begin, end
        elif slash := _SLASH_IN_PASSWORD.match(text, begin):
            yield slash.span()
            end = slash.end()
        position = text.find("//", max(end, begin))
