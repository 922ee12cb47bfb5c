import MirrorAPI

/// The order of the changes of edges: first those that break cycles, with the fewest restarts for each; then the rest
/// from the root outwards, so that nobody is pointed at a server whose own way does not lead to the root yet.
///
/// The root comes first of all: while it has an edge of its own, an edge to it may close a new cycle. A server that is
/// away for good comes last: it must not keep the others waiting.
struct ChangeOrder {
    private let fleet: Fleet
    private let topology: Topology
    private let rewrite: ShapeRewrite
    private let isPending: Set<Int>
    /// Members whose change must wait, or which hang below one of those in the wanted shape.
    private let isBlocked: Set<Int>

    /// A server to change, and the cycle that this breaks.
    typealias Step = (server: Int, cycle: [Int]?)

    init(_ fleet: Fleet, _ topology: Topology, _ rewrite: ShapeRewrite) {
        self.fleet = fleet
        self.topology = topology
        self.rewrite = rewrite
        isPending = Set(rewrite.pending)
        var isBlocked: Set<Int> = []
        let members = rewrite.wanted.keys.sorted { (rewrite.depths[$0] ?? 0, $0) < (rewrite.depths[$1] ?? 0, $1) }
        for member in members {
            let waits = !fleet.servers[member].isReady || !fleet.servers[member].canProveItsVote
            let isBelow = rewrite.parents[member].map { isBlocked.contains($0) } ?? false
            if (isPending.contains(member) && waits) || isBelow { isBlocked.insert(member) }
        }
        self.isBlocked = isBlocked
    }

    func steps() -> [Step] {
        var steps: [Step] = []
        var isDone: Set<Int> = []
        var graph = topology.graph
        if isPending.contains(rewrite.root) {
            graph.targets[rewrite.root] = .nowhere
            steps.append((rewrite.root, topology.cycles.first { $0.members.contains(rewrite.root) }?.path))
            isDone.insert(rewrite.root)
        }
        let leads = graph.leads(to: rewrite.root, past: fleet.isAbandoned)
        for breaking in breakers(graph, leads) {
            for server in pendingAbove(breaking.server, leads).reversed() where isDone.insert(server).inserted {
                steps.append((server, nil))
            }
            if isDone.insert(breaking.server).inserted { steps.append(breaking) }
        }
        for server in inOrder(rewrite.pending) where isDone.insert(server).inserted { steps.append((server, nil)) }
        return steps.filter { !fleet.isAbandoned[$0.server] } + steps.filter { fleet.isAbandoned[$0.server] }
    }

    // MARK: Cycles

    private func breakers(_ graph: TopologyGraph, _ leads: [Bool]) -> [Step] {
        let cycles = graph.cyclicComponents().map { members in
            (members: members, isExternal: members.contains { isExternal(graph.targets[$0]) })
        }
        return (cycles.filter { !$0.isExternal } + cycles.filter(\.isExternal)).flatMap { cycle -> [Step] in
            // A ring ends with any one of its edges. Behind a load balancer each server closes a cycle of its own.
            let candidates = inOrder(
                cycle.members.filter { member in
                    isPending.contains(member) && (!cycle.isExternal || isExternal(graph.targets[member]))
                }
            )
            let path = cycle.members.count > 1 ? self.path(cycle.members) : cycle.members
            if cycle.isExternal { return candidates.map { ($0, path) } }
            let best = candidates.min { cost(of: $0, leads) < cost(of: $1, leads) }
            return best.map { [($0, path)] } ?? []
        }
    }

    /// Restarts until a server's edge is gone, those that can be made now before those that must wait.
    private func cost(of server: Int, _ leads: [Bool]) -> (Int, Int, Int) {
        (isBlocked.contains(server) ? 1 : 0, pendingAbove(server, leads).count, server)
    }

    /// Servers above one in the wanted shape that must be changed before it can be hung there, the nearest first.
    private func pendingAbove(_ server: Int, _ leads: [Bool]) -> [Int] {
        var found: [Int] = []
        var current = rewrite.parents[server]
        while let parent = current, parent != rewrite.root, !leads[parent], found.count < fleet.servers.count {
            if isPending.contains(parent) { found.append(parent) }
            current = rewrite.parents[parent]
        }
        return found
    }

    private func inOrder(_ servers: [Int]) -> [Int] {
        servers.sorted { left, right in
            let first = (isBlocked.contains(left) ? 1 : 0, rewrite.depths[left] ?? 0, left)
            return first < (isBlocked.contains(right) ? 1 : 0, rewrite.depths[right] ?? 0, right)
        }
    }

    private func isExternal(_ target: TopologyGraph.Target) -> Bool {
        if case .external = target { true } else { false }
    }

    private func path(_ members: [Int]) -> [Int] {
        topology.cycles.first { $0.members == members }?.path ?? members
    }
}
