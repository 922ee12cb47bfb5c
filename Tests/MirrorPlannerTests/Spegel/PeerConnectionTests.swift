import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Whether the peers of Spegel have found each other")
struct PeerConnectionTests {
    @Test("The first peer alone is starting and not failing, for as long as it takes")
    func alone() throws {
        var world = SpegelWorld(nodes: 1)
        world.pass(900)
        let connected = try #require(world.condition(.peersConnected))
        #expect(connected.status == .unknown)
        #expect(connected.reason == Reason.starting.rawValue)
        #expect(world.condition(.ready)?.status == .true)
        #expect(world.condition(.stalled)?.status == .false)
        #expect(world.plan?.status.candidates?.published == 1, "it is all there is to be found")
        #expect(world.condition(.highlyAvailable)?.status == .false)
    }

    @Test("Until 0.5 it becomes ready alone")
    func aloneBefore() throws {
        var world = SpegelWorld(nodes: 1) { $0.spegel?.install?.version = "v0.5.1" }
        world.pass(60)
        #expect(world.condition(.peersConnected)?.status == .true)
    }

    @Test("A peer that has found nobody is named with its address, what it answers, and whom it is sent to")
    func lost() throws {
        var world = SpegelWorld(nodes: 4)
        world.pass(60)
        let index = try #require(world.pods.firstIndex { $0.spec.nodeName == "node-4" })
        world.pods[index].status.conditions = [
            .init(type: "Ready", status: "False", lastTransitionTime: world.snapshot.now)
        ]
        world.startSeconds = 10_000
        world.pass(200)
        let connected = try #require(world.condition(.peersConnected))
        #expect(connected.status == .false)
        #expect(connected.reason == Reason.noPeersFound.rawValue)
        for part in ["node-4", "10.1.0.4", "node-1 10.1.0.1 (ready)"] {
            #expect(connected.message.contains(part), "\(connected.message)")
        }
        #expect(world.plan?.status.candidates?.evicted == 1)
        #expect(world.pod(on: "node-4")?.metadata.labels[LabelKey.candidate] == "false")
    }

    @Test("Addresses are sorted as Spegel sorts them: by value, not by their text")
    func addresses() {
        let sorted = ["10.0.0.10", "10.0.0.9", "fd00::1", "9.0.0.1"].sorted { AddressOrder.isLower($0, $1) }
        #expect(sorted == ["9.0.0.1", "10.0.0.9", "10.0.0.10", "fd00::1"])
    }
}

@Suite("What a peer of Spegel says of itself")
struct PeerReadingTests {
    private static let page = """
        # TYPE libp2p_swarm_connections_opened_total counter
        libp2p_swarm_connections_opened_total{dir="inbound",transport="tcp"} 3
        libp2p_swarm_connections_opened_total{dir="outbound",transport="tcp"} 2
        libp2p_swarm_connections_closed_total{dir="inbound",transport="tcp"} 5
        libp2p_swarm_dial_errors_total{transport="tcp",error="deadline",ip_version="ip4"} 12
        libp2p_swarm_dial_errors_total{transport="quic-v1",error="deadline",ip_version="ip4"} 4
        libp2p_swarm_dial_errors_total{transport="tcp",error="connection refused",ip_version="ip4"} 1
        libp2p_swarm_dial_errors_total{transport="tcp",error="no transport",ip_version="ip4"} 0
        spegel_mirror_requests_total{registry="a"} 7
        """

    @Test("Open connections and the kinds of failed dials are read from its metrics")
    func metrics() {
        let reading = PeerReading(address: "http://10.1.0.4:9090/metrics", metrics: Self.page)
        #expect(reading.connections == 0)
        #expect(reading.dialErrors == ["connection refused", "deadline"])
    }

    @Test(
        "Any page is read, and none makes an endless sentence",
        arguments: [
            "", "libp2p_swarm_connections_opened_total{} NaN", "libp2p_swarm_connections_opened_total 1e300",
            "libp2p_swarm_dial_errors_total{error=\"" + String(repeating: "x", count: 10_000) + "\"} 1",
            "libp2p_swarm_dial_errors_total{error=\"", "libp2p_swarm_connections_closed_total 3",
        ]
    )
    func anyPage(page: String) {
        let reading = PeerReading(address: "a", metrics: page)
        #expect(reading.connections == nil)
        #expect(reading.words.count < 200)
    }

    @Test("It stands in the condition")
    func condition() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        world.startSeconds = 10_000
        let index = try #require(world.pods.firstIndex { $0.spec.nodeName == "node-2" })
        world.pods[index].status.conditions = [
            .init(type: "Ready", status: "False", lastTransitionTime: world.snapshot.now)
        ]
        world.pass(200)
        world.evidence.peers["node-2"] = PeerReading(address: "http://10.1.0.2:9090/metrics", metrics: Self.page)
        let message = try #require(world.condition(.peersConnected)?.message)
        #expect(message.contains("no open connection, and its dials end in connection refused, deadline"))
    }
}
