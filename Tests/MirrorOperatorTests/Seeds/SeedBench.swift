import KubeCore
import KubeRuntime
import KubeTestSupport
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

/// A memory of seeds that a test tells by hand, on a clock that it moves.
struct SeedBench {
    struct Waking: Equatable, Sendable {
        var mirror: String
        var delay: Duration
    }

    let clock = TestClock()
    let watch: SeedWatch
    let woken = Collected<Waking>()
    let probesChanged: AsyncStream<Void>
    private let mirrors = Store<ObservedMirror>.make()

    init(_ mirrors: P2PMirror...) {
        self.mirrors.writer.apply(
            .page(
                mirrors.map { ObservedMirror(metadata: $0.metadata, content: .readable($0.spec)) },
                unreadable: []
            )
        )
        watch = SeedWatch(SeedClock(clock, wallClock: Fixture.start), mirrors: self.mirrors.reader)
        let woken = woken
        probesChanged = watch.begin { woken.add(Waking(mirror: $0, delay: $1)) }
    }

    static func lease(
        _ node: String,
        of mirror: String = "m",
        renewal: Int64 = 0,
        interval: Int = 10,
        saidGoodbye: Bool = false
    ) -> Lease {
        Lease(
            metadata: ObjectMeta(
                name: Names.mirrorNode(mirror: mirror, node: node),
                namespace: Announcements.namespace,
                labels: [LabelKey.mirror: Names.labelValue(mirror), LabelKey.node: Names.labelValue(node)]
            ),
            spec: Lease.Spec(
                holderIdentity: saidGoodbye ? "" : node,
                leaseDurationSeconds: 2 * interval,
                renewTime: MicroTimestamp(microseconds: renewal * 1_000_000)
            )
        )
    }

    /// The watch shows the Lease so.
    func see(_ lease: Lease) {
        watch.see([StoreChange(key: lease.key, old: nil, new: lease)]) { _ in true }
    }

    /// The watch shows that the Lease is gone.
    func lose(_ lease: Lease, isOwned: Bool) {
        watch.see([StoreChange(key: lease.key, old: lease, new: nil)]) { _ in isOwned }
    }

    func see(_ old: MirrorNode?, _ new: MirrorNode?) {
        guard let key = (old ?? new)?.key else { return }
        watch.see([StoreChange(key: key, old: old, new: new)])
    }

    func evidence(_ mirror: P2PMirror = Fixture.mirror(), _ nodes: Node...) -> SeedEvidence {
        watch.evidence(of: mirror, in: Self.snapshot(nodes))
    }

    static func snapshot(_ nodes: [Node], _ mirrorNodes: [MirrorNode] = []) -> Snapshot {
        Snapshot(now: Fixture.start.timestamp, mirrors: [], nodes: nodes, mirrorNodes: mirrorNodes)
    }

    /// What was woken since the last time that this was asked.
    func news() -> [Waking] {
        defer { woken.clear() }
        return woken.all
    }

    /// As many seconds after the start.
    func time(_ seconds: Int) -> Timestamp { Fixture.start.timestamp + seconds }
}

/// Answers that a test writes.
final class ScriptedProbes: ProbeTransport {
    let asked = Collected<ProbeRequest>()
    private let answer: @Sendable (ProbeRequest) async -> ProbeOutcome

    init(_ answer: @escaping @Sendable (ProbeRequest) async -> ProbeOutcome) {
        self.answer = answer
    }

    func probe(_ request: ProbeRequest) async -> ProbeOutcome {
        asked.add(request)
        return await answer(request)
    }
}

extension ProbeRequest {
    func outcome(_ fault: ProbeOutcome.Fault? = nil) -> ProbeOutcome {
        ProbeOutcome(fault: fault, address: address, message: fault.map(\.rawValue) ?? "well")
    }
}
