import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

@Suite("No number that the operator gathers ends the process")
struct ExtremeNumbersTests {
    private static let numbers = [Int.min, -1, 0, 1, Int(Int32.max), Int.max]

    @Test("Leases of seeds", arguments: numbers)
    func leases(number: Int) {
        var memory = AnnouncementMemory()
        for time in [Timestamp(seconds: Int64(number)), Timestamp(seconds: 1_800_000_000)] {
            let name = "embedded.node-1"
            var lease = Lease(metadata: ObjectMeta(name: name, namespace: Announcements.namespace))
            lease.metadata.labels = [LabelKey.mirror: "embedded", LabelKey.node: "node-1"]
            lease.spec = Lease.Spec(
                holderIdentity: "node-1",
                leaseDurationSeconds: number,
                acquireTime: MicroTimestamp(microseconds: Int64(number)),
                renewTime: MicroTimestamp(time),
                leaseTransitions: number
            )
            _ = memory.see(lease, at: Moment(time))
            _ = memory.announcements(of: "embedded", ["node-1"])
            #expect((0...Lease.greatestNumber).contains(Lease.transitions(after: lease.spec?.leaseTransitions)))
        }
    }

    @Test("Probes of a mirror that breaks its schema", arguments: numbers)
    func probes(number: Int) {
        let probe = Probe(
            name: "p",
            tcpSocket: .init(port: number),
            periodSeconds: number,
            timeoutSeconds: number,
            failureThreshold: number,
            successThreshold: number
        )
        var mirror = P2PMirror(metadata: ObjectMeta(name: "embedded"), spec: P2PMirrorSpec(provider: .rke2))
        mirror.spec.health.probes = [probe]
        let node = Node(metadata: ObjectMeta(name: "node-1"))
        let probes = SeedProbe.probes(of: mirror, [node], ProbeTargets(addresses: ["node-1": "10.0.0.1"], probes: []))
        var schedule = ProbeSchedule()
        schedule.replace(probes.map(\.scheduled), now: .zero)
        _ = schedule.start(now: .seconds(10))
        var tally = ProbeTally()
        tally.take(error: "refused", at: Moment(Timestamp(seconds: 1_800_000_000)), probe)
        _ = tally.reading(probe, target: "x")
    }
}
