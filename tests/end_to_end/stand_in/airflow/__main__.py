"""An "airflow" that starts in no time and whose processes are as hard to end as they get.

Each part has a child in a session of its own and a daemon that has left its parent; all of them ignore
SIGTERM.
"""

import os
import signal
import subprocess
import sys
import time

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
DAEMON = "import subprocess, sys; subprocess.Popen([sys.executable, *sys.argv[1:]], start_new_session=True)"
DYING_PART = os.environ.get("DYING_PART")
PARTS = ["metadatabase", "scheduler", "triggerer", "dag_processor"]
ANSWERS = {
    "/execution/health": {},
    "/auth/token": {"access_token": "secret"},
    "/api/v2/monitor/health": {part: {"status": "healthy"} for part in PARTS if part != DYING_PART},
    "/api/v2/jobs": {"total_entries": 1},
}


def serve() -> None:
    import http.server
    import json

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(ANSWERS[self.path.partition("?")[0]]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http.server.HTTPServer(("127.0.0.1", int(os.environ["AIRFLOW__API__PORT"])), Answer).serve_forever()


def main() -> None:
    part = sys.argv[1]
    if part == DYING_PART:
        print("the database has left the building", flush=True)
        sys.exit(3)
    if part == "db":
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", STUBBORN], start_new_session=True)
    subprocess.run([sys.executable, "-c", DAEMON, "-c", STUBBORN], check=True)
    if part == "api-server":
        serve()
    time.sleep(600)


main()
