import MirrorAPI

/// Which servers the operator rewrites.
///
/// With `Rings` those of a component with a cycle, and those that it has begun to rewrite: once the first edge is gone
/// there is no cycle any more, and the rest must still take its shape. The MirrorNodes are the memory of that. Where
/// the recorded root is gone or away for good, what points to it goes with them, so that it is not left behind.
/// With `Always` all of them.
struct RewriteScope: Sendable {
    /// Servers that may be changed, in ascending order.
    var members: [Int] = []
    /// Servers that are left alone though they ought to be changed, with the reason.
    var exempt: [(server: Int, verdict: Verdict)] = []

    init(_ fleet: Fleet, _ topology: Topology) {
        let rewrite = fleet.mirror.spec.topology.rewrite
        guard rewrite != .never, fleet.isRegistryOn else { return }
        let broken = Set(
            topology.cycles
                .filter { $0.severity > .information && $0.members.contains { fleet.isSelected[$0] } }
                .compactMap { $0.members.first.map { topology.components[$0] } }
        )
        let isBegun = fleet.servers.indices.map { fleet.isSelected[$0] && fleet.setting(of: fleet.servers[$0]) != nil }
        let follows = isBegun.contains(true)
        for server in fleet.servers.indices where fleet.isSelected[server] {
            let isBroken = isBegun[server] || broken.contains(topology.components[server])
            let isMeant =
                rewrite == .always
                ? isBroken || !Self.needsNoServer(server, fleet, topology.graph)
                : isBroken || (follows && Self.pointsToLostRoot(server, fleet, topology.graph))
            guard isMeant else { continue }
            if let verdict = fleet.untouchable(server) {
                exempt.append((server, verdict))
            } else {
                members.append(server)
            }
        }
    }

    var isEmpty: Bool { members.isEmpty && exempt.isEmpty }

    /// Servers of an external datastore find each other there; one without `server:` gains nothing by one.
    private static func needsNoServer(_ server: Int, _ fleet: Fleet, _ graph: TopologyGraph) -> Bool {
        graph.targets[server] == .nowhere && fleet.servers[server].arguments?.usesExternalDatastore == true
    }

    private static func pointsToLostRoot(_ server: Int, _ fleet: Fleet, _ graph: TopologyGraph) -> Bool {
        guard let recorded = fleet.mirror.status?.topology else { return false }
        if let root = recorded.root.flatMap({ fleet.numbers[$0] }), fleet.isAbandoned[root] {
            return graph.targets[server].leadsOnly(to: root)
        }
        guard let address = recorded.rootAddress, case .external = graph.targets[server] else { return false }
        return fleet.servers[server].server?.host == ServerURL.normalizedHost(address)
    }
}
