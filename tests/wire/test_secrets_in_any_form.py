"""A secret that a service, a library or a definition quotes, in whatever form JSON, HTML or a URL write it."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_cpp.wire.confidential import without_queries, without_secrets
from airflow_provider_cpp.wire.plain_text import MAX_LENGTH, one_line, plain_text, said_by
from tests.wire.secret_texts import PART, QUOTING, WRITTEN, quoted


@pytest.mark.parametrize("case", QUOTING)
def test_a_secret_is_hidden_however_it_is_written_and_all_around_it_stays(case: str) -> None:
    text, after = quoted(case)
    # Most texts come out alike of several ways, above all as they are.
    forms = {
        (wrap(write(text)), wrap(write(after))): f"{inner}, and that {outer}"
        for outer, wrap in WRITTEN.items()
        for inner, write in WRITTEN.items()
    }
    assert len(forms) > 1
    for (written, rest), form in forms.items():
        told = without_secrets(f"Failed: {written}")

        assert PART not in told, form
        assert "***" in told, form
        assert told.startswith("Failed: "), form
        assert told.endswith(rest), form
        for way in (one_line, plain_text):
            assert PART not in way(written), form


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


@pytest.mark.parametrize("case", ["a signature in a URL", "a user in a URL", "a header", "a password in quotes"])
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(case: str) -> None:
    text, _ = quoted(case)
    for length in range(1900, 2040, 7):
        for way in (one_line, plain_text):
            assert "hUs" not in way("x" * length + " " + text), f"{length} in front, {way}"


@pytest.mark.parametrize("text", ["https://me:hUsh9Zk", "sig=hUsh9Zk", '"password": "hUsh9Zk', "token: hUsh9Zk"])
@pytest.mark.parametrize("begin", ["<b>" * 1000, "sig=x, " * 800, " " * 4000])
def test_nor_where_it_is_cut_before_it_is_looked_at(text: str, begin: str) -> None:
    """What is read of a text is much more than what is shown; tags, blanks and secrets shrink it."""
    for way in (one_line, plain_text):
        for more in range(7970 - len(begin), 8006 - len(begin), 3):
            told = way(begin + " " * more + text + "9" * 500 + "@host/x")
            assert "hUs" not in told


def test_what_a_library_says_is_quoted_without_secrets() -> None:
    assert said_by(OSError("https://me:hUsh9Zk@host\nsig=hUsh9Zk")) == "OSError: https://***@host sig=***"


ENDLESS = [
    *(
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
    ),
    *(
        '\\\\"',
        "&",
        "&amp;",
        '"password":"',
        "password={",
        '"keys":[',
        "keys=[]{}",
        "<a ",
    ),
    *(
        "<Password>",
        'name="',
        'token="" ',
        "bearer ",
        "-----BEGIN PRIVATE KEY-----",
        "pwd=a b ",
    ),
    *(
        "cookie: a",
        "sig%3D%20",
        "\\u0026",
        "token= ",
        "-",
        "('token', ",
        "--secret ",
        'value: "a',
    ),
    *(
        "u:",
        "u:p@",
        "api key ",
        "secret 'a",
        "basic a",
        "&#38",
    ),
    *(
        "key                                        ",
        "Authorization: Digest a=b, ",
        'password=""x',
    ),
    *(
        "<name>token</name> ",
        "name: 'token', x: 1, ",
        "-----",
        "u0026",
        "name:'a',value:'",
    ),
    *(
        "Authorization: Bearer ",
        "?://",
        "sig.",
        '"token": null, ',
    ),
]


@pytest.mark.parametrize("piece", ENDLESS)
def test_it_takes_linear_time_whatever_comes(piece: str) -> None:
    def seconds(length: int) -> float:
        text = f"sig=a@// {piece * (length // len(piece))}"
        began = time.process_time()
        without_secrets(text)
        without_queries(text)
        return time.process_time() - began

    # Eight times the text: linear is eight times as long, quadratic sixty-four times.
    short = min(seconds(4_096) for _ in range(3))
    assert seconds(32_768) < 30 * max(short, 0.001)


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
