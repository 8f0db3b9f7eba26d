"""Decides who gets a token, and which tokens are good; what a token opens is decided by each service.

Answers and error codes are those of Microsoft's login host, as far as azure-identity and the v1 form of the
"Prerequisites" page need them. Tokens are random strings, in which a client can read nothing.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from airflow_provider_cpp.emulator.answer import Answer, Call, json_answer
from airflow_provider_cpp.emulator.routing import served
from airflow_provider_cpp.emulator.times import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from airflow_provider_cpp.emulator.routing import Route

SERVICE = "login"
ROUTES = served(
    SERVICE,
    (
        ("GET", r"/(?P<item>[^/]+)/v2\.0/\.well-known/openid-configuration", "discovery"),
        ("POST", r"/(?P<item>[^/]+)/oauth2/v2\.0/token", "token"),
        ("POST", r"/(?P<item>[^/]+)/oauth2/token", "token"),
    ),
)


class Login:
    """Issue and check tokens for one application; safe to use from any thread.

    :param clock: returns seconds since the epoch
    :param tenant_id: the one directory there is
    :param client_id: the one application there is
    :param client_secret: its secret
    :param audiences: the services that there are tokens for, each by its URL
    :param on_change: called after tokens were issued or revoked
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        tenant_id: str,
        client_id: str,
        client_secret: str,
        audiences: Collection[str],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self._audiences = audiences
        self.on_change = on_change
        self._lock = threading.Lock()
        # Until when each is good, in seconds since the epoch, and for which service, by its URL.
        self._tokens: dict[str, tuple[float, str]] = {}

    def tokens(self) -> dict[str, float]:
        """Return the tokens that were issued and not revoked, with their ends in seconds since the epoch."""
        with self._lock:
            return {token: until for token, (until, _) in self._tokens.items()}

    def issued(self) -> dict[str, tuple[float, str]]:
        """Return the same tokens, each with its end and the URL of the service that it is for."""
        with self._lock:
            return dict(self._tokens)

    def restore(self, tokens: dict[str, tuple[float, str]]) -> None:
        """Put back the tokens that were saved."""
        with self._lock:
            self._tokens = {token: (float(until), str(audience)) for token, (until, audience) in tokens.items()}

    def revoke(self) -> int:
        """Make every issued token invalid; return how many there were."""
        with self._lock:
            count = len(self._tokens)
            self._tokens.clear()
        self.on_change()
        return count

    def accepts(self, authorization: str | None, audience: str | None = None) -> bool:
        """Return whether an ``Authorization`` header carries a token that is good now.

        :param authorization: the header's value; None if there is none
        :param audience: URL of the service that it has to be for; None for any
        """
        good_for = self.audience(authorization)
        return good_for is not None and audience in (None, good_for)

    def audience(self, authorization: str | None) -> str | None:
        """Tell for which service a header's token is good now, by the service's URL; None if for none.

        :param authorization: the header's value; None if there is none
        """
        kind, _, token = (authorization or "").partition(" ")
        with self._lock:
            until, audience = self._tokens.get(token.strip(), (0.0, ""))
        return audience if kind.lower() == "bearer" and self._clock() < until else None

    def answer(self, call: Call, route: Route, lifetime: float) -> Answer:
        """Answer a request to the login host.

        A certificate's ``client_assertion`` is believed if it names the application as ``iss`` and ``sub``:
        its signature isn't verified, as the emulator has no certificate to compare with.

        :param call: the request
        :param route: what it asks for
        :param lifetime: seconds that a token is good for
        """
        if route.item != self.tenant_id:
            error = "invalid_tenant" if route.action == "discovery" else "invalid_request"
            return self._refuse(400, error, 90002, f"Tenant '{route.item}' not found.")
        if route.action == "discovery":
            return self._discovery(call)
        form = dict(parse_qsl(call.body, keep_blank_values=True))
        version_1 = not call.path.rstrip("/").endswith("/v2.0/token")
        wanted = form.get("resource", "") if version_1 else form.get("scope", "").removesuffix("/.default")
        refusal = self._refusal(form, wanted)
        if refusal is not None:
            return refusal
        return self._issue(lifetime, wanted.rstrip("/"), version_1=version_1)

    def _refusal(self, form: dict[str, str], wanted: str) -> Answer | None:
        if form.get("grant_type") != "client_credentials":
            message = "The app requested an unsupported grant type."
            return self._refuse(400, "unsupported_grant_type", 70003, message)
        if form.get("client_id") != self.client_id:
            name = form.get("client_id", "")
            message = f"Application with identifier '{name}' was not found in the directory."
            return self._refuse(400, "unauthorized_client", 700016, message)
        if not self._proves(form):
            return self._refuse(401, "invalid_client", 7000215, "Invalid client secret provided.")
        if wanted.rstrip("/") not in self._audiences:
            message = f"The resource principal named {wanted} was not found in the tenant."
            return self._refuse(400, "invalid_resource", 500011, message)
        return None

    def _issue(self, lifetime: float, audience: str, *, version_1: bool) -> Answer:
        token = secrets.token_urlsafe(48)
        now = self._clock()
        with self._lock:
            self._tokens[token] = now + lifetime, audience
        self.on_change()
        if version_1:
            # The v1 endpoint prints its numbers as strings.
            return json_answer(
                200,
                {
                    "token_type": "Bearer",
                    "expires_in": str(int(lifetime)),
                    "ext_expires_in": str(int(lifetime)),
                    "expires_on": str(int(now + lifetime)),
                    "not_before": str(int(now)),
                    "resource": audience,
                    "access_token": token,
                },
            )
        seconds = int(lifetime)
        return json_answer(
            200,
            {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token},
        )

    def _proves(self, form: dict[str, str]) -> bool:
        if "client_assertion" in form:
            claims = _claims(form["client_assertion"])
            return claims.get("iss") == claims.get("sub") == self.client_id
        return secrets.compare_digest(form.get("client_secret", "").encode(), self.client_secret.encode())

    def _discovery(self, call: Call) -> Answer:
        base = f"{call.base_url}/{self.tenant_id}"
        return json_answer(
            200,
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "issuer": f"{base}/v2.0",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code", "id_token", "token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
            },
        )

    def _refuse(self, status: int, error: str, number: int, message: str) -> Answer:
        return json_answer(
            status,
            {
                "error": error,
                "error_description": f"AADSTS{number}: {message}",
                "error_codes": [number],
                "timestamp": timestamp(self._clock()),
            },
        )


def _claims(assertion: str) -> dict[str, object]:
    try:
        payload = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
