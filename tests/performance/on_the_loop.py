"""Runs real triggers in a fresh process and prints what blocked their event loop, as JSON.

Python itself reports files, imports, blocking requests and sleeps (audit events); what took over 50 ms is found by
timing each of the loop's callbacks. Only what happens in the loop's own thread counts, and of what took long only
that which kept the processor busy: a callback that waited for it, as others were served, has done nothing wrong.
asyncio's debug mode isn't used: reading the stack for each task and timer, it takes longer than what it times.
"""

from __future__ import annotations

import asyncio
import gc
import json
import ssl
import sys
import threading
import time

import airflow.jobs.triggerer_job_runner  # noqa: F401 - a triggerer has loaded all of it before its loop runs
from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_cpp.triggers.operation import OperationTrigger
from benchmarks import contenders

#: Seconds.
SLOW = 0.05
PATIENCE = 30.0

HEAVY = {"requests", "aiohttp", "tenacity", "azure", "msal", "urllib3", "cryptography"}
BLOCKING = {"http.client.connect", "http.client.send", "socket.getaddrinfo", "subprocess.Popen"}
SUFFIXES = (".pem", ".crt", ".netrc")


def watched(found, origin, watchers):
    thread = threading.get_ident()

    def is_here():
        return running.is_set() and threading.get_ident() == thread

    running = threading.Event()

    def audit(event, arguments):
        if not is_here():
            return
        if event in BLOCKING or (event == "import" and arguments[0].split(".")[0] in HEAVY):
            found.append(f"{event} {arguments[0]}")
        if event == "open" and str(arguments[0]).endswith(SUFFIXES):
            found.append(f"{event} {arguments[0]}")

    def reported(name, function):
        def report(*arguments, **options):
            if is_here():
                found.append(name)
            return function(*arguments, **options)

        return report

    sys.addaudithook(audit)
    time.sleep = reported("sleep", time.sleep)
    ssl.create_default_context = reported("create_default_context", ssl.create_default_context)
    BaseHook.get_connection = reported("get_connection", BaseHook.get_connection)

    first_reads = []
    log = OperationTrigger._say

    def say(trigger, level, text):
        if text.startswith("Watching "):
            first_reads.append(text)
        log(trigger, level, text)

    OperationTrigger._say = say

    class Portal:
        def operation(self, number):
            return f"{origin}/api/publishers/contoso/offers/offer-{number}/operations/operation-{number}"

    async def watch():
        running.set()
        async with contenders.ours(Portal(), 0.5) as watch_one:
            tasks = []
            for number in range(watchers):
                tasks.append(asyncio.ensure_future(watch_one(number)))
                await asyncio.sleep(0)  # that they are made is this test's doing
            deadline = time.monotonic() + PATIENCE
            while len(first_reads) < watchers and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.6)  # and some of them another read
            for task in tasks:
                if task.done():
                    task.result()
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        running.clear()

    asyncio.run(watch())


def timed(slow):
    """Note each callback that kept the loop's thread busy for too long."""
    run = asyncio.Handle._run

    def timed_run(handle):
        what = repr(handle)
        before = time.thread_time()
        run(handle)
        busy = time.thread_time() - before
        if busy >= SLOW:
            slow.append(f"{what} took {busy:.3f} seconds")

    asyncio.Handle._run = timed_run


if __name__ == "__main__":
    blocking, slow = [], []
    gc.disable()  # going through the whole of Airflow takes more than 50 ms, in whoever's turn it happens
    timed(slow)
    watched(blocking, sys.argv[1], watchers=int(sys.argv[2]))
    print(json.dumps({"blocking": sorted(set(blocking)), "slow": slow}))
