import KubeCore
import MirrorAPI
import MirrorPlanner

extension Decider {
    /// There is an approval that is neither done nor refused: claim it, refuse it, or wait.
    func decideApproved(
        _ mirrorNode: MirrorNode,
        _ approval: MirrorNodeSpec.Approval,
        _ live: LiveView
    ) -> AgentDecision {
        guard input.now < approval.expires else {
            return rest(.idle, "the approval of revision \(approval.revision) expired at \(approval.expires)")
        }
        guard holdsLease(approval.revision, approval.epoch) else {
            return AgentDecision(
                report(restingStatus(remark: nil)),
                .leaseMismatch,
                leaseMismatch(approval.revision, approval.epoch),
                look: .soon
            )
        }
        guard let distribution, let node = live.node, node.metadata.uid == mirrorNode.spec.nodeUID,
            let running = RunningArguments(node: node, distribution: distribution)
        else {
            return rest(
                .nodeMismatch,
                "Node \(input.options.nodeName) is absent, was made anew, or does not say what it runs with",
                look: .soon
            )
        }
        let validation = Validation(self, mirrorNode, node, running, live.servers, distribution)
        if let refusal = validation.refusal { return refuse(mirrorNode, approval, refusal.reason, refusal.message) }
        let registries: Journal.Step.RegistriesChange?
        do throws(Validation.Refusal) {
            registries = try validation.registriesChange()
        } catch {
            return refuse(mirrorNode, approval, error.reason, error.message)
        }
        if let failure = input.failure, failure.revision == approval.revision {
            return refuse(mirrorNode, approval, .hostNotWritable, failure.error.description)
        }
        let byHand = HandWork(self, mirrorNode, distribution, registries)
        guard input.options.mayRestart else {
            return refuse(mirrorNode, approval, .restartNotPermitted, byHand.lackOfPermission)
        }
        guard input.hasServiceManager else {
            return refuse(mirrorNode, approval, .noServiceManager, byHand.lackOfServiceManager)
        }
        if let obstacle = obstacle ?? disruptedServer(but: approval.absentServer) {
            return rest(obstacle.reason, obstacle.message, look: .soon)
        }
        return claim(
            mirrorNode,
            approval,
            RancherNode(node: node, distribution: distribution),
            registries
        )
    }

    /// What will pass, so that the approval is neither claimed nor refused.
    private var obstacle: (reason: Reason, message: String)? {
        guard let unit = input.unit else {
            return (.serviceManagerUnavailable, input.unitFault ?? "the service manager can't be asked")
        }
        if let refusal = unit.refusal { return (.unitNotRestartable, refusal) }
        guard unit.isActive, !unit.hasJob, !unit.invocationID.isEmpty else {
            return (
                .unitNotActive,
                "the service is \(unit.activeState) (\(unit.subState)) and is not restarted in that state"
            )
        }
        if unit.needsReload {
            return (
                .pendingChanges,
                "the unit of the service was changed on the disk and systemd has not read it: finish that change, and "
                    + "run systemctl daemon-reload"
            )
        }
        guard let pending = pendingChanges, pending.isEmpty else {
            let keys = (pendingChanges ?? ["unknown"]).joined(separator: ", ")
            return (.pendingChanges, "a restart would put changes of somebody else in force, too: \(keys)")
        }
        return nil
    }

    private func refuse(
        _ mirrorNode: MirrorNode,
        _ approval: MirrorNodeSpec.Approval,
        _ reason: Reason,
        _ message: String
    ) -> AgentDecision {
        let agent = status(.refused, approval.revision, approval.epoch, reason.rawValue, message, nil)
        return AgentDecision(report(agent), reason, message, look: .later)
    }

    /// Makes sure that the host's files can be written, announces the claim in the journal, and claims.
    private func claim(
        _ mirrorNode: MirrorNode,
        _ approval: MirrorNodeSpec.Approval,
        _ node: RancherNode,
        _ registries: Journal.Step.RegistriesChange?
    ) -> AgentDecision {
        guard let uid = mirrorNode.metadata.uid, let unit = input.unit,
            let service = RancherDistribution(mirrorNode.spec.provider)
        else {
            return rest(.idle, "nothing is wanted of this node")
        }
        var step = Journal.Step(
            uid: uid,
            revision: approval.revision,
            epoch: approval.epoch,
            service: service,
            role: mirrorNode.spec.role,
            dropIn: mirrorNode.spec.dropIn,
            registries: registries,
            stage: .claiming,
            deadline: input.now,
            deadlineSeconds: approval.deadlineSeconds,
            previous: input.host.dropIn.map { String(decoding: $0, as: UTF8.self) },
            wasVoter: node.isVoter == true,
            invocation: unit.invocationID,
            absentServer: approval.absentServer,
            places: input.host.places.ofFiles
        )
        give(approval.deadlineSeconds, to: &step)
        var agent = status(.restarting, step.revision, step.epoch, nil, Self.intention(step), nil)
        agent.reason = Reason.claimed.rawValue
        return AgentDecision(
            [.lock] + probes(step) + [.writeJournal(journal.with(step)), .claim(agent)],
            .claimed,
            "revision \(step.revision) is approved: \(Self.intention(step))",
            look: .now
        )
    }

    /// A disk without room and a directory that can't be written are found out before the claim.
    private func probes(_ step: Journal.Step) -> [Effect] {
        var probes: [Effect] = []
        if !step.dropIn.isEmpty || step.registries == nil {
            probes.append(.probe(step.distribution.dropInFile, size: 4_096))
        }
        if let change = step.registries {
            probes.append(.probe(step.distribution.registriesFile, size: change.wanted?.utf8.count ?? 0))
        }
        return probes
    }
}

extension MirrorNodeSpec {
    /// What our drop-in is to hold.
    var dropIn: DropIn.Settings { DropIn.Settings(server: desired?.server, debug: desired?.debug == true) }
}
