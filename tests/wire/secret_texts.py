"""Texts that quote a secret, and the ways in which JSON, HTML, a URL or Python write them."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote

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
