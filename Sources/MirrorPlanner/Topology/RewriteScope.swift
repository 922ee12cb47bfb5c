import MirrorAPI

/// Which servers the operator rewrites.
///
/// Those of a component with a cycle, and those that it has begun to rewrite: once the first edge is gone there is no
/// cycle any more, and the rest must still become a star. The MirrorNodes are the memory of that.
struct RewriteScope: Hashable, Sendable {
    /// Servers that may be changed, in ascending order.
    var members: [Int]
    /// Servers of the same components that are left alone, with the reason.
    var exempt: [(server: Int, verdict: Verdict)]

    init(_ fleet: Fleet, _ topology: Topology) {
        members = []
        exempt = []
        guard fleet.mirror.spec.topology.rewrite == .rings, fleet.isRegistryOn else { return }
        let broken = Set(
            topology.cycles
                .filter { $0.severity > .information && $0.members.contains { fleet.isSelected[$0] } }
                .compactMap { $0.members.first.map { topology.components[$0] } }
        )
        for server in fleet.servers.indices where fleet.isSelected[server] {
            let isBegun = fleet.setting(of: fleet.servers[server]) != nil
            guard isBegun || broken.contains(topology.components[server]) else { continue }
            if let verdict = fleet.untouchable(server) {
                exempt.append((server, verdict))
            } else {
                members.append(server)
            }
        }
    }

    var isEmpty: Bool { members.isEmpty && exempt.isEmpty }

    static func == (left: RewriteScope, right: RewriteScope) -> Bool {
        left.members == right.members && left.exempt.map(\.server) == right.exempt.map(\.server)
            && left.exempt.map(\.verdict) == right.exempt.map(\.verdict)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(members)
        hasher.combine(exempt.map(\.server))
    }
}
