import Foundation
package import KubeClient
import Synchronization

/// Puts TLS before plain servers of the tests: one process in Python with a certificate of its own, for all of them.
///
/// It passes on bytes, ends and resets as they come, so that a server that misbehaves does the same over TLS.
package final class TLSFront: Sendable {
    /// The front, started at its first use.
    package static let shared = Result { try TLSFront() }

    /// What the front speaks inside TLS; the server behind it must speak the same.
    package enum Version: String, Sendable {
        case http1 = "http/1.1"
        /// HTTP/2 for who asks for it.
        case http2 = "h2,http/1.1"
    }

    private let authority: [UInt8]
    private let input: Pipe
    private let output: Mutex<FileHandle>

    private init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-front-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/env")
        openssl.arguments =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
            .split(separator: " ").map(String.init)
            + ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "\(folder)/key", "-out", "\(folder)/certificate"]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        authority = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/certificate")))
        try Self.script.write(toFile: "\(folder)/front.py", atomically: true, encoding: .utf8)
        // The front ends with its standard input, which this process holds open.
        input = Pipe()
        let pipe = Pipe()
        let front = Process()
        front.executableURL = URL(filePath: "/usr/bin/env")
        front.arguments = ["python3", "\(folder)/front.py", folder]
        front.standardInput = input
        front.standardOutput = pipe
        try front.run()
        output = Mutex(pipe.fileHandleForReading)
    }

    /// How a client reaches the plain server on `port` through TLS.
    package func configuration(before port: Int, speaking version: Version = .http1) throws -> ClusterConfiguration {
        let own = try output.withLock { output in
            try input.fileHandleForWriting.write(contentsOf: Data("\(port) \(version.rawValue)\n".utf8))
            var line = Data()
            while line.last != 0x0A {
                guard let byte = try output.read(upToCount: 1), !byte.isEmpty else {
                    throw CocoaError(.fileReadUnknown)
                }
                line += byte
            }
            return String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return ClusterConfiguration(server: "https://127.0.0.1:\(own)", certificateAuthority: .data(authority))
    }

    private static let script = #"""
        import os, select, socket, ssl, struct, sys, threading

        folder = sys.argv[1]

        def finish(tls):
            raw = socket.socket(fileno=os.dup(tls.fileno()))
            tls.settimeout(0)
            try:
                tls.unwrap()
            except OSError:
                pass
            # The end is told; what the client still sends is read, since closing over it would take the answer away.
            with raw:
                raw.settimeout(5)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(65536):
                    pass

        def pass_on(tls, plain):
            while True:
                ready = [tls] if tls.pending() else select.select([tls, plain], [], [])[0]
                if tls in ready:
                    tls.settimeout(0)
                    try:
                        data = tls.recv(65536)
                    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                        continue
                    finally:
                        tls.settimeout(None)
                    if not data:
                        return
                    plain.sendall(data)
                if plain in ready:
                    try:
                        data = plain.recv(65536)
                    except ConnectionResetError:
                        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    if not data:
                        finish(tls)
                        return
                    tls.sendall(data)

        def serve(client, port, context):
            try:
                with socket.create_connection(("127.0.0.1", port)) as plain, client:
                    with context.wrap_socket(client, server_side=True) as tls:
                        pass_on(tls, plain)
            except (OSError, ValueError):
                pass

        def listen(listener, port, version):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/certificate", folder + "/key")
            context.set_alpn_protocols(version.split(","))
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client, port, context), daemon=True).start()

        for line in sys.stdin:
            port, version = line.split()
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            print(listener.getsockname()[1], flush=True)
            threading.Thread(target=listen, args=(listener, int(port), version), daemon=True).start()
        os._exit(0)
        """#
}
