import ArgumentParser
import Foundation
import KubeClient
import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorOperator
import MirrorSandbox
import Synchronization
import Telemetry

/// From the creation of a mirror over a large fleet to its first status, and until each node has its MirrorNode.
struct FirstLookBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "first-look",
        abstract: "Time from a new mirror to its first status and to all of its MirrorNodes."
    )

    @Option(help: "Kubeconfig of a cluster that is made for this alone; without it the embedded API server is used.")
    var kubeconfig: String?
    @Option(help: "Directory of the CRDs.")
    var crds: String
    @Option(help: "Directory for the embedded server's kubeconfig.")
    var work: String
    @Option(help: "Nodes, each of them a seed.")
    var nodes = 5_000
    @Option(help: "The mirror's mode: Observe or Enforce.")
    var mode = "Observe"

    private static let mirror = "embedded"
    private static let limit = Duration.seconds(600)

    func validate() throws {
        guard Mode(rawValue: mode) != nil else { throw ValidationError("--mode \(mode): Observe or Enforce") }
        guard nodes >= 3 else { throw ValidationError("--nodes \(nodes): three servers at least") }
    }

    func run() async throws {
        let cluster =
            if let kubeconfig {
                try SandboxCluster.external(kubeconfig: kubeconfig)
            } else {
                try await SandboxCluster.embedded(in: work, host: "127.0.0.1", port: 0)
            }
        try await cluster.prepare(crds: crds, namespace: "p2pmirror-system")
        try await BenchFleet.make(nodes, padding: 0, cluster.api)
        let counts = Counts()
        let transport = CountedTransport(
            try CurlTransport(
                ClusterConfiguration.load(explicitKubeconfig: cluster.kubeconfig, environment: [:]),
                options: ClientOptions(userAgent: "bench")
            ),
            counts
        )
        let mirrorOperator = try MirrorOperator(
            transport,
            options: OperatorOptions(leaseNamespace: "p2pmirror-system", identity: "bench", leaderElection: false),
            logger: Logger(label: "bench") { _ in CountingLogHandler(counts) }
        )
        let running = Task { await mirrorOperator.run() }
        defer { running.cancel() }
        try await until("the operator's caches are filled") {
            mirrorOperator.readyChecks.allSatisfy { $0.check() == nil }
        }
        counts.begin()
        let spec = P2PMirrorSpec(provider: .rke2, mode: Mode(rawValue: mode) ?? .observe)
        try await cluster.api.create(P2PMirror(metadata: ObjectMeta(name: Self.mirror), spec: spec), manager: "bench")
        try await until("every node has its MirrorNode") { counts.value.mirrorNodes >= nodes }
        report(counts.value)
        let stored = try await cluster.api.list(MirrorNode.self, ListOptions(limit: 500)).count
        guard stored == nodes else { throw ValidationError("\(stored) MirrorNodes for \(nodes) nodes") }
    }

    private func until(_ what: String, _ isTrue: () -> Bool) async throws {
        let end = ContinuousClock.now + Self.limit
        while !isTrue() {
            guard ContinuousClock.now < end else { throw ValidationError("\(what): not within \(Self.limit)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func report(_ counts: Counts.Value) {
        func seconds(_ time: ContinuousClock.Instant?) -> String {
            guard let time else { return "never" }
            return "\((((time - counts.start) / .seconds(1)) * 100).rounded() / 100) s"
        }
        let whole = counts.lastMirrorNode.map { ($0 - counts.start) / .seconds(1) } ?? 1
        print("\(nodes) nodes, mode \(mode), from the creation of the mirror:")
        print("first status\t\(seconds(counts.firstStatus))")
        print("all MirrorNodes\t\(seconds(counts.lastMirrorNode))")
        print("writes of statuses\t\(counts.statuses)")
        print("requests\t\(counts.requests), \(Int((Double(counts.requests) / whole).rounded())) a second")
        print("most under way at once\t\(counts.most)")
        print("log lines\t\(counts.lines)")
    }
}

/// What the operator does, as seen by its transport and its logger.
private final class Counts: Sendable {
    struct Value {
        var start = ContinuousClock.now
        var requests = 0
        var underWay = 0
        var most = 0
        var statuses = 0
        var mirrorNodes = 0
        var firstStatus: ContinuousClock.Instant?
        var lastMirrorNode: ContinuousClock.Instant?
        var lines = 0
    }

    private let counts = Mutex(Value())

    var value: Value { counts.withLock { $0 } }

    func begin() {
        counts.withLock { $0 = Value(underWay: $0.underWay) }
    }

    func log() { counts.withLock { $0.lines += 1 } }

    func sent() {
        counts.withLock { counts in
            counts.requests += 1
            counts.underWay += 1
            counts.most = max(counts.most, counts.underWay)
        }
    }

    func answered(_ request: KubeRequest, isDone: Bool) {
        counts.withLock { counts in
            counts.underWay -= 1
            guard isDone, request.method == .patch else { return }
            if request.path.contains("/mirrornodes/"), !request.path.hasSuffix("/status") {
                counts.mirrorNodes += 1
                counts.lastMirrorNode = .now
            } else if request.path.contains("/p2pmirrors/"), request.path.hasSuffix("/status") {
                counts.statuses += 1
                counts.firstStatus = counts.firstStatus ?? .now
            }
        }
    }
}

private struct CountedTransport: Transport {
    let base: any Transport
    let counts: Counts

    init(_ base: any Transport, _ counts: Counts) {
        self.base = base
        self.counts = counts
    }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        counts.sent()
        do throws(KubeError) {
            let response = try await base.send(request)
            counts.answered(request, isDone: (200..<300).contains(response.status))
            return response
        } catch {
            counts.answered(request, isDone: false)
            throw error
        }
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream { try await base.open(request) }
}

/// Counts the lines that an operator at its standard level would write.
private struct CountingLogHandler: LogHandler {
    let counts: Counts
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(_ counts: Counts) { self.counts = counts }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { counts.log() }
}
