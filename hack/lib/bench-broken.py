#!/usr/bin/env python3
"""The memory that an operator takes before an API server that is broken.

bench-broken.py PROGRAM SECONDS LIMIT    starts PROGRAM operator before a server of each kind, each for so many
seconds, and prints the most memory that it had; it fails where one had more than LIMIT MiB, or did not end in 10 s.
"""

import http.server
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

PAGE = 500
PIECE = 1 << 20


def item(number):
    return '{"metadata":{"name":"n%d","uid":"u%d","resourceVersion":"1"}}' % (number, number)


def listing(items, token=""):
    return '{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1","continue":"%s"},"items":[%s]}' % (
        token,
        items,
    )


def repeated(begin, piece, count, end):
    """A long text in pieces, so that the server itself holds none of it."""
    yield begin.encode()
    many = max(1, PIECE // len(piece))
    for _ in range(count // many):
        yield (piece * many).encode()
    yield (piece * (count % many)).encode()
    yield end.encode()


HEAD, TAIL = listing("|").split("|")
numbers = itertools.count()


def endless_pages():
    first = next(numbers) * PAGE
    yield listing(",".join(item(first + number) for number in range(PAGE)), "t%d" % first).encode()


def endless_events():
    for number in itertools.count():
        yield ('{"type":"ADDED","object":%s}\n' % item(number)).encode()


def endless_line():
    return repeated('{"type":"ADDED","object":{"a":"', "x", 1 << 40, "")


# What each watch is answered with; others refuse streaming lists and then say nothing.
WATCHES = {
    "a watch line without an end": endless_line,
    "a streaming list without an end": endless_events,
}

# What each GET is answered with, but for a watch.
ANSWERS = {
    "a list of a million items in one page": lambda: repeated(HEAD, item(7) + ",", 999_999, item(7) + TAIL),
    "80 million []": lambda: repeated(HEAD, "[],", 79_999_999, "[]" + TAIL),
    "the heaviest list that is read": lambda: repeated(HEAD, item(7) + ",", 44_000, item(7) + TAIL),
    "8 MiB of values": lambda: repeated(HEAD, "0,", 4_000_000, "0" + TAIL),
    "pages without an end": endless_pages,
    "one continue token for ever": lambda: [listing(item(1), "t").encode()],
    "nothing but brackets": lambda: repeated("", "[", 8_000_000, ""),
    "a name without an end": lambda: repeated('{"kind":"', "x", 1 << 40, ""),
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer, watch):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.watch, self.requests = answer, watch, 0

    def handle_error(self, request, client_address):
        """That the client has had enough is what is expected."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.requests += 1
        is_watch = "watch=" in self.path
        if is_watch and "sendInitialEvents" in self.path and not self.server.watch:
            self.send_error(422)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if is_watch and not self.server.watch:
            time.sleep(3600)
            return
        for piece in self.server.watch() if is_watch else self.server.answer():
            self.wfile.write(piece)

    def do_POST(self):
        self.server.requests += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_error(503)

    do_PATCH = do_PUT = do_DELETE = do_POST


def peak(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def run(program, seconds, server, directory):
    """The most memory in MiB, and how long the end took."""
    config = os.path.join(directory, "kubeconfig")
    with open(config, "w", encoding="ascii") as file:
        json.dump(
            {
                "current-context": "a",
                "contexts": [{"name": "a", "context": {"cluster": "a"}}],
                "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:%d" % server.server_port}}],
            },
            file,
        )
    command = [program, "operator", "--no-leader-elect", "--kubeconfig", config, "--http-bind", "127.0.0.1:0"]
    with open(os.path.join(directory, "log"), "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    time.sleep(seconds)
    if process.poll() is not None:
        with open(os.path.join(directory, "log"), encoding="utf-8", errors="replace") as log:
            sys.exit("the operator has ended by itself, with %s: %s" % (process.returncode, log.read()[-2000:]))
    memory = peak(process.pid)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return memory, time.monotonic() - asked


def main(program, seconds, limit):
    status = 0
    print("%-40s %10s %10s %10s" % ("answer", "requests", "peak MiB", "end s"))
    empty = {name: lambda: [listing("").encode()] for name in WATCHES}
    for name, answer in (ANSWERS | empty).items():
        server = Server(answer, WATCHES.get(name))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory() as directory:
            memory, end = run(program, seconds, server, directory)
        server.shutdown()
        server.server_close()
        print("%-40s %10d %10.0f %10.2f" % (name, server.requests, memory, end), flush=True)
        if memory > limit or end > 10:
            status = 1
    if status:
        print("more than %d MiB, or 10 s" % limit, file=sys.stderr)
    return status


sys.exit(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
