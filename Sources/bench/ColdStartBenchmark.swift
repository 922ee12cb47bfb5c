import ArgumentParser
import KubeClient
import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorOperator
import MirrorSandbox
import Telemetry

/// From the start of an operator over a large fleet until it has read all that it decides on.
///
/// Each way is tried in turn, several times, so that what else the machine does meets all of them alike.
struct ColdStartBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cold-start",
        abstract: "Time from the operator's start to full caches, with streaming lists asked for and not."
    )

    @Option(help: "Kubeconfig of a cluster that is made for this alone.")
    var kubeconfig: String
    @Option(help: "Directory of the CRDs.")
    var crds: String
    @Option(help: "Nodes, each of 13 KB.")
    var nodes = 5_000
    @Option(help: "Starts of each way.")
    var starts = 5

    private enum Way: String, CaseIterable {
        case asking = "streaming lists asked for"
        case pages = "never asked for"
    }

    func run() async throws {
        let cluster = try SandboxCluster.external(kubeconfig: kubeconfig)
        try await cluster.prepare(crds: crds, namespace: "p2pmirror-system")
        try await BenchFleet.make(nodes, padding: 12_000, cluster.api)
        let spec = P2PMirrorSpec(provider: .rke2, mode: .observe)
        try await cluster.api.create(P2PMirror(metadata: ObjectMeta(name: "embedded"), spec: spec), manager: "bench")
        var times: [Way: [Duration]] = [:]
        for _ in 0..<starts {
            for way in Way.allCases { times[way, default: []].append(try await start(way)) }
        }
        for way in Way.allCases {
            let sorted = (times[way] ?? []).sorted()
            func text(_ time: Duration?) -> String {
                time.map { "\(($0 / .milliseconds(1)).rounded() / 1_000) s" } ?? "-"
            }
            print("\(way.rawValue)\t\(text(sorted[sorted.count / 2])) (\(text(sorted.first)) to \(text(sorted.last)))")
        }
    }

    private func start(_ way: Way) async throws -> Duration {
        let curl = try CurlTransport(
            ClusterConfiguration.load(explicitKubeconfig: kubeconfig, environment: [:]),
            options: ClientOptions(userAgent: "bench")
        )
        let transport: any Transport = way == .asking ? curl : PagesOnly(base: curl)
        let mirrorOperator = try MirrorOperator(
            transport,
            options: OperatorOptions(leaseNamespace: "p2pmirror-system", identity: "bench", leaderElection: false),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
        let begin = ContinuousClock.now
        let running = Task { await mirrorOperator.run() }
        while !mirrorOperator.readyChecks.allSatisfy({ $0.check() == nil }) {
            guard ContinuousClock.now - begin < .seconds(120) else {
                throw ValidationError("the operator's caches were not full within 120 s")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        let time = ContinuousClock.now - begin
        running.cancel()
        await running.value
        return time
    }
}

/// A server that has no streaming lists, of which that is known without asking it.
private struct PagesOnly: Transport {
    let base: any Transport

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse { try await base.send(request) }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        guard request.query.contains(where: { $0.name == "sendInitialEvents" }) else {
            return try await base.open(request)
        }
        let status = Status(code: 422, reason: "Invalid", message: "sendInitialEvents is not asked for")
        throw KubeError(.status, "sendInitialEvents is not asked for", status: status)
    }
}
