"""How the login is asked for a token, and what its refusals and failures mean.

`azure-identity` asks; what is ours is what it leaves open: whether a login refuses the principal or is down, what
of its answers may be shown, and that each request ends in time.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.client.bounded_session import bounded_session
from airflow_provider_cpp.client.failures import is_untrusted
from airflow_provider_cpp.client.redaction import without, without_quotes
from airflow_provider_cpp.client.transport import ca_file_unusable, trust
from airflow_provider_cpp.exceptions import CppAuthError, CppConfigurationError, CppUnavailable
from airflow_provider_cpp.wire.answers import Answer, refusal
from airflow_provider_cpp.wire.plain_text import capitalized, one_line
from airflow_provider_cpp.wire.refusals import Refusal

if TYPE_CHECKING:
    import requests
    from azure.identity import (
        CertificateCredential,
        ClientSecretCredential,
        DefaultAzureCredential,
        ManagedIdentityCredential,
        WorkloadIdentityCredential,
    )

    from airflow_provider_cpp.client.settings import Settings

    Credential = (
        CertificateCredential
        | ClientSecretCredential
        | DefaultAzureCredential
        | ManagedIdentityCredential
        | WorkloadIdentityCredential
    )

#: Bytes that an answer of the login may have; a token has some thousand.
MAX_ANSWER = 1024 * 1024

#: Errors of the login (OAuth 2.0, 4.1.2.1) that say nothing about the principal.
_PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error"})

quiet = logging.getLogger(f"{__name__}.http")
quiet.setLevel(logging.WARNING)

#: Set while this thread fetches a token for us.
_fetching = threading.local()


def _is_logged(record: logging.LogRecord) -> bool:
    return not getattr(_fetching, "now", False) or record.levelno >= _fetching.logged_from


# One line an hour would be most of the log of a wait of days. Others' tokens are theirs to log.
for _name in ("decorators", "get_token_mixin", "msal_managed_identity_client"):
    logging.getLogger(f"azure.identity._internal.{_name}").addFilter(_is_logged)

# They would log a whole answer, with whatever of it they don't know to be a token.
for _name in ("oauth2cli.oauth2", "token_cache"):
    logging.getLogger(f"msal.{_name}").addFilter(lambda record: not getattr(_fetching, "now", False))

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"


class LoginUnavailable(CppUnavailable):
    """The login can't be reached, or has a problem of its own."""

    advice = "Check authority, proxy and ca_file, and the network between; a later try may succeed."

    def __init__(self, reason: str, asked: str, *, http_status: int | None = None) -> None:
        self.advice = f"{self.advice} {asked}"
        super().__init__(capitalized(f"{reason} {self.advice}"), http_status=http_status)
        self.reason = reason


