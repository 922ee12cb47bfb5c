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
        notes += assessment.exempt.filter { $0.reason == .managedElsewhere }.prefix(limit)
            .map { Note(.warning, reason: $0.reason, message: $0.message) }
        for name in fleet.mirror.spec.topology.preferredRoots where fleet.numbers[name] == nil {
            notes.append(Note(.warning, reason: .preferredRootMissing, message: Sentences.missingRoot(name)))
        }
        notes += assessment.unfitRoots.map { Note(.warning, reason: $0.reason, message: $0.message) }
        let verdicts = [
            assessment.deposed, assessment.excludedRoot, assessment.unusedAddress, assessment.vainWildcard,
        ]
        for verdict in verdicts.compactMap({ $0 }) {
            notes.append(Note(.warning, reason: verdict.reason, message: verdict.message))
        }
        notes += assessment.uneditable.prefix(limit)
            .map { Note(.warning, node: $0.node, reason: .registriesNotEditable, message: $0.message) }
        let noisy = assessment.noisyServers
        if !noisy.isEmpty { notes.append(Note(.warning, reason: .debugLog, message: Sentences.noisy(noisy))) }
        let dead = Sentences.deadServers(assessment).prefix(limit)
        return notes + dead.map { Note(.warning, node: $0.server, reason: .deadServer, message: $0.message) }
    }

    /// Notes of one kind; a fault of a whole fleet shows in the first ones.
    private static let limit = 20
}

/// Sentences about a fleet that appear in more than one place.
extension Sentences {
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

    /// Agents whose `server:` leads to a server that is away: such an agent loses its peers at its next restart.
    /// A server that we restart ourselves comes back, or is told of as a step that failed.
    static func deadServers(_ assessment: Assessment) -> [(server: String, message: String)] {
        let fleet = assessment.fleet
        guard fleet.servers.contains(where: { !$0.isReady }) else { return [] }
        var agents: [Int: [String]] = [:]
        for agent in fleet.agents {
            guard let host = agent.server?.host else { continue }
            let found = fleet.addresses.servers(at: host)
            guard let first = found.first, !found.contains(where: { fleet.servers[$0].isReady }) else { continue }
            agents[first, default: []].append(agent.name)
        }
        return agents.sorted { $0.key < $1.key }.compactMap { server, names in
            let name = fleet.servers[server].name
            guard name != assessment.disrupted else { return nil }
            return (
                name,
                "\(list(names)) \(form(names.count, "gets", "get")) peers from \(name), which is not Ready: at the "
                    + "next restart there they find none"
            )
        }
    }

    /// What the services of a cycle's servers cost, where their agents say so.
    static func load(_ cycle: Topology.Cycle, _ assessment: Assessment) -> String {
        let fleet = assessment.fleet
        let texts = cycle.path.compactMap { number -> String? in
            let node = fleet.servers[number]
            guard let percent = fleet.mirrorNode(of: node)?.status?.agent?.host?.serviceCPUPercent else { return nil }
            let unit = fleet.distribution.unit(of: .server).split(separator: ".")[0]
            return "\(unit) on \(node.name) uses \(percent) % of a core"
        }
        return texts.isEmpty ? "" : "; \(list(texts))"
    }

    static func noisy(_ servers: [String]) -> String {
        "The own configuration of \(list(servers)) asks for the level debug: the service logs every question for "
            + "peers. Take `debug` out there, and restart the service, when it is not needed any more"
    }

    /// The part that agents can't carry out; nil where there is none.
    static func uneditable(_ assessment: Assessment) -> Verdict? {
        guard let first = assessment.uneditable.first else { return nil }
        let others = assessment.uneditable.dropFirst().map(\.node)
        let rest = others.isEmpty ? "" : ". Others that do not get theirs: \(list(others))"
        return Verdict(.registriesNotEditable, first.message + rest)
    }

    static func silent(_ assessment: Assessment) -> String {
        let names = assessment.silentHosts
        guard !names.isEmpty else { return "" }
        return "; the agents of \(list(names)) do not say what their hosts have, so nothing is asked of them: "
            + "upgrade them, or wait for them"
    }

    /// How long so many steps take at least, where that is worth a word: one node at a time.
    static func duration(ofSteps count: Int, _ rollout: P2PMirrorSpec.Rollout) -> String {
        guard count >= 20 else { return "" }
        let minutes = count * (rollout.minReadySeconds + StepTimes.leastRestartSeconds) / 60
        let time =
            minutes < 120 ? "\(minutes) minutes" : minutes < 2_880 ? "\(minutes / 60) hours" : "\(minutes / 1_440) days"
        return " (one node at a time: \(time) at least)"
    }
}
