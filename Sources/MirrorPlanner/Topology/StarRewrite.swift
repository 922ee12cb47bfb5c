package import MirrorAPI

/// One edge that is to be laid elsewhere, by one restart.
package struct Change: Hashable, Sendable {
    /// Number of the server.
    package var server: Int
    package var node: String
    package var setting: ServerSetting
    package var reason: Reason
    package var message: String
}

/// What makes a star of the servers in scope: all point to the root, and only the root's `server:` is emptied.
struct StarRewrite {
    var root: Int
    /// What each server's `server:` is to be, for those in scope.
    var wanted: [Int: ServerSetting] = [:]
    /// Members whose running configuration is otherwise, in ascending order.
    var pending: [Int] = []

    init(_ fleet: Fleet, _ graph: TopologyGraph, _ scope: RewriteScope, root: Int) {
        self.root = root
        let url = Self.url(of: root, fleet, graph)
        for member in scope.members {
            if member == root {
                wanted[member] = ServerSetting(action: .clear)
            } else {
                let present = fleet.setting(of: fleet.servers[member])
                let keeps = present.map { Self.leads($0, to: root, fleet) } ?? false
                wanted[member] = keeps ? present : ServerSetting(action: .point, url: url)
            }
            if !Self.isRight(member, root: root, graph) { pending.append(member) }
        }
    }

    /// Whether the running configuration of a server is what a star around that root needs; another spelling of the
    /// root's address is as good as ours.
    static func isRight(_ server: Int, root: Int, _ graph: TopologyGraph) -> Bool {
        server == root ? graph.targets[server] == .nowhere : graph.targets[server].leadsOnly(to: root)
    }

    /// Whether a setting sends a server to the root.
    static func leads(_ setting: ServerSetting, to root: Int, _ fleet: Fleet) -> Bool {
        guard setting.action == .point, let text = setting.url,
            let url = ServerURL(text, distribution: fleet.distribution)
        else { return false }
        return fleet.addresses.servers(at: url.host) == [root]
    }

    /// What the edge of a server becomes by a setting.
    static func target(of setting: ServerSetting, on fleet: Fleet) -> TopologyGraph.Target {
        guard setting.action == .point else { return .nowhere }
        guard let url = setting.url.flatMap({ ServerURL($0, distribution: fleet.distribution) }) else {
            return .unknown
        }
        let found = fleet.addresses.servers(at: url.host)
        return found.isEmpty ? .unknown : .servers(found)
    }

    /// The root's URL: its InternalIP, and the port by which most servers reach it now, else the distribution's.
    static func url(of root: Int, _ fleet: Fleet, _ graph: TopologyGraph) -> String {
        var ports: [Int: Int] = [:]
        for server in fleet.servers.indices where server != root && graph.targets[server].leadsOnly(to: root) {
            if let port = fleet.servers[server].server?.port { ports[port, default: 0] += 1 }
        }
        let best = ports.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key
        let host = fleet.servers[root].internalIP ?? fleet.servers[root].hosts.first ?? fleet.servers[root].name
        return ServerURL(host: host, port: best ?? fleet.distribution.supervisorPort).description
    }
}
