import KubeCore
import MirrorAPI
import MirrorPlanner

/// One probe of one seed: what is asked, and how its results are counted.
package struct SeedProbe: Hashable, Sendable {
    var scheduled: ScheduledProbe
    var probe: Probe

    /// The probes of a mirror's seeds; those that are out of the set too, which must be well before they come back.
    static func probes(of mirror: P2PMirror, _ nodes: [Node], _ targets: ProbeTargets) -> [SeedProbe] {
        let probes = mirror.spec.health.probes ?? targets.probes
        guard !probes.isEmpty || !targets.exceptions.isEmpty else { return [] }
        let seeds = Dictionary(grouping: targets.addresses.keys) { targets.nodes[$0] ?? $0 }
        return nodes.flatMap { node -> [SeedProbe] in
            guard mirror.spec.includes(node), let seeds = seeds[node.metadata.name] else { return [] }
            return seeds.sorted().flatMap { seed in
                (targets.exceptions[seed] ?? probes).compactMap { probe in
                    targets.addresses[seed].flatMap {
                        SeedProbe(probe, mirror: mirror.metadata.name, seed: seed, host: $0)
                    }
                }
            }
        }
    }

    private init?(_ probe: Probe, mirror: String, seed: String, host: String) {
        guard let request = ProbeRequest(probe, host: host) else { return nil }
        self.probe = probe
        scheduled = ScheduledProbe(
            key: ScheduledProbe.Key(mirror: mirror, node: seed, name: probe.name),
            request: request,
            // A mirror that breaks the schema's bounds is probed until its operator refuses it.
            period: .seconds(probe.periodSeconds.bounded(to: 1...3_600))
        )
    }
}

extension P2PMirrorSpec {
    fileprivate func includes(_ node: Node) -> Bool {
        selector.matches(node.metadata.labels) && candidates.selector?.matches(node.metadata.labels) != false
    }
}
