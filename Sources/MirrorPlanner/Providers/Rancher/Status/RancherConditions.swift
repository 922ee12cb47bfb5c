import KubeCore
import MirrorAPI

/// What a mirror of a distribution says of itself in its conditions.
struct RancherConditions {
    private let assessment: Assessment
    /// Why the selection may be a mistake.
    private let doubt: Verdict?
    private let fleet: Fleet
    private let servers: [RancherNode]

    init(_ assessment: Assessment, doubt: Verdict? = nil) {
        self.assessment = assessment
        self.doubt = doubt
        let fleet = assessment.fleet
        self.fleet = fleet
        servers = fleet.selectedServers.map { fleet.servers[$0] }
    }

    /// The finding on a condition of the fleet; nil for those that are the same with every provider.
    func finding(on type: MirrorConditionType) -> MirrorStatus.Finding? {
        switch type {
        case .topologyAcyclic: acyclic()
        case .nodesCurrent: current()
        case .versionsSupported: versions()
        case .highlyAvailable: available()
        default: nil
        }
    }

    // MARK: The fleet

    private func acyclic() -> (Condition.Status, Verdict) {
        guard !servers.isEmpty else { return (.unknown, Verdict(.noServers, "No server is selected")) }
        guard let worst = assessment.topology.cycles.max(by: { $0.severity < $1.severity }) else {
            if let unknown = Sentences.unreadable(servers) {
                return (.unknown, Verdict(.unreadableConfiguration, "No cycle is known, but \(unknown)"))
            }
            let shape = assessment.topology.shape.rawValue
            return (.true, Verdict(.acyclic, "The `server:` URLs form no cycle (\(shape))"))
        }
        let more = assessment.topology.cycles.count - 1
        let rest = more > 0 ? "; there are \(more) more" : ""
        return (
            .false,
            Verdict(
                worst.severity == .information ? .embeddedRegistryOff : .ringFound,
                Sentences.cycle(worst, assessment) + rest + Sentences.load(worst, assessment)
            )
        )
    }

    private func current() -> (Condition.Status, Verdict) {
        if let doubt { return (.unknown, doubt) }
        guard fleet.selectedCount > 0 else {
            return (.unknown, Verdict(.noNodesSelected, "spec.selector matches no node"))
        }
        let missing = fleet.mirror.spec.topology.preferredRoots.filter { fleet.numbers[$0] == nil }
        if let obstacle = assessment.obstacle {
            let addition = missing.first.map { "; \(Sentences.missingRoot($0))" } ?? ""
            return (.false, Verdict(obstacle.reason, obstacle.message + addition))
        }
        if let next = assessment.nextChange {
            let count = assessment.pendingCount
            let names =
                assessment.changes.prefix(6).map(\.node) + assessment.laggards.prefix(6).map { fleet.agents[$0].name }
            let time = Sentences.duration(ofSteps: count, fleet.mirror.spec.rollout)
            let message =
                "\(count) to change: \(Sentences.list(names, of: count))\(time). Next: \(next.message)"
                + (Sentences.uneditable(assessment).map { ". Besides, \($0.message)" } ?? "")
            return (.false, Verdict(.changesPending, message + Sentences.silent(assessment)))
        }
        if let verdict = Sentences.uneditable(assessment) ?? assessment.vainWildcard { return (.false, verdict) }
        if let name = missing.first { return (.true, Verdict(.preferredRootMissing, Sentences.missingRoot(name))) }
        if let unfit = assessment.unfitRoots.first { return (.true, unfit) }
        if let excluded = assessment.excludedRoot { return (.true, excluded) }
        if let verdict = remark() { return verdict }
        return (.true, Verdict(.nodesCurrent, "All nodes are as they should be"))
    }

    /// What is worth a word though nothing is left to change.
    private func remark() -> (Condition.Status, Verdict)? {
        if !assessment.silentHosts.isEmpty {
            let message = "Not all nodes are looked at\(Sentences.silent(assessment))"
            return (.unknown, Verdict(.hostNotReported, message))
        }
        if let unused = assessment.unusedAddress { return (.true, unused) }
        let dead = Sentences.deadServers(assessment)
        if let first = dead.first {
            let others = dead.count - 1
            let servers = Sentences.form(others, "server", "servers")
            let more = others > 0 ? "; the same is true of \(others) more \(servers)" : ""
            return (.true, Verdict(.deadServer, first.message + more))
        }
        let noisy = assessment.noisyServers
        return noisy.isEmpty ? nil : (.true, Verdict(.debugLog, Sentences.noisy(noisy)))
    }

    private func versions() -> (Condition.Status, Verdict) {
        guard !servers.isEmpty else { return (.unknown, Verdict(.noServers, "No server is selected")) }
        let recursing = servers.filter { $0.version?.recursion == .recurses }
        if let first = recursing.first {
            let names = Sentences.list(recursing.map(\.name))
            let message =
                "\(names) \(run(recursing)) \(first.version?.text ?? ""), in which requests in a ring never end: "
                + "upgrade to \(Self.fixed)"
            return (.false, Verdict(.recursesInRings, message))
        }
        let failing = servers.filter { $0.version?.failsToStartWithoutRegistries == true }
        if let first = failing.first {
            let names = Sentences.list(failing.map(\.name))
            let message =
                "\(names) \(run(failing)) \(first.version?.text ?? ""), which does not start with the embedded "
                + "registry on and no registry configured: upgrade to v1.32.13, v1.33.9, v1.34.5, v1.35.2 or later"
            return (.false, Verdict(.versionFailsToStart, message))
        }
        let unknown = servers.filter { ($0.version?.recursion ?? .unknown) == .unknown }
        if let first = unknown.first {
            let names = Sentences.list(unknown.map(\.name))
            let message =
                "Whether a ring comes to an end on \(first.version?.text ?? "this version") (\(names)) is not known"
            return (.unknown, Verdict(.unknownVersion, message))
        }
        return (.true, Verdict(.versionsSupported, "No server runs a version with a known fault"))
    }

    private func run(_ servers: [RancherNode]) -> String { Sentences.form(servers.count, "runs", "run") }

    private static let fixed = "v1.30.12, v1.31.8, v1.32.4 or later"

    private func available() -> (Condition.Status, Verdict) {
        let count = servers.count
        guard count < 3 else {
            return (.true, Verdict(.highlyAvailable, "\(count) servers are selected"))
        }
        let selected = Sentences.count(count, "server is", "servers are")
        let message = "\(selected) selected: with fewer than three, a restart stops the control plane"
        return (.false, Verdict(.fewerThanThreeServers, message))
    }
}
