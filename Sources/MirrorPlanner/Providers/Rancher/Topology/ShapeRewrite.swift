import KubeCore
import MirrorAPI

/// What makes the wanted shape of the servers in scope: the root's `server:` is emptied, and each other one leads to
/// the root, by way of the servers that the layout puts above it or of the registration address.
struct ShapeRewrite {
    let root: Int
    /// For each member but the root: the server that it is to point to; the root where it is pointed at the
    /// registration address.
    private(set) var parents: [Int: Int] = [:]
    /// For each member: hops to the root in the wanted shape.
    private(set) var depths: [Int: Int] = [:]
    /// What each server's `server:` is to be, for those in scope.
    private(set) var wanted: [Int: ServerSetting] = [:]
    /// Members whose running configuration is otherwise, in ascending order.
    private(set) var pending: [Int] = []
    /// The address at which members join, where they are not pointed at a server.
    let registration: ServerURL?

    init(_ fleet: Fleet, _ graph: TopologyGraph, _ scope: RewriteScope, _ address: RegistrationAddress, root: Int) {
        self.root = root
        registration = address.used
        depths[root] = 0
        let others = scope.members.filter { $0 != root }
        if registration != nil {
            for member in others {
                parents[member] = root
                depths[member] = 1
            }
        } else {
            let layout = Self.layout(fleet, graph, scope, root)
            for member in others {
                parents[member] = layout.parents[member] ?? root
                depths[member] = layout.depths[member] ?? 1
            }
        }
        let urls = ServerURLs(fleet, graph)
        for member in scope.members {
            let setting = setting(of: member, fleet, urls, address)
            wanted[member] = setting
            if !isRight(member, fleet, graph, address) { pending.append(member) }
        }
    }

    private func setting(
        of member: Int,
        _ fleet: Fleet,
        _ urls: ServerURLs,
        _ address: RegistrationAddress
    ) -> ServerSetting {
        guard let parent = parents[member] else { return ServerSetting(action: .clear) }
        let node = fleet.servers[member]
        let present = fleet.setting(of: node)
        if let url = registration ?? (address.keeps(node) ? address.url : nil) {
            let isSame = present?.url.flatMap { ServerURL($0, distribution: fleet.distribution) } == url
            if isSame, let present { return present }
            if registration != nil { return ServerSetting(action: .point, url: url.description) }
        }
        if let present, fleet.server(by: present) == parent { return present }
        return ServerSetting(action: .point, url: urls.url(of: parent))
    }

    /// Whether the running configuration of a server is what the shape needs; another spelling of an address is as good
    /// as ours.
    private func isRight(
        _ server: Int,
        _ fleet: Fleet,
        _ graph: TopologyGraph,
        _ address: RegistrationAddress
    ) -> Bool {
        guard let parent = parents[server] else { return graph.targets[server] == .nowhere }
        let node = fleet.servers[server]
        if let registration { return node.server == registration }
        return graph.targets[server].leadsOnly(to: parent) || address.keeps(node)
    }

    // MARK: The layout

    private static func layout(
        _ fleet: Fleet,
        _ graph: TopologyGraph,
        _ scope: RewriteScope,
        _ root: Int
    ) -> TreeLayout {
        var isMember = Array(repeating: false, count: graph.count)
        for member in scope.members { isMember[member] = true }
        var zones: [String: Int] = [:]
        let vertices = fleet.servers.indices.map { number in
            let node = fleet.servers[number]
            let running = graph.targets[number].only
            let wish = isMember[number] ? fleet.setting(of: node).flatMap { fleet.server(by: $0) } : nil
            let parent = number == root ? nil : wish ?? running
            let zone = node.zone.map { name in
                let known = zones[name] ?? zones.count + 1
                zones[name] = known
                return known
            }
            return TreeLayout.Vertex(
                isMember: isMember[number] && number != root,
                parent: parent == number ? nil : parent,
                isInForce: parent != nil && parent == running,
                mayBeParent: mayBeParent(number, fleet),
                keepsChildren: number == root || keepsChildren(number, fleet),
                isWaiting: !node.isReady || !node.canProveItsVote,
                zone: zone ?? 0
            )
        }
        let topology = fleet.mirror.spec.topology
        return TreeLayout(root: root, vertices, fanout: topology.shape == .tree ? topology.maxFanout : nil)
    }

    private static func keepsChildren(_ number: Int, _ fleet: Fleet) -> Bool {
        let node = fleet.servers[number]
        return !fleet.isAbandoned[number] && !node.isDeleting && node.exclusion == nil
    }

    /// Servers without etcd find it by their `server:`, and those without an API server the API: so whoever is above
    /// them must have both (k3s `pkg/cluster/cluster.go`, `pkg/server/server.go`).
    private static func mayBeParent(_ number: Int, _ fleet: Fleet) -> Bool {
        let node = fleet.servers[number]
        guard keepsChildren(number, fleet), fleet.isSelected[number], let arguments = node.arguments else {
            return false
        }
        return node.hasControlPlaneRole && node.internalIP != nil && !arguments.disablesEtcd
            && !arguments.disablesAPIServer && (arguments.usesExternalDatastore || node.isVoter != false)
    }
}

/// The URLs of servers: the InternalIP, and the port by which most others reach one now, else the distribution's.
private struct ServerURLs {
    private let fleet: Fleet
    private var ports: [Int: [Int: Int]] = [:]

    init(_ fleet: Fleet, _ graph: TopologyGraph) {
        self.fleet = fleet
        for server in fleet.servers.indices {
            guard let target = graph.targets[server].only, target != server,
                let port = fleet.servers[server].server?.port
            else { continue }
            ports[target, default: [:]][port, default: 0] += 1
        }
    }

    func url(of server: Int) -> String {
        let best = ports[server]?.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key
        let node = fleet.servers[server]
        let host = node.internalIP ?? node.hosts.first ?? node.name
        return ServerURL(host: host, port: best ?? fleet.distribution.supervisorPort).description
    }
}
