import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// Public reports, re-told with other names: what must be said is said, and what must not be done is not.
@Suite("Reports of others about Dragonfly")
struct ReportedCaseTests {
    private func expect(_ world: DragonflyWorld, _ type: MirrorConditionType, says words: [String]) throws {
        let message = try #require(world.condition(type)).message
        for word in words { #expect(message.contains(word), "\(word) in: \(message)") }
    }

    @Test("dragonflyoss/dragonfly#4960: the last seed is gone, and the scheduler goes on to ask it")
    func lastSeedStaleRing() throws {
        var world = DragonflyWorld(schedulers: 1, seeds: 0, clients: 1, server: "v2.5.1", client: "v1.5.1")
        world.evidence.workloads = []
        world.observe()
        world.evidence.strangers = ["10.8.3.9:4000": .failed(.init(.silent, "no connection within 2 s"))]
        let condition = try #require(world.condition(.peersConnected))
        #expect(condition.status == .false)
        #expect(condition.reason == "NoSeedInSchedulers")
        try expect(
            world,
            .peersConnected,
            says: [
                "The scheduler 10.244.1.20:8002 lists no seed", "version 2.5.1 keeps an empty set's last ring",
                "10.8.3.9:4000: no connection within 2 s",
                "start a seed, or restart the scheduler, which forgets all tasks",
            ]
        )
        world.pass(900)
        #expect(world.calls.isEmpty)
        #expect(!world.done.contains { $0.body == .delete })
    }

    @Test("dragonflyoss/client#2069: seeds that shed their health checks are busy and not dead")
    func shedHealth() throws {
        var world = DragonflyWorld(server: "v2.5.1", client: "v1.5.1")
        let seed = world.evidence.files["dragonfly-seed-client"]?["dfdaemon.yaml"] ?? ""
        world.evidence.files["dragonfly-seed-client"] = [
            "dfdaemon.yaml": seed.replacing(
                "requestRateLimit: 400",
                with: "requestRateLimit: 400, requestbufferSize: 50"
            )
        ]
        world.busy = ["dragonfly-seed-client-0", "dragonfly-seed-client-1"]
        world.change("dragonfly-seed-client-0") { pod in
            pod.status.conditions = [.init(type: "Ready", status: "False", lastTransitionTime: DragonflyWorld.epoch)]
            pod.status.containers = [.init(name: "seed-client", restartCount: 7)]
        }
        world.pass(600)
        #expect(world.quarantined.isEmpty)
        try expect(
            world,
            .peersConnected,
            says: ["BusyNotDead", "code 8 ResourceExhausted, which means overloaded and not dead", "or add seeds"]
        )
        try expect(world, .nodesCurrent, says: ["requestbufferSize", "requestBufferSize"])
    }

    @Test("dragonflyoss/client#1607: schedulers that exist nowhere")
    func staleAddresses() throws {
        var world = DragonflyWorld(schedulers: 2, server: "v2.4.0", client: "v1.2.0")
        world.observe()
        world.evidence.schedulers[1].hosts = []
        world.evidence.manager = .init(
            address: "dragonfly-manager:65003",
            schedulers: ["10.244.1.20", "10.244.2.20", "10.42.1.96", "10.42.3.14"].map {
                .init(
                    address: "\($0):8002",
                    hostname: $0,
                    state: $0.hasPrefix("10.42") ? "inactive" : "active",
                    clusterID: 1
                )
            }
        )
        let condition = try #require(world.condition(.peersConnected))
        #expect(condition.reason == "StaleSchedulerAddresses")
        try expect(
            world,
            .peersConnected,
            says: [
                "10.42.1.96:8002 and 10.42.3.14:8002, which belong to no pod", "inactive rows", "only every 5m",
                "The scheduler 10.244.2.20:8002 has no host yet",
            ]
        )
        #expect(world.plan?.writes.contains { if case .call = $0.body { true } else { false } } == false)
    }

    @Test("dragonflyoss/dragonfly#4364: releases that never meet")
    func skew() throws {
        var world = DragonflyWorld(schedulers: 1, seeds: 1, server: "v2.3.0", client: "v1.0.26")
        world.pass(300)
        let condition = try #require(world.condition(.peersConnected))
        #expect(condition.reason == "VersionSkew")
        try expect(
            world,
            .peersConnected,
            says: [
                "server 2.3.0 finds seeds through the manager only",
                "client 1.0.26 does not register there (from 1.0.11)",
                "upgrade the server to 2.3.1 or later or clients back to 1.0.10",
            ]
        )
        #expect(world.done.allSatisfy { $0.purpose == .recordSet })
    }

    @Test("dragonflyoss/dragonfly#3564: a console that shows zero while the fleet is well")
    func emptyConsole() throws {
        var world = DragonflyWorld(schedulers: 1, seeds: 1, server: "v2.4.3", client: "v1.3.0")
        world.pass(10)
        world.evidence.manager = .init(
            address: "dragonfly-manager:65003",
            schedulers: [.init(address: "10.244.1.20:8002", hostname: "a", state: "active", clusterID: 1)]
        )
        let condition = try #require(world.condition(.peersConnected))
        #expect(condition.status == .true)
        #expect(condition.reason == "Connected")
        try expect(
            world,
            .peersConnected,
            says: [
                "1 scheduler lists 1 seed and 2 clients", "ManagerViewEmpty",
                "sync_peers alone (every 24 h or on demand)",
                "its seed table stays empty with clients from 1.0.11 on",
            ]
        )
        #expect(world.plan?.isEmpty == true)
    }

    @Test("dragonflyoss/client#1184: other data fills the disk that the seed is on")
    func foreignFiles() throws {
        var world = DragonflyWorld(server: "v2.5.0", client: "v1.4.0") { $0.dragonfly = .init(recovery: .restart) }
        let seed = world.evidence.files["dragonfly-seed-client"]?["dfdaemon.yaml"] ?? ""
        world.evidence.files["dragonfly-seed-client"] = [
            "dfdaemon.yaml": seed.replacing(
                "distHighThresholdPercent: 80, distLowThresholdPercent: 60",
                with: "distHighThresholdPercent: 90, distLowThresholdPercent: 70"
            )
        ]
        world.cleanedTo = 92
        world.contents["dragonfly-seed-client-0"] = 1.1e8
        world.pass(60)
        world.disks["dragonfly-seed-client-0"] = 92
        world.pass(3_600)
        #expect(world.condition(.candidatesAvailable)?.reason == "DiskFilledByOthers")
        try expect(
            world,
            .candidatesAvailable,
            says: [
                "92 % of its file system used of which 0.1 GB is this cache", "clean-up cannot help",
                "gc.policy.distThreshold", "evictAtPercent 85 is below the daemon's own mark 90",
            ]
        )
        #expect(world.done.count { $0.target.resource == Pod.resource && $0.body == .delete } <= 1)
    }
}
