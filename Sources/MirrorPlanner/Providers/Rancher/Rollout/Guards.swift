import KubeCore
package import MirrorAPI

/// What must hold before a node is disrupted, and again before the approval is given.
struct Guards {
    private let assessment: Assessment
    private let snapshot: Snapshot
    private let change: Change
    private let node: RancherNode

    init(assessment: Assessment, snapshot: Snapshot, change: Change, node: RancherNode) {
        self.assessment = assessment
        self.snapshot = snapshot
        self.change = change
        self.node = node
    }

    private var fleet: Fleet { assessment.fleet }
    private var mirrorNode: MirrorNode? { fleet.mirrorNode(of: node) }

    /// The checks in their order: the first violation is the one that is told. Orders of the administrator come first,
    /// then the state of the cluster, then the node's own.
    private static let ofCluster: [@Sendable (Guards) -> Verdict?] = [
        { $0.mode() }, { $0.paused() }, { $0.window() }, { $0.fresh() }, { $0.unclaimed() },
    ]
    private static let ofNode: [@Sendable (Guards) -> Verdict?] = [
        { $0.untouchable() }, { $0.ready() }, { $0.parent() }, { $0.others() }, { $0.quorum() }, { $0.guardList() },
        { $0.agent() }, { $0.version() }, { $0.foreignChanges() }, { $0.acyclic() }, { $0.approval() },
    ]

    func firstViolation() -> Verdict? { violationOfCluster() ?? violationOfNode() }

    /// What would be said of any node now.
    func violationOfCluster() -> Verdict? { Self.first(of: Self.ofCluster, self) }

    /// What would be said of any agent now because of a server.
    func violationOfServers() -> Verdict? { others() }

    func violationOfNode() -> Verdict? { Self.first(of: Self.ofNode, self) }

    private static func first(of checks: [@Sendable (Guards) -> Verdict?], _ guards: Guards) -> Verdict? {
        for check in checks {
            if let verdict = check(guards) { return verdict }
        }
        return nil
    }

    private func mode() -> Verdict? {
        guard fleet.mirror.spec.mode == .observe else { return nil }
        return Verdict(.observing, "The mirror only observes: set spec.mode to Enforce to let it act")
    }

    private func paused() -> Verdict? {
        let requests = fleet.mirror.spec.pauseRequests
        guard !requests.isEmpty else { return nil }
        return Verdict(.paused, "Paused by \(requests.joined(separator: ", "))")
    }

    private func window() -> Verdict? {
        guard let window = fleet.mirror.spec.rollout.window else { return nil }
        let calendar = RolloutCalendar(window)
        guard calendar?.end(at: snapshot.now) == nil else { return nil }
        let opening = calendar?.opening(after: snapshot.now).map { "it opens at \($0)" } ?? "it never opens"
        return Verdict(.outsideWindow, "Nothing is begun outside spec.rollout.window: \(opening)")
    }

    private func fresh() -> Verdict? {
        snapshot.staleness.map { Verdict(.staleInformation, "What is known may be out of date: \($0)") }
    }

    private func untouchable() -> Verdict? {
        change.server.map { fleet.untouchable($0) } ?? fleet.managed(node, "its registries")
    }

    /// A claim without the Lease: somebody took the Lease away from a step that is under way.
    private func unclaimed() -> Verdict? {
        let claimed = snapshot.mirrorNodes.first { object in
            object.isClaimed && object.spec.nodeName != node.name
                && snapshot.nodes.contains { ($0.metadata.uid ?? "") == object.spec.nodeUID }
        }
        return claimed.map {
            Verdict(
                .disruptionHeld,
                "The agent of \($0.spec.nodeName) is restarting its service (MirrorNode \($0.metadata.name)); the next "
                    + "server waits until it is done"
            )
        }
    }

