import KubeCore
import MirrorAPI
import MirrorPlanner

extension Decider {
    /// The report of a status, unless the API server has the same already.
    func report(_ agent: MirrorNodeStatus.Agent?) -> [Effect] {
        guard let agent, let mirrorNode, mirrorNode.status?.agent != agent else { return [] }
        return [.report(agent)]
    }

    /// The status while no step is under way: a refusal or an end that still counts, else idle. A remark, such as what
    /// keeps an approval from being claimed, takes the place of a reason that says no more than that all is well.
    func restingStatus(remark: (Reason, String)?) -> MirrorNodeStatus.Agent? {
        guard let mirrorNode else { return nil }
        if let agent = mirrorNode.status?.agent, agent.phase == .refused, agent.revision == mirrorNode.spec.revision {
            return status(.refused, agent.revision, agent.epoch, agent.reason, agent.message, nil)
        }
        let remark = remark ?? unreadable ?? drift(mirrorNode)
        guard let settled = journal.settled, settled.uid == mirrorNode.metadata.uid else {
            return statusWithoutRecord(mirrorNode, remark)
        }
        let hasFailed = settled.phase == .failed
        return status(
            settled.phase,
            settled.revision,
            settled.epoch,
            hasFailed ? settled.reason : remark?.0.rawValue ?? settled.reason,
            hasFailed ? settled.message : remark?.1 ?? settled.message,
            settled.restartedAt
        )
    }

    /// The status where the journal can't be read or knows nothing of this MirrorNode. What the status says of a claim
    /// or an end then counts: it is the only record of it, and without it the revision would be tried again.
    private func statusWithoutRecord(
        _ mirrorNode: MirrorNode,
        _ remark: (Reason, String)?
    ) -> MirrorNodeStatus.Agent {
        guard let before = mirrorNode.status?.agent, before.phase != .idle, before.phase != .refused else {
            return status(.idle, nil, nil, remark?.0.rawValue, remark?.1, nil)
        }
        let keepsReason = before.phase == .failed && input.host.journalFault == nil
        return status(
            before.phase,
            before.revision,
            before.epoch,
            keepsReason ? before.reason : remark?.0.rawValue ?? before.reason,
            keepsReason ? before.message : remark?.1 ?? before.message,
            before.restartedAt
        )
    }

    /// The status while a step is under way; nil where its MirrorNode is gone or was made anew.
    func status(of step: Journal.Step, _ phase: MirrorNodeStatus.Phase? = nil) -> MirrorNodeStatus.Agent? {
        guard let mirrorNode, mirrorNode.metadata.uid == step.uid else { return nil }
        let isBack = step.stage == .rollingBack || step.stage == .restoring
        let reason = isBack ? step.reason : Reason.claimed.rawValue
        var message = isBack ? step.message : Self.intention(step)
        if isBack, let failure = input.failure { message = "\(message ?? ""); \(failure.error)" }
        return status(
            phase ?? (isBack ? .rollingBack : .restarting),
            step.revision,
            step.epoch,
            reason,
            message,
            step.restartedAt
        )
    }

    static func intention(_ step: Journal.Step) -> String {
        "\(effect(of: step.setting)), then \(step.unit) restarts; it has until \(step.deadline)"
    }

    static func effect(of setting: ServerSetting) -> String {
        switch setting.action {
        case .clear: "server: becomes empty"
        case .point: "server: becomes \(setting.url ?? "")"
        }
    }

    func status(
        _ phase: MirrorNodeStatus.Phase,
        _ revision: String?,
        _ epoch: Int?,
        _ reason: String?,
        _ message: String?,
        _ restartedAt: Timestamp?
    ) -> MirrorNodeStatus.Agent {
        let before = mirrorNode?.status?.agent
        return MirrorNodeStatus.Agent(
            observedGeneration: mirrorNode?.metadata.generation,
            phase: phase,
            revision: revision,
            epoch: epoch,
            reason: reason,
            message: message,
            // What could not be read now is as it was.
            invocationID: input.unit.map(\.invocationID) ?? before?.invocationID,
            restartedAt: restartedAt,
            registriesConfigured: registriesConfigured ?? before?.registriesConfigured,
            pendingChanges: pendingChanges ?? before?.pendingChanges,
            version: input.options.version
        )
    }

    var distribution: RancherDistribution? {
        (journal.step?.provider ?? mirrorNode?.spec.provider).map { RancherDistribution($0) }
    }

    /// Whether a registry other than the host itself is named; without one the embedded registry does not start (k3s
    /// `pkg/spegel/spegel.go`). Nothing else of that file, credentials above all, is taken out of it.
    private var registriesConfigured: Bool? {
        guard let content = input.host.registries else { return false }
        guard let documents = try? YAMLCoding.documents(content) else { return nil }
        let mirrors = documents.first?["mirrors"]?.objectValue ?? [:]
        return mirrors.keys.contains { !Self.isLocal($0) }
    }

    private static func isLocal(_ registry: String) -> Bool {
        let host = registry.hasPrefix("[") ? registry.prefix { $0 != "]" } + "]" : registry.prefix { $0 != ":" }
        return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }

    private var unreadable: (Reason, String)? {
        configurationFault.map { (.unreadableConfiguration, $0) }
    }

    /// What became of our drop-in since the last step.
    private func drift(_ mirrorNode: MirrorNode) -> (Reason, String)? {
        guard let settled = journal.settled, settled.uid == mirrorNode.metadata.uid, settled.phase == .applied,
            let distribution
        else { return nil }
        let what: String
        switch (input.host.dropIn, settled.inForce) {
        case (nil, nil): return nil
        case (nil, _): what = "removed"
        case (let content?, let setting):
            guard DropIn.setting(in: content) != setting else { return nil }
            what = "changed"
        }
        return (.foreignEdit, "\(distribution.dropInFile) was \(what) by somebody since revision \(settled.revision)")
    }
}