class LoginUntrusted(CppConfigurationError):
    """The certificate of the login's host isn't trusted; nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{capitalized(reason)} Set the connection's ca_file to the CA that signed the host's certificate, or "
            "correct authority or proxy."
        )
        self.reason = reason


def fetch_token(settings: Settings) -> tuple[str, float]:
    """Get a new token through `azure-identity` and return it with its lifetime in seconds. Blocks.

    The credential is made anew each time, as an old one would answer from its own cache; that costs a
    request for the login's metadata once an hour.

    :raises CppAuthError: the login refuses the principal.
    :raises CppConfigurationError: the login's certificate isn't trusted, or the principal's own can't be used.
    :raises CppUnavailable: the login can't be reached, or has a problem of its own.
    """
    if settings.auth == "token":
        return settings.secret, float("inf")

    answers: list[requests.Response] = []
    try:
        trusted = trust(settings)
    except OSError as error:
        raise ca_file_unusable(settings, error) from None
    with bounded_session(settings.timeout, trusted, MAX_ANSWER) as session:
        session.headers["Accept-Encoding"] = "identity"
        session.hooks["response"].append(lambda answer, *_, **__: answers.append(answer))
        unreached = _unreached(session, settings.authority)
        _fetching.now = True
        # What fails stands in our error; only of several sources its first line leaves some out.
        _fetching.logged_from = logging.WARNING if settings.auth == "default" else logging.CRITICAL
        try:
            with _credential(settings, session) as credential:
                token = credential.get_token(settings.scope)
            _check(token.token)
            return token.token, max(token.expires_on - time.time(), 1.0)
        except Exception as error:
            failure = _failure(error, answers[-1] if answers else None, settings)
            if unreached and is_untrusted(unreached[-1]):
                why = _why(unreached[-1], None, settings)
                failure = LoginUntrusted(
                    _sentence("the certificate of the login isn't trusted", why, _asked(settings))
                )
            elif settings.auth == "default" and not answers and unreached and isinstance(failure, CppAuthError):
                # Of several sources, it says "no token" of one that is down, too.
                failure = _login_is_down(settings, unreached[-1], None)
            if failure is None:
                raise
        finally:
            _fetching.now = False
    raise failure  # not above, where it would carry the library's error along, which says whatever the login said


def _unreached(session: requests.Session, authority: str) -> list[Exception]:
    """Return where a session puts from now on what keeps it from reaching the login."""
    import requests

    unreached: list[Exception] = []
    request = session.request

    def noting(method: str, url: str, *arguments: Any, **options: Any) -> requests.Response:
        try:
            return request(method, url, *arguments, **options)
        except requests.RequestException as error:
            if str(url).startswith(authority):  # and not a source that isn't here, such as a machine's identity
                unreached.append(error)
            raise

    session.request = noting  # type: ignore[assignment]
    return unreached


def _failure(error: Exception, answer: requests.Response | None, settings: Settings) -> Exception | None:
    """Return what an error of `azure-identity` means, or None if it is none of its errors.

    :param answer: the login's last answer, if it gave any.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    status = answer.status_code if answer is not None else None
    if isinstance(error, ClientAuthenticationError):
        if not _is_refusal(error, answer):
            return _login_is_down(settings, error, answer)
        advice = (
            "Check tenant_id, login (application id), password (client secret: is it right, has it expired?), "
            "scope, and that the app registration exists in this tenant."
        )
        return CppAuthError(
            _sentence(
                "The login refused the principal", _why(error, answer, settings), advice, _asked(settings, answer)
            ),
            http_status=status,
        )
    if isinstance(error, AzureError):
        return _login_is_down(settings, error, None)
    if answer is not None:  # whatever msal raises of one that it doesn't expect
        return _login_is_down(settings, _Unusable(error), answer)
    if isinstance(error, ValueError | TypeError | OSError):
        # azure-identity's complaints about arguments: a malformed certificate, a wrong or no password for it.
        return CppConfigurationError(
            _sentence("The login isn't possible", _why(error, None, settings), _asked(settings))
        )
    return None


