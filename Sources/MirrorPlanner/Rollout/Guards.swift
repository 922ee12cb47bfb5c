import KubeCore
package import MirrorAPI

/// What must hold before a server is disrupted, and again before the approval is given.
struct Guards {
    let assessment: Assessment
    let snapshot: Snapshot
    let change: Change

    private var fleet: Fleet { assessment.fleet }
    private var node: RancherNode { fleet.servers[change.server] }
    private var mirrorNode: MirrorNode? { fleet.mirrorNode(of: node) }

    /// The checks in their order: the first violation is the one that is told. Orders of the administrator come first,
    /// then the state of the cluster, then the node's own.
    private static let all: [@Sendable (Guards) -> Verdict?] = [
        { $0.mode() }, { $0.paused() }, { $0.fresh() }, { $0.untouchable() }, { $0.unclaimed() }, { $0.ready() },
        { $0.root() }, { $0.others() }, { $0.quorum() }, { $0.guardList() }, { $0.agent() }, { $0.version() },
        { $0.foreignChanges() }, { $0.acyclic() }, { $0.approval() },
    ]

    func firstViolation() -> Verdict? {
        for check in Self.all {
            if let verdict = check(self) { return verdict }
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

    private func fresh() -> Verdict? {
        snapshot.staleness.map { Verdict(.staleInformation, "What is known may be out of date: \($0)") }
    }

    private func untouchable() -> Verdict? { fleet.untouchable(change.server) }

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
            return Verdict(.nodeNotReady, "\(node.name) is not Ready: a restart is no cure, it is touched once it is")
        }
        if !node.canProveItsVote {
            let message = "The etcd member of \(node.name) has no vote: it is touched once EtcdIsVoter is True again"
            return Verdict(.guardedServer, message)
        }
        return node.isCordoned ? Verdict(.serverCordoned, "\(node.name) is cordoned: somebody works on it") : nil
    }

    private func root() -> Verdict? {
        guard change.setting.action == .point, let root = assessment.rewriteRoot, !fleet.servers[root].isReady else {
            return nil
        }
        let name = fleet.servers[root].name
        return Verdict(.rootNotReady, "The root \(name) is not Ready: \(node.name) is pointed at it once it is")
    }

    private func others() -> Verdict? {
        for other in fleet.servers + fleet.foreignServers where other.name != node.name {
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
            "etcd has \(voters.count) voting member(s), so restarting \(node.name) would stop the control plane: "
                + "\(cure), or set spec.rollout.allowControlPlaneOutage to accept that"
        )
    }

    private func guardList() -> Verdict? {
        guard change.setting.action == .clear, let reason = node.guardListReason else { return nil }
        return Verdict(.guardedServer, "`server:` of \(node.name) is never emptied: \(reason)")
    }

    private func version() -> Verdict? {
        guard let version = node.version, version.failsToStartWithoutRegistries, fleet.isRegistryOn,
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
        // `server` is ours to decide, and what else stands for it on disk is overridden by our file.
        let keys = (mirrorNode?.status?.agent?.pendingChanges ?? []).filter { $0 != "server" }.sorted()
        guard !keys.isEmpty else { return nil }
        return Verdict(
            .pendingChanges,
            "A restart of \(node.name) would put changes of somebody else in force: \(keys.joined(separator: ", ")) "
                + "on its disk differ(s) from what runs; restart it yourself, or take them back"
        )
    }

    /// While the server restarts it may run with the old edge or the new one, so no graph of both may be worse.
    private func acyclic() -> Verdict? {
        let graph = assessment.topology.graph
        let after = graph.replacing([(change.server, StarRewrite.target(of: change.setting, on: fleet))])
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
