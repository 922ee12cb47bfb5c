import Foundation
import KubeClient
import KubeCore
import MirrorPlanner
import Synchronization
import Testing

/// Our client and servers that are not ours: grpcio, and what else may listen at a port. `hack/grpc` starts them, and
/// prints the table of what was expected and what happened.
@Suite(
    "Calls of gRPC to a server that is not ours",
    .enabled(if: GRPCServers.folder != nil, "hack/grpc starts the servers and says where they are")
)
struct GRPCServerTests {
    @Test("end as they should", arguments: GRPCCase.all)
    func call(_ row: GRPCCase) async throws {
        let happened = try await row.run(try GRPCServers())
        GRPCServers.note(row, happened)
        #expect(happened == row.expected)
    }
}

/// One row of the table.
struct GRPCCase: Sendable, CustomTestStringConvertible {
    var name: String
    var expected: String
    var run: @Sendable (GRPCServers) async throws -> String

    var testDescription: String { name }

    init(_ name: String, _ expected: String, _ run: @escaping @Sendable (GRPCServers) async throws -> String) {
        self.name = name
        self.expected = expected
        self.run = run
    }
}

/// Where the servers are, and how to call them.
struct GRPCServers: Sendable {
    static let folder = ProcessInfo.processInfo.environment["P2PMIRROR_GRPC_SERVERS"]
    private static let table = Mutex(())

    private let ports: [String: Int]
    private let folder: String
    private let client: CurlGRPC

    init() throws {
        folder = try #require(Self.folder)
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/servers.json"))
        ports = try JSONDecoder().decode([String: Int].self, from: data)
        client = try CurlGRPC(userAgent: "p2pmirror/test")
    }

    func port(_ server: String) throws -> Int { try #require(ports[server]) }

    private func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }

    /// TLS that trusts an authority of the servers', and shows a certificate or none.
    func tls(
        _ certificate: String? = nil,
        authority: String = "ca",
        name: String? = nil,
        isNameVerified: Bool = true
    ) throws -> GRPCRequest.Security {
        .tls(
            GRPCTLS(
                authority: try file("\(authority).crt"),
                certificate: try certificate.map { try file("\($0).crt") },
                key: try certificate.map { try file("\($0).key") },
                serverName: name,
                isNameVerified: isNameVerified
            )
        )
    }

    func call(_ request: GRPCRequest) async -> GRPCOutcome { await client.call(request) }

    /// Calls a method of test.Fixture, and says how it ended.
    func fixture(
        _ method: String,
        _ message: String = "",
        at server: String = "plain",
        timeout: Duration = .seconds(30),
        _ change: (inout GRPCRequest) -> Void = { _ in }
    ) async throws -> String {
        var request = GRPCRequest(
            host: "127.0.0.1",
            port: try port(server),
            path: "/test.Fixture/\(method)",
            message: Array(message.utf8),
            timeout: timeout
        )
        change(&request)
        return switch await client.call(request) {
        case .answered(let bytes): String(decoding: bytes, as: UTF8.self)
        case .failed(let fault): Self.text(fault)
        }
    }

    func call<Request, Answer>(
        _ method: GRPCMethod<Request, Answer>,
        _ message: Request,
        at server: String,
        timeout: Duration = .seconds(30),
        security: GRPCRequest.Security = .plaintext
    ) async throws(GRPCFault) -> Answer {
        try await client.call(
            method,
            message,
            host: "127.0.0.1",
            port: ports[server] ?? 0,
            timeout: timeout,
            security: security
        )
    }

    /// A health check, and how it ended.
    func health(
        _ service: String = "",
        at server: String = "plain",
        timeout: Duration = .seconds(30),
        security: GRPCRequest.Security = .plaintext
    ) async -> String {
        do throws(GRPCFault) {
            let query = GRPCHealthQuery(service: service)
            let answer = try await call(DragonflyCall.health, query, at: server, timeout: timeout, security: security)
            return answer.status?.name ?? "status \(answer.number)"
        } catch {
            return Self.text(error)
        }
    }

    static func text(_ fault: GRPCFault) -> String { "\(fault.kind.label): \(fault.message)" }

    /// A line of the table, for `hack/grpc`.
    static func note(_ row: GRPCCase, _ happened: String) {
        guard let folder, let index = GRPCCase.all.firstIndex(where: { $0.name == row.name }) else { return }
        let verdict = row.expected == happened ? "as expected" : happened
        let number = String(index + 100).dropFirst()
        table.withLock { _ in
            let path = "\(folder)/table"
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: nil)
            }
            guard let file = FileHandle(forWritingAtPath: path) else { return }
            file.seekToEndOfFile()
            file.write(Data("\(number)\t\(row.name)\t\(row.expected)\t\(verdict)\n".utf8))
            try? file.close()
        }
    }
}
