import Foundation
import Testing

/// Certificates made by the `openssl` command, and a server in Python that uses them; made once for all tests.
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
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kube-client-\(UUID().uuidString)")
            .path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.folder = folder
        try Self.makeCertificates(in: folder)
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

    private static func makeCertificates(in folder: String) throws {
        for name in ["ca", "stranger"] {
            try openssl(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=\(name) "
                    + "-keyout \(name).key -out \(name).crt",
                in: folder
            )
        }
        let names = "subjectAltName=DNS:api.test,DNS:localhost,IP:127.0.0.1,IP:::1\n"
        try names.write(toFile: "\(folder)/server.ext", atomically: true, encoding: .utf8)
        try "extendedKeyUsage=clientAuth\n".write(toFile: "\(folder)/alice.ext", atomically: true, encoding: .utf8)
        for (name, authority, extensions) in [
            ("server", "ca", "server"), ("alice", "ca", "alice"), ("mallory", "stranger", "alice"),
        ] {
            try openssl(
                "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) "
                    + "-keyout \(name).key -out \(name).csr",
                in: folder
            )
            try openssl(
                "x509 -req -in \(name).csr -CA \(authority).crt -CAkey \(authority).key -CAcreateserial -days 2 "
                    + "-extfile \(extensions).ext -out \(name).crt",
                in: folder
            )
        }
    }

    private static func openssl(_ arguments: String, in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }

    private static let script = #"""
        import json, os, socket, ssl, struct, sys, threading

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

        def http1(connection, number):
            reader = connection.makefile("rb")
            while True:
                line, host, length = reader.readline(), None, 0
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
                reader.read(length)
                body = facts(connection, number, host)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        def frame(kind, flags, stream, payload):
            return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

        def http2(connection, number):
            reader = connection.makefile("rb")
            reader.read(24)
            connection.sendall(frame(4, 0, 0, b""))
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
                    connection.sendall(frame(1, 4, stream, b"\x88") + frame(0, 1, stream, body))

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
