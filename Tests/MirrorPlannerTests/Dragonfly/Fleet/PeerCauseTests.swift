import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// One cause why daemons do not find each other: how it is injected, and what must be said of it.
struct PeerCase: Sendable, CustomTestStringConvertible {
    var reason: Reason
    /// Words of the message: the address that was tried, the exact error, what to do.
    var says: [String]
    var inject: @Sendable (inout DragonflyWorld) -> Void
    var server = "v2.5.0"
    var client = "v1.4.0"
    var files = DragonflyChart.withManager

    var testDescription: String { "\(reason.rawValue): \(says.first ?? "")" }
}

@Suite("Why daemons of Dragonfly do not find each other")
struct PeerCauseTests {
    static let cases: [PeerCase] = [
        PeerCase(reason: .noScheduler, says: ["None of 3 schedulers is Ready", "do not restart daemons that run"]) {
            for number in 0...2 {
                $0.change("dragonfly-scheduler-\(number)") { $0.status.conditions[0].status = "False" }
            }
        },
        PeerCase(
            reason: .staleSchedulerAddresses,
            says: [
                "10.42.1.96:8002 and 10.42.3.14:8002", "belong to no pod", "2 of 2 are inactive rows",
                "a client learns of a change only every 5m",
            ]
        ) {
            $0.evidence.manager = .init(
                address: "dragonfly-manager:65003",
                schedulers: [
                    .init(address: "10.244.1.20:8002", hostname: "a", state: "active", clusterID: 1),
                    .init(address: "10.42.1.96:8002", hostname: "b", state: "inactive", clusterID: 1),
                    .init(address: "10.42.3.14:8002", hostname: "c", state: "inactive", clusterID: 1),
                ]
            )
        },
        PeerCase(
            reason: .nameUnresolved,
            says: ["dragonfly-scheduler-headless", "Could not resolve host", "clusterIP None"],
            inject: {
                $0.evidence.name = NameReading(
                    name: "dragonfly-scheduler-headless.dragonfly-system.svc.cluster.local:8002",
                    health: .failed(.init(.unresolved, "Could not resolve host"))
                )
            },
            server: "v2.5.1",
            client: "v1.5.1",
            files: .withoutManager
        ),
        PeerCase(reason: .portClosed, says: ["dragonfly-scheduler-1 at 10.244.2.20:8002", "connection refused"]) {
            $0.silent = ["dragonfly-scheduler-1"]
            $0.observe()
        },
        PeerCase(
            reason: .portSilent,
            says: ["dragonfly-seed-client-0 at 10.244.4.30:4000", "no connection within 2 s", "NetworkPolicy"]
        ) {
            $0.evidence.policies = [
                ManagedObject(
                    NetworkPolicyKind.resource,
                    [
                        "metadata": ["name": "deny", "namespace": "dragonfly-system"],
                        "spec": ["podSelector": ["matchLabels": ["component": "seed-client"]], "ingress": []],
                    ]
                )
            ]
            $0.answer("dragonfly-seed-client-0", .failed(.init(.silent, "no connection within 2 s")))
        },
        PeerCase(reason: .hostNetworkCutOff, says: ["2 of 2 clients", "scheduler on their own node"]) {
            $0.hears("dragonfly-scheduler-0", only: ["dragonfly-client-x0abc"])
            $0.hears("dragonfly-scheduler-1", only: ["dragonfly-client-x1abc"])
            $0.hears("dragonfly-scheduler-2", only: [])
        },
        PeerCase(reason: .meshInTheWay, says: ["is in a service mesh", "delayed connect error: 111", "appProtocol"]) {
            $0.change("dragonfly-scheduler-0") {
                $0.spec.containers.append(.init(name: "istio-proxy", image: "proxyv2"))
            }
            $0.answer(
                "dragonfly-scheduler-0",
                .failed(.init(.broken, "upstream connect error; delayed connect error: 111"))
            )
        },
        PeerCase(
            reason: .meshInTheWay,
            says: ["dragonfly-scheduler-0 at 10.244.1.20:8002", "the server speaks HTTP/1", "for plain HTTP"]
        ) {
            let message = "the server speaks HTTP/1, and gRPC needs HTTP/2"
            $0.answer("dragonfly-scheduler-0", .failed(.init(.notGRPC, message)))
        },
        PeerCase(
            reason: .staleSchedulerAddresses,
            says: ["dragonfly-scheduler-headless", "no scheduler answers (connection refused)", "selector"],
            inject: {
                $0.evidence.name = NameReading(
                    name: "dragonfly-scheduler-headless.dragonfly-system.svc.cluster.local:8002",
                    health: .failed(.init(.refused, "connection refused"))
                )
            },
            server: "v2.5.1",
            client: "v1.5.1",
            files: .withoutManager
        ),
        PeerCase(
            reason: .tlsMismatch,
            says: ["dragonfly-scheduler-0 at 10.244.1.20:8002", "server.tls is set", "take it out"]
        ) {
            $0.evidence.files["dragonfly-scheduler"] = [
                "scheduler.yaml": """
                server: {port: 8002, tls: {caCert: /a, cert: /b, key: /c}}
                manager: {addr: "dragonfly-manager:65003"}
                """
            ]
            $0.answer("dragonfly-scheduler-0", .failed(.init(.tls, "a certificate is required")))
        },
        PeerCase(
            reason: .versionSkew,
            says: ["server 2.3.0 finds seeds through the manager only", "client 1.0.26", "2.3.1 or later", "1.0.10"],
            inject: { _ in },
            server: "v2.3.0",
            client: "v1.0.26"
        ),
        PeerCase(reason: .otherCluster, says: ["of the clients is 2", "of the schedulers is 1"]) {
            let file = $0.evidence.files["dragonfly-client"]?["dfdaemon.yaml"] ?? ""
            $0.evidence.files["dragonfly-client"] = [
                "dfdaemon.yaml": file.replacing("schedulerClusterID: 1", with: "schedulerClusterID: 2")
            ]
        },
        PeerCase(
            reason: .wrongAddress,
            says: ["dragonfly-seed-client-0 announces the address 192.0.2.99", "10.244.4.30", "host.ip"]
        ) { world in
            for index in world.evidence.schedulers.indices {
                for host in (world.evidence.schedulers[index].hosts ?? []).indices
                where world.evidence.schedulers[index].hosts?[host].hostname == "dragonfly-seed-client-0" {
                    world.evidence.schedulers[index].hosts?[host].ip = "192.0.2.99"
                }
            }
            world.evidence.strangers = ["192.0.2.99:4000": .failed(.init(.silent, "no connection within 2 s"))]
        },
        PeerCase(
            reason: .noSeedInSchedulers,
            says: ["no seed is deployed", "version 2.5.0 keeps an empty set's last ring"]
        ) {
            $0.evidence.pods.removeAll { $0.component == .seed }
            $0.evidence.workloads = []
            $0.observe()
            for index in $0.evidence.schedulers.indices {
                $0.evidence.schedulers[index].hosts?.removeAll(where: \.isSeed)
            }
        },
        PeerCase(reason: .seedsUnhealthy, says: ["dragonfly-seed-client-0 at 10.244.4.30:4000", "NOT_FOUND"]) {
            $0.answer("dragonfly-seed-client-0", .unwell("it does not serve that yet (NOT_FOUND)"))
        },
        PeerCase(reason: .schedulerForgot, says: ["dragonfly-scheduler-0", "memory alone", "within 60 s"]) {
            $0.change("dragonfly-scheduler-0") { $0.status.conditions[0].lastTransitionTime = DragonflyWorld.epoch }
            $0.hears("dragonfly-scheduler-0", only: [], seeds: false)
        },
        PeerCase(reason: .answersCutShort, says: ["dragonfly-scheduler-0", "ListHosts: no answer within 2 s", "MTU"]) {
            $0.evidence.schedulers[0].hosts = nil
            $0.evidence.schedulers[0].fault = "no answer within 2 s"
            $0.evidence.schedulers[0].isCutShort = true
        },
        PeerCase(reason: .schedulerUnreachable, says: ["dragonfly-seed-client-0", "available schedulers not found"]) {
            $0.evidence.daemons[0].lookup = .unwell("it answers INTERNAL: available schedulers not found")
        },
        PeerCase(reason: .settingsWrong, says: ["retryBackToSourceLimit", "is -1", "set it to 3"]) {
            let file = $0.evidence.files["dragonfly-scheduler"]?["scheduler.yaml"] ?? ""
            $0.evidence.files["dragonfly-scheduler"] = [
                "scheduler.yaml": file.replacing("retryBackToSourceLimit: 3", with: "retryBackToSourceLimit: -1")
            ]
        },
    ]