class _Unusable(Exception):
    """An answer of the login with which nothing can be done; what it says may be a token."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"its answer holds no token that can be used ({type(error).__name__})")


def _check(token: object) -> None:
    """Refuse what no request can be sent with: whoever tries would quote it.

    :raises ValueError: if so.
    """
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError


def _is_refusal(error: BaseException, answer: requests.Response | None) -> bool:
    """Return whether the login refused the principal, rather than failed to say anything about it.

    `azure-identity` has one error for both: also for a connection that is refused, and for a page in HTML.

    :param answer: the login's last answer, if it gave any.
    """
    if answer is None:
        from azure.core.exceptions import ServiceRequestError, ServiceResponseError

        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ServiceRequestError | ServiceResponseError):
            cause = cause.__cause__  # not __context__: that may be an error of the caller's own
        return cause is None
    if not 400 <= answer.status_code < 500 or answer.status_code in {408, 429}:
        return False
    try:
        body = answer.json()
    except (ValueError, OSError):
        return False
    code = body.get("error") if isinstance(body, dict) else None
    return isinstance(code, str) and code not in _PASSING_ERRORS


def _login_is_down(settings: Settings, error: Exception, answer: requests.Response | None) -> CppUnavailable:
    why = _why(error, answer, settings)
    status = answer.status_code if answer is not None else None
    why = why if status is None else f"HTTP {status}, {why}"
    return LoginUnavailable(
        _sentence("the login doesn't work just now", why), _asked(settings, answer), http_status=status
    )


def _sentence(what: str, why: str, *more: str) -> str:
    return " ".join([f"{what}: {why.rstrip('.')}.", *more])


def _asked(settings: Settings, answer: requests.Response | None = None) -> str:
    """Return which login was asked for whom, and its id of the request, if it gave one."""
    said = Refusal() if answer is None else _said(answer, settings)
    return (
        f"Asked was {settings.authority}/{settings.tenant_id or '(default tenant)'} for client "
        f"{settings.client_id or '(default)'} (connection {settings.conn_id!r}, auth {settings.auth})."
        f"{f' Request id: {said.request_id}.' if said.request_id else ''}"
    )


def _why(error: Exception, answer: requests.Response | None, settings: Settings) -> str:
    """Return what an error of `azure-identity` says, and of the login's last answer what it leaves out."""
    message = str(getattr(error, "message", None) or error).strip() or type(error).__name__
    message = message.removeprefix("Authentication failed: ")  # it says so of a login that is down, too
    said = Refusal() if answer is None else _said(answer, settings)
    if answer is not None and said.message and (whole := answer.text.strip()) in message:
        message = message.replace(whole, f"'{said.message}'")  # markup and all
    why = one_line(without(message, [settings.secret]))
    if said.message and said.message not in why:
        why = f"{why.rstrip('.')}; it says '{said.message}'"
    return why


def _said(answer: requests.Response, settings: Settings) -> Refusal:
    try:
        body = answer.content
    except (RuntimeError, OSError):  # it was cut
        return Refusal()
    if answer.status_code < 400 and not body.lstrip().startswith(b"<"):
        return Refusal()  # what isn't a page may be a token
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return refusal(without_quotes(Answer(answer.status_code, headers, body), [settings.secret]))


def _credential(settings: Settings, session: requests.Session) -> Credential:
    from azure import identity
    from azure.core.pipeline.transport import RequestsTransport

    transport: dict[str, Any] = {
        "connection_timeout": 10,
        "read_timeout": settings.timeout,
        # The callers have a schedule of their own for a login that is down; this one would wait as long as a
        # Retry-After says, be it an hour.
        "retry_total": 0,
        # Each request with all its headers at INFO would drown the task's log.
        "logger": quiet,
    }
    if settings.ca_file:
        transport["connection_verify"] = settings.ca_file
    if settings.proxy:
        transport["proxies"] = {"http": settings.proxy, "https": settings.proxy}
    transport["transport"] = RequestsTransport(session=session, session_owner=False, **transport)
    login: dict[str, Any] = {
        "authority": settings.authority,
        # Only Microsoft's own hosts are known to Microsoft's instance discovery.
        "disable_instance_discovery": settings.authority != PUBLIC_AUTHORITY,
        **transport,
    }
    match settings.auth:
        case "client_secret":
            return identity.ClientSecretCredential(
                settings.tenant_id, settings.client_id, settings.secret, **login
            )
        case "certificate":
            return identity.CertificateCredential(
                settings.tenant_id,
                settings.client_id,
                settings.certificate_path,
                password=settings.secret or None,
                **login,
            )
        case "managed_identity":
            return identity.ManagedIdentityCredential(client_id=settings.client_id or None, **transport)
        case "workload_identity":
            return identity.WorkloadIdentityCredential(
                tenant_id=settings.tenant_id or None, client_id=settings.client_id or None, **login
            )
        case _:
            return identity.DefaultAzureCredential(
                managed_identity_client_id=settings.client_id or None,
                workload_identity_client_id=settings.client_id or None,
                **({"additionally_allowed_tenants": [settings.tenant_id]} if settings.tenant_id else {}),
                **login,
            )
