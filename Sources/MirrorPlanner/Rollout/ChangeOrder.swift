import MirrorAPI

/// The order of the changes: first those that break cycles, the ones that need the fewest restarts for it before the
/// others; then the rest by name.
///
/// The root comes first of all: while it has an edge of its own, an edge to it may close a new cycle.
struct ChangeOrder {
    private let fleet: Fleet
    private let topology: Topology
    private let rewrite: StarRewrite

    init(_ fleet: Fleet, _ topology: Topology, _ rewrite: StarRewrite) {
        self.fleet = fleet
        self.topology = topology
        self.rewrite = rewrite
    }

    func changes() -> [Change] {
        let pending = Set(rewrite.pending)
        var result: [Change] = []
        var graph = topology.graph
        if pending.contains(rewrite.root) {
            graph = graph.replacing([(rewrite.root, .nowhere)])
            let cycle = topology.cycles.first { $0.members.contains(rewrite.root) }
            result.append(change(rewrite.root, cycle.map { text(of: $0.path) }))
        }
        var breaking: Set<Int> = []
        let cycles = graph.cyclicComponents().map { members in
            (members: members, isExternal: members.contains { isExternal(graph.targets[$0]) })
        }
        for cycle in cycles.filter({ !$0.isExternal }) + cycles.filter(\.isExternal) {
            // A ring ends with any one of its edges. Behind a load balancer each server closes a cycle of its own.
            let candidates = cycle.members.filter { member in
                pending.contains(member) && (!cycle.isExternal || isExternal(graph.targets[member]))
            }
            for server in cycle.isExternal ? candidates[...] : easiest(candidates).prefix(1)
            where server != rewrite.root {
                breaking.insert(server)
                result.append(change(server, text(of: cycle.members.count > 1 ? path(cycle.members) : [server])))
            }
        }
        for server in easiest(rewrite.pending) where server != rewrite.root && !breaking.contains(server) {
            result.append(change(server, nil))
        }
        return result
    }

    /// Those that can be changed now before those that must wait for their vote in etcd.
    private func easiest(_ servers: [Int]) -> ArraySlice<Int> {
        let waiting = servers.filter { !fleet.servers[$0].canProveItsVote }
        guard !waiting.isEmpty else { return servers[...] }
        return (servers.filter { fleet.servers[$0].canProveItsVote } + waiting)[...]
    }

    private func isExternal(_ target: TopologyGraph.Target) -> Bool {
        if case .external = target { true } else { false }
    }

    private func path(_ members: [Int]) -> [Int] {
        topology.cycles.first { $0.members == members }?.path ?? members
    }

    private func text(of path: [Int]) -> String {
        let names = path.prefix(8).map { fleet.servers[$0].name }
        let rest = path.count > 8 ? " -> ... (\(path.count) servers)" : ""
        return "\(names.joined(separator: " -> "))\(rest) -> \(names.first ?? "")"
    }

    private func change(_ server: Int, _ cycle: String?) -> Change {
        let node = fleet.servers[server]
        let setting = rewrite.wanted[server] ?? ServerSetting(action: .clear)
        let isRoot = server == rewrite.root
        let what =
            isRoot
            ? "\(node.name) becomes the root: its `server:` (now \(node.serverText)) is emptied"
            : "\(node.name) is pointed at the root \(fleet.servers[rewrite.root].name): its `server:` changes from "
                + "\(node.serverText) to \(setting.url ?? "nothing")"
        let why = cycle.map { ", which breaks the cycle \($0)" } ?? ""
        return Change(
            server: server,
            node: node.name,
            setting: setting,
            reason: cycle != nil ? .breaksCycle : isRoot ? .becomesRoot : .joinsRoot,
            message: what + why
        )
    }
}
