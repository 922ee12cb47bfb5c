import KubeCore
import MirrorAPI
import MirrorPlanner

extension Decider {
    /// The report of a status, unless the API server has the same already.
    func report(_ agent: MirrorNodeStatus.Agent?) -> [Effect] {
        guard let agent, let mirrorNode else { return [] }
        var known = mirrorNode.status?.agent
        // What stands there for information goes along with other news, and is none itself.
        known?.figures?.takeInformation(of: agent.figures)
        return known == agent ? [] : [.report(agent)]
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
        "\(effect(of: step)), then \(step.unit) restarts; it has until \(step.deadline)"
    }

    /// What a step changes, as a part of a sentence.
    static func effect(of step: Journal.Step) -> String {
        var effects: [String] = []
        switch step.setting?.action {
        case .clear: effects.append("server: becomes empty")
        case .point: effects.append("server: becomes \(step.setting?.url ?? "")")
        case nil: if step.previousDropIn.server != nil { effects.append("server: becomes that of the other files") }
        }
        if step.dropIn.debug != step.previousDropIn.debug {
            effects.append(step.dropIn.debug ? "debug: becomes true" : "debug: becomes that of the other files")
        }
        if let change = step.registries {
            let file = HostPath.name(step.distribution.registriesFile)
            if !change.adds.isEmpty { effects.append("\(file) gets \(change.adds.joined(separator: ", "))") }
            if !change.removes.isEmpty { effects.append("\(file) loses \(change.removes.joined(separator: ", "))") }
        }
        return effects.isEmpty ? "the files stay as they are" : effects.joined(separator: " and ")
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
            registriesConfigured: seesRegistries ? registriesConfigured ?? before?.registriesConfigured : nil,
            pendingChanges: pendingChanges ?? before?.pendingChanges,
            host: hostStatus(before?.host),
            figures: figures(before?.figures),
            version: input.options.version
        )
    }

    var distribution: RancherDistribution? {
        (journal.step?.provider ?? mirrorNode?.spec.provider).flatMap { RancherDistribution($0)?.at(input.host.places) }
    }

    private var unreadable: (Reason, String)? {
        configurationFault.map { (.unreadableConfiguration, $0) }
    }

    /// What became of our files since the last step.
    private func drift(_ mirrorNode: MirrorNode) -> (Reason, String)? {
        guard let settled = journal.settled, settled.uid == mirrorNode.metadata.uid, settled.phase == .applied,
            let distribution, isAtItsPlaces
        else { return nil }
        let since = "by somebody since revision \(settled.revision)"
        if presentDropIn != settled.dropIn {
            let what = input.host.dropIn == nil ? "removed" : "changed"
            return (.foreignEdit, "\(distribution.dropInFile) was \(what) \(since)")
        }
        guard let present = registries else { return nil }
        let gone = added.filter { !present.contains($0) }
        if gone.isEmpty { return nil }
        return (
            .foreignEdit,
            "\(gone.joined(separator: ", ")) was taken out of \(distribution.registriesFile) \(since)"
        )
    }
}
