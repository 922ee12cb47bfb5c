import Foundation
import MirrorAPI
import MirrorPlanner
import MirrorSandbox
import Testing

@Suite struct PeerTests {
    @Test func `a peer's address says where it is dialled`() {
        #expect(PeerAddress("/ip4/127.0.0.2/tcp/5001/p2p/12D3KooWx")?.host == "127.0.0.2")
        #expect(PeerAddress("/ip4/127.0.0.2/tcp/5001")?.port == 5_001)
        for text in ["", "/ip4/127.0.0.2", "/ip6/::1/tcp/5001", "/ip4//tcp/5001", "/ip4/a/udp/5", "/ip4/a/tcp/70000"] {
            #expect(PeerAddress(text) == nil, "\(text)")
        }
    }

    @Test func `a daemon's peer address is one that newcomers can dial`() {
        let blueprint = FleetBlueprint.star(network: "127.0.9")
        let advertisement = NodeAdvertisement(host: blueprint.hosts[1], blueprint: blueprint)
        #expect(PeerAddress(advertisement.peerAddress)?.host == blueprint.hosts[1].address)
        #expect(PeerAddress(advertisement.peerAddress)?.port == Int(PeerPort.number))
    }

    @Test(arguments: [Provider.rke2, .k3s])
    func `in a star all but one have joined that one`(_ provider: Provider) throws {
        let distribution = try #require(RancherDistribution(provider))
        let blueprint = FleetBlueprint.star(distribution, servers: 3, agents: 2, network: "127.0.9")
        #expect(blueprint.hosts.map(\.role) == [.server, .server, .server, .agent, .agent])
        #expect(blueprint.hosts[0].server == nil)
        let port = provider == .rke2 ? 9_345 : 6_443
        #expect(blueprint.hosts.dropFirst().allSatisfy { $0.server == "https://127.0.9.10:\(port)" })
    }

    @Test func `layers are stored, served and removed, and a name leads nowhere else`() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "content-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let store = ContentStore(root: root.path(), .rke2)
        #expect(store.pull("a-1", size: 10) == .served([UInt8](repeating: 0x6C, count: 10)))
        // What is here is served as it is.
        #expect(store.pull("a-1", size: 99) == .served([UInt8](repeating: 0x6C, count: 10)))
        let content = root.appending(
            path: "var/lib/rancher/rke2/agent/containerd/io.containerd.content.v1.content"
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: content.path() + "/blobs/sha256") == ["a-1"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: content.path() + "/ingest") == [])
        #expect(store.remove("a-1") && !store.remove("a-1"))
        #expect(ContentStore.isSafe("fill-4096-12"))
        for name in ["", "..", "a/b", "A", String(repeating: "a", count: 65)] { #expect(!ContentStore.isSafe(name)) }
    }

    @Test func `a layer that can't be written is no layer`() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "content-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let store = ContentStore(root: root.path(), .rke2)
        let content = root.appending(path: "var/lib/rancher/rke2/agent/containerd/io.containerd.content.v1.content")
        // A directory stands where the layer would be written: not even root can open that to write.
        try FileManager.default.createDirectory(
            at: content.appending(path: "ingest/x"),
            withIntermediateDirectories: true
        )
        guard case .failed(let words) = store.pull("x", size: 1) else {
            Issue.record("it was served")
            return
        }
        #expect(words.contains("ingest/x: Is a directory"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: content.path() + "/blobs/sha256") == [])
    }
}