    @Test("Each is named with address, error and advice, and nothing else is", arguments: cases)
    func named(_ row: PeerCase) throws {
        var world = DragonflyWorld(clients: 2, server: row.server, client: row.client, files: row.files)
        world.observe()
        row.inject(&world)
        let condition = try #require(world.condition(.peersConnected))
        #expect(condition.status == .false)
        #expect(condition.reason == row.reason.rawValue, "\(condition.message)")
        for words in row.says { #expect(condition.message.contains(words), "\(words) in: \(condition.message)") }
        let fleet = DragonflyFleet(world.mirror, world.snapshot)
        let causes = PeerDiagnosis(fleet, DragonflyFiles(fleet)).causes
        #expect(Set(causes.map(\.reason)) == [row.reason])
    }

    @Test("What has failed for a moment, or behind a quarantine of ours, is blamed on nobody")
    func transient() throws {
        var world = DragonflyWorld()
        world.observe()
        let now = world.snapshot.now
        world.answer("dragonfly-scheduler-0", .failed(.init(.refused, "connection refused")))
        world.evidence.schedulers[0].failedSince = now + -9
        world.answer("dragonfly-seed-client-0", .failed(.init(.silent, "no connection within 2 s")))
        world.evidence.daemons[0].wasQuarantined = true
        #expect(world.condition(.peersConnected)?.status == .true)
        world.evidence.daemons[0].wasQuarantined = false
        #expect(world.condition(.peersConnected)?.reason == "PortSilent")
        world.evidence.schedulers[0].failedSince = now + -10
        #expect(world.condition(.peersConnected)?.reason == "PortClosed")
    }

    @Test("That daemons reach no scheduler is said only where we reach them all, and where it lasts")
    func cutOff() throws {
        var world = DragonflyWorld()
        world.observe()
        world.evidence.daemons[0].lookup = .unwell("it answers INTERNAL: tcp connect error: disconnected")
        #expect(world.condition(.peersConnected)?.reason == "SchedulerUnreachable")
        world.evidence.daemons[0].cutOffSince = world.snapshot.now + -9
        #expect(world.condition(.peersConnected)?.status == .true)
        world.evidence.daemons[0].cutOffSince = world.snapshot.now + -10
        world.answer("dragonfly-scheduler-0", .failed(.init(.refused, "connection refused")))
        world.evidence.schedulers[0].failedSince = world.snapshot.now + -3
        #expect(world.condition(.peersConnected)?.status == .true, "what it is will be known soon")
        world.evidence.schedulers[0].failedSince = world.snapshot.now + -10
        #expect(world.condition(.peersConnected)?.reason == "PortClosed")
    }

    @Test("What looks like a fault and is none")
    func remarks() throws {
        var world = DragonflyWorld()
        world.evidence.manager = .init(
            address: "dragonfly-manager:65003",
            schedulers: [.init(address: "10.244.1.20:8002", hostname: "a", state: "active", clusterID: 1)]
        )
        var condition = try #require(world.condition(.peersConnected))
        #expect(condition.status == .true)
        #expect(condition.reason == "Connected")
        #expect(condition.message.contains("3 schedulers list 3 seeds and 2 clients"))
        #expect(condition.message.contains("sync_peers alone (every 24 h or on demand)"))
        world.answer("dragonfly-seed-client-0", .busy("server is overloaded: too many requests, please retry later"))
        world.evidence.daemons[1].metrics = DaemonMetrics(openFiles: 950, fileLimit: 1_000)
        world.change("dragonfly-seed-client-2") {
            $0.status.containers = [
                .init(name: "seed-client", lastState: .init(terminated: .init(reason: "OOMKilled")))
            ]
        }
        condition = try #require(world.condition(.peersConnected))
        #expect(condition.status == .true)
        for words in ["FileDescriptorsUsed: dragonfly-seed-client-1 (10.244.5.30:4000)", "MemoryLow:"] {
            #expect(condition.message.contains(words), "\(words) in: \(condition.message)")
        }
        for words in ["code 8 ResourceExhausted", "raise requestRateLimit", "95 % of its 1000", "OOMKilled"] {
            #expect(condition.message.contains(words), "\(words) in: \(condition.message)")
        }
    }
}

@Suite("Daemons that are busy and not dead")
struct BusyDaemonTests {
    @Test("A scheduler that sheds calls is named with its own key, and nothing is blamed")
    func scheduler() throws {
        var world = DragonflyWorld()
        world.answer("dragonfly-scheduler-1", .busy("is rejected by grpc_ratelimit middleware, please retry later."))
        let condition = try #require(world.condition(.peersConnected))
        #expect(condition.status == .true)
        for words in ["BusyNotDead: dragonfly-scheduler-1 (10.244.2.20:8002)", "raise server.requestRateLimit"] {
            #expect(condition.message.contains(words), "\(words) in: \(condition.message)")
        }
    }

