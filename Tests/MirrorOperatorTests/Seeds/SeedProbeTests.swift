import KubeCore
import KubeTestSupport
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

@Suite("The probes of seeds")
struct SeedProbeTests {
    private static let soon = SeedBench.Waking(mirror: "m", delay: .milliseconds(50))
    private static let later = SeedBench.Waking(mirror: "m", delay: .seconds(1))

    private let bench = SeedBench(Fixture.mirror())
    private let nodes = [Fixture.server("s1", number: 1), Fixture.server("s2", number: 2)]

    private func mirror(_ probes: [Probe]?, _ candidates: LabelSelector? = nil) -> P2PMirror {
        var mirror = Fixture.mirror()
        mirror.spec.health.probes = probes
        mirror.spec.candidates.selector = candidates
        return mirror
    }

    private func look(_ nodes: [Node], _ mirror: P2PMirror = Fixture.mirror()) -> SeedEvidence {
        bench.watch.evidence(of: mirror, in: SeedBench.snapshot(nodes))
    }

    /// What is probed, as node and address.
    private var targets: [String] { bench.watch.probes.map { "\($0.key.node) \($0.request.address)" }.sorted() }

    @Test("They follow the nodes: one that is added, removed, moved, unlabelled or deselected")
    func followNodes() {
        _ = look(nodes)
        #expect(targets == ["s1 tcp://10.0.0.1:5001", "s2 tcp://10.0.0.2:5001"])
        _ = look(nodes + [Fixture.server("s3", number: 3)])
        #expect(targets.count == 3)
        _ = look([nodes[0], Fixture.server("s2", number: 9)])
        #expect(targets == ["s1 tcp://10.0.0.1:5001", "s2 tcp://10.0.0.9:5001"])
        var withdrawn = nodes[0]
        withdrawn.metadata.labels["p2p.rke2.cattle.io/enabled"] = "false"
        var outsider = nodes[1]
        outsider.metadata.labels["p2p.rke2.cattle.io/enabled"] = nil
        _ = look([withdrawn, outsider])
        #expect(targets == ["s1 tcp://10.0.0.1:5001"], "one that is out must be well before it comes back")
        var nowhere = nodes[1]
        nowhere.status?.addresses = [Node.Address(type: "Hostname", address: "s2")]
        _ = look([nodes[0], nowhere])
        #expect(targets == ["s1 tcp://10.0.0.1:5001"])
        var labelled = nodes[1]
        labelled.metadata.labels["seed"] = "yes"
        _ = look([nodes[0], labelled], mirror(nil, LabelSelector(matchLabels: ["seed": "yes"])))
        #expect(targets == ["s2 tcp://10.0.0.2:5001"])
        var selective = Fixture.mirror()
        selective.spec.selector = LabelSelector(matchLabels: ["seed": "yes"])
        _ = look([nodes[0], labelled], selective)
        #expect(targets == ["s2 tcp://10.0.0.2:5001"])
        bench.watch.forget("m")
        #expect(targets == [])
    }

    @Test("They are those of the mirror, each kind as it is meant")
    func kinds() {
        let probes = [
            Probe(name: "h", httpGet: .init(path: "/ready", port: 8080, scheme: .https), timeoutSeconds: 7),
            Probe(name: "t", tcpSocket: .init(port: 4001), periodSeconds: 30),
            Probe(name: "g", grpc: .init(port: 9000, service: "seed")),
        ]
        _ = look([nodes[0]], mirror(probes))
        let scheduled = Dictionary(uniqueKeysWithValues: bench.watch.probes.map { ($0.key.name, $0) })
        #expect(scheduled["h"]?.request.address == "https://10.0.0.1:8080/ready")
        #expect(scheduled["h"]?.request.timeout == .seconds(7))
        #expect(scheduled["t"]?.request.check == .tcpConnect)
        #expect(scheduled["t"]?.period == .seconds(30))
        #expect(scheduled["g"]?.request.check == .grpcHealth(service: "seed"))
        _ = look([nodes[0]], mirror([]))
        #expect(targets == [], "none are wanted")
    }