    private func ready() -> Verdict? {
        if node.isDeleting { return Verdict(.serverDeleting, "\(node.name) is being deleted") }
        if !node.isReady {
            let message = "\(node.name) is not Ready: restarting would not help; the change is applied once it is Ready"
            return Verdict(.nodeNotReady, message)
        }
        if !node.canProveItsVote {
            let message = "The etcd member of \(node.name) has no vote: it is touched once EtcdIsVoter is True again"
            return Verdict(.guardedServer, message)
        }
        return node.isCordoned ? Verdict(.serverCordoned, "\(node.name) is cordoned: somebody works on it") : nil
    }

    /// Nobody is pointed at a server that is away, or whose own way does not lead to the root yet.
    private func parent() -> Verdict? {
        guard change.parts.contains(.server), change.desired.server?.action == .point, let number = change.server,
            let rewrite = assessment.rewrite, let parent = rewrite.parents[number]
        else { return nil }
        let name = fleet.servers[parent].name
        let root = fleet.servers[rewrite.root].name
        guard fleet.servers[parent].isReady else {
            let (reason, what): (Reason, String) =
                parent == rewrite.root ? (.rootNotReady, "The root \(name)") : (.parentNotReady, name)
            return Verdict(reason, "\(what) is not Ready: \(node.name) is pointed at it once it is")
        }
        // A new root may have been chosen since this step was: nobody is pointed at it while it points on.
        if rewrite.pending.contains(rewrite.root) {
            return Verdict(.parentNotReady, "\(node.name) waits: the `server:` of the root \(root) is emptied first")
        }
        guard !assessment.topology.graph.leads(to: rewrite.root, past: fleet.isAbandoned)[parent] else { return nil }
        return Verdict(
            .parentNotReady,
            "\(node.name) waits: its new parent \(name) does not lead to the root \(root) yet"
        )
    }

    /// The one that the node is freed from may be away: it is what the change is for, and has been away for so long
    /// that it is no rollout that goes wrong. Any other one may not, and etcd's majority is looked at all the same.
    private func others() -> Verdict? {
        let abandoned = change.absentServer(in: fleet)
        for other in fleet.servers + fleet.foreignServers where other.name != node.name && other.name != abandoned {
            if !other.isReady {
                return Verdict(.otherServerNotReady, "\(node.name) waits: the server \(other.name) is not Ready")
            }
            if other.isDeleting {
                return Verdict(.serverDeleting, "\(node.name) waits: the server \(other.name) is being deleted")
            }
            if other.isCordoned {
                return Verdict(.serverCordoned, "\(node.name) waits: the server \(other.name) is cordoned")
            }
        }
        return nil
    }

    /// With n voters, n / 2 + 1 must be left while one restarts.
    private func quorum() -> Verdict? {
        guard node.isEtcdMember, !fleet.mirror.spec.rollout.allowControlPlaneOutage else { return nil }
        let voters = fleet.servers.filter { $0.isEtcdMember && $0.isVoter == true }
        let healthy = voters.count { $0.isReady }
        let left = healthy - (node.isVoter == true ? 1 : 0)
        guard left < voters.count / 2 + 1 else { return nil }
        let mute = Sentences.list(fleet.servers.filter { $0.isEtcdMember && $0.isVoter != true }.map(\.name))
        let cure =
            mute.isEmpty
            ? "add servers up to three" : "see to it that EtcdIsVoter becomes True on \(mute), which has no vote"
        return Verdict(
            .quorumWouldBeLost,
            "etcd has \(voters.count) voting \(Sentences.form(voters.count, "member", "members")), so restarting "
                + "\(node.name) would stop the control plane: "
                + "\(cure), or set spec.rollout.allowControlPlaneOutage to accept that"
        )
    }

    private func guardList() -> Verdict? {
        guard change.desired.server?.action == .clear, change.parts.contains(.server), let reason = node.guardListReason
        else { return nil }
        return Verdict(.guardedServer, "`server:` of \(node.name) is never emptied: \(reason)")
    }

