import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Synchronization
import Testing

@Suite("Carrying out what is decided about a candidate set")
struct CandidateSetTests {
    private static let label = "p2p.rke2.cattle.io/enabled"

    /// Four servers in a star, all of them seeds, and a mirror that has seen them once.
    private struct Fleet {
        let time = TestTime()
        let cluster: TestCluster

        init(settle: Bool = true) async throws {
            cluster = try await TestCluster(time)
            for number in 1...4 {
                let server = number == 1 ? nil : "https://10.0.0.1:9345"
                try await cluster.put(Fixture.server("s\(number)", number: number, server: server), status: true)
            }
            try await cluster.put(Fixture.mirror())
            guard settle else { return }
            for _ in 0..<4 { try await pass().run() }
            cluster.clearLog()
        }

        func pass(_ emit: @escaping @Sendable (EventOccurrence) -> Void = { _ in }) -> OperatorPass {
            let time = time
            return OperatorPass(
                cluster,
                leaseNamespace: Fixture.namespace,
                wallClock: { time.now },
                logger: Fixture.logger,
                planner: { name, snapshot in
                    var snapshot = snapshot
                    snapshot.seeds[name] = SeedEvidence(
                        now: time.now,
                        trust: SignalTrust(since: Fixture.start.timestamp)
                    )
                    return Planner.plan(mirror: name, snapshot)
                },
                emit: emit
            )
        }

        /// Makes the definition of a kind one of a release that has no such fields.
        func dropFields(of plural: String, below part: String, _ fields: [String]) async throws {
            let resource = ResourceType(
                group: "apiextensions.k8s.io",
                version: "v1",
                plural: "customresourcedefinitions",
                kind: "CustomResourceDefinition",
                namespaced: false
            )
            let key = ObjectKey(name: "\(plural).p2pmirror.io")
            var definition: JSONValue = try await cluster.api.send(.get(resource, key))
            var version = definition[path: "spec", "versions"]?.arrayValue?.first ?? [:]
            for field in fields {
                version["schema"]?["openAPIV3Schema"]?["properties"]?[part]?["properties"]?[field] = nil
            }
            definition["spec"]?["versions"] = [version]
            _ = try await cluster.api.answer(to: .replace(resource, key, definition, manager: "test"))
        }

        func set(_ type: String, _ status: String, on name: String) async throws {
            var node = try await cluster.api.get(Node.self, ObjectKey(name: name))
            node.status?.conditions?.removeAll { $0.type == type }
            node.status?.conditions?.append(Node.Condition(type: type, status: status))
            try await cluster.put(node, status: true)
        }

        func write(_ label: String, on name: String) async throws {
            var node = try await cluster.api.get(Node.self, ObjectKey(name: name))
            node.metadata.labels[CandidateSetTests.label] = label
            try await cluster.put(node)
        }

        var labels: [String: String] {
            get async throws {
                let nodes = try await cluster.api.list(Node.self)
                return Dictionary(
                    uniqueKeysWithValues: nodes.map {
                        ($0.metadata.name, $0.metadata.labels[CandidateSetTests.label] ?? "")
                    }
                )
            }
        }

        func record(of name: String) async throws -> MirrorNodeStatus.Candidate? {
            try await cluster.mirrorNode(Names.mirrorNode(mirror: "m", node: name))?.status?.candidate
        }

        func mark(of name: String) async throws -> String? {
            try await cluster.api.get(Node.self, ObjectKey(name: name))
                .metadata.annotations[AnnotationKey.evictedBy]
        }
    }

