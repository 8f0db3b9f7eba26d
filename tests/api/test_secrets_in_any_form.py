"""A secret that a service, a library or a definition quotes, in whatever form JSON, HTML or a URL write it."""

from __future__ import annotations

import json
import time
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_cpp.api.arguments import shown
from airflow_provider_cpp.api.confidential import redacted, secrets_in, without_queries, without_secrets
from airflow_provider_cpp.api.differences import differences
from airflow_provider_cpp.api.plain_text import MAX_LENGTH, one_line, plain_text, said_by
from airflow_provider_cpp.api.refusals import refusal_in

#: A signature as base64 is, with what each escape changes, and a part of it that no escape does.
SIGNATURE = "hUsh9Zk+w/3Qd=="
PART = "hUsh9Zk"


def dotnet(text: str) -> str:
    """Write a text as .NET's JSON does, which escapes what HTML could misread."""
    return "".join(f"\\u{ord(c):04X}" if c in "&+<>'\"=" else c for c in text)


WRITTEN = {
    "as it is": lambda text: text,
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in JSON by .NET": dotnet,
    "in JSON by PHP": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "in HTML": escape,
    "in HTML by numbers": lambda text: "".join(f"&#{ord(c)};" if c in "&\"'=+" else c for c in text),
    "in HTML by hexadecimal numbers": lambda text: "".join(
        f"&#x{ord(c):X};" if c in "&\"'=+" else c for c in text
    ),
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL, in lower case": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%3D", "%3d"),
    "in Python's literals": lambda text: repr(text)[1:-1],
}

#: Each with what is before the secret, and after it.
QUOTING = {
    "a signature in a URL": ("https://x.blob.core.windows.net/v/a.vhd?sv=2018&sr=b&sig={}", "&se=2019&sp=rl"),
    "one that is first": ("https://x.blob.core.windows.net/v/a.vhd?sig={}", "&se=2019"),
    "one that is last": ("Not found: /v/a.vhd?sv=2018&sig={}", ""),
    "one in capitals": ("a.vhd?SIG={}", "&SE=2019"),
    "one in a list of parts": ("sv=2018, sig={}", ", sp=rl"),
    "one by itself": ("sig={}", ""),
    "one in brackets": ("(a.vhd?sv=1&sig={}", ") isn't there"),
    "one in JSON": ('{{"sv": "1", "sig":"{}"', ', "sp": "rl"}}'),
    "one in Python's words": ("{{'sv': '1', 'sig': '{}'", ", 'sp': 'rl'}}"),
    "an account's key": ("DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey={}", ";EndpointSuffix=x"),
    "a bus's key": ("Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey={}", ";EntityPath=q"),
    "a whole signature": ("SharedAccessSignature=sv=1&sig={}", "&sp=r"),
    "a database's password": ("Server=x;User ID=me;Password={}", ";Encrypt=yes"),
    "a password with blanks": ("Server=x;Pwd=my {} word", ";Encrypt=yes"),
    "a password in quotes": ('Server=x;Password="a;{}"', ";Encrypt=yes"),
    "a form": ("grant_type=client_credentials&client_secret={}", "&scope=x"),
    "an assertion": ("client_assertion_type=urn&client_assertion={}", "&scope=x"),
    "tokens": ('{{"token_type": "Bearer", "access_token": "{}"', ', "expires_in": 3599}}'),
    "another token": ('{{"refresh_token":"{}"', ',"expires_in":3599}}'),
    "a header": ("Authorization: Bearer {}", ", Accept: x"),
    "a header in JSON": ('{{"Authorization": "Bearer {}"', ', "Accept": "x"}}'),
    "a gateway's key": ("Ocp-Apim-Subscription-Key: {}", " was refused"),
    "a function's key": ("x-functions-key: {}", " was refused"),
    "a function's URL": ("https://x.azurewebsites.net/api/f?code={}", "&name=me"),
    "a user in a URL": ("https://me:{}@proxy.contoso.com:8080", "/path"),
    "a user with an at sign": ("https://me:a@{}@proxy.contoso.com:8080", "/path"),
    "a password": ("Login failed, password: {}", ", retry"),
    "a field with a prefix": ('{{"microsoft-azure-x.storageAccountKey": "{}"', ', "planId": "gold"}}'),
    "a list": ('{{"clientSecrets": ["a", "{}"]', ', "planId": "gold"}}'),
    "an object": ('{{"clientSecret": {{"a": 1, "b": ["]", "{}"]}}', ', "planId": "gold"}}'),
    "an element": ("<AccountKey>{}</AccountKey>", "<Name>x</Name>"),
    "a setting": ('<add name="AccountKey" value="{}" />', "<other />"),
    "a value and a name": ('{{"value": "{}"', ', "name": "clientSecret"}}, {{"value": "x"}}'),
    "a name, a type and a value": ('{{"name": "clientSecret", "type": "string", "value": "{}"', ', "x": 1}}'),
    "a field and a value": ('{{"propertyName": "clientSecret", "attemptedValue": "{}"', ', "x": 1}}'),
    "values": ('{{"name": "Authorization", "values": ["Bearer {}"]', ', "x": 1}}'),
    "a field of a page": ('<input name="client_secret" type="hidden" value="{}">', "<input>"),
    "a value and a key": ('<add value="{}" key="ClientSecret" />', "<other />"),
    "an option": ("az login --service-principal --password {}", " --tenant x"),
    "a header as Python has it": ("[('Authorization', 'Bearer {}')", ", ('Accept', 'x')]"),
    "a place in a list": ("clientSecrets[0]={}", "&x=1"),
    "a form's list": ("client_secret[]={}", "&x=1"),
    "a short name": ("Server=x;Uid=me;Pass={}", ";Encrypt=yes"),
    "lines of YAML": ("password: |\n  a\n  {}", "\nnext: x"),
    "a list of YAML": ("clientSecrets:\n  - a\n  - {}", "\nnext: x"),
    "a name and a value": ('{{"name": "clientSecret", "value": "{}"}}', ', {{"name": "x"}}'),
}


