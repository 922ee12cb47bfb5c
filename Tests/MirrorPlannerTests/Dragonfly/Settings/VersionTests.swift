import Testing

@testable import MirrorPlanner

/// Releases of Dragonfly, what they can do, and which of them fit together.
@Suite struct VersionTests {
    @Test(
        arguments: [
            ("v2.5.1", DragonflyVersion(2, 5, 1)), ("1.4.0", DragonflyVersion(1, 4, 0)),
            ("v2.4.4-rc.2", DragonflyVersion(2, 4, 4, suffix: "rc.2")),
            ("v1.2.10-digest-manifest", DragonflyVersion(1, 2, 10, suffix: "digest-manifest")), ("latest", nil),
            ("", nil),
            ("v2.5", nil), ("2.5.1.4", nil), ("v2.5.x", nil), ("v2.5.1-", nil), ("99999999999999999999.0.0", nil),
        ] as [(String, DragonflyVersion?)]
    )
    func `a tag is read, or it is none`(_ text: String, _ version: DragonflyVersion?) {
        #expect(DragonflyVersion(text) == version)
    }

    @Test(
        arguments: [
            ("dragonflyoss/client:v1.4.0", DragonflyVersion(1, 4, 0)),
            (
                "registry.example.com:5000/dragonflyoss/scheduler:v2.5.1@sha256:0123456789abcdef",
                DragonflyVersion(2, 5, 1)
            ),
            ("registry.example.com:5000/dragonflyoss/scheduler", nil), ("scheduler@sha256:01234567", nil),
            ("client:latest", nil), ("client:v1.4.0-alpine", DragonflyVersion(1, 4, 0, suffix: "alpine")), ("", nil),
            (":", nil),
        ] as [(String, DragonflyVersion?)]
    )
    func `an image names its version, whatever registry it is from`(_ image: String, _ version: DragonflyVersion?) {
        #expect(DragonflyVersion(image: image) == version)
    }

