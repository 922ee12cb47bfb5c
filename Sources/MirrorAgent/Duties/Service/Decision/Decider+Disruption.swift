import KubeCore
import MirrorAPI
import MirrorPlanner

extension Decider {
    /// Labels of which a server of either distribution has at least one.
    static let serverLabels = [
        "node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/etcd", "node-role.kubernetes.io/master",
    ]

    /// Whether the disruption Lease is held for that step, as the API server says now.
    func holdsLease(_ revision: String, _ epoch: Int) -> Bool {
        let holder = DisruptionHolder(mirror: input.mirror, node: input.options.nodeName, revision: revision)
        let lease = input.live?.lease
        return DisruptionHolder(lease)?.identity == holder.identity && lease?.spec?.leaseTransitions == epoch
    }

    func leaseMismatch(_ revision: String, _ epoch: Int) -> String {
        "the Lease \(DisruptionLease.name) is not held for revision \(revision) of this node in epoch \(epoch)"
    }

    /// What keeps this node from being disrupted now. Minutes may lie between the approval and the restart, and a
    /// server that went away meanwhile may have taken the API with it: two servers down are the end of a quorum of
    /// three.
    ///
    /// - Parameter absent: the server that may be away, because the change frees this node from it.
    func disruptedServer(but absent: String?) -> (reason: Reason, message: String)? {
        let own = input.options.nodeName
        for server in (input.live?.servers ?? []) where server.metadata.name != own {
            let name = server.metadata.name
            if name == absent { continue }
            if !server.isReady { return (.otherServerNotReady, "\(own) waits: the server \(name) is not Ready") }
            if server.metadata.deletionTimestamp != nil {
                return (.serverDeleting, "\(own) waits: the server \(name) is being deleted")
            }
            if server.isCordoned { return (.serverCordoned, "\(own) waits: the server \(name) is cordoned") }
        }
        return nil
    }

    /// What keeps the first restart of a step from being asked for now.
    func obstacle(to step: Journal.Step) -> (reason: Reason, message: String)? {
        guard holdsLease(step.revision, step.epoch) else {
            return (.leaseMismatch, leaseMismatch(step.revision, step.epoch))
        }
        if let configurationFault { return (.unreadableConfiguration, configurationFault) }
        return disruptedServer(but: step.absentServer)
    }
}