def quoted(case: str) -> tuple[str, str]:
    """Return a text that quotes the signature, and what has to be left of it after the secret."""
    before, after = QUOTING[case]
    secret = (
        quote(SIGNATURE, safe="") if "URL" in case or case in {"a form", "a user with an at sign"} else SIGNATURE
    )
    return before.format(secret) + after.format(), after.format()


@pytest.mark.parametrize("outer", WRITTEN)
@pytest.mark.parametrize("case", QUOTING)
def test_a_secret_is_hidden_however_it_is_written_and_all_around_it_stays(case: str, outer: str) -> None:
    text, after = quoted(case)
    for inner, write in WRITTEN.items():
        written = WRITTEN[outer](write(text))
        told = without_secrets(f"Failed: {written}")

        assert PART not in told, inner
        assert "***" in told
        assert told.startswith("Failed: ")
        assert told.endswith(WRITTEN[outer](write(after))), inner
        for way in (one_line, plain_text):
            assert PART not in way(written), inner


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.vhd?sv=1&sig=s1gnature&se=2019&sp=rl", "a.vhd?sv=1&sig=***&se=2019&sp=rl"),
        ("a.vhd?sv=1\\u0026sig=s1gnature\\u0026sp=r", "a.vhd?sv=1\\u0026sig=***\\u0026sp=r"),
        ("a.vhd?sv=1\\\\u0026sig=s1gnature\\\\u0026sp=r", "a.vhd?sv=1\\\\u0026sig=***\\\\u0026sp=r"),
        ("a.vhd?sv=1u0026sig=s1gnatureu0026sp=r", "a.vhd?sv=1u0026sig=***u0026sp=r"),
        ("x%253Fsv%253D1%2526sig%253Ds1g%2526sp%253Dr", "x%253Fsv%253D1%2526sig%253D***%2526sp%253Dr"),
        ("sig=a%26b&x", "sig=***&x"),  # what is escaped further than the sign is a part of the value
        ("SharedAccessSignature=sv=1&sig=s1g&sp=r", "SharedAccessSignature=sv=1&sig=***&sp=r"),
        ('{\\"sig\\":\\"a\\\\\\"s1g\\",\\"x\\":1}', '{\\"sig\\":\\"***\\",\\"x\\":1}'),
        ('"password": 12345, "x": 1', '"password": ***, "x": 1'),
        ('"password": "two\nlines", "x": 1', '"password": "***", "x": 1'),
        ('"password": "cut off', '"password": "***'),
        ("Password='it''s';Encrypt=yes", "Password='***';Encrypt=yes"),
        ("Password={a;b};Encrypt=yes", "Password=***;Encrypt=yes"),
        ("Look at https://x/?sig=s1gnature. Then go on.", "Look at https://x/?sig=***. Then go on."),
        ("it says eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln, why", "it says ***, why"),
        ("Bearer 0123456789abcdefXY is refused", "Bearer *** is refused"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\nx\n-----END", "-----BEGIN RSA PRIVATE KEY-----***-----END"),
        ("-----BEGIN+RSA+PRIVATE+KEY-----MII%2B", "-----BEGIN+RSA+PRIVATE+KEY-----***"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nMII", "-----BEGIN PGP PRIVATE KEY BLOCK-----***"),
        ("passcode: 12345678, jwt=a.b.c, sas=abc", "passcode: ***, jwt=***, sas=***"),
        ("Sig={0}0", "Sig=***"),
        ("password: {x}hUsh, y", "password: ***, y"),
        ('<add key="ClientSecret" value="s1gnature"/>', '<add key="ClientSecret" value="***"/>'),
        ("https://me:a/b@host/x", "https://***@host/x"),
        ("Cookie: a=b; c=d", "Cookie: ***"),
        ("Sig={0}0 and more", "Sig=*** and more"),
        ("clientSecret        : s3cret-word, x: 1", "clientSecret        : ***, x: 1"),
        ('clientSecret="""s3cret""", x', 'clientSecret="""***""", x'),
        ('"{""clientSecret"": ""s3cret"", ""x"": 1}"', '"{""clientSecret"": ""***"", ""x"": 1}"'),
        ("run --client-secret s3cret-1 --tenant x", "run --client-secret *** --tenant x"),
        ("('X-Functions-Key', 's3cret-1'), ('Accept', 'x1')", "('X-Functions-Key', '***'), ('Accept', 'x1')"),
        ("(b'authorization', b'Basic dXNlcjpz3cret=')", "(b'authorization', b'***')"),
        ('["Authorization", "Basic dXNlcjpzM2NyZXQ="]', '["Authorization", "***"]'),
        ('Authorization: Digest username="u", response="s3cret"', "Authorization: ***"),
        ("Authorization: Custom s3cret0123456789ab, Accept: x", "Authorization: Custom ***, Accept: x"),
        ("it sent Basic dXNlcjpzM2NyZXQ= there", "it sent Basic *** there"),
        (
            '{"name": "clientSecret", "type": "x", "value": "s3"}',
            '{"name": "clientSecret", "type": "x", "value": "***"}',
        ),
        ('{"value": "s3cret", "name": "clientSecret"}', '{"value": "***", "name": "clientSecret"}'),
        ('{"keyName":"key1","value":"s3cret","x":1}', '{"keyName":"key1","value":"***","x":1}'),
        ("<Name>clientSecret</Name><Value>s3</Value>", "<Name>clientSecret</Name><Value>***</Value>"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END", "-----BEGIN PGP PRIVATE KEY BLOCK-----***-----END"),
        ("---- BEGIN SSH2 PRIVATE KEY ----\nx\n---- END", "---- BEGIN SSH2 PRIVATE KEY ----***---- END"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nx", "-----BEGIN OPENSSH PRIVATE KEY-----***"),
        ("proxy me:s3cret@proxy:8080 refused", "proxy ***@proxy:8080 refused"),
        ("it is abC8Q~" + "s3cret-" * 4 + "abcdef, see", "it is ***, see"),
        ("it is " + "s3cr" * 21 + "ab==, see", "it is ***, see"),
        ("it is ghp_" + "s3cr" * 9 + ", see", "it is ***, see"),
        ("The client secret 's3cret-12' is wrong", "The client secret '***' is wrong"),
        ("Incorrect API key provided: S3cret-12.", "Incorrect API key provided: ***."),
        ("the password is S3cret-12, they say", "the password is ***, they say"),
        ("connStr=s3cret, passcode=s3cret, dbPass=s3cret", "connStr=***, passcode=***, dbPass=***"),
        ("a?sv=1%u0026sig%u003Ds3cret", "a?sv=1%u0026sig%u003D***"),
        ("a?sv=1&#38sig&#61s3cret", "a?sv=1&#38sig&#61***"),
        ("a?sv=1\\u{26}sig\\u{3d}s3cret", "a?sv=1\\u{26}sig\\u{3d}***"),
        ("a?sv=1\\046sig\\075s3cret", "a?sv=1\\046sig\\075***"),
    ],
)
def test_what_is_hidden_and_no_more(text: str, told: str) -> None:
    assert without_secrets(text) == told


ORDINARY = [
    "Certification failed: the VM image of plan gold could not be validated.",
    "Invalid token: the signature is wrong",
    "Check password (client secret: is it right, has it expired?), scope, and that the app is there.",
    "definition.offer.clientSecret: The clientSecret field is required.",
    "AADSTS7000215: Invalid client secret provided. Trace ID: 0d9c4f1e-0000 Timestamp: 2026-01-01 10:00:00Z",
    "Unable to get a token from https://login.microsoftonline.com:443/x: HTTP 503",
    "Could not load 'X, Version=1.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089'.",
    "error code=InvalidInput; tags are given as key=value",
    '{"token_type": "Bearer", "expires_in": 3599, "keywords": ["a", "b"], "tokenizer": "x", "monkey": "y"}',
    '{"password": null, "secret": "", "keys": [], "hasSecret": false}',
    "sshPublicKey: AAAAB3Nza, publicKey=abc, secretName=x, token_endpoint=https://x/y, signal=5, design: new",
    "https://contoso.example/r?a=1&b=2#x and https://github.com/contoso/app@v1.2",
    "https://host?to=me@contoso.com, me@contoso.com // or you@contoso.com",
    "The bearer of bad news",
    "token: expired",
    "signature=invalid",
    "Root password: disabled",
    "credentials: missing.",
    "Unexpected token: }",
    "unexpected token: 'planId' at line 5",
    "publish --dry-run --token-type Bearer -- --password",
    '{"name": "offerId", "value": "x"}, {"value": "y", "name": "planId"}',
    '{"value": "x"}, {"name": "clientSecret"}',
    "('colour', 'blue')",
    "100% of 5 GB, 50 %25, C:\\users\\new, a && b, AT&T, &reg;, tom &amp; jerry",
    "step publisher-signoff: waitingForPublisherReview, 50 %",
    "signature: invalid; clientSecret: required; Password: Required; sasToken: missing; cookie: disabled",
    'WWW-Authenticate: Bearer authorization_uri="https://login.windows.net/x", error="invalid_token"',
    "missing keys: ['planId', 'offerId'], the fields ('clientSecret', 'tenantId') are needed",
    "host key: /etc/ssh/ssh_host_rsa_key must be removed; step 'secret-scan': 3 secrets found",
    "the token expired 2026-01-01T10:00:00Z, client secret 'gold' is unknown, Unexpected token '<' at 5",
    "Basic authentication is disabled, Basic realm; mailto:me@contoso.com and 10:30 me@contoso.com",
    "<Error><Key>name</Key><Value>1</Value></Error>, compass=5",
    "",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) is text


WORDS = ["offer", "plan gold", "version 1.0.2", "at", "https://x/y?a=1&b=2", "(id 7)", "50 %", "a=b", "&amp;"]
WORDS += [
    "failed:",
    "isn't",
    "there.",
    '"x": "y",',
    "\\n",
    "%20",
    "{}",
    "[1, 2];",
    "me@x",
    "<b>",
    "design",
    "signs",
]


@given(st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_ordinary_text_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) is text


PIECES = [
    "sig=",
    "sig",
    "=",
    ":",
    '"',
    "'",
    "\\",
    "&",
    ";",
    "%3D",
    "\\u0026",
    "&amp;",
    "password",
    " ",
    "a",
    "9",
    ",",
]
PIECES += [
    "{0}",
    "Sig={",
    "--secret ",
    "('token', ",
    '""',
    "u:p@h:80",
    "api key ",
    "'abcdefg1'",
    "<name>",
    "value: 'b1'",
]
PIECES += ["//", "@", "eyJabcdefghi", "bearer ", "{", "}", "[", "]", "<", ">", "key", "token: ", "***", "\n", "."]


@given(st.text(max_size=100) | st.lists(st.sampled_from(PIECES)).map("".join))
@example("Sig={0}0")
@example("password: |\n  a\n b: c")
@example("Password={a} c;d=")
def test_hiding_twice_hides_no_more(text: str) -> None:
    once = without_secrets(text)
    assert without_secrets(once) == once
    assert one_line(text).isprintable()
    assert len(plain_text(text)) <= MAX_LENGTH + 3


@pytest.mark.parametrize("length", range(1900, 2040, 7))
@pytest.mark.parametrize("case", ["a signature in a URL", "a user in a URL", "a header", "a password in quotes"])
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(case: str, length: int) -> None:
    text, _ = quoted(case)
    for way in (one_line, plain_text):
        assert "hUs" not in way("x" * length + " " + text)


@pytest.mark.parametrize("text", ["https://me:hUsh9Zk", "sig=hUsh9Zk", '"password": "hUsh9Zk', "token: hUsh9Zk"])
@pytest.mark.parametrize("begin", ["<b>" * 1000, "sig=x, " * 800, " " * 4000])
def test_nor_where_it_is_cut_before_it_is_looked_at(text: str, begin: str) -> None:
    """What is read of a text is much more than what is shown; tags, blanks and secrets shrink it."""
    for way in (one_line, plain_text):
        for more in range(7950 - len(begin), 8050 - len(begin), 3):
            told = way(begin + " " * more + text + "9" * 500 + "@host/x")
            assert "hUs" not in told


SECRET_NAMES = """
clientSecret client_secret client-secret CLIENT_SECRET clientsecret secretValue password Password adminPwd
accessToken sasToken SASToken continuationToken apiKey api-key API_KEY accountKey accountKey1
storageAccountKey planKey key keys
microsoft-azure-x.storageAccountKey connectionString connection_string ConnectionStrings credentials passphrase
connStr conn_string passcode dbPass userpass SAMLResponse pfxBase64 privateKeyPem
sig sharedAccessSignature Authorization Ocp-Apim-Subscription-Key x-functions-key
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
@pytest.mark.parametrize(
    "value", ["hUsh9Zk-1", 9271038475, 1.5, ["hUsh9Zk-1", 9271038475], {"a": {"b": "hUsh9Zk-1"}}]
)
def test_a_field_is_secret_by_its_name_whatever_it_holds(name: str, value: object) -> None:
    told = json.dumps(redacted({"offer": {name: value}}))
    assert "hUsh" not in told
    assert "9271038475" not in told
    assert "1.5" not in told
    if not isinstance(value, float):
        assert {"hUsh9Zk-1", "9271038475"} & set(secrets_in({"offer": {name: value}}))


OTHER_NAMES = """
keywords keyword tokenizer monkey turkey publicKey sshPublicKey public_key secretName tokenEndpoint passwordPolicy
keyVaultName secretary design signal signOff assigned compass keyboard hotkeyed token_type keyId
bypass pass secretScan
"""


@pytest.mark.parametrize("name", OTHER_NAMES.split())
def test_a_field_isnt_secret_because_of_a_part_of_its_name(name: str) -> None:
    document = {name: "shown", "more": [{name: 5}]}
    assert redacted(document) == document
    assert list(secrets_in({name: "long enough"})) == []


def test_what_isnt_set_and_what_is_a_switch_is_shown() -> None:
    document = {"secret": None, "password": "", "keys": [], "token": {}, "hasPassword": True, "secret1": False}
    assert redacted(document) == document


@pytest.mark.parametrize("name", ["key", "field", "target", "propertyName", "ParameterName", "Property"])
@pytest.mark.parametrize("value", ["value", "attemptedValue", "RejectedValue", "rawValue", "values"])
def test_a_pair_is_secret_by_whichever_names(name: str, value: str) -> None:
    pair = {value: "hUsh9Zk-1", name: "clientSecret"}
    assert redacted(pair) == {value: "***", name: "clientSecret"}
    assert list(secrets_in(pair)) == ["hUsh9Zk-1"]
    assert without_secrets(json.dumps(pair)) == json.dumps({value: "***", name: "clientSecret"})
    assert PART not in str(refusal_in(json.dumps({"errors": [{**pair, "message": "x"}]}).encode()))


def test_the_value_of_a_pair_is_as_secret_as_its_name() -> None:
    pairs = [{"name": "clientSecret", "value": "hUsh9Zk-1"}, {"name": "colour", "value": "blue"}]
    assert redacted(pairs) == [{"name": "clientSecret", "value": "***"}, {"name": "colour", "value": "blue"}]
    assert list(secrets_in(pairs)) == ["hUsh9Zk-1"]


def test_of_a_map_the_names_tell_no_secret_either() -> None:
    document = {"https://x/y?z=hush": {"sig=hush": ["sig=hush"]}, "plan": 1}
    assert redacted(document) == {"https://x/y?***": {"sig=***": ["sig=***"]}, "plan": 1}


def test_of_a_definition_a_whole_query_is_hidden() -> None:
    assert redacted({"u": "see https://x/y?z=hush and more"}) == {"u": "see https://x/y?*** and more"}
    assert without_queries("Really? https://x/y and a?b=c") == "Really? https://x/y and a?b=c"


def test_of_two_definitions_nothing_below_a_secret_field_is_shown() -> None:
    wanted = {"x.clientSecret": {"value": "hUsh9Zk", "n": 9271038475}, "u": "https://x?sig=hUsh9Zk"}
    found = differences({"offer": wanted}, {"offer": {**wanted, "x.clientSecret": {"value": "0ld"}, "u": "a"}})
    assert [difference.path for difference in found] == [
        "offer/x.clientSecret/value",
        "offer/x.clientSecret/n",
        "offer/u",
    ]
    for each in found:
        assert PART not in str(each)
        assert "0ld" not in str(each)
        assert "927" not in str(each)


def test_a_plan_is_shown_whatever_its_id_ends_in() -> None:
    (found,) = differences({"plans": [{"planId": "api-key", "x": 1}]}, {"plans": [{"planId": "api-key", "x": 2}]})
    assert str(found) == "plans/api-key/x: 2 -> 1"


BODIES = {
    "plain text": lambda text: text,
    "a page": lambda text: f"<html><head><title>{text}</title></head><body><p>{text}</p></body></html>",
    "XML": lambda text: f"<Error><Code>X</Code><Message>{escape(text)}</Message></Error>",
    "a message": lambda text: json.dumps({"error": {"code": text, "message": text, "target": text}}),
    "details": lambda text: json.dumps({"errors": [{"message": "x", "details": [{"message": text}]}]}),
    "a model's state": lambda text: json.dumps({"ModelState": {text: [text]}}),
    "anything": lambda text: json.dumps({"what": [{"ever": text}]}),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"Message": text})),
    "a body that was cut": lambda text: json.dumps({"error": {"message": text}})[:-1],
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("case", QUOTING)
def test_a_refusal_tells_no_secret_wherever_its_body_has_it(kind: str, case: str) -> None:
    for write in WRITTEN.values():
        said = str(refusal_in(BODIES[kind](write(quoted(case)[0])).encode()))
        assert PART not in said


@pytest.mark.parametrize(
    "quoting",
    [
        {"clientSecret": "hUsh9Zk"},
        {"clientSecret": ["hUsh9Zk", {"a": "hUsh9Zk"}]},
        {"name": "clientSecret", "value": "hUsh9Zk"},
        {"request": {"headers": [{"key": "x-functions-key", "Value": "hUsh9Zk"}]}},
    ],
)
@pytest.mark.parametrize("message", [{}, {"message": "refused"}])
def test_nor_does_one_that_quotes_what_was_sent(quoting: dict[str, object], message: dict[str, object]) -> None:
    for body in ({**quoting, **message}, {"error": {**message, "details": [quoting]}}):
        assert PART not in str(refusal_in(json.dumps(body).encode()))


def test_an_argument_that_is_refused_is_shown_without_secrets() -> None:
    assert shown({"clientSecret": "hUsh9Zk", "u": "x?sig=hUsh9Zk"}) == "{'clientSecret': '***', 'u': 'x?sig=***'}"


def test_what_a_library_says_is_quoted_without_secrets() -> None:
    assert said_by(OSError("https://me:hUsh9Zk@host\nsig=hUsh9Zk")) == "OSError: https://***@host sig=***"


ENDLESS = [
    "a",
    "sig=",
    "sig=sv=",
    "token: ",
    "key=",
    "//",
    "//a@",
    "//a:b/",
    "eyJ",
    "eyJa.",
    "%25",
    "\\",
    '\\\\"',
    "&",
]
ENDLESS += [
    "&amp;",
    '"password":"',
    "password={",
    '"keys":[',
    "keys=[]{}",
    "<a ",
    "<Password>",
    'name="',
    'token="" ',
]
ENDLESS += [
    "bearer ",
    "-----BEGIN PRIVATE KEY-----",
    "pwd=a b ",
    "cookie: a",
    "sig%3D%20",
    "\\u0026",
    "token= ",
    "-",
]
ENDLESS += [
    "('token', ",
    "--secret ",
    'value: "a',
    "u:",
    "u:p@",
    "api key ",
    "secret 'a",
    "basic a",
    "&#38",
    "key" + " " * 40,
]
ENDLESS += ["Authorization: Digest a=b, ", 'password=""x', "<name>token</name> ", "name: 'token', x: 1, ", "-----"]
ENDLESS += ["u0026", "name:'a',value:'", "Authorization: Bearer ", "?://", "sig.", '"token": null, ']


@pytest.mark.parametrize("piece", ENDLESS)
def test_it_takes_linear_time_whatever_comes(piece: str) -> None:
    def seconds(length: int) -> float:
        text = f"sig=a@// {piece * (length // len(piece))}"
        began = time.process_time()
        without_secrets(text)
        without_queries(text)
        return time.process_time() - began

    # Eight times the text: linear is eight times as long, quadratic sixty-four times.
    short = min(seconds(32_768) for _ in range(3))
    assert seconds(262_144) < 30 * max(short, 0.005)


def test_a_text_without_secrets_costs_next_to_nothing() -> None:
    texts = [
        "Certification",
        "notStarted",
        "~2-3 days",
        "The offer is being certified. This takes a few days.",
    ] * 250
    began = time.process_time()
    for text in texts:
        without_secrets(text)
    assert time.process_time() - began < 0.05  # some two microseconds each
