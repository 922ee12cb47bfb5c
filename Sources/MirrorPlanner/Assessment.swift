package import MirrorAPI

/// What the planner makes of a fleet before it looks at what is under way: the topology, the root, the changes.
package struct Assessment: Sendable {
    package var fleet: Fleet
    package var topology: Topology
    /// Name of the root: the one that all are to point to, or, where nothing is rewritten, the one that all lead to.
    package var root: String?
    /// Number of the root of what is rewritten; nil where nothing is, or nobody can be.
    package var rewriteRoot: Int?
    /// The changes that are left, in their order.
    package var changes: [Change]
    /// What each server in scope is to have.
    package var wanted: [Int: ServerSetting]
    /// Whether anything is rewritten at all.
    package var isRewriting: Bool
    /// Why nothing can be done about what should be rewritten.
    package var obstacle: Verdict?
    /// Preferred roots that are passed over for the root, with the reason.
    package var unfitRoots: [Verdict] = []
    /// Servers that stand in the way or are left alone, for notes.
    package var exempt: [Verdict]
    /// The node of this mirror that holds the right to disrupt.
    package var disrupted: String?

    /// - Parameter elects: whether a new root may be chosen: not on information that is out of date.
    package init(_ fleet: Fleet, disrupted: String?, elects: Bool) {
        self.fleet = fleet
        self.disrupted = disrupted
        let graph = TopologyGraph(servers: fleet.servers, index: fleet.addresses)
        topology = Topology(
            graph: graph,
            servers: fleet.servers,
            counted: fleet.isSelected,
            isRegistryOn: fleet.isRegistryOn
        )
        changes = []
        wanted = [:]
        let scope = RewriteScope(fleet, topology)
        exempt = scope.exempt.map(\.verdict)
        isRewriting = !scope.isEmpty
        root = topology.root.map { fleet.servers[$0].name }
        guard isRewriting else { return }
        let recorded = fleet.mirror.status?.topology?.root
        root = recorded
        guard elects else { return }
        let election = RootElection(fleet, graph, scope)
        switch election.outcome(recorded: recorded, disrupted: disrupted) {
        case .noneEligible(let message):
            root = nil
            obstacle = Self.commonExemption(scope, fleet) ?? Verdict(.noEligibleRoot, message)
        case .root(let number):
            root = fleet.servers[number].name
            rewriteRoot = number
            unfitRoots = election.passedOver(for: number)
            let rewrite = StarRewrite(fleet, graph, scope, root: number)
            wanted = rewrite.wanted
            changes = ChangeOrder(fleet, topology, rewrite).changes()
            obstacle = unbreakable(scope)
        }
    }

    /// Where all servers are left alone for one reason, that reason says more than that nobody may be the root.
    private static func commonExemption(_ scope: RewriteScope, _ fleet: Fleet) -> Verdict? {
        guard scope.members.isEmpty, var verdict = scope.exempt.first?.verdict,
            scope.exempt.allSatisfy({ $0.verdict.reason == verdict.reason })
        else { return nil }
        let others = scope.exempt.dropFirst().map { fleet.servers[$0.server].name }
        if !others.isEmpty { verdict.message += ". The same is true of \(Sentences.list(others))" }
        return verdict
    }

    /// Cycles that stay after all changes, because nobody may touch their members.
    private func unbreakable(_ scope: RewriteScope) -> Verdict? {
        guard let exempt = scope.exempt.first else { return nil }
        let after = topology.graph.replacing(
            changes.map { ($0.server, StarRewrite.target(of: $0.setting, on: fleet)) }
        )
        let remaining = after.cyclicComponents().filter { members in members.contains { fleet.isSelected[$0] } }
        guard let cycle = remaining.first else { return nil }
        let member = scope.exempt.first { cycle.contains($0.server) } ?? exempt
        return member.verdict
    }

    /// The change of a server, if one is left.
    package func change(of node: String) -> Change? { changes.first { $0.node == node } }
}
