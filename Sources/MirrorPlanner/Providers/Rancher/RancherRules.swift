package import KubeCore
package import MirrorAPI

/// What is known of a distribution whose service has the mirror in it. Its seeds are nodes.
package struct RancherRules: ProviderRules {
    package let distribution: RancherDistribution

    init(_ distribution: RancherDistribution) { self.distribution = distribution }

    /// Servers: of agents two mirrors may each have some, or both the same ones.
    package func claims(_ node: Node) -> Bool {
        RancherNode.belongs(node, to: distribution) && RancherNode.isServer(node)
    }

    package var nodeAnnotations: Set<String> {
        [
            distribution.argumentsAnnotation, distribution.environmentAnnotation, distribution.configHashAnnotation,
            distribution.hostnameAnnotation, distribution.peerAddressAnnotation, distribution.peerAddressesAnnotation,
        ]
    }

    /// Of Rancher and of Cluster API, which tell who else manages the node.
    package var nodeAnnotationPrefixes: [String] { ["cluster.x-k8s.io/", "rke.cattle.io/"] }

    package func mask(_ annotations: inout [String: String]) {
        if let text = annotations[distribution.argumentsAnnotation] {
            annotations[distribution.argumentsAnnotation] = Masking.maskedArguments(text)
        }
        if let text = annotations[distribution.environmentAnnotation] {
            annotations[distribution.environmentAnnotation] = Masking.maskedEnvironment(text)
        }
    }

    package var lever: CandidateSettings.Lever { distribution.candidateLever }
    package var leastPublished: Int { distribution.leastPublished }

    /// The registry that is embedded is part of the service and has no pod. What a server of RKE2 answers with when
    /// it is asked for peers comes from its API server, which RKE2 runs as a static pod (rke2
    /// `pkg/staticpod/staticpod.go` gives it the labels `component` and `tier`); a server whose API server crashes
    /// again and again is no peer to bootstrap from. In K3s it is part of the service too, so there is nothing to
    /// watch.
    package var watchedPods: WatchedPods? {
        guard distribution == .rke2 else { return nil }
        return WatchedPods(
            namespace: "kube-system",
            selector: LabelSelector(matchLabels: ["component": "kube-apiserver", "tier": "control-plane"])
        )
    }

    package func probeTargets(of mirror: P2PMirror, _ snapshot: Snapshot) -> ProbeTargets {
        var addresses: [String: String] = [:]
        for node in snapshot.nodes where distribution.isSeed(node) {
            addresses[node.metadata.name] = node.addresses("InternalIP").first
        }
        return ProbeTargets(addresses: addresses, probes: distribution.defaultProbes)
    }

    package func seedMoves(
        _ isPublished: [String: Bool],
        of mirror: P2PMirror,
        _ snapshot: Snapshot
    ) -> [String: SeedMove] {
        let name = mirror.metadata.name
        var moves: [String: SeedMove] = [:]
        for node in snapshot.nodes {
            guard let isPublished = isPublished[node.metadata.name] else { continue }
            moves[node.metadata.name] = isPublished ? publication(of: node, by: name) : withdrawal(of: node, by: name)
        }
        return moves
    }

    package func publishedSeeds(of mirror: P2PMirror, _ snapshot: Snapshot) -> PublishedSeedsQuery {
        let spec = mirror.spec
        let options = ListOptions(labelSelector: "\(distribution.peerLabel)=true", limit: 1_000)
        let selectors = [spec.selector, spec.candidates.selector].compactMap(\.self)
        return PublishedSeedsQuery(Node.resource, options, selectors: selectors)
    }

    package func publication(of node: Node, by mirror: String) -> SeedMove? {
        distribution.publication(of: node, by: mirror).map { SeedMove(Node.resource, node.metadata, .json($0)) }
    }

    private func withdrawal(of node: Node, by mirror: String) -> SeedMove? {
        distribution.withdrawal(of: node, by: mirror).map { SeedMove(Node.resource, node.metadata, .json($0)) }
    }

    package func strays(of mirror: P2PMirror, _ snapshot: Snapshot) -> [String] {
        StraySeeds.names(of: mirror, distribution, snapshot, keeping: nil)
    }

    package func hasRecovered(_ node: Node) -> Bool {
        let server = RancherNode(node: node, distribution: distribution)
        return server.isReady && server.canProveItsVote
    }

    package func plan(_ mirror: P2PMirror, _ snapshot: Snapshot) -> Plan {
        RancherPlanner.plan(Fleet(mirror, distribution, snapshot), snapshot)
    }
}

extension RancherDistribution {
    /// Nil for a provider that is no distribution.
    package init?(_ provider: Provider) {
        guard let rules = provider.rules as? RancherRules else { return nil }
        self = rules.distribution
    }
}