    @Test func `candidates come before their release, builds of it do not`() throws {
        let names = ["1.4.0", "2.4.4-beta.0", "2.4.4-rc.2", "2.4.4", "2.4.4-alpine", "2.5.0", "2.10.0"]
        let versions = try names.map { try #require(DragonflyVersion($0)) }
        #expect(versions.shuffled().sorted() == versions)
        #expect(!versions[2].isAtLeast(versions[3]) && versions[4].isAtLeast(versions[3]))
        #expect(versions.map(\.description) == names)
    }

    @Test(arguments: DragonflyGate.allCases)
    func `a gate is open from its bound on, and shut just before`(_ gate: DragonflyGate) {
        for (bound, isOpen) in [(gate.server, gate.isOpen(server:)), (gate.client, gate.isOpen(client:))] {
            guard let bound else { continue }
            #expect(isOpen(bound) && isOpen(DragonflyVersion(bound.major, bound.minor, bound.patch + 1)))
            #expect(!isOpen(DragonflyVersion(bound.major, bound.minor, bound.patch, suffix: "rc.1")))
            #expect(!isOpen(DragonflyVersion(bound.major, bound.minor - 1, 9)))
        }
        #expect(gate.server != nil || gate.client != nil)
    }

    @Test func `of a defect it is known where it is, where it is not, and from where on nothing is known`() {
        let ring = DragonflyDefect.keepsLastRing
        #expect(ring.isIn(DragonflyVersion(2, 3, 0)) == false)
        #expect(ring.isIn(DragonflyVersion(2, 3, 1)) == true && ring.isIn(DragonflyVersion(2, 5, 1)) == true)
        #expect(ring.isIn(DragonflyVersion(2, 5, 2)) == nil)
    }

    @Test(arguments: [
        (String(repeating: "a1", count: 32), true), (String(repeating: "a1", count: 31), false), ("abcd", false),
        ("", false),
        (String(repeating: "g1", count: 32), false), (String(repeating: "A1", count: 32), false),
        (String(repeating: "é", count: 32), false),
    ])
    func `only 64 hexadecimal digits are asked for`(_ id: String, _ isSafe: Bool) {
        #expect(DragonflyDefect.isSafe(taskID: id) == isSafe)
    }

    /// The case of dragonflyoss/dragonfly#4364.
    @Test func `a server that looks for seeds in the manager breaks with a client that does not register there`() throws
    {
        let fleet = VersionFleet(servers: [DragonflyVersion(2, 3, 0): 1], clients: [DragonflyVersion(1, 0, 26): 1])
        let finding = try #require(fleet.findings.first)
        #expect(finding.kind == .noSeeds && finding.severity == .fault)
        for text in [
            "server 2.3.0 finds seeds through the manager only", "client 1.0.26 does not register there (from 1.0.11)",
            "upgrade the server to 2.3.1 or later or clients back to 1.0.10",
        ] { #expect(finding.message.contains(text)) }
        #expect(!finding.message.contains("restart") && !finding.message.contains("network"))
    }

    @Test(
        arguments: [
            ("2.3.0", "1.0.10", false, false, [.noHostNames]), ("2.3.1", "1.0.10", false, false, [.noHostNames]),
            ("2.3.0", "1.0.11", false, false, [.noSeeds, .noHostNames]), ("2.5.1", "1.5.1", false, false, []),
            ("2.5.0", "1.4.0", false, false, []), ("2.5.1", "1.4.3", true, false, []),
            ("2.5.0", "1.4.3", true, false, [.managerNeeded]), ("2.5.1", "1.4.2", true, false, [.managerNeeded]),
            ("2.5.1", "1.5.1", false, true, [.schedulerTLS]), ("2.5.1", "1.6.0", false, true, [.schedulerTLS]),
            ("2.5.1", "1.1.0", false, false, [.skew, .noHostNames]), ("2.5.1", "1.3.0", false, false, []),
            ("2.3.4", "1.5.0", false, false, [.skew, .noHostNames]), ("2.5.1", "2.1.0", false, false, [.goDaemon]),
        ] as [(String, String, Bool, Bool, [VersionFinding.Kind])]
    )
    func `pairs break as upstream's code has it`(
        _ server: String,
        _ client: String,
        _ isManagerless: Bool,
        _ hasTLS: Bool,
        _ kinds: [VersionFinding.Kind]
    ) throws {
        let pair = VersionPair(
            server: try #require(DragonflyVersion(server)),
            client: try #require(DragonflyVersion(client))
        )
        let findings = pair.findings(isManagerless: isManagerless, hasSchedulerTLS: hasTLS)
        #expect(findings.map(\.kind) == kinds)
        for finding in findings {
            #expect(finding.message.contains(server) && finding.message.contains(client))
            #expect(!finding.source.isEmpty)
        }
    }

    @Test func `what is newer than all that was read is a note, and a defect is counted on`() {
        let fleet = VersionFleet(servers: [DragonflyVersion(2, 6, 0): 3], clients: [DragonflyVersion(1, 6, 0): 9])
        #expect(fleet.findings.map(\.kind) == [.lastRing, .unknown])
        #expect(fleet.findings.first?.message.contains("as far as is known") == true)
    }

    @Test func `a mixed fleet is named with its counts, once`() throws {
        let fleet = VersionFleet(
            servers: [DragonflyVersion(2, 4, 3): 2, DragonflyVersion(2, 5, 0): 1],
            clients: [DragonflyVersion(1, 3, 0): 8, DragonflyVersion(1, 3, 1): 1]
        )
        let mixed = fleet.findings.filter { $0.kind == .mixed }
        #expect(mixed.count == 1)
        #expect(mixed.first?.message.contains("2.4.3 (2), 2.5.0 (1)") == true)
    }

    @Test(
        arguments: [
            ("2.3.0", "1.0.10", "2.3.1", "1.0.11", false, VersionUpgrade.Order.serversFirst),
            ("2.3.1", "1.0.11", "2.3.0", "1.0.10", false, .clientsFirst),
            ("2.5.0", "1.4.0", "2.5.1", "1.4.3", false, .serversFirst), ("2.5.0", "1.4.0", "2.5.1", "1.4.3", true, nil),
        ] as [(String, String, String, String, Bool, VersionUpgrade.Order?)]
    )
    func `an upgrade goes in the order in which nothing breaks`(
        _ server: String,
        _ client: String,
        _ newServer: String,
        _ newClient: String,
        _ isManagerless: Bool,
        _ order: VersionUpgrade.Order?
    ) throws {
        let upgrade = VersionUpgrade(
            from: VersionPair(server: try #require(.init(server)), client: try #require(.init(client))),
            to: VersionPair(server: try #require(.init(newServer)), client: try #require(.init(newClient))),
            isManagerless: isManagerless
        )
        #expect(upgrade.order == order)
        #expect(upgrade.findings.contains { $0.severity == .fault } == (order == nil))
    }

    @Test func `an upgrade past a minor release is warned of`() {
        let upgrade = VersionUpgrade(
            from: VersionPair(server: DragonflyVersion(2, 2, 0), client: DragonflyVersion(0, 2, 0)),
            to: VersionPair(server: DragonflyVersion(2, 4, 0), client: DragonflyVersion(1, 2, 0))
        )
        #expect(upgrade.findings.contains { $0.message.contains("go to 2.3 first") })
    }
}
