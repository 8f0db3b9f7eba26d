"""What each request goes out with: headers, by way of which proxy, and whom to trust at its end."""

from __future__ import annotations

import os
import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from airflow_provider_cpp import __version__
from airflow_provider_cpp.client.settings import Settings
from airflow_provider_cpp.exceptions import CppConfigurationError

#: Seconds to wait for a connection.
CONNECT_TIMEOUT = 10.0


def fixed_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every request, but for the token."""
    ours = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        # A status document is a kilobyte; unpacking it would cost more than sending it.
        "Accept-Encoding": "identity",
        "User-Agent": f"airflow-provider-cpp/{__version__}",
    }
    theirs = dict(settings.headers)
    given = {name.casefold() for name in theirs}
    return {**{name: value for name, value in ours.items() if name.casefold() not in given}, **theirs}


def proxy_of(settings: Settings) -> str | None:
    """Return the proxy to the API: the connection's, or else the environment's, as requests would use it."""
    if settings.proxy:
        return settings.proxy
    url = urlsplit(settings.origin)
    if url.scheme == "http":
        return None  # plain http is for this machine: by way of a proxy the token would leave it
    if proxy_bypass(url.netloc) or proxy_bypass(url.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    return proxy if proxy.startswith(("http://", "https://")) else None


def trust(settings: Settings) -> ssl.SSLContext:
    """Return whom both clients trust: the connection's CA file; without one the system, and certifi.

    Left alone, requests trusts certifi only and aiohttp the system only, so that a worker would get through
    where the triggerer doesn't. Loading takes too long for an event loop.

    :raises OSError: if the CA file can't be used.
    """
    import certifi

    if settings.ca_file:
        return ssl.create_default_context(cafile=settings.ca_file)
    context = ssl.create_default_context()
    for bundle in (certifi.where(), os.environ.get("REQUESTS_CA_BUNDLE"), os.environ.get("CURL_CA_BUNDLE")):
        if bundle and os.path.isfile(bundle):
            context.load_verify_locations(cafile=bundle)
        elif bundle and os.path.isdir(bundle):
            context.load_verify_locations(capath=bundle)
    return context


def ca_file_unusable(settings: Settings, error: OSError) -> CppConfigurationError:
    """Return the error of a CA file that was good when the connection was read, and isn't any more."""
    return CppConfigurationError(
        f"Field ca_file of connection {settings.conn_id!r} is wrong: {settings.ca_file!r} can't be used "
        f"({error.strerror or error}). Nothing was sent."
    )
