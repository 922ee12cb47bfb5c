import Foundation
import Testing

/// A server in Python with TLS, started once for all tests.
///
/// The server answers with JSON that says what the handshake agreed on. Where that is HTTP/2 it speaks as much of it as
/// answers need.
final class TLSServer: Sendable {
    static let shared = Result { try TLSServer() }

    let folder: String
    let port: Int
    /// Holds the server's standard input open; the server ends when this process does.
    private let leash: Pipe

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    private init() throws {
        let folder = try Certificates.shared.get().folder
        self.folder = folder
        let script = "\(folder)/server.py"
        try Self.script.write(toFile: script, atomically: true, encoding: .utf8)
        leash = Pipe()
        let output = Pipe()
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments = ["python3", script, folder]
        server.standardInput = leash
        server.standardOutput = output
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    private static let script = #"""
        import base64, json, os, socket, ssl, struct, sys, threading, time

        folder = sys.argv[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/server.crt", folder + "/server.key")
        context.load_verify_locations(folder + "/ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["h2", "http/1.1"])

        def remember(connection, name, _):
            connection.asked_name = name

        context.sni_callback = remember

        def facts(connection, number, host):
            subject = (connection.getpeercert() or {}).get("subject", ())
            return json.dumps({
                "protocol": connection.selected_alpn_protocol(), "connection": number, "host": host,
                "sni": getattr(connection, "asked_name", None),
                "client": next((value for part in subject for key, value in part if key == "commonName"), None),
            }).encode()

        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass

        def tunnel(connection, address, allowed):
            host, port = address.rsplit(":", 1)
            if allowed != "Basic " + base64.b64encode(b"me:pa ss").decode():
                connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection((host, int(port))) as target:
                connection.sendall(b"HTTP/1.1 200 Yes\r\n\r\n")
                threading.Thread(target=pump, args=(target, connection), daemon=True).start()
                pump(connection, target)

        def http1(connection, number):
            reader = connection.makefile("rb")
            while True:
                line, host, length, allowed = reader.readline(), None, 0, None
                if not line:
                    return
                while True:
                    field = reader.readline().strip().decode()
                    if not field:
                        break
                    name, value = field.split(":", 1)
                    if name.lower() == "host":
                        host = value.strip()
                    if name.lower() == "content-length":
                        length = int(value)
                    if name.lower() == "proxy-authorization":
                        allowed = value.strip()
                if line.startswith(b"CONNECT "):
                    return tunnel(connection, line.split()[1].decode(), allowed)
                reader.read(length)
                if b" /slow " in line:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for _ in range(20):
                        connection.sendall(b"5\r\nevent\r\n")
                        time.sleep(0.02)
                    connection.sendall(b"0\r\n\r\n")
                    continue
                body = facts(connection, number, host)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        def frame(kind, flags, stream, payload):
            return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

        def http2(connection, number):
            reader = connection.makefile("rb")
            reader.read(24)
            # Who asks for this name may have twenty streams at once on one connection.
            name = getattr(connection, "asked_name", None)
            narrow = name == "localhost"
            answered = 0
            connection.sendall(frame(4, 0, 0, b"\0\3\0\0\0\x14" if narrow else b""))
            while True:
                head = reader.read(9)
                if len(head) < 9:
                    return
                kind, flags = head[3], head[4]
                stream = struct.unpack(">I", head[5:])[0] & 0x7FFFFFFF
                payload = reader.read(int.from_bytes(head[:3], "big"))
                if kind == 4 and not flags & 1:
                    connection.sendall(frame(4, 1, 0, b""))
                if kind == 6 and not flags & 1:
                    connection.sendall(frame(6, 1, 0, payload))
                if kind in (0, 1) and flags & 1:
                    body = facts(connection, number, None)
                    if name == "abrupt.test" and answered == 3:
                        # Streams up to that of the third answer were looked at, this one was not.
                        connection.sendall(frame(7, 0, 0, struct.pack(">II", stream - 2, 0)))
                        return
                    answered += 1
                    connection.sendall(frame(1, 4, stream, b"\x88") + frame(0, 1, stream, body))
                    if name == "goaway.test" and answered == 3:
                        connection.sendall(frame(7, 0, 0, struct.pack(">II", stream, 0)))
                        return

        def serve(plain, number):
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
                    (http2 if connection.selected_alpn_protocol() == "h2" else http1)(connection, number)
            except OSError:
                plain.close()

        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        print(listener.getsockname()[1], flush=True)

        def leash():
            sys.stdin.read()
            os._exit(0)

        threading.Thread(target=leash, daemon=True).start()
        number = 0
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=serve, args=(plain, number), daemon=True).start()
            number += 1
        """#
}
