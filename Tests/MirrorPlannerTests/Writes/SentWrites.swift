import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorOperator
import Synchronization
import Testing

@testable import MirrorPlanner

/// Carries plans out against a server that only records, and compares what was sent with what is printed.
struct SentWrites {
    private static let namespace = "p2pmirror-system"
    /// What was done, by purpose.
    private(set) var counts: [String: Int] = [:]

    /// The plan, carried out whole: each write is one request and one line.
    ///
    /// - Parameter published: what the set has beside all nodes and pods of the snapshot.
    mutating func check(
        _ plan: Plan,
        _ snapshot: Snapshot,
        published: [ObjectMeta] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (sent, called) = try await Self.carryOut(plan, snapshot, published)
        let all = plan.writes + plan.records
        let lines = PlanText(plan).lines.filter { $0.hasPrefix("  would: ") }
        #expect(lines == all.map { "  would: \($0.sentence)" }, sourceLocation: sourceLocation)
        let calls = all.compactMap(\.call)
        #expect(called == calls, sourceLocation: sourceLocation)
        for write in all where write.call != nil { counts[write.purpose.name, default: 0] += 1 }
        let writes = all.filter { $0.call == nil }
        let printed = zip(all, lines).filter { $0.0.call == nil }.map(\.1)
        #expect(sent.count == writes.count, "\(writes.map(\.sentence))", sourceLocation: sourceLocation)
        for (request, (write, line)) in zip(sent, zip(writes, printed)) {
            let expected = try write.request(at: MicroTimestamp(snapshot.now), leaseNamespace: Self.namespace)
            #expect(Self.line(request) == Self.line(expected), sourceLocation: sourceLocation)
            // Of a status the writer leaves out what stands there already.
            if case .status = write.body {
            } else {
                #expect(request.body == expected.body, sourceLocation: sourceLocation)
            }
            #expect(Self.names(request, line), "\(Self.line(request)): \(line)", sourceLocation: sourceLocation)
            counts[write.purpose.name, default: 0] += 1
        }
    }

    private static func carryOut(
        _ plan: Plan,
        _ snapshot: Snapshot,
        _ published: [ObjectMeta]
    ) async throws -> (requests: [KubeRequest], calls: [DaemonCall]) {
        let sources = RecordedCalls()
        let transport = RecordingTransport(snapshot, plan, others: published)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (api, ownWrites) = (KubeAPI(transport), OwnWrites(logger: logger))
        let applier = Applier(api, ownWrites: ownWrites, logger: logger)
        let executor = PlanExecutor(
            api,
            applier: applier,
            ownWrites: ownWrites,
            statuses: StatusWriter(api, ownWrites),
            sources: ProviderSourceSet([.dragonfly: sources]),
            leaseNamespace: namespace,
            now: { MicroTimestamp(snapshot.now) }
        )
        let seen = snapshot.mirrors[0]
        let mirror = ObservedMirror(metadata: seen.metadata, content: .readable(seen.spec), status: seen.status)
        #expect(try await executor.execute(plan, of: mirror) == .done)
        let records = MirrorNodeWriter(api, applier: applier, ownWrites: ownWrites, inFlight: 1, share: 10_000)
        #expect(try await records.write(plan, present: snapshot.mirrorNodes, while: { true }) == .done)
        return (transport.sent, sources.calls)
    }

    private static func line(_ request: KubeRequest) -> String {
        "\(request.method.rawValue) \(request.path) by \(request.query("fieldManager") ?? "nobody")"
    }

    /// Whether a line names what the request is about.
    private static func names(_ request: KubeRequest, _ line: String) -> Bool {
        let parts = request.path.split(separator: "/").map(String.init)
        if parts.contains("leases") { return line.contains("disruption Lease") }
        if parts.contains("p2pmirrors") { return line.contains("candidate set") || line.contains("finalizers") }
        // One that is made has its name in its body alone.
        if request.method == .post, let body = try? JSONCoding.decode(JSONValue.self, from: request.body ?? []) {
            return line.contains(body[path: "metadata", "name"]?.stringValue ?? "?")
        }
        return line.contains(parts.last { $0 != "status" } ?? "?")
    }
}

extension Write {
    /// The call to a daemon that it is; nil where it is a request.
    fileprivate var call: DaemonCall? {
        guard case .call(let call) = body else { return nil }
        return call
    }
}

/// Notes down the calls to daemons.
private final class RecordedCalls: ProviderSources, ProviderInquiry {
    private let noted = Mutex<[DaemonCall]>([])
    var calls: [DaemonCall] { noted.withLock { $0 } }

    func perform(_ call: DaemonCall) async throws(KubeError) { noted.withLock { $0.append(call) } }

    func follow(_ mirrors: Store<ObservedMirror>.Reader) async {}
    func changes(_ tell: @escaping @Sendable () -> Void) async {}
    func delay(behind writes: OwnWrites) -> Duration? { nil }
    func add(to proofs: inout Proofs) {}
    func evidence(of mirror: P2PMirror) -> ProviderEvidence { .dragonfly(DragonflyEvidence()) }
    func inquiry(_ api: KubeAPI) -> any ProviderInquiry { self }
    func completed(_ mirror: P2PMirror, _ snapshot: Snapshot) async -> ProviderEvidence? { nil }
}
