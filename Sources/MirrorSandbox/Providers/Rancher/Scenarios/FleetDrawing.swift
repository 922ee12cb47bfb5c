package import KubeCore
import MirrorAPI
import MirrorPlanner

/// A fleet's servers as they are now, drawn from what the nodes say of themselves in the API.
package enum FleetDrawing {
    /// A ring where the servers form one, else the trees that they form.
    package static func text(_ blueprint: FleetBlueprint, _ api: KubeAPI) async throws(KubeError) -> String {
        var asked: [String: String] = [:]
        let servers = blueprint.hosts.filter { $0.role == .server }
        for server in servers {
            let node = try await api.get(Node.self, ObjectKey(name: server.name))
            let url = RancherNode(node: node, distribution: blueprint.distribution).server
            asked[server.name] = servers.first { $0.address == url?.host }?.name
        }
        return text(servers.map(\.name), asked: asked)
    }

    package static func text(_ names: [String], asked: [String: String]) -> String {
        if let first = names.first, let ring = ring(from: first, asked) { return TopologyDrawing.ring(ring) }
        var children: [String: [String]] = [:]
        for (name, target) in asked { children[target, default: []].append(name) }
        return names.filter { asked[$0] == nil }.map { TopologyDrawing.tree(root: $0, children: children) }
            .joined(separator: "\n")
    }

    /// The names in the order in which they ask each other, where that leads back to the first.
    private static func ring(from first: String, _ asked: [String: String]) -> [String]? {
        var path = [first]
        while let next = path.last.flatMap({ asked[$0] }) {
            if next == first { return path }
            guard !path.contains(next) else { return nil }
            path.append(next)
        }
        return nil
    }
}