    @Test("A seed that falls ill leaves after one other write: memory of the set, a live look, the label, its record")
    func eviction() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        try await fleet.pass().run()
        #expect(try await fleet.labels == ["s1": "true", "s2": "true", "s3": "true", "s4": "false"])
        #expect(try await fleet.mark(of: "s4") == "m")
        #expect(try await fleet.record(of: "s4")?.state == .evicted)
        let status = try await fleet.cluster.mirror().status
        #expect(status?.candidates?.published == 3)
        #expect(status?.evictions?.map(\.reason) == ["DiskPressure"])
        #expect(status?.conditions.first(ofType: "EvictionEffective")?.reason == "NewBootstrapsOnly")
        let names = Names.mirrorNode(mirror: "m", node: "s4")
        #expect(
            fleet.cluster.writes == [
                "PATCH /apis/p2pmirror.io/v1alpha1/p2pmirrors/m/status by p2pmirror-status",
                "PATCH /api/v1/nodes/s4 by p2pmirror-candidates",
                "PATCH /apis/p2pmirror.io/v1alpha1/mirrornodes/\(names)/status by p2pmirror-candidates",
            ]
        )
        let look = fleet.cluster.log.firstIndex { $0.accept.contains("PartialObjectMetadata") }
        let move = fleet.cluster.log.firstIndex { $0.method == .patch && $0.path == "/api/v1/nodes/s4" }
        #expect(try #require(look) < #require(move), "the live look comes before the label")
        fleet.cluster.clearLog()
        for _ in 0..<3 { try await fleet.pass().run() }
        #expect(fleet.cluster.writes == [], "a set that is as it should be costs no write")
    }

    @Test("A seed that is well again comes back after its probation, and nothing remains but what is remembered")
    func readmission() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        try await fleet.pass().run()
        try await fleet.set("DiskPressure", "False", on: "s4")
        try await fleet.pass().run()
        #expect(try await fleet.record(of: "s4")?.state == .probation)
        fleet.time.advance(seconds: 119)
        try await fleet.pass().run()
        #expect(try await fleet.labels["s4"] == "false")
        fleet.time.advance(seconds: 1)
        try await fleet.pass().run()
        #expect(try await fleet.labels["s4"] == "true")
        #expect(try await fleet.mark(of: "s4") == nil)
        #expect(try await fleet.record(of: "s4")?.ejections == 1)
        fleet.time.advance(seconds: 3_700)
        for _ in 0..<3 { try await fleet.pass().run() }
        #expect(try await fleet.record(of: "s4") == nil, "an hour of health forgives")
        #expect(try await fleet.cluster.mirror().status?.evictions == nil)
    }

    @Test("What somebody else took out since the stores were read keeps the others in")
    func liveLook() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        let pass = fleet.pass()
        try await pass.refresh()
        for name in ["s2", "s3"] { try await fleet.write("false", on: name) }
        _ = try await pass.reconcile("m")
        #expect(try await fleet.labels["s4"] == "true")
        for _ in 0..<3 { try await fleet.pass().run() }
        #expect(try await fleet.labels == ["s1": "true", "s2": "false", "s3": "false", "s4": "true"])
        #expect(try await fleet.mark(of: "s2") == nil, "what is not ours is left alone")
    }

    @Test("Of two operators with the same knowledge one evicts, and nothing is counted twice")
    func twoLeaders() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        let (one, other) = (fleet.pass(), fleet.pass())
        try await one.refresh()
        try await other.refresh()
        _ = try await one.reconcile("m")
        fleet.cluster.clearLog()
        _ = try await other.reconcile("m")
        #expect(
            fleet.cluster.writes.allSatisfy { $0.hasPrefix("PATCH /apis/p2pmirror.io/v1alpha1/p2pmirrors/m/status") }
        )
        for _ in 0..<2 { try await fleet.pass().run() }
        #expect(try await fleet.record(of: "s4")?.ejections == 1)
        #expect(try await fleet.labels.values.count { $0 == "true" } == 3)
    }

    @Test("The service writes the label again at its start: it leaves again, through all guards, and it is said")
    func drift() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        try await fleet.pass().run()
        try await fleet.write("true", on: "s4")
        try await fleet.pass().run()
        #expect(try await fleet.labels["s4"] == "false")
        #expect(try await fleet.record(of: "s4")?.ejections == 1, "to leave again is no other eviction")
    }

    @Test("Killed after any write, whether it was carried out or not, it goes on from there", arguments: [true, false])
    func killedAfterEachWrite(isCarriedOut: Bool) async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        let killed = Mutex<Set<String>>([])
        fleet.cluster.onRequest { request, _ in
            let line = "\(request.method) \(request.path)"
            guard request.method != .get, killed.withLock({ $0.insert(line).inserted }) else { return nil }
            return isCarriedOut ? .unanswered : .lost
        }
        for _ in 0..<12 {
            _ = try? await fleet.pass().run()
            #expect(try await fleet.labels.values.count { $0 == "true" } >= 3)
        }
        #expect(killed.withLock { $0.count } >= 3)
        #expect(try await fleet.labels["s4"] == "false")
        #expect(try await fleet.record(of: "s4")?.ejections == 1)
        #expect(try await fleet.cluster.mirror().status?.evictions?.count == 1)
    }

    @Test(
        "Killed before the record of a seed that is out, it knows of the eviction all the same",
        arguments: [true, false]
    )
    func killedBeforeTheRecord(isDriven: Bool) async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        let isKilled = Mutex(false)
        fleet.cluster.onRequest { request, _ in
            guard request.method != .get, request.path.contains("/mirrornodes/") else { return nil }
            return isKilled.withLock { isKilled in
                defer { isKilled = true }
                return isKilled ? nil : .lost
            }
        }
        _ = try? await fleet.pass().run()
        #expect(isKilled.withLock { $0 })
        #expect(try await fleet.labels["s4"] == "false")
        #expect(try await fleet.record(of: "s4") == nil)
        // What it left for is over before anybody looks again, and its service may have published it.
        try await fleet.set("DiskPressure", "False", on: "s4")
        if isDriven { try await fleet.write("true", on: "s4") }
        for _ in 0..<4 { try await fleet.pass().run() }
        #expect(try await fleet.labels["s4"] == "false", "its probation is not over")
        #expect(try await fleet.record(of: "s4")?.state == .probation)
        #expect(try await fleet.record(of: "s4")?.ejections == 1)
    }

    @Test("A mirror that is deleted leaves no seed out")
    func orphans() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        try await fleet.pass().run()
        #expect(try await fleet.labels["s4"] == "false")
        try await fleet.cluster.api.delete(P2PMirror.self, ObjectKey(name: "m"))
        let pass = fleet.pass()
        try await pass.refresh()
        _ = try await pass.reconcile("m")
        #expect(try await fleet.labels["s4"] == "true")
        #expect(try await fleet.mark(of: "s4") == nil)
    }

    @Test("A mirror that comes back before anybody looked keeps its seeds out")
    func noOrphans() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        try await fleet.pass().run()
        try await fleet.cluster.api.delete(P2PMirror.self, ObjectKey(name: "m"))
        let pass = fleet.pass()
        try await pass.refresh()
        try await fleet.cluster.put(Fixture.mirror())
        _ = try await pass.reconcile("m")
        #expect(try await fleet.labels["s4"] == "false")
    }

    @Test("A seed that is none any more is put back, and so is one whose mirror is on its way out")
    func strays() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        try await fleet.pass().run()
        var mirror = try await fleet.cluster.mirror()
        mirror.spec.candidates.selector = LabelSelector(matchLabels: ["seed": "yes"])
        let generation = try await fleet.cluster.put(mirror).metadata.generation ?? 0
        try await fleet.pass().run()
        #expect(try await fleet.labels["s4"] == "false", "all seeds at once: that may be a mistake")
        mirror.metadata.annotations[AnnotationKey.confirmSelection] = "\(generation)"
        try await fleet.cluster.put(mirror)
        try await fleet.pass().run()
        #expect(try await fleet.labels["s4"] == "true")
        #expect(try await fleet.mark(of: "s4") == nil)
    }

    @Test("A mirror that a finalizer of somebody else holds puts its seeds back at once")
    func retiring() async throws {
        let fleet = try await Fleet()
        try await fleet.set("DiskPressure", "True", on: "s4")
        try await fleet.pass().run()
        let hold = Patch.merge(["metadata": ["finalizers": ["example.com/hold"]]])
        try await fleet.cluster.api.patch(P2PMirror.self, ObjectKey(name: "m"), hold)
        try await fleet.cluster.api.delete(P2PMirror.self, ObjectKey(name: "m"))
        #expect(try await fleet.cluster.mirror().metadata.deletionTimestamp != nil)
        try await fleet.pass().run()
        #expect(try await fleet.labels["s4"] == "true")
    }

    @Test("With definitions that keep nothing of the set no seed is moved, it is said, and nothing spins")
    func outdatedDefinitions() async throws {
        let fleet = try await Fleet()
        try await fleet.dropFields(of: "p2pmirrors", below: "status", ["candidates", "evictions", "storm"])
        var mirror = try await fleet.cluster.mirror()
        mirror.status?.candidates = nil
        try await fleet.cluster.put(mirror, status: true)
        try await fleet.set("DiskPressure", "True", on: "s4")
        let said = Collected<String>()
        let pass = fleet.pass { said.add($0.reason) }
        let result = try await pass.run()
        #expect(try await fleet.labels.values.allSatisfy { $0 == "true" })
        #expect(try await fleet.record(of: "s4") == nil)
        #expect(result["m"] == .requeue(after: .seconds(30)))
        #expect(said.all.contains("DefinitionsOutdated"))
    }

    @Test("With a definition that lacks a field of a MirrorNode, that is said, and nothing else is done")
    func undeclaredField() async throws {
        let fleet = try await Fleet(settle: false)
        try await fleet.dropFields(of: "mirrornodes", below: "spec", ["announceIntervalSeconds"])
        await #expect(throws: KubeError.self) { try await fleet.pass().run() }
        let ready = try await fleet.cluster.mirror().status?.conditions.first(ofType: "Ready")
        #expect(ready?.reason == "RequestRefused")
        #expect(ready?.message.contains("announceIntervalSeconds") == true)
    }
}
