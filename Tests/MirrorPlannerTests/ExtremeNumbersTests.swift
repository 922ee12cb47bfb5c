import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// Snapshots in which one number, or several, are what nobody writes in good faith. A process that ends by one ends
/// again at each start, so that it is enough that there is a plan.
@Suite("No number of a snapshot ends the process")
struct ExtremeNumbersTests {
    @Test("Each number of a fleet in the middle of a rollout, by itself")
    func each() throws {
        for snapshot in try Self.snapshots() {
            let document = try JSONCoding.value(of: snapshot)
            let leaves = Leaf.all(in: document)
            #expect(leaves.count > 50)
            for leaf in leaves {
                for value in leaf.extremes { Self.plan(leaf.setting(value, in: document)) }
            }
        }
    }

    @Test("A snapshot of another release has more signals or fewer", arguments: [0, 1, 4, 6])
    func otherSignals(count: Int) throws {
        for snapshot in try Self.snapshots() {
            var document = try JSONCoding.value(of: snapshot)
            let entry: JSONValue = ["since": "2026-11-30T12:00:00Z"]
            var seeds = document["seeds"]?["embedded"]
            seeds?["trust"] = ["entries": .array(Array(repeating: entry, count: count))]
            document["seeds"] = seeds.map { ["embedded": $0] }
            let read = try JSONCoding.decode(Snapshot.self, from: document)
            #expect(Planner.plan(mirror: "embedded", read) != nil)
        }
    }

    @Test("Many numbers at once", arguments: 0..<200)
    func many(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        for snapshot in try Self.snapshots().suffix(2) {
            var document = try JSONCoding.value(of: snapshot)
            for leaf in Leaf.all(in: document) where dice.roll(30) {
                let values = leaf.extremes
                document = leaf.setting(values[dice.below(values.count)], in: document)
            }
            Self.plan(document)
        }
    }

    @Test(
        "A revision goes up, and begins anew after the last one",
        arguments: [
            (nil, "1-"), ("1-a", "2-"), ("999999999999999998-a", "999999999999999999-"), ("999999999999999999-a", "1-"),
            ("9223372036854775807-a", "1-"), ("-9223372036854775808-a", "1-"), ("99999999999999999999-a", "1-"),
            ("", "1-"),
        ] as [(String?, String)]
    )
    func revision(_ example: (present: String?, next: String)) throws {
        let revision = MirrorNodePlanning.revision(after: example.present, nil)
        #expect(revision.hasPrefix(example.next))
        #expect(TextForm.revision.matches(revision))
    }

