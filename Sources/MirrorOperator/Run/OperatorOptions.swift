package import KubeCore
import MirrorAPI

/// How an operator runs.
package struct OperatorOptions: Hashable, Sendable {
    /// Namespace of the Leases; agents must be told the same one.
    package var leaseNamespace: String
    /// Namespace of the seeds' announcements; agents must be told the same one.
    package var announcementNamespace: String
    /// Name of this process among its replicas; no other one may have it at any time.
    package var identity: String
    /// Off only where there is certainly no other replica.
    package var leaderElection = true
    /// Mirrors that are reconciled at the same time.
    package var workers = 4
    /// The most objects that are kept of the API server: up to three for each node.
    package var objectLimit = ListBounds.objects
    /// How long changes of nodes are gathered after one that the mirrors have looked at: a rack that comes up is two
    /// looks.
    package var nodeChangeDelay = Duration.milliseconds(50)
    /// How long figures of hosts are gathered.
    package var measureDelay = Duration.milliseconds(500)
    /// How much faster than in the world the daemons' time goes, and with it what waits for them: 1 outside of the
    /// sandbox, where nothing sets it.
    package var daemonTimeFactor = 1

    package init(
        leaseNamespace: String,
        announcementNamespace: String = Announcements.namespace,
        identity: String,
        leaderElection: Bool = true,
        workers: Int = 4
    ) {
        self.leaseNamespace = leaseNamespace
        self.announcementNamespace = announcementNamespace
        self.identity = identity
        self.leaderElection = leaderElection
        self.workers = workers
    }

    /// The Lease that replicas contest.
    package var leaderLease: ObjectKey { ObjectKey(namespace: leaseNamespace, name: "p2pmirror-operator") }

    /// Name of the controller in Events, and field manager of the writes that no concern of its own has.
    static let controller = "p2pmirror-operator"
}
