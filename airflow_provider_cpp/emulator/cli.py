"""Decides what the command line of the emulator takes, and what it prints."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import threading
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.doors import APIS
from airflow_provider_cpp.emulator.emulator import Emulator
from airflow_provider_cpp.emulator.faults import KINDS, Fault
from airflow_provider_cpp.emulator.portal import SEED_STATES
from airflow_provider_cpp.emulator.settings import CHOICES, OFF, ON, SECONDS, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_cpp.emulator.request_log import RecordedRequest

_DEFAULT_OFFER = "contoso/contoso-virtualmachineoffer"
_SETTINGS = {setting.name for setting in fields(Settings)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator until SIGINT or SIGTERM; return the exit code.

    :param arguments: the command line without the program's name; ``sys.argv`` by default
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        emulator = _emulator(options)
    except ValueError as error:
        parser.error(str(error))
    try:
        emulator.start()
    except (OSError, RuntimeError) as error:
        print(f"cpp-emulator: {error}", file=sys.stderr)
        return 1
    try:
        _announce(emulator, options.ready_file, list(APIS) if options.api == "both" else [options.api])
        stopping.wait()
    finally:
        emulator.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cpp-emulator",
        description="Run Azure Marketplace's publishing on loopback, to try DAGs against: Cloud Partner Portal's "
        "API and the Product Ingestion API over the same offers, and their login host.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to bind (default: %(default)s)")
    add("--port", type=int, default=0, help="port of the https listener (default: a free one)")
    add("--plain-port", type=int, default=0, help="port of the http listener (default: a free one)")
    add("--name", default="localhost", help="host name in URLs and certificate (default: %(default)s)")
    add("--ca-file", type=Path, help="write the CA's certificate here (default: a temporary file)")
    add("--state-file", type=Path, help="keep offers and operations here, and go on with them")
    add("--ready-file", type=Path, help="write where it listens here, as JSON, once it does")
    add(
        "--offer",
        action="append",
        metavar="PUBLISHER/OFFER[:STATE]",
        help=f"an offer, repeatable; STATE is one of {', '.join(SEED_STATES)} (default: {_DEFAULT_OFFER})",
    )
    add(
        "--offers",
        type=Path,
        metavar="FOLDER",
        help="folder of JSON files, PUBLISHER/OFFER.json, to begin with; what PUT takes is written back there",
    )
    add(
        "--api",
        choices=(*APIS, "both"),
        default=APIS[0],
        help="the service that the printed connection leads to; all are there in any case (default: %(default)s)",
    )
    add(
        "--plans",
        type=int,
        metavar="NUMBER",
        help="plans of each --offer, with images (default: one plan without images)",
    )
    defaults = Settings()
    for name, allowed in CHOICES.items():
        add(_option(name), choices=allowed, help=f"(default: {getattr(defaults, name)})")
    for name in SECONDS:
        add(_option(name), type=float, metavar="SECONDS", help=f"(default: {getattr(defaults, name):g})")
    for name in OFF:
        add(_option(name), action="store_true", default=None, help="see the Settings class")
    add("--stalled-word", help=f"status of the step that stalls (default: {defaults.stalled_word})")
    for name in ON:
        add(_option(name), action=argparse.BooleanOptionalAction, default=None, help="see the Settings class")
    add("--max-page-size", type=int, metavar="NUMBER", help="entries of a collection that come at once, 0 for all")
    add("--schema-minimum", action="append", metavar="TYPE=VERSION", help="oldest schema taken, repeatable")
    add("--step-duration", action="append", metavar="STEP=SECONDS", help="repeatable")
    add("--failure-message", action="append", metavar="HTML", help="what a failed step says, repeatable")
    add("--forbidden-publisher", action="append", metavar="PUBLISHER", help="answer 403, repeatable")
    add("--secret-field", action="append", metavar="FIELD", help="a GET doesn't return its value, repeatable")
    add("--copied-field", action="append", metavar="FIELD", help="names a file to copy, e.g. osVhdUrl, repeatable")
    add(
        "--fault",
        action="append",
        metavar="KIND[,NAME=VALUE...]",
        help="what goes wrong, repeatable, e.g. throttled,action=operation,times=3,retry_after=5; "
        f"KIND is one of {', '.join(KINDS)}",
    )
    return parser


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _emulator(options: argparse.Namespace) -> Emulator:
    settings: dict[str, Any] = {
        name: value for name, value in vars(options).items() if name in _SETTINGS and value is not None
    }
    if options.step_duration:
        settings["step_durations"] = dict(_step_duration(text) for text in options.step_duration)
    if options.schema_minimum:
        settings["schema_minimums"] = dict(_schema_minimum(text) for text in options.schema_minimum)
    if options.failure_message:
        settings["failure_messages"] = tuple(options.failure_message)
    if options.forbidden_publisher:
        settings["forbidden_publishers"] = tuple(options.forbidden_publisher)
    if options.secret_field:
        settings["secret_fields"] = tuple(options.secret_field)
    if options.copied_field:
        settings["copied_fields"] = tuple(options.copied_field)
    named = options.offer or ([] if options.offers else [_DEFAULT_OFFER])
    offers = [_offer(text) for text in named]
    emulator = Emulator(
        host=options.host,
        port=options.port,
        plain_port=options.plain_port,
        name=options.name,
        ca_file=options.ca_file,
        state_file=options.state_file,
        offers=options.offers,
        publisher_id=offers[0][0] if offers else None,
        on_request=_log,
        **settings,
    )
    emulator.faults.add(*(Fault.parse(spec) for spec in options.fault or []))
    known = {(offer.publisher_id, offer.offer_id) for offer in emulator.portal.offers()}
    for publisher, offer, state in offers:
        # After a restart the kept offer goes on; seeding it again would drop its operations.
        if (publisher, offer) not in known:
            emulator.add_offer(offer, publisher, state, plans=options.plans)
    return emulator


def _step_duration(text: str) -> tuple[str, float]:
    step, _, seconds = text.partition("=")
    try:
        return step, float(seconds)
    except ValueError:
        raise ValueError(f"--step-duration is {text!r}; it has to be STEP=SECONDS") from None


def _schema_minimum(text: str) -> tuple[str, str]:
    kind, equals, version = text.partition("=")
    if not equals:
        raise ValueError(f"--schema-minimum is {text!r}; it has to be TYPE=VERSION")
    return kind, version


def _offer(text: str) -> tuple[str, str, str]:
    names, _, state = text.partition(":")
    publisher, slash, offer = names.partition("/")
    if not slash:
        raise ValueError(f"--offer is {text!r}; it has to be PUBLISHER/OFFER[:STATE]")
    return publisher, offer, state or "preview_ready"


def _log(record: RecordedRequest) -> None:
    """Print a request: neither its headers nor its body, in which tokens and secrets are."""
    fault = f" {record.fault} accepted={record.accepted}" if record.fault else ""
    line = f"{record.number} {record.method} {record.path} {record.status} {record.action}{fault}"
    print(line, file=sys.stderr)


def _announce(emulator: Emulator, ready_file: Path | None, apis: Sequence[str]) -> None:
    print(f"API and login  {emulator.url}")
    print(f"API, no TLS    {emulator.plain_url}")
    print(f"CA             {emulator.ca_file}")
    for number, api in enumerate(apis):
        # Whatever reads one connection gets the default one; a second one has the name of its service.
        name = "CPP_DEFAULT" if number == 0 else api.upper()
        print(f"export AIRFLOW_CONN_{name}={shlex.quote(emulator.connection_json(api=api))}", flush=True)
    if ready_file is not None:
        document = {
            "url": emulator.url,
            "plain_url": emulator.plain_url,
            "authority": emulator.authority,
            "ca_file": str(emulator.ca_file),
            "connection": emulator.connection(api=apis[0]),
            "connections": {api: emulator.connection(api=api) for api in APIS},
            "pid": os.getpid(),
        }
        partial = ready_file.with_name(ready_file.name + ".part")
        partial.write_text(json.dumps(document), encoding="utf-8")
        partial.replace(ready_file)
