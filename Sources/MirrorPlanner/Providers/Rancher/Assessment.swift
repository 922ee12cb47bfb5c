import KubeCore
import MirrorAPI

/// What the planner makes of a fleet before it looks at what is under way: the topology, the root, the changes.
package struct Assessment: Sendable {
    package var fleet: Fleet
    package var topology: Topology
    /// Name of the root: the one that all are to lead to, or, where nothing is rewritten, the one that all lead to.
    package var root: String?
    /// Number of the root of what is rewritten; nil where nothing is, or nobody can be.
    package var rewriteRoot: Int?
    /// The changes of servers that are left, in their order: edges first.
    package var changes: [Change] = []
    /// Numbers of agents of the distribution that must be changed, in their order; they come after all servers, from
    /// which they get their peers.
    package var laggards: [Int] = []
    /// Whether anything is rewritten at all.
    package var isRewriting: Bool
    /// Why nothing can be done about what should be rewritten.
    package var obstacle: Verdict?
    /// Preferred roots that are passed over for the root, with the reason.
    package var unfitRoots: [Verdict] = []
    /// Why the registration address is not used; nil where it is, or none is given.
    package var unusedAddress: Verdict?
    /// The root, where it is excluded and stays all the same.
    package var excludedRoot: Verdict?
    /// The recorded root that another one takes the place of in this pass.
    package var deposed: Verdict?
    /// Servers that stand in the way or are left alone, for notes.
    package var exempt: [Verdict]
    /// Selected nodes whose agents do not say what their hosts have, where that is asked for: nothing is asked of them.
    package var silentHosts: [String] = []
    /// Selected nodes that lack registries which their agents can't add, with the reason: that part is left out of what
    /// is asked of them.
    package var uneditable: [(node: String, message: String)] = []
    /// That a wildcard is asked for where it does nothing.
    package var vainWildcard: Verdict?
    /// The node of this mirror that holds the right to disrupt.
    package var disrupted: String?
    /// What the servers are rewritten to; nil where nothing is, or nobody can be the root.
    let rewrite: ShapeRewrite?
    private let wishes: NodeWishes
    private let writer: ChangeWriter
    /// By number, where agents are asked for anything.
    private var agentWishes: [NodeWishes.Wish] = []

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
        let scope = RewriteScope(fleet, topology)
        exempt = scope.exempt.map(\.verdict)
        isRewriting = !scope.isEmpty
        let recorded = fleet.mirror.status?.topology
        root = isRewriting ? recorded?.root : topology.root.map { fleet.servers[$0].name }
        var rewrite: ShapeRewrite?
        if isRewriting, elects {
            let election = RootElection(fleet, graph, scope)
            let address = RegistrationAddress(fleet)
            unusedAddress = address.obstacle
            switch election.outcome(recorded: recorded, disrupted: disrupted) {
            case .noneEligible(let message):
                root = nil
                obstacle = Self.commonExemption(scope, fleet) ?? Verdict(.noEligibleRoot, message)
            case .root(let number):
                root = fleet.servers[number].name
                rewriteRoot = number
                unfitRoots = election.passedOver(for: number)
                excludedRoot = election.excluded(number)
                deposed = Self.deposed(recorded, by: number, fleet)
                rewrite = ShapeRewrite(fleet, graph, scope, address, root: number)
            }
        }
        self.rewrite = rewrite
        wishes = NodeWishes(fleet, isRewriting: isRewriting, rewrite)
        writer = ChangeWriter(fleet, graph, wishes, rewrite)
        guard elects else { return }
        silentHosts = silentServers()
        collectChanges()
        if rewrite != nil { obstacle = unbreakable(scope) }
    }

    private mutating func collectChanges() {
        if let rewrite { changes = ChangeOrder(fleet, topology, rewrite).steps().map { writer.edge($0) } }
        if wishes.asksBeyondServers {
            let known = Set(changes.map(\.node))
            let others = fleet.selectedServers.compactMap { number -> Change? in
                let node = fleet.servers[number]
                guard !known.contains(node.name) else { return nil }
                return writer.settings(node, number: number, wishes.wish(for: node, number: number))
            }
            let isWaiting = { [fleet] (change: Change) in change.server.map { !fleet.servers[$0].isReady } ?? false }
            changes += others.filter { !isWaiting($0) } + others.filter(isWaiting)
        }
        guard !wishes.registries.isEmpty else { return }
        for number in fleet.selectedServers {
            let node = fleet.servers[number]
            note(wishes.registriesFault(node, fleet.mirrorNode(of: node)), node)
        }
        agentWishes.reserveCapacity(fleet.agents.count)
        for agent in fleet.agents {
            let object = fleet.mirrorNode(of: agent)
            if object?.status?.agent?.host == nil { silentHosts.append(agent.name) }
            agentWishes.append(wishes.wish(for: agent, number: nil, object))
            note(wishes.registriesFault(agent, object), agent)
        }
        vainWildcard = wishes.vainWildcard
        laggards = agentWishes.indices.filter { !agentWishes[$0].lacking.isEmpty }
    }

    private mutating func note(_ fault: String?, _ node: RancherNode) {
        if let fault { uneditable.append((node.name, fault)) }
    }

    /// What a server or an agent, by its number among its like, is to have.
    func desired(of node: RancherNode, server: Int?, agent: Int?, _ object: MirrorNode?) -> MirrorNodeSpec.Desired? {
        if let agent, agentWishes.indices.contains(agent) { return agentWishes[agent].desired }
        return wishes.wish(for: node, number: server, object).desired
    }

    /// What the servers are wished to run with, by number; what is wished for already where nothing is rewritten.
    var settings: [Int: ServerSetting] {
        var settings: [Int: ServerSetting] = [:]
        for server in fleet.selectedServers { settings[server] = fleet.setting(of: fleet.servers[server]) }
        return settings.merging(rewrite?.wanted ?? [:]) { $1 }
    }

    package var pendingCount: Int { changes.count + laggards.count }

    /// The change that comes next, or would.
    package var nextChange: Change? { changes.first ?? laggards.first.flatMap { agentChange($0) } }

    /// The change of an agent of the distribution.
    func agentChange(_ number: Int) -> Change? {
        writer.settings(fleet.agents[number], number: nil, agentWishes[number])
    }

    /// The change of a node, if one is left.
    package func change(of node: String) -> Change? {
        if let change = changes.first(where: { $0.node == node }) { return change }
        return laggards.first { fleet.agents[$0].name == node }.flatMap { agentChange($0) }
    }

    private func silentServers() -> [String] {
        guard !wishes.registries.isEmpty || wishes.wantsDebug else { return [] }
        return fleet.selectedServers.map { fleet.servers[$0] }.filter {
            fleet.mirrorNode(of: $0)?.status?.agent?.host == nil
        }.map(\.name)
    }

    /// Servers whose own configuration asks for the level debug although we don't.
    var noisyServers: [String] {
        guard !wishes.wantsDebug else { return [] }
        return fleet.selectedServers.map { fleet.servers[$0] }.filter {
            $0.arguments?.enablesDebug == true && fleet.mirrorNode(of: $0)?.spec.desired?.debug == nil
        }.map(\.name)
    }
}