    private func version() -> Verdict? {
        guard change.server != nil, change.desired.registries?.isEmpty != false, let version = node.version,
            version.failsToStartWithoutRegistries, fleet.isRegistryOn,
            mirrorNode?.status?.agent?.registriesConfigured != true
        else { return nil }
        return Verdict(
            .versionFailsToStart,
            "\(version) does not start again with the embedded registry on and no registry in "
                + "\(fleet.distribution.registriesFile) of \(node.name): name one there, or upgrade"
        )
    }

    private func agent() -> Verdict? {
        guard mirrorNode?.status?.agent == nil else { return nil }
        return Verdict(
            .agentNotReporting,
            "No agent reports for \(node.name): look at the agent's pod on that node"
        )
    }

    private func foreignChanges() -> Verdict? {
        // `server` and `debug` are ours to decide, and what else stands for them on disk is overridden by our file.
        let ours = change.desired.debug == nil ? ["server"] : ["server", "debug"]
        let keys = (mirrorNode?.status?.agent?.pendingChanges ?? []).filter { !ours.contains($0) }.sorted()
        guard !keys.isEmpty else { return nil }
        return Verdict(
            .pendingChanges,
            "A restart of \(node.name) would put changes of somebody else in force: \(keys.joined(separator: ", ")) "
                + "on its disk \(Sentences.form(keys.count, "differs", "differ")) from what runs; restart it yourself, "
                + "or take them back"
        )
    }

    /// While the server restarts it may run with the old edge or the new one, so no graph of both may be worse.
    private func acyclic() -> Verdict? {
        guard change.parts.contains(.server), let server = change.server, let setting = change.desired.server else {
            return nil
        }
        let graph = approved(assessment.topology.graph)
        let after = graph.applying([(server, setting)], on: fleet)
        let (before, then) = (graph.cyclicComponents(), after.cyclicComponents())
        let known = Set(before.joined())
        guard then.count <= before.count, let added = then.joined().first(where: { !known.contains($0) }) ?? nil else {
            guard then.count > before.count else { return nil }
            return Verdict(.wouldAddCycle, "The new `server:` of \(node.name) would add a cycle")
        }
        return Verdict(
            .wouldAddCycle,
            "The new `server:` of \(node.name) would put \(fleet.servers[added].name) into a cycle"
        )
    }

    /// The graph with the edges of open approvals beside those that run: their agents may still lay them.
    private func approved(_ running: TopologyGraph) -> TopologyGraph {
        var graph = running
        for other in fleet.selectedServers where other != change.server {
            guard let object = fleet.mirrorNode(of: fleet.servers[other]), let approval = object.spec.approval,
                approval.expires > snapshot.now, let setting = object.spec.desired?.server
            else { continue }
            let target = graph.target(of: setting, on: fleet)
            switch (graph.targets[other], target) {
            case (.servers(let first), .servers(let second)):
                graph.targets[other] = .servers(Set(first + second).sorted())
            case (_, .servers), (_, .external): graph.targets[other] = target
            case (_, .nowhere), (_, .unknown): continue
            }
        }
        return graph
    }

    private func approval() -> Verdict? {
        guard fleet.mirror.spec.rollout.approval == .manual else { return nil }
        guard let mirrorNode, let revision = mirrorNode.spec.revision else {
            return Verdict(.waitingForApproval, "\(node.name) waits for its revision")
        }
        guard mirrorNode.metadata.annotations[AnnotationKey.approve] != revision else { return nil }
        return Verdict(
            .waitingForApproval,
            "\(node.name) waits for an administrator: kubectl annotate mirrornode \(mirrorNode.metadata.name) "
                + "\(AnnotationKey.approve)=\(revision) --overwrite"
        )
    }
}

extension MirrorNode {
    /// Whether its agent may restart the service at any moment, or is doing so.
    package var isClaimed: Bool { status?.agent?.phase == .restarting || status?.agent?.phase == .rollingBack }

    /// How the present revision ended without success; nil where it did not.
    package var defeat: MirrorNodeStatus.Agent? {
        guard let agent = status?.agent, let revision = spec.revision, agent.revision == revision,
            agent.phase == .failed || agent.phase == .refused
        else { return nil }
        return agent
    }
}
