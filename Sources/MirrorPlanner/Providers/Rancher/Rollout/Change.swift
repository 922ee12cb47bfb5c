package import MirrorAPI

/// What one restart of one node is to put in force.
package struct Change: Hashable, Sendable {
    /// A part of a node's settings.
    package enum Part: Hashable, Sendable {
        case server
        case registries
        case debug
    }

    /// Number of the server; nil for an agent of the distribution.
    package var server: Int?
    package var node: String
    /// All that the node is to have.
    package var desired: MirrorNodeSpec.Desired
    /// What of it is not in force, `server` first; never empty.
    package var parts: [Part]
    /// The abandoned server that the node hangs below and is to be freed from.
    package var leaves: Int?
    package var reason: Reason
    package var message: String

    /// The server that may be away while this is carried out: the one that the node is freed from, and no other.
    func absentServer(in fleet: Fleet) -> String? {
        parts.contains(.server) ? leaves.map { fleet.servers[$0].name } : nil
    }
}

extension MirrorNodeSpec.Desired {
    /// What it does, in one text for equal effects. That of `server` alone is as it always was.
    package var effect: String {
        var parts: [String] = []
        if let server { parts.append("server:\(server.action.rawValue):\(server.url ?? "")") }
        if let registries, !registries.isEmpty {
            parts.append("registries:\(registries.sorted().joined(separator: ","))")
        }
        if debug == true { parts.append("debug") }
        return parts.isEmpty ? "none" : parts.joined(separator: ";")
    }
}
