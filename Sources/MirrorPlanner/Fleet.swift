import KubeCore
package import MirrorAPI

/// The nodes of one mirror, and what of the cluster around them it must look at.
///
/// A class with constants only: it is handed to every part of a pass, and is too large to be copied each time.
package final class Fleet: Sendable {
    package let mirror: P2PMirror
    package let distribution: RancherDistribution
    /// Every server of the distribution in the cluster, selected or not, in ascending order of names.
    package let servers: [RancherNode]
    /// Whether the mirror selects the server.
    package let isSelected: [Bool]
    /// The selected agents, in ascending order of names.
    package let agents: [RancherNode]
    /// Servers that are not of this distribution: they count where nothing may be disrupted while a server is down.
    package let foreignServers: [RancherNode]
    /// The cluster's MirrorNodes, and the numbers of this mirror's by the names of their nodes.
    private let mirrorNodes: [MirrorNode]
    private let mirrorNodeNumbers: [String: Int]
    /// Numbers in `servers` by name.
    package let numbers: [String: Int]
    /// Numbers in `servers` by address.
    package let addresses: AddressIndex

    package init(_ mirror: P2PMirror, _ snapshot: Snapshot) {
        self.mirror = mirror
        distribution = RancherDistribution(mirror.spec.provider)
        var own: [(node: RancherNode, isSelected: Bool)] = []
        var agentNodes: [Node] = []
        var foreignServers: [RancherNode] = []
        for node in snapshot.nodes {
            guard RancherNode.belongs(node, to: distribution) else {
                if RancherNode.isServer(node) {
                    foreignServers.append(RancherNode(node: node, distribution: distribution))
                }
                continue
            }
            let isSelected = mirror.spec.selector.matches(node.metadata.labels)
            if RancherNode.isServer(node) {
                own.append((RancherNode(node: node, distribution: distribution), isSelected))
            } else if isSelected {
                agentNodes.append(node)
            }
        }
        // What an agent runs with matters only while a server is away, and there are far more agents than servers.
        let isServerAway = own.contains { !$0.node.isReady }
        var agents = agentNodes.map { [distribution] node in
            RancherNode(node: node, distribution: distribution, readsConfiguration: isServerAway)
        }
        own.sort { $0.node.name < $1.node.name }
        agents.sort { $0.name < $1.name }
        foreignServers.sort { $0.name < $1.name }
        self.agents = agents
        self.foreignServers = foreignServers
        servers = own.map(\.node)
        isSelected = own.map(\.isSelected)
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

    /// This mirror's MirrorNode for a node of that name.
    package func mirrorNode(named node: String) -> MirrorNode? { mirrorNodeNumbers[node].map { mirrorNodes[$0] } }

    package var selectedServers: [Int] { servers.indices.filter { isSelected[$0] } }

    package var selectedCount: Int { isSelected.count { $0 } + agents.count }

    /// The embedded registry is a setting of the cluster: agents learn it from the servers.
    package var isRegistryOn: Bool { servers.contains { $0.arguments?.enablesEmbeddedRegistry == true } }

    /// The MirrorNode of a server, unless it is of a Node of that name that was there before.
    package func mirrorNode(of server: RancherNode) -> MirrorNode? {
        mirrorNode(named: server.name).flatMap { $0.spec.nodeUID == server.uid ? $0 : nil }
    }

    /// What the operator has asked of that server so far.
    package func setting(of server: RancherNode) -> ServerSetting? { mirrorNode(of: server)?.spec.desired?.server }

    /// Why the configuration of a server is left alone for good; nil where it may be changed.
    package func untouchable(_ server: Int) -> Verdict? {
        let node = servers[server]
        if !isSelected[server] { return Verdict(.noNodesSelected, "\(node.name) is not selected by this mirror") }
        if let unreadable = node.unreadable {
            return Verdict(
                .unreadableConfiguration,
                "The configuration of \(node.name) is not known: \(unreadable.message); it is left as it is"
            )
        }
        if let manager = node.manager, mirror.spec.rancher.managedNodes == .observe {
            let section = distribution.program
            return Verdict(
                .managedElsewhere,
                "\(node.name) is managed by \(manager), which writes its files: change `server:` there, or set "
                    + "spec.\(section).managedNodes to Enforce"
            )
        }
        return nil
    }
}

/// A reason, and the sentence that goes with it.
package struct Verdict: Hashable, Sendable {
    package var reason: Reason
    package var message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
