package import KubeCore
package import MirrorAPI
package import MirrorPlanner

/// All that one decision about one mirror depends on.
package struct AgentInput: Sendable {
    /// The time of day, which may jump.
    package var now: Timestamp
    /// Nil where the host does not tell it.
    package var boot: BootTime?
    /// The time of day as it goes on from this process's start, whatever is done to the clock: what this process
    /// remembers the time of is reckoned by it.
    package var steady: Timestamp
    package var options: AgentOptions
    package var mirror: String
    /// What the API server said in this pass; nil where it, or a part of it, could not be reached.
    package var live: LiveView?
    /// Why `live` is nil; nil where the API server was not asked.
    package var liveFault: String?
    package var host: HostView
    /// What the service manager said; nil where it could not be asked, and `unitFault` then says why.
    package var unit: UnitState?
    package var unitFault: String?
    /// Whether the host has a service manager that knows the unit, as far as it could be asked: without one nothing can
    /// be restarted, today or tomorrow.
    package var hasServiceManager = true
    /// Since when the mirror has been gone, as this process has seen it by live reads, by `steady`; nil while it was
    /// not seen so.
    package var goneSince: Timestamp?
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
        steady = now
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
    /// The mirror itself; read only where its MirrorNode is gone and something is to be done once it is gone, too.
    package var mirror: MirrorPresence?

    package init(mirrorNode: MirrorNode?, node: Node? = nil) {
        self.mirrorNode = mirrorNode
        self.node = node
    }
}

/// Whether a P2PMirror is there, by a live read.
package enum MirrorPresence: Hashable, Sendable {
    /// There is one of that name. It may be another one than before, which counts once its operator has planned for it.
    case present(uid: String, isPlanned: Bool, wantsRestore: Bool)
    /// The API server knows neither the object nor its kind, and says so by itself.
    case gone
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
    /// Why some of what the distribution reads is not among them.
    package var configurationFaults: [HostError] = []
    /// When each of them was touched last, by its name; a link is left out.
    package var touched: [String: Timestamp] = [:]
    /// When a file was last added to, renamed in or taken out of their directories; nil where that is not known.
    package var directoriesTouchedAt: Timestamp?
    /// Where the files are.
    package var places = HostPlaces()
    package var registries: [UInt8]?
    /// Why `registries` is nil though there may be a file.
    package var registriesFault: HostError?
    package var registriesAttributes: FileAttributes?
    /// The `registries.yaml` that the present run of the service was started with, as this process saw it.
    package var registriesMark: RegistriesMark?
    /// CPU time of the service in percent of one core, as a mean over the last minutes.
    package var serviceCPUPercent: Double?
    /// How the host of a seed fares; nil where it was not looked at.
    package var figures: HostFigures?
    /// Where the etcd member's data would be, and whether it is there; nil where that was not looked up.
    package var etcdMember: EtcdMember?
    package var allowedServers: [UInt8]?
    /// Why `allowedServers` is nil though there may be a file.
    package var allowedServersFault: HostError?
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
    /// Whether it would be seen if it were there: what the agent's pod does not have seems to be absent.
    package var isSeen = true
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
    /// Find out whether a file of that size could be written there.
    case probe(String, size: Int)
    case writeJournal(Journal)
    /// Replace /status with the resourceVersion that was read as the precondition.
    case claim(MirrorNodeStatus.Agent)
    /// Patch /status with the resourceVersion that was read as the precondition.
    case report(MirrorNodeStatus.Agent)
    case writeFile([UInt8], path: String)
    case removeFile(String)
    /// Bring the names in a file's directory to the disk before the restart that counts on them.
    case syncNames(besides: String)
    case restart(unit: String)
    case removeLeftover(String)
    case writeRecord(ContainerdRecord)
    /// Remove the record, and its directory where nothing else is in it.
    case forgetRecord
    /// Remove an empty directory; one that is not empty stays.
    case removeDirectory(String)
    /// Move to a name that is free.
    case move(String, to: String)
    /// Remove the journal and its directory: nothing of this mirror is left on the host.
    case forget
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