    @Test("The prober is told of a change, and of nothing else", arguments: [false, true])
    func changes(isChanged: Bool) async {
        var told = bench.probesChanged.makeAsyncIterator()
        // At the beginning of a term it takes over what was wanted before.
        await told.next()
        _ = look(nodes)
        await told.next()
        _ = look(isChanged ? [nodes[0]] : nodes)
        // With the term its stream ends, after what was told before.
        bench.watch.end()
        #expect((await told.next() != nil) == isChanged)
    }

    /// The readings that rest on a result.
    private func answered(_ nodes: [Node]) -> [String: [ProbeReading]] {
        look(nodes).probes.mapValues { $0.filter { $0.at.seconds > 0 } }.filter { !$0.value.isEmpty }
    }

    @Test("A verdict wakes the mirror at once, an error or a success after others within a second, and the rest not")
    func waking() throws {
        _ = look(nodes)
        let probe = try #require(bench.watch.probes.first { $0.key.node == "s1" })
        func result(_ fault: ProbeOutcome.Fault?) -> [SeedBench.Waking] {
            bench.clock.advance(by: .seconds(10))
            bench.watch.see(probe.key, probe.request.outcome(fault))
            return bench.news()
        }
        #expect(result(nil) == [])
        #expect(result(nil) == [Self.later], "it passes")
        #expect(result(nil) == [])
        #expect(result(.timeout) == [Self.later])
        #expect(result(.timeout) == [])
        #expect(result(.cancelled) == [], "we gave it up")
        #expect(result(.timeout) == [Self.soon], "it fails")
        #expect(bench.watch.failingProbes == ["m": 1])
        let reading = try #require(look(nodes).probes["s1"]?.first)
        #expect(reading.isFailing == true)
        #expect(reading.lastError == "timeout")
        #expect(reading.target == "tcp://10.0.0.1:5001")
        #expect(reading.at == bench.time(70))
        #expect(result(.connection) == [])
        #expect(result(nil) == [Self.later])
        #expect(result(nil) == [Self.soon], "it passes again")
        #expect(bench.watch.failingProbes == ["m": 0])
        #expect(answered(nodes).keys.sorted() == ["s1"])
        #expect(look(nodes).probes["s2"]?.map(\.isFailing) == [nil], "nobody has asked it yet: it says nothing")
    }

    @Test("One that asks something else begins anew, and a late answer to what was asked before does not count")
    func replacement() throws {
        _ = look(nodes)
        let old = try #require(bench.watch.probes.first { $0.key.node == "s1" })
        bench.watch.see(old.key, old.request.outcome(.timeout))
        #expect(answered(nodes).count == 1)
        let moved = [Fixture.server("s1", number: 7), nodes[1]]
        #expect(answered(moved) == [:])
        bench.watch.see(old.key, old.request.outcome(.timeout))
        #expect(answered(moved) == [:])
        let new = try #require(bench.watch.probes.first { $0.key.node == "s1" })
        bench.watch.see(new.key, new.request.outcome())
        #expect(look(moved).probes["s1"]?.map(\.target) == ["tcp://10.0.0.7:5001"])
        #expect(answered([nodes[1]]) == [:])
        bench.watch.see(new.key, new.request.outcome())
        #expect(answered([nodes[1]]) == [:])
    }

    @Test("A new term counts anew: nobody probed in between")
    func term() throws {
        _ = look(nodes)
        let probe = try #require(bench.watch.probes.first { $0.key.node == "s1" })
        for _ in 1...2 { bench.watch.see(probe.key, probe.request.outcome(.timeout)) }
        bench.watch.end()
        _ = bench.watch.begin { _, _ in }
        #expect(answered(nodes) == [:])
        bench.watch.see(probe.key, probe.request.outcome(.timeout))
        #expect(look(nodes).probes["s1"]?.first?.isFailing == nil)
        #expect(targets.count == 2)
    }
}