extension Assessment {
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
        let settings = changes.compactMap { change in
            change.server.flatMap { server in
                change.parts.contains(.server) ? change.desired.server.map { (server, $0) } : nil
            }
        }
        let after = topology.graph.applying(settings, on: fleet)
        let remaining = after.cyclicComponents().filter { members in members.contains { fleet.isSelected[$0] } }
        guard let cycle = remaining.first else { return nil }
        let member = scope.exempt.first { cycle.contains($0.server) } ?? exempt
        return member.verdict
    }

    /// Why another server takes the place of the recorded root; nil where that one stays, or none was recorded.
    private static func deposed(_ recorded: P2PMirrorStatus.Topology?, by root: Int, _ fleet: Fleet) -> Verdict? {
        guard let recorded, let name = recorded.root else { return nil }
        let present = RootElection.root(recorded, fleet)
        guard present != root else { return nil }
        let why =
            if let present {
                fleet.isAbandoned[present]
                    ? fleet.servers[present].awaySince.map { "it has been away since \($0)" } ?? "it is away"
                    : "it is the root no longer"
            } else {
                fleet.numbers[name] == nil ? "its Node is gone" : "its Node was replaced by another one of that name"
            }
        return Verdict(.replacesRoot, "\(fleet.servers[root].name) takes the place of the root \(name): \(why)")
    }
}
