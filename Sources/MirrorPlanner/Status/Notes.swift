import MirrorAPI

/// What people should be told about a fleet, whatever is done about it.
enum Notes {
    static func observations(_ assessment: Assessment) -> [Note] {
        let fleet = assessment.fleet
        var notes = assessment.topology.cycles.prefix(20).map { cycle in
            Note(
                cycle.severity == .information ? .normal : .warning,
                reason: cycle.severity == .information ? .embeddedRegistryOff : .ringFound,
                message: Sentences.cycle(cycle, assessment)
            )
        }
        for server in fleet.selectedServers {
            guard let unreadable = fleet.servers[server].unreadable else { continue }
            let name = fleet.servers[server].name
            notes.append(
                Note(
                    .warning,
                    node: name,
                    reason: .unreadableConfiguration,
                    message: "The configuration of \(name) is not known: \(unreadable.message)"
                )
            )
        }
        notes += assessment.exempt.filter { $0.reason == .managedElsewhere }
            .map { Note(.warning, reason: $0.reason, message: $0.message) }
        for name in fleet.mirror.spec.topology.preferredRoots where fleet.numbers[name] == nil {
            notes.append(Note(.warning, reason: .preferredRootMissing, message: Sentences.missingRoot(name)))
        }
        notes += assessment.unfitRoots.map { Note(.warning, reason: $0.reason, message: $0.message) }
        return notes + deadServers(fleet, disrupted: assessment.disrupted)
    }

    /// Agents whose `server:` leads to a server that is away: such an agent loses its peers at its next restart.
    /// A server that we restart ourselves comes back, or is told of as a step that failed.
    private static func deadServers(_ fleet: Fleet, disrupted: String?) -> [Note] {
        var agents: [Int: [String]] = [:]
        for agent in fleet.agents {
            guard let host = agent.server?.host else { continue }
            let found = fleet.addresses.servers(at: host)
            guard let first = found.first, !found.contains(where: { fleet.servers[$0].isReady }) else { continue }
            agents[first, default: []].append(agent.name)
        }
        return agents.sorted { $0.key < $1.key }.filter { fleet.servers[$0.key].name != disrupted }.map {
            server,
            names in
            let name = fleet.servers[server].name
            return Note(
                .warning,
                node: name,
                reason: .deadServer,
                message: "\(Sentences.list(names)) get(s) peers from \(name), which is not Ready: at the next restart "
                    + "there they find none"
            )
        }
    }
}

/// Sentences that appear in more than one place.
enum Sentences {
    static func cycle(_ cycle: Topology.Cycle, _ assessment: Assessment) -> String {
        let names = cycle.path.map { assessment.fleet.servers[$0].name }
        let rest = names.count > 8 ? " -> ... (\(names.count) servers)" : ""
        let ring = names.prefix(8).joined(separator: " -> ") + rest + " -> \(names.first ?? "")"
        let way = cycle.external.map { " by way of \($0), which may lead back to any of them" } ?? ""
        let effect =
            switch cycle.severity {
            case .critical: "on the versions that run there each request for peers goes round without end"
            case .warning: "each asks the next one for peers while it knows none itself"
            case .information: "nothing goes round while the embedded registry is off"
            }
        return "The `server:` URLs of \(ring) form a cycle\(way): \(effect)"
    }

    static func missingRoot(_ name: String) -> String {
        "spec.topology.preferredRoots names \(name), and there is no server of that name"
    }

    /// What is not known of which servers; nil where all can be read.
    static func unreadable(_ servers: [RancherNode]) -> String? {
        let unknown = servers.filter { $0.arguments == nil }
        guard let first = unknown.first else { return nil }
        let why = first.unreadable.map { ": \($0.message)" } ?? ""
        let others = unknown.count > 1 ? "; nor that of \(list(unknown.dropFirst().map(\.name)))" : ""
        return "the configuration of \(first.name) is not known\(why)\(others)"
    }

    /// The first five of some names.
    static func list(_ names: [String]) -> String {
        let more = names.count > 5 ? " and \(names.count - 5) more" : ""
        return names.prefix(5).joined(separator: ", ") + more
    }
}
