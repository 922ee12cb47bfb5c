import KubeCore
import MirrorAPI

/// Which server becomes the root of what is rewritten.
///
/// The root is sticky: changing it costs a restart of nearly every server. A cordon or a reboot pauses the rollout and
/// deposes nobody; neither does information that is missing, nor the annotation that excludes a node, which does not
/// say where all the others are to go. It is deposed when its Node is gone or another one of that name, when it must
/// not be root any more, when another one is preferred, and when it has been away for `rerootAfterSeconds` and another
/// one can be.
struct RootElection {
    enum Outcome: Hashable, Sendable {
        case root(Int)
        /// Nobody may be one; the message names the servers and what stands in their way.
        case noneEligible(String)
    }

    private let fleet: Fleet
    private let graph: TopologyGraph
    private let isMember: [Bool]
    /// How many members point to each server, and to it alone.
    private var pointers: [Int]
    private let members: [Int]

    init(_ fleet: Fleet, _ graph: TopologyGraph, _ scope: RewriteScope) {
        self.fleet = fleet
        self.graph = graph
        members = scope.members
        isMember = scope.members.reduce(into: Array(repeating: false, count: graph.count)) { $0[$1] = true }
        pointers = Array(repeating: 0, count: graph.count)
        for member in scope.members {
            if let target = graph.targets[member].only, target != member { pointers[target] += 1 }
        }
    }

    /// - Parameters:
    ///   - recorded: the root that the status names.
    ///   - disrupted: the server that is being restarted on our behalf: what it lacks meanwhile, it lacks because of
    ///     us.
    func outcome(recorded: P2PMirrorStatus.Topology?, disrupted: String?) -> Outcome {
        let preferred = fleet.mirror.spec.topology.preferredRoots.compactMap { fleet.numbers[$0] }
        let firstPreferred = preferred.first { obstacle($0) == nil }
        var stays: Int?
        if let present = Self.root(recorded, fleet) {
            let isDisrupted = fleet.servers[present].name == disrupted
            if keeps(present, isDisrupted: isDisrupted) { stays = present }
            if let stays, isDisrupted || !fleet.isAbandoned[stays] {
                let isNamed = preferred.contains(stays) && fleet.servers[stays].exclusion == nil
                guard let firstPreferred, !isNamed else { return .root(stays) }
                return .root(firstPreferred)
            }
        }
        if let firstPreferred { return .root(firstPreferred) }
        let eligible = fleet.selectedServers.filter { obstacle($0) == nil }
        if let best = eligible.min(by: isBetter) { return .root(best) }
        // Nobody is better than one that is away and may come back.
        return stays.map { .root($0) } ?? .noneEligible(explanation())
    }

    /// The number of a recorded root, unless its Node is gone or was replaced by another one of that name.
    static func root(_ recorded: P2PMirrorStatus.Topology?, _ fleet: Fleet) -> Int? {
        guard let recorded, let number = recorded.root.flatMap({ fleet.numbers[$0] }) else { return nil }
        guard let uid = recorded.rootUID else { return number }
        return uid == fleet.servers[number].uid ? number : nil
    }

    /// The preferred roots that are passed over for `root`, each with what stands in its way.
    func passedOver(for root: Int) -> [Verdict] {
        fleet.mirror.spec.topology.preferredRoots.prefix { fleet.numbers[$0] != root }.compactMap { name in
            guard let obstacle = fleet.numbers[name].flatMap(obstacle) else { return nil }
            let message = "spec.topology.preferredRoots names \(name), which cannot be the root: \(obstacle)"
            return Verdict(.preferredRootUnfit, message)
        }
    }

    /// What is said of a root that is excluded and stays; nil of any other.
    func excluded(_ root: Int) -> Verdict? {
        let node = fleet.servers[root]
        guard let why = node.exclusion else { return nil }
        let next = fleet.selectedServers.filter { $0 != root && obstacle($0) == nil }.min(by: isBetter)
        let name = next.map { ", such as \(fleet.servers[$0].name)" } ?? ""
        let message =
            "\(node.name) is excluded (\(why)) and stays the root: to move all servers to another one restarts them, "
            + "one at a time. If that is meant, name another one first in spec.topology.preferredRoots\(name)"
        return Verdict(.rootExcluded, message)
    }

    /// Whether the present root may stay.
    private func keeps(_ server: Int, isDisrupted: Bool) -> Bool {
        let node = fleet.servers[server]
        guard fleet.isSelected[server] else { return false }
        if isDisrupted { return true }
        let needsChange = graph.targets[server] != .nowhere
        guard let arguments = node.arguments else { return true }
        if arguments.disablesEtcd || arguments.disablesAPIServer || !node.hasControlPlaneRole { return false }
        // What a server that is away said of its vote last is no reason.
        if node.isVoter == false, node.isReady { return false }
        return !needsChange || (isMember[server] && !arguments.usesExternalDatastore)
    }

    /// What keeps a server from becoming the root; nil where nothing does.
    func obstacle(_ server: Int) -> String? {
        let node = fleet.servers[server]
        guard fleet.isSelected[server] else { return "it is not selected" }
        guard let arguments = node.arguments else { return "its configuration is not known" }
        if let why = node.exclusion { return "it is excluded (\(why))" }
        if node.isDeleting { return "it is being deleted" }
        if !node.isReady { return "it is not Ready" }
        if node.isCordoned { return "it is cordoned" }
        if !node.hasControlPlaneRole { return "it has no control-plane role" }
        if arguments.disablesEtcd { return "it runs with disable-etcd" }
        if arguments.disablesAPIServer { return "it runs with disable-apiserver" }
        if !arguments.usesExternalDatastore, node.isVoter != true { return "its etcd member has no vote" }
        if node.internalIP == nil { return "it has no InternalIP" }
        guard graph.targets[server] != .nowhere else { return nil }
        if let reason = node.guardListReason { return "its `server:` must not be emptied: \(reason)" }
        if let verdict = fleet.untouchable(server) { return verdict.message }
        return isMember[server] ? nil : "it is part of no ring, and its `server:` is not ours to empty"
    }

    /// The present hub, else the fewest changes, else the oldest, else the first by name.
    private func isBetter(_ first: Int, _ second: Int) -> Bool { rank(first) < rank(second) }

    private func rank(_ server: Int) -> (Int, Int, Int64, Int) {
        let hub = pointers[server] >= 2 ? -pointers[server] : 0
        let own = isMember[server] && graph.targets[server] != .nowhere ? 1 : 0
        let others = members.count - (isMember[server] ? 1 : 0) - pointers[server]
        return (hub, own + others, fleet.servers[server].created?.seconds ?? .max, server)
    }

    private func explanation() -> String {
        let obstacles = fleet.selectedServers.compactMap { server in
            obstacle(server).map { "\(fleet.servers[server].name): \($0)" }
        }
        let more = obstacles.count > 5 ? "; and \(obstacles.count - 5) more" : ""
        return "No server may become the root: \(obstacles.prefix(5).joined(separator: "; "))\(more)"
    }
}
