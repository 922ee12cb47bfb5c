import Foundation
import KubeCore
import Synchronization
import Testing

/// An API server over TLS in a process of its own, whose credentials and events are the test's to change.
///
/// It keeps one collection of Leases under every path: a list has all of them, a watch brings those after its
/// `resourceVersion`, each with the next number from 1. Whatever comes is noted, with the token, the client certificate
/// and the connection that it came with.
final class FaultServer: Sendable {
    struct Note: Decodable, Sendable, Equatable {
        var method: String
        var path: String
        var token: String
        var client: String
        var connection: Int
        var status: Int
    }

    let url: String
    private let process: Process
    private let input: FileHandle
    private let output: FileHandle
    private let turn = Mutex<[UInt8]>([])

    init() throws {
        let folder = try Certificates.shared.get().folder
        let script = "\(folder)/fault-server-\(UUID().uuidString).py"
        try Self.script.write(toFile: script, atomically: true, encoding: .utf8)
        let (commands, answers) = (Pipe(), Pipe())
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, folder]
        process.standardInput = commands
        process.standardOutput = answers
        try process.run()
        input = commands.fileHandleForWriting
        output = answers.fileHandleForReading
        var rest: [UInt8] = []
        let port = String(decoding: try Self.line(output, &rest), as: UTF8.self)
        url = "https://127.0.0.1:\(try #require(Int(port)))"
    }

    deinit { try? input.close() }

    /// Tells the server what to do from now on; it has done so when this returns.
    ///
    /// `accept TOKEN...` (none: any), `clients NAME...` (none: any), `certificate NAME` (for new connections),
    /// `emit COUNT`, `half` and `rest` of an event, `end` (all watches, in good order), `notes`.
    @discardableResult
    func tell(_ command: String) throws -> [UInt8] {
        try turn.withLock { rest in
            try input.write(contentsOf: Data((command + "\n").utf8))
            return try Self.line(output, &rest)
        }
    }

    private static func line(_ output: FileHandle, _ rest: inout [UInt8]) throws -> [UInt8] {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeSubrange(...end) }
                return Array(rest[..<end])
            }
            let more = output.availableData
            try #require(!more.isEmpty, "the server has gone")
            rest += more
        }
    }

    func notes() throws -> [Note] { try JSONCoding.decode([Note].self, from: try tell("notes")) }

    private static let script = #"""
        import json, os, socket, ssl, sys, threading, urllib.parse

        folder = sys.argv[1]
        lock = threading.Condition()
        state = {"accept": [], "clients": [], "events": 0, "half": False, "end": 0, "notes": [], "context": None}

        def make_context(name):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{folder}/{name}.crt", f"{folder}/{name}.key")
            context.load_verify_locations(f"{folder}/ca.crt")
            context.verify_mode = ssl.CERT_OPTIONAL
            context.num_tickets = 0
            return context

        state["context"] = make_context("server")

        def lease(number):
            return {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "spec": {}, "metadata": {
                "name": f"e-{number}", "namespace": "n", "resourceVersion": str(number)}}

        def event(number):
            return json.dumps({"type": "ADDED", "object": lease(number)}) + "\n"

        def respond(connection, status, value):
            body = json.dumps(value).encode()
            connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))

        def chunk(connection, text):
            connection.sendall(b"%x\r\n%s\r\n" % (len(text), text.encode()))

        def watch(connection, version):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            with lock:
                era, sent = state["end"], 0
            while True:
                text = ""
                with lock:
                    while (state["events"] == version and state["end"] == era
                           and not (state["half"] and not sent)):
                        lock.wait()
                    while version < state["events"]:
                        version += 1
                        text += event(version)[sent:]
                        sent = 0
                    if state["half"] and not sent:
                        sent = 20
                        text += event(version + 1)[:sent]
                    ended = state["end"] != era
                if text:
                    chunk(connection, text)
                if ended:
                    connection.sendall(b"0\r\n\r\n")
                    return

        def serve(plain, number, context):
            try:
                with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as connection:
                    try:
                        connection.do_handshake()
                    except ssl.SSLError:
                        # What the client sent meanwhile is read: closing over it would take the alert away.
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(4096):
                            pass
                        return
                    subject = (connection.getpeercert() or {}).get("subject", ())
                    client = next((v for part in subject for k, v in part if k == "commonName"), "")
                    reader = connection.makefile("rb")
                    while line := reader.readline():
                        fields, length = {}, 0
                        while field := reader.readline().strip().decode():
                            name, value = field.split(":", 1)
                            fields[name.lower()] = value.strip()
                        reader.read(int(fields.get("content-length", 0)))
                        method, target, _ = line.decode().split()
                        parts = urllib.parse.urlsplit(target)
                        query = dict(urllib.parse.parse_qsl(parts.query))
                        token = fields.get("authorization", "").removeprefix("Bearer ")
                        with lock:
                            good = (not state["accept"] or token in state["accept"]) and (
                                not state["clients"] or client in state["clients"])
                            status = 200 if good else 401
                            path = parts.path + ("?watch" if "watch" in query else "")
                            state["notes"].append({"method": method, "path": path, "token": token, "client": client,
                                                   "connection": number, "status": status})
                        if status == 401:
                            respond(connection, 401, {})
                        elif "sendInitialEvents" in query:
                            respond(connection, 422, {"kind": "Status", "code": 422, "reason": "Invalid"})
                        elif "watch" in query:
                            watch(connection, int(query["resourceVersion"]))
                        else:
                            with lock:
                                count = state["events"]
                            respond(connection, 200, {"kind": "LeaseList", "apiVersion": "coordination.k8s.io/v1",
                                                     "metadata": {"resourceVersion": str(count)},
                                                     "items": [lease(n + 1) for n in range(count)]})
            except (OSError, ValueError):
                plain.close()

        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        print(listener.getsockname()[1], flush=True)

        def accept():
            number = 0
            while True:
                plain, _ = listener.accept()
                with lock:
                    context = state["context"]
                threading.Thread(target=serve, args=(plain, number, context), daemon=True).start()
                number += 1

        threading.Thread(target=accept, daemon=True).start()
        for line in sys.stdin:
            command, *words = line.split()
            answer = "{}"
            with lock:
                if command in ("accept", "clients"):
                    state[command] = words
                if command == "certificate":
                    state["context"] = make_context(words[0])
                if command == "emit":
                    state["events"] += int(words[0])
                if command == "half":
                    state["half"] = True
                if command == "rest":
                    state["half"] = False
                    state["events"] += 1
                if command == "end":
                    state["end"] += 1
                if command == "notes":
                    answer = json.dumps(state["notes"])
                lock.notify_all()
            print(answer, flush=True)
        os._exit(0)
        """#
}