    @Test("One that sheds for its memory needs memory, and no other limit of requests")
    func memory() throws {
        var world = DragonflyWorld()
        let text = "server is overloaded: CPU/memory thresholds are exceeded, please retry later"
        world.answer("dragonfly-seed-client-0", .busy(text))
        let message = try #require(world.condition(.peersConnected)).message
        #expect(message.contains("server.adaptiveRateLimit") && message.contains("raise its memory limit"))
        #expect(!message.contains("requestRateLimit"))
    }
}

extension DragonflyWorld {
    /// Makes a daemon answer health checks so.
    mutating func answer(_ pod: String, _ reading: CallReading) {
        for index in evidence.daemons.indices where evidence.daemons[index].pod == pod {
            evidence.daemons[index].health = reading
        }
        for index in evidence.schedulers.indices where evidence.schedulers[index].pod == pod {
            evidence.schedulers[index].health = reading
        }
    }

    /// Makes a scheduler know these clients alone, beside the seeds.
    mutating func hears(_ scheduler: String, only clients: [String], seeds: Bool = true) {
        guard let index = evidence.schedulers.firstIndex(where: { $0.pod == scheduler }) else { return }
        let known = evidence.pods.filter {
            (seeds && $0.component == .seed) || clients.contains($0.metadata.name)
        }
        evidence.schedulers[index].hosts = known.map(host)
    }
}