    @Test(
        "An epoch is another one than before and fits its field",
        arguments: [
            nil, 0, 7, Int(Int32.max) - 1, Int(Int32.max), .max, -1, .min,
        ] as [Int?]
    )
    func epoch(previous: Int?) {
        for now in [Timestamp(seconds: .min), Timestamp(seconds: 1_800_000_000), Timestamp(seconds: .max)] {
            let epoch = DisruptionLease.epoch(after: previous, at: now)
            #expect((1...Int(Int32.max)).contains(epoch))
            if now.seconds == 1_800_000_000 { #expect(epoch != previous) }
        }
    }

    private static func plan(_ document: JSONValue) {
        // What can't be read is no input of a planner.
        guard let snapshot = try? JSONCoding.decode(Snapshot.self, from: document) else { return }
        for mirror in snapshot.mirrors { _ = Planner.plan(mirror: mirror.metadata.name, snapshot) }
    }

    /// A fleet at several of its passes, with seeds that are ill and evidence of them.
    static func snapshots() throws -> [Snapshot] {
        var seen: [Snapshot] = []
        let mirror = Fixture.mirror { spec in
            spec.rollout.window = .init(start: "00:00", end: "23:59")
            spec.rollout.approval = .automatic
        }
        var run = FleetRun(RandomFleet(mirror, Fixture.servers([3, 1, 2, 3])), Dice(seed: 7))
        run.failPercent = 0
        run.plan = { name, snapshot in
            seen.append(snapshot)
            return Planner.plan(mirror: name, snapshot, validator: { _ in [] })
        }
        run.run()
        let chosen = stride(from: 0, to: seen.count, by: max(1, seen.count / 5)).map { seen[$0] }
        return try chosen.map { try withEvidence($0) }
    }

    private static func withEvidence(_ snapshot: Snapshot) throws -> Snapshot {
        var snapshot = snapshot
        let now = snapshot.now
        snapshot.mirrors[0].status = P2PMirrorStatus()
        snapshot.mirrors[0].status?.candidates = .init(total: 4, published: 3, evicted: 1, probation: 0)
        snapshot.mirrors[0].status?.candidates?.withdrawals = [.init(at: now, count: 1), .init(at: now + -9, count: 1)]
        snapshot.mirrors[0].status?.storm = .init(since: now + -60, until: now + 60)
        var evidence = SeedEvidence(now: MicroTimestamp(now), trust: SignalTrust(since: now + -3_600))
        for index in snapshot.nodes.indices {
            let name = snapshot.nodes[index].metadata.name
            snapshot.nodes[index].metadata.labels["p2p.rke2.cattle.io/enabled"] = index == 0 ? "false" : "true"
            snapshot.nodes[index].metadata.annotations["p2pmirror.io/evicted-by"] = "embedded"
            evidence.announcements[name] = Announcement(heardAt: now + -50, intervalSeconds: 10)
            evidence.agentsHeardAt[name] = now + -5
            evidence.probes[name] = [
                ProbeReading(
                    name: "port",
                    target: "tcp://10.0.0.1:9345",
                    isFailing: true,
                    lastError: "refused",
                    at: now + -5,
                    periodSeconds: 10,
                    rowSeconds: 20
                )
            ]
        }
        snapshot.seeds["embedded"] = evidence
        for index in snapshot.mirrorNodes.indices {
            var status = snapshot.mirrorNodes[index].status ?? MirrorNodeStatus()
            status.candidate = try JSONCoding.decode(
                MirrorNodeStatus.Candidate.self,
                from: [
                    "state": .string(["Evicted", "Probation", "Suspect", "Healthy"][index % 4]),
                    "since": .string("\(now + -90)"), "until": .string("\(now + 90)"),
                    "illSince": .string("\(now + -190)"), "ejections": 2, "reason": "DiskFull", "message": "is full",
                ]
            )
            if status.agent?.figures == nil { status.agent?.figures = HostFigures() }
            status.agent?.figures?.diskUsedPercent = 95
            status.agent?.figures?.memoryAvailablePercent = 3
            status.agent?.figures?.ioPressurePercent = 30
            status.agent?.figures?.cleanUpBeginsAtPercent = 85
            status.agent?.figures?.cleanUpEndsAtPercent = 80
            snapshot.mirrorNodes[index].status = status
            snapshot.mirrorNodes[index].spec.announceIntervalSeconds = 10
        }
        return snapshot
    }
}

/// A number in a document, or a text that is read as one.
private struct Leaf {
    enum Kind {
        case number
        case time
        /// Digits, and what stands behind them.
        case digits(String)
    }

    enum Part {
        case member(String)
        case element(Int)
    }

    var path: [Part]
    var kind: Kind

    var extremes: [JSONValue] {
        let numbers: [Int64] = [.min, .min + 1, -1, 0, 1, 1 << 31, 1 << 53, .max - 1, .max]
        switch kind {
        case .number: return numbers.map { .int($0) } + [.double(1e300), .double(-0.5)]
        case .time:
            return [
                "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00+99:99", "1970-01-01T00:00:00Z",
                "9999-12-31T23:59:59-99:99",
            ]
        case .digits(let rest):
            return numbers.map { .string("\($0)\(rest)") } + [.string("99999999999999999999\(rest)")]
        }
    }

    static func all(in value: JSONValue, at path: [Part] = []) -> [Leaf] {
        switch value {
        case .int, .double: return [Leaf(path: path, kind: .number)]
        case .object(let members):
            return members.sorted { $0.key < $1.key }.flatMap { all(in: $1, at: path + [.member($0)]) }
        case .array(let elements):
            return elements.enumerated().flatMap { all(in: $1, at: path + [.element($0)]) }
        case .string(let text):
            if Timestamp(text) != nil { return [Leaf(path: path, kind: .time)] }
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            return digits.isEmpty ? [] : [Leaf(path: path, kind: .digits(String(text.dropFirst(digits.count))))]
        case .null, .bool: return []
        }
    }

    func setting(_ value: JSONValue, in document: JSONValue) -> JSONValue {
        Self.set(value, at: path[...], in: document)
    }

    private static func set(_ value: JSONValue, at path: ArraySlice<Part>, in document: JSONValue) -> JSONValue {
        guard let first = path.first else { return value }
        switch (first, document) {
        case (.member(let name), .object(var members)):
            members[name] = members[name].map { set(value, at: path.dropFirst(), in: $0) }
            return .object(members)
        case (.element(let index), .array(var elements)):
            elements[index] = set(value, at: path.dropFirst(), in: elements[index])
            return .array(elements)
        default: return document
        }
    }
}
