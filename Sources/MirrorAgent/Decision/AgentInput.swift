package import KubeCore
package import MirrorAPI
package import MirrorPlanner

/// All that one decision about one mirror depends on.
package struct AgentInput: Sendable {
    package var now: Timestamp
    package var options: AgentOptions
    package var mirror: String
    /// What the API server said in this pass; nil where it, or a part of it, could not be reached.
    package var live: LiveView?
    package var host: HostView
    /// What the service manager said; nil where it could not be asked, and `unitFault` then says why.
    package var unit: UnitState?
    package var unitFault: String?
    /// The file operation that failed last in this process for this mirror.
    package var failure: EffectFailure?

    package init(
        now: Timestamp,
        options: AgentOptions,
        mirror: String,
        live: LiveView? = nil,
        host: HostView,
        unit: UnitState? = nil
    ) {
        self.now = now
        self.options = options
        self.mirror = mirror
        self.live = live
        self.host = host
        self.unit = unit
    }
}

/// What the API server said.
package struct LiveView: Sendable {
    /// Nil where it was deleted. Read in this pass while something is under way, else as the source knows it.
    package var mirrorNode: MirrorNode?
    /// The disruption Lease; read only while an approval waits for its claim, or a step for its first restart.
    package var lease: Lease?
    /// The agent's own Node: read in this pass while something is under way; else it may be as old as the last change
    /// on the host.
    package var node: Node?
    /// The Nodes with a server role, in the order of their names; read whenever `lease` is.
    package var servers: [Node] = []

    package init(mirrorNode: MirrorNode?, node: Node? = nil) {
        self.mirrorNode = mirrorNode
        self.node = node
    }
}

/// What the host's files say.
package struct HostView: Sendable {
    package var journal = Journal()
    /// Why the journal could not be read; nothing is done then.
    package var journalFault: String?
    /// Our drop-in; nil where there is none.
    package var dropIn: [UInt8]?
    /// The files that the distribution reads, in its order, ours among them.
    package var files: [ConfigDirectory.File] = []
    package var registries: [UInt8]?
    /// Where the etcd member's data would be, and whether it is there; nil where that was not looked up.
    package var etcdMember: EtcdMember?
    package var allowedServers: [UInt8]?
    /// Temporary files of an agent that was killed.
    package var leftovers: [String] = []

    package init(journal: Journal = Journal()) {
        self.journal = journal
    }
}

/// The directory of an etcd member.
package struct EtcdMember: Hashable, Sendable {
    package var path: String
    package var exists: Bool
}

/// A file operation that failed.
package struct EffectFailure: Hashable, Sendable {
    package var revision: String
    package var error: HostError
}

/// One thing to do. Each may be done twice without harm.
package enum Effect: Hashable, Sendable {
    /// Make sure that no other agent acts on this host; ends the pass where one does.
    case lock
    /// Find out whether a file could be written there.
    case probe(String)
    case writeJournal(Journal)
    /// Replace /status with the resourceVersion that was read as the precondition.
    case claim(MirrorNodeStatus.Agent)
    /// Patch /status with the resourceVersion that was read as the precondition.
    case report(MirrorNodeStatus.Agent)
    case writeDropIn([UInt8], path: String)
    case removeDropIn(path: String)
    /// Bring the names in the drop-in's directory to the disk before the restart that counts on them.
    case syncDropIn(path: String)
    case restart(unit: String)
    case removeLeftover(String)
}

/// What to do, in order; the first that fails ends the pass.
package struct AgentDecision: Hashable, Sendable {
    package var effects: [Effect]
    package var reason: Reason
    package var message: String
    package var look: NextLook

    package init(_ effects: [Effect], _ reason: Reason, _ message: String, look: NextLook) {
        self.effects = effects
        self.reason = reason
        self.message = message
        self.look = look
    }
}
