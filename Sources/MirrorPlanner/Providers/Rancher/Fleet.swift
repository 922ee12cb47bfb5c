package import KubeCore
package import MirrorAPI

/// The nodes of one mirror, and what of the cluster around them it must look at.
///
/// A class with constants only: it is handed to every part of a pass, and is too large to be copied each time.
package final class Fleet: Sendable {
    /// A node that is a seed of the mirror: its number in the snapshot, since Nodes are costly to copy.
    struct SeedNode: Sendable {
        var number: Int
        var isServer: Bool
    }

    package let mirror: P2PMirror
    package let distribution: RancherDistribution
    /// Every server of the distribution in the cluster, selected or not, in ascending order of names.
    package let servers: [RancherNode]
    /// Whether the mirror selects the server.
    package let isSelected: [Bool]
    /// Servers of the mirror that have been away for `rerootAfterSeconds`: nothing is hung below them any more.
    package let isAbandoned: [Bool]
    /// When the next server is away for so long; nil where all are here or abandoned.
    package let abandonDeadline: Timestamp?
    /// The selected agents, in ascending order of names.
    package let agents: [RancherNode]
    /// The selected nodes that are seeds, in ascending order of names.
    let seeds: [SeedNode]
    /// Servers that are not of this distribution: they count where nothing may be disrupted while a server is down.
    package let foreignServers: [RancherNode]
    /// The cluster's MirrorNodes, and the numbers of this mirror's by the names of their nodes.
    let mirrorNodes: [MirrorNode]
    private let mirrorNodeNumbers: [String: Int]
    /// Numbers in `servers` by name.
    package let numbers: [String: Int]
    /// Numbers in `servers` by address.
    package let addresses: AddressIndex

    package let now: Timestamp

    package init(_ mirror: P2PMirror, _ distribution: RancherDistribution, _ snapshot: Snapshot) {
        self.mirror = mirror
        now = snapshot.now
        self.distribution = distribution
        var own: [(node: RancherNode, isSelected: Bool)] = []
        var agentNodes: [(node: Node, isSeed: Bool)] = []
        var foreignServers: [RancherNode] = []
        var seeds: [SeedNode] = []
        // Two mirrors may share agents, and a node has one label: the older one has it.
        let elders = snapshot.mirrors.filter {
            $0.spec.provider == mirror.spec.provider && $0.metadata.name != mirror.metadata.name
                && Acceptance.isOlder($0, than: mirror)
        }.map(\.spec)
        for (number, node) in snapshot.nodes.enumerated() {
            guard RancherNode.belongs(node, to: distribution) else {
                if RancherNode.isServer(node) {
                    foreignServers.append(RancherNode(node: node, distribution: distribution))
                }
                continue
            }
            let isSelected = mirror.spec.selector.matches(node.metadata.labels)
            let isServer = RancherNode.isServer(node)
            let isSeed =
                isSelected && distribution.isSeed(node) && mirror.spec.candidates.includes(node)
                && !elders.contains { $0.selector.matches(node.metadata.labels) && $0.candidates.includes(node) }
            if isSeed { seeds.append(SeedNode(number: number, isServer: isServer)) }
            if isServer {
                var server = RancherNode(node: node, distribution: distribution)
                server.isSeed = isSeed
                own.append((server, isSelected))
            } else if isSelected {
                agentNodes.append((node, isSeed))
            }
        }
        // What an agent runs with matters only while a server is away, and there are far more agents than servers.
        let isServerAway = own.contains { !$0.node.isReady }
        var agents = agentNodes.map { [distribution] node, isSeed in
            var agent = RancherNode(
                node: node,
                distribution: distribution,
                readsConfiguration: isServerAway,
                readsManager: !mirror.spec.registries.isEmpty
            )
            agent.isSeed = isSeed
            return agent
        }
        own.sort { $0.node.name < $1.node.name }
        agents.sort { $0.name < $1.name }
        foreignServers.sort { $0.name < $1.name }
        seeds.sort { snapshot.nodes[$0.number].metadata.name < snapshot.nodes[$1.number].metadata.name }
        self.seeds = seeds
        self.agents = agents
        self.foreignServers = foreignServers
        servers = own.map(\.node)
        isSelected = own.map(\.isSelected)
        let ends = own.map { server in
            server.isSelected ? server.node.awaySince.map { $0 + mirror.spec.topology.rerootAfterSeconds } : nil
        }
        isAbandoned = ends.map { [now] end in end.map { $0 <= now } ?? false }
        abandonDeadline = ends.compactMap { $0 }.filter { [now] in $0 > now }.min()
        addresses = AddressIndex(servers)
        numbers = Dictionary(servers.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { $1 })
        mirrorNodes = snapshot.mirrorNodes
        mirrorNodeNumbers = Self.numbers(of: snapshot.mirrorNodes, mirror: mirror.metadata.name)
    }

    private static func numbers(of objects: [MirrorNode], mirror: String) -> [String: Int] {
        var numbers: [String: Int] = [:]
        numbers.reserveCapacity(objects.count)
        for number in objects.indices where objects[number].spec.mirrorName == mirror {
            let node = objects[number].spec.nodeName
            // Of two for one node, the one with the name that we give counts.
            if numbers[node] == nil || objects[number].metadata.name == Names.mirrorNode(mirror: mirror, node: node) {
                numbers[node] = number
            }
        }
        return numbers
    }

    /// Number of this mirror's MirrorNode for a node of that name, unless it is of a Node that was there before.
    func mirrorNodeNumber(named node: String, uid: String) -> Int? {
        mirrorNodeNumbers[node].flatMap { mirrorNodes[$0].spec.nodeUID == uid ? $0 : nil }
    }

    /// This mirror's MirrorNode for a node of that name.
    package func mirrorNode(named node: String) -> MirrorNode? { mirrorNodeNumbers[node].map { mirrorNodes[$0] } }

    /// Nodes that something has been asked of.
    var askedCount: Int {
        mirrorNodeNumbers.values.count { mirrorNodes[$0].spec.desired?.isEmpty == false }
    }

    package var selectedServers: [Int] { servers.indices.filter { isSelected[$0] } }

    /// Whether the mirror selects a node of that name.
    func selects(_ name: String) -> Bool {
        numbers[name].map { isSelected[$0] } ?? agents.contains { $0.name == name }
    }

    package var selectedCount: Int { isSelected.count { $0 } + agents.count }

    /// The embedded registry is a setting of the cluster: agents learn it from the servers.
    package var isRegistryOn: Bool { servers.contains { $0.arguments?.enablesEmbeddedRegistry == true } }

    /// The MirrorNode of a server, unless it is of a Node of that name that was there before.
    package func mirrorNode(of server: RancherNode) -> MirrorNode? {
        mirrorNode(named: server.name).flatMap { $0.spec.nodeUID == server.uid ? $0 : nil }
    }

    /// What the operator has asked of that server so far.
    package func setting(of server: RancherNode) -> ServerSetting? { mirrorNode(of: server)?.spec.desired?.server }

    /// The one server that a setting leads to; nil where it leads to none or to several.
    package func server(by setting: ServerSetting) -> Int? {
        guard setting.action == .point, let text = setting.url, let url = ServerURL(text, distribution: distribution)
        else { return nil }
        let found = addresses.servers(at: url.host)
        return found.count == 1 ? found[0] : nil
    }

    /// Why the configuration of a server is left alone for good; nil where it may be changed.
    package func untouchable(_ server: Int) -> Verdict? {
        let node = servers[server]
        if !isSelected[server] { return Verdict(.noNodesSelected, "\(node.name) is not selected by this mirror") }
        return untouchable(node)
    }

    /// Why the configuration of a selected node is left alone for good; nil where it may be changed.
    func untouchable(_ node: RancherNode) -> Verdict? {
        if let unreadable = node.unreadable {
            return Verdict(
                .unreadableConfiguration,
                "The configuration of \(node.name) is not known: \(unreadable.message); it is left as it is"
            )
        }
        return managed(node, "`server:`")
    }

    /// Whose node it is, where another system writes its files and that is respected.
    func managed(_ node: RancherNode, _ what: String) -> Verdict? {
        guard let manager = node.manager, mirror.spec.rancher.managedNodes == .observe else { return nil }
        return Verdict(
            .managedElsewhere,
            "\(node.name) is managed by \(manager), which writes its files: change \(what) there, or set "
                + "spec.\(distribution.program).managedNodes to Enforce"
        )
    }
}
