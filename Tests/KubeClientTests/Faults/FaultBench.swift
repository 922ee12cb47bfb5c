import Foundation
import KubeClient
import KubeCore
import KubeTestSupport
import Synchronization
import Testing

/// What a row of the table of faults works with: a server that misbehaves, files, and a client of short times.
final class FaultBench: Sendable {
    let server: FaultServer
    let certificates: Certificates
    let files: MemoryFiles
    /// A folder for plugins.
    let folder: String

    init() throws {
        certificates = try Certificates.shared.get()
        server = try FaultServer()
        files = MemoryFiles(["/ca": try certificates.text("ca.crt")])
        folder = "\(certificates.folder)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// A client of the server.
    ///
    /// - Parameter lifetime: how long a file is used; an hour unless the row is about its end.
    func client(
        lifetime: Duration = .seconds(3600),
        spread: Duration = .milliseconds(200),
        pluginTimeout: Duration = .seconds(20),
        _ adjust: (inout ClusterConfiguration) -> Void
    ) throws -> CurlTransport {
        var configuration = ClusterConfiguration(server: server.url, certificateAuthority: .file("/ca"))
        adjust(&configuration)
        let options = ClientOptions(
            userAgent: "p2pmirror/test",
            timeout: .seconds(20),
            fileLifetime: lifetime,
            rotationSpread: spread,
            pluginTimeout: pluginTimeout
        )
        return try CurlTransport(configuration, options: options, files: files)
    }

    /// Puts a client certificate and its key into files.
    func put(_ name: String) throws {
        files["/client.crt"] = try certificates.text("\(name).crt")
        files["/client.key"] = try certificates.text("\(name).key")
    }

    static let clientFiles = ClusterConfiguration.ClientCertificate(
        certificate: .file("/client.crt"),
        key: .file("/client.key")
    )

    /// A credential plugin: a shell script that notes each run.
    func plugin(_ body: String, hint: String = "") throws -> ExecPlugin {
        let path = "\(folder)/login"
        let script = "#!/bin/sh\necho run >> \(folder)/runs\n\(body)\n"
        try script.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return ExecPlugin(command: path, installHint: hint, place: "kubeconfig /k: user \"u\"")
    }

    /// What such a script prints.
    static func credential(_ status: String) -> String {
        #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{\#(status)}}"#
    }

    var runs: Int {
        let text = try? String(contentsOfFile: "\(folder)/runs", encoding: .utf8)
        return (text ?? "").split(separator: "\n").count
    }

    /// `GET`'s or `POST`'s status, or the code and the message of the error.
    func ask(_ client: CurlTransport, _ request: KubeRequest = KubeRequest(.get, "/x")) async -> String {
        do throws(KubeError) {
            return "\(try await client.send(request).status)"
        } catch {
            return tidied("\(error)")
        }
    }

    /// A text without what differs from run to run.
    func tidied(_ text: String) -> String {
        text.replacing(folder, with: "").replacing(server.url, with: "https://server")
            .replacing(/127\.0\.0\.1:\d+/, with: "server")
    }

    /// Requests as one line: status, and what they went with.
    func told(_ keep: (FaultServer.Note) -> Bool = { _ in true }) throws -> String {
        try server.notes().filter(keep).map { note in
            "\(note.status) \(note.token.isEmpty ? note.client : note.token)"
        }.joined(separator: ", ")
    }

    /// Waits until something holds.
    func wait(_ what: String, _ isTrue: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(15)
        while try await !isTrue() {
            try #require(ContinuousClock.now < deadline, "waited in vain: \(what)")
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Follows the server's events as a controller does: whatever ends its watch, it opens another one from the last event.
final class Follower: Sendable {
    private let seen = Journal<String>()
    private let ends = Journal<String>()
    private let unfinished = Mutex(0)
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ client: CurlTransport) {
        let follow = Task { [weak self, seen, ends] in
            while !Task.isCancelled {
                do throws(KubeError) {
                    try await Self.follow(client, seen) { count in self?.unfinished.withLock { $0 = count } }
                    ends.note("end")
                } catch {
                    ends.note(error.code == .status ? error.message : "\(error.code)")
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        task.withLock { $0 = follow }
    }

    deinit { stop() }

    func stop() { task.withLock { $0?.cancel() } }

    /// The events, by their names.
    var events: [String] { seen.entries }
    /// How each watch ended: in good order, by a status or by the code of an error.
    var endings: [String] { ends.entries }

    /// Bytes of a line that has not ended.
    var bytesOfLine: Int { unfinished.withLock { $0 } }

    private static func follow(
        _ client: CurlTransport,
        _ seen: Journal<String>,
        unfinished: (Int) -> Void
    ) async throws(KubeError) {
        let request = KubeRequest(
            .get,
            "/events",
            query: [.init("watch", "true"), .init("resourceVersion", "\(seen.entries.count)")],
            idleTimeout: .seconds(75)
        )
        let stream = try await client.open(request)
        guard stream.status == 200 else {
            throw KubeError(.status, "\(stream.status)")
        }
        var splitter = LineSplitter()
        while let chunk = try await stream.nextChunk() {
            unfinished(chunk.reversed().prefix { $0 != 0x0A }.count)
            for line in splitter.push(chunk) {
                let event = try JSONCoding.decode(JSONValue.self, from: Array(line))
                seen.note(event[path: "object", "metadata", "name"]?.stringValue ?? "nameless")
            }
        }
        guard splitter.finish() == nil else { throw KubeError(.protocolViolation, "half a line") }
    }

    /// Whether the events are those from 1 to `count`, each once and in order.
    func sawAll(_ count: Int) -> Bool { events == (0..<count).map { "e-\($0 + 1)" } }

    /// `12 events, none lost, none twice`, or what is wrong.
    func account(_ count: Int) -> String {
        sawAll(count) ? "\(count) events, none lost, none twice" : "events: \(events.joined(separator: " "))"
    }
}
