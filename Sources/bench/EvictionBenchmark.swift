import ArgumentParser
import Foundation
import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorPlanner
import MirrorSandbox
import Synchronization

/// From a node's DiskPressure to the label that takes its seed out of the set: the way through the API server, the
/// operator's watch, its decision, what it remembers of it, its live look, and back.
struct EvictionBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eviction",
        abstract: "Time from a node's DiskPressure to the seed's leaving, on the API server of a kubeconfig."
    )

    @Option(help: "Kubeconfig of a cluster that is made for this alone.")
    var kubeconfig: String
    @Option(help: "Directory of the CRDs.")
    var crds: String
    @Option(help: "The program p2pmirror.")
    var `operator`: String
    @Option(help: "Directory of the operator's log.")
    var logs: String
    @Option(help: "Nodes, each of them a seed.")
    var nodes = 500
    @Option(help: "Seeds that fall ill, one after another.")
    var changes = 200
    @Option(help: "Updates of other nodes a second meanwhile.")
    var heartbeats = 0

    private static let mirror = "embedded"

    func validate() throws {
        guard changes * 2 <= nodes else {
            throw ValidationError("--changes \(changes) of --nodes \(nodes): half of them must stay in the set")
        }
    }

    func run() async throws {
        let cluster = try SandboxCluster.external(kubeconfig: kubeconfig)
        try await cluster.prepare(crds: crds, namespace: "p2pmirror-system")
        let api = cluster.api
        try await makeFleet(api)
        let supervisor = Supervisor(executable: `operator`, logger: Logger(label: "bench"))
        supervisor.start(
            Supervisor.Unit(
                name: "operator",
                arguments: [
                    "operator", "--kubeconfig", kubeconfig, "--no-leader-elect", "--http-bind", "127.0.0.1:0",
                    "--log-format", "json",
                ],
                log: "\(logs)/operator"
            )
        )
        do {
            try await untilSettled(api)
            report(try await measure(api))
        } catch {
            await supervisor.stopAll()
            throw error
        }
        await supervisor.stopAll()
    }

    // MARK: The fleet

    private func makeFleet(_ api: KubeAPI) async throws {
        var spec = P2PMirrorSpec(provider: .rke2, mode: .enforce)
        // The guards are not what is measured, and there is nothing to probe.
        spec.candidates.evictionsPerMinute = 6_000
        spec.candidates.maxUnhealthy = .percent(100)
        spec.health.probes = []
        try await BenchFleet.make(nodes, padding: 10_000, api)
        try await api.create(P2PMirror(metadata: ObjectMeta(name: Self.mirror), spec: spec), manager: "bench")
    }

    private func untilSettled(_ api: KubeAPI) async throws {
        let limit = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < limit {
            let status = try await api.get(P2PMirror.self, ObjectKey(name: Self.mirror)).status
            if status?.candidates?.published == nodes, status?.nodes?.selected == nodes,
                try await api.list(MirrorNode.self, ListOptions(limit: 500)).count == nodes
            {
                try await Task.sleep(for: .seconds(1))
                return
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw ValidationError("the operator did not settle within two minutes; its log is in \(logs)")
    }

    // MARK: The measurement

    /// From the request that makes a node ill, and from its answer, to the label as a watch shows it.
    private struct Times {
        var sent: [Duration] = []
        var answered: [Duration] = []
    }

    private func measure(_ api: KubeAPI) async throws -> Times {
        let watch = Reflector<Node>(
            api,
            ListOptions(labelSelector: "\(BenchFleet.distribution.peerLabel)=false"),
            logger: Logger(label: "bench")
        )
        let left = Shared<[String: ContinuousClock.Instant]>([:])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch.run() }
            group.addTask {
                for await batch in watch.store.changes() {
                    let now = ContinuousClock.now
                    left.change { left in
                        for change in batch where change.new != nil && left[change.key.name] == nil {
                            left[change.key.name] = now
                        }
                    }
                }
            }
            group.addTask { try await beat(api) }
            try await watch.store.waitUntilSynced()
            var times = Times()
            // The servers stay: the fleet needs them.
            for number in 3..<3 + changes {
                let sent = ContinuousClock.now
                try await setPressure(number, api)
                let answered = ContinuousClock.now
                let seen = try await leaving(BenchFleet.name(number), left)
                times.sent.append(seen - sent)
                times.answered.append(max(.zero, seen - answered))
                try await Task.sleep(for: .milliseconds(Int.random(in: 60...160)))
            }
            group.cancelAll()
            return times
        }
    }

    private func setPressure(_ number: Int, _ api: KubeAPI) async throws {
        let status = try JSONCoding.value(of: BenchFleet.status(number, pressure: "True", heartbeat: 0))
        let key = ObjectKey(name: BenchFleet.name(number))
        try await api.patch(Node.self, key, subresource: "status", .merge(["status": status]), manager: "bench")
    }

    private func leaving(
        _ name: String,
        _ left: Shared<[String: ContinuousClock.Instant]>
    ) async throws -> ContinuousClock.Instant {
        let limit = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < limit {
            if let time = left.value[name] { return time }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw ValidationError("the seed \(name) did not leave within 30 s; the operator's log is in \(logs)")
    }

    /// The kubelets of the other half.
    private func beat(_ api: KubeAPI) async throws {
        guard heartbeats > 0 else { return }
        let healthy = 3 + changes..<nodes
        for beat in 0... {
            guard let number = healthy.randomElement(), !Task.isCancelled else { return }
            let status = try JSONCoding.value(of: BenchFleet.status(number, pressure: "False", heartbeat: beat))
            let key = ObjectKey(name: BenchFleet.name(number))
            let patch = Patch.merge(["status": status])
            _ = try? await api.patch(Node.self, key, subresource: "status", patch, manager: "bench")
            try? await Task.sleep(for: .seconds(1) / heartbeats)
        }
    }

    private func report(_ times: Times) {
        print("\(changes) of \(nodes) seeds fell ill one after another, beside \(heartbeats) heartbeats a second")
        for (name, all) in [("from the request", times.sent), ("from its answer", times.answered)] {
            let sorted = all.sorted()
            func at(_ share: Double) -> String {
                let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
                let tenths = Int((sorted[index] / .milliseconds(1) * 10).rounded())
                return "\(tenths / 10).\(tenths % 10) ms"
            }
            print("\(name) to the label: p50 \(at(0.5)), p90 \(at(0.9)), p99 \(at(0.99)), longest \(at(1))")
        }
    }
}
