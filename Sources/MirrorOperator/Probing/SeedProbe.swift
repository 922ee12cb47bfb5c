import KubeCore
package import MirrorAPI
import MirrorPlanner

/// One probe of one seed: what is asked, and how its results are counted.
package struct SeedProbe: Hashable, Sendable {
    /// Peers that are pods: their addresses by node, and what they are asked unless the mirror says otherwise.
    package struct Peers: Sendable {
        package var addresses: [String: String]
        package var probes: [Probe]

        package init(addresses: [String: String], probes: [Probe]) {
            self.addresses = addresses
            self.probes = probes
        }
    }

    var scheduled: ScheduledProbe
    var probe: Probe

    /// The probes of a mirror's seeds, which are the selected nodes that take part in the distribution's mirror at all;
    /// those that are out of the set too, which must be well before they come back.
    ///
    /// - Parameter peers: nil where nodes are seeds themselves.
    static func probes(of mirror: P2PMirror, _ nodes: [Node], peers: Peers? = nil) -> [SeedProbe] {
        let distribution = RancherDistribution(mirror.spec.provider)
        let probes = mirror.spec.health.probes ?? distribution?.defaultProbes ?? peers?.probes ?? []
        guard !probes.isEmpty else { return [] }
        return nodes.flatMap { node -> [SeedProbe] in
            let isSeed =
                mirror.spec.includes(node)
                && (distribution.map { $0.isSeed(node) } ?? (peers?.addresses[node.metadata.name] != nil))
            let address =
                distribution == nil ? peers?.addresses[node.metadata.name] : node.addresses("InternalIP").first
            guard isSeed, let host = address else { return [] }
            return probes.compactMap { probe in
                SeedProbe(probe, mirror: mirror.metadata.name, node: node.metadata.name, host: host)
            }
        }
    }

    private init?(_ probe: Probe, mirror: String, node: String, host: String) {
        guard let request = ProbeRequest(probe, host: host) else { return nil }
        self.probe = probe
        scheduled = ScheduledProbe(
            key: ScheduledProbe.Key(mirror: mirror, node: node, name: probe.name),
            request: request,
            period: .seconds(probe.periodSeconds)
        )
    }
}

extension P2PMirrorSpec {
    fileprivate func includes(_ node: Node) -> Bool {
        selector.matches(node.metadata.labels) && candidates.selector?.matches(node.metadata.labels) != false
    }
}
