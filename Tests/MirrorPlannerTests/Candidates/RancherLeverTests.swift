import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("The label of RKE2 and K3s as the lever")
struct RancherLeverTests {
    private static let label = "p2p.rke2.cattle.io/enabled"

    private static func node(_ value: String?, mark: String? = nil) -> Node {
        var metadata = ObjectMeta(name: "server-1")
        metadata.resourceVersion = "7"
        metadata.labels = value.map { [label: $0] } ?? [:]
        metadata.annotations = mark.map { [AnnotationKey.evictedBy: $0] } ?? [:]
        return Node(metadata: metadata)
    }

    @Test(
        "What the label and the mark show",
        arguments: [
            ("true", nil, Seed.Lever.published), ("true", "embedded", .published),
            ("false", "embedded", .withdrawn(isOurs: true)), ("false", "other", .withdrawn(isOurs: false)),
            ("false", nil, .withdrawn(isOurs: false)),
        ] as [(String, String?, Seed.Lever)]
    )
    func levers(_ value: String, _ mark: String?, _ lever: Seed.Lever) {
        #expect(RancherDistribution.rke2.lever(of: Self.node(value, mark: mark), for: "embedded") == lever)
    }

    @Test("A node without the label takes no part")
    func noSeed() {
        #expect(!RancherDistribution.rke2.isSeed(Self.node(nil)))
        #expect(RancherDistribution.rke2.isSeed(Self.node("false")))
        #expect(!RancherDistribution.k3s.isSeed(Self.node("true")))
    }

    @Test("Leaving tests the label, and marks the node")
    func withdrawal() throws {
        let patch = try #require(RancherDistribution.rke2.withdrawal(of: Self.node("true"), by: "embedded"))
        #expect(
            patch.map(\.value) == [
                ["op": "test", "path": "/metadata/labels/p2p.rke2.cattle.io~1enabled", "value": "true"],
                ["op": "add", "path": "/metadata/annotations/p2pmirror.io~1evicted-by", "value": "embedded"],
                ["op": "replace", "path": "/metadata/labels/p2p.rke2.cattle.io~1enabled", "value": "false"],
            ]
        )
        #expect(RancherDistribution.rke2.withdrawal(of: Self.node("false"), by: "embedded") == nil)
    }

    @Test("Coming back takes the mark away, and needs it to be ours")
    func publication() throws {
        let node = Self.node("false", mark: "embedded")
        let patch = try #require(RancherDistribution.rke2.publication(of: node, by: "embedded"))
        #expect(
            patch.map(\.value) == [
                ["op": "test", "path": "/metadata/labels/p2p.rke2.cattle.io~1enabled", "value": "false"],
                ["op": "test", "path": "/metadata/annotations/p2pmirror.io~1evicted-by", "value": "embedded"],
                ["op": "replace", "path": "/metadata/labels/p2p.rke2.cattle.io~1enabled", "value": "true"],
                ["op": "remove", "path": "/metadata/annotations/p2pmirror.io~1evicted-by"],
            ]
        )
        #expect(RancherDistribution.rke2.publication(of: node, by: "other") == nil)
        #expect(RancherDistribution.rke2.publication(of: Self.node("false"), by: "embedded") == nil)
    }

    @Test("Defaults that the provider decides")
    func defaults() {
        #expect(RancherDistribution.k3s.defaultProbes == [Probe(name: "peer", tcpSocket: .init(port: 5001))])
        #expect(CandidateSettings(P2PMirrorSpec(provider: .k3s)).leastPublished == 2)
    }
}
