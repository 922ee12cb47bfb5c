package import KubeCore
import MirrorAPI

/// What there is of Dragonfly in the cluster that may concern one mirror, and what its daemons say when they are asked.
package struct DragonflyEvidence: Codable, Hashable, Sendable {
    /// Pods of the mirror's namespace with the label `component` of Dragonfly's chart.
    package var pods: [Pod]
    /// StatefulSets of that kind.
    package var workloads: [ManagedObject]
    /// Our quarantines in that namespace.
    package var quarantines: [ManagedObject]
    /// All NetworkPolicies of that namespace as they were read last, ours too; nil where they could not be read.
    package var policies: [ManagedObject]?
    /// PodDisruptionBudgets of that namespace; nil where they could not be read.
    package var budgets: [ManagedObject]?
    /// Files that the pods mount, by the name of the ConfigMap; without passwords. Empty for one that can't be read.
    package var files: [String: ConfigurationFiles]
    package var schedulers: [SchedulerReading]
    /// Seeds, and a few of the clients.
    package var daemons: [DaemonReading]
    /// Health of hosts that schedulers know and that are no pods of the namespace, by `IP:PORT`.
    package var strangers: [String: CallReading]
    /// What the manager tells daemons; nil where there is none, or nobody asked.
    package var manager: ManagerReading?
    /// The name by which daemons look for schedulers, asked as they ask it; nil where they look for none.
    package var name: NameReading?
    /// Why that may be out of date, in words; nil while it is known to be fresh. Nothing is done on it then.
    package var staleness: String?
    /// How long to wait for the daemons; no part of a snapshot, since p2pmirror itself knows no other.
    package var timing = DragonflyTiming()

    private enum CodingKeys: String, CodingKey {
        case pods, workloads, quarantines, policies, budgets, files, schedulers, daemons, strangers, manager, name
        case staleness
    }

    package init(
        pods: [Pod] = [],
        workloads: [ManagedObject] = [],
        quarantines: [ManagedObject] = [],
        policies: [ManagedObject]? = nil,
        budgets: [ManagedObject]? = nil,
        files: [String: ConfigurationFiles] = [:],
        schedulers: [SchedulerReading] = [],
        daemons: [DaemonReading] = [],
        strangers: [String: CallReading] = [:],
        manager: ManagerReading? = nil,
        name: NameReading? = nil,
        staleness: String? = nil,
        timing: DragonflyTiming = DragonflyTiming()
    ) {
        self.pods = pods
        self.workloads = workloads
        self.quarantines = quarantines
        self.policies = policies
        self.budgets = budgets
        self.files = files
        self.schedulers = schedulers
        self.daemons = daemons
        self.strangers = strangers
        self.manager = manager
        self.name = name
        self.staleness = staleness
        self.timing = timing
    }

    /// The text of each file of one ConfigMap, by its key, with the passwords masked.
    package typealias ConfigurationFiles = [String: String]
}

/// How a daemon answered one call.
package enum CallReading: Codable, Hashable, Sendable {
    /// It does what it was asked for; of a health check: it is serving.
    case well
    /// It has too much to do (RESOURCE_EXHAUSTED): it lives.
    case busy(String)
    /// It answers that something is wrong.
    case unwell(String)
    /// No answer of that kind came.
    case failed(Failure)

    /// Why none came.
    package struct Failure: Codable, Hashable, Sendable {
        package enum Kind: String, Codable, Hashable, Sendable {
            case unresolved, refused, silent, broken, tls, notGRPC
        }

        package var kind: Kind
        /// The client's own words.
        package var message: String

        package init(_ kind: Kind, _ message: String) {
            self.kind = kind
            self.message = message
        }
    }

    package var isWell: Bool { self == .well }

    /// How it failed, as one word; nil where it is well, or busy.
    package var failureWord: String? {
        switch self {
        case .well, .busy: nil
        case .unwell: "unwell"
        case .failed(let failure): failure.kind.rawValue
        }
    }

    /// Why a daemon that was asked for a task reaches no scheduler; nil where it does, or where that is not known.
    package var cutOffWords: String? {
        switch self {
        case .unwell(let text): text
        case .failed(let failure) where failure.kind == .silent: "no answer about a task: \(failure.message)"
        case .well, .busy, .failed: nil
        }
    }

    /// Whether whoever listens there lives.
    package var isAnswer: Bool {
        switch self {
        case .well, .busy, .unwell: true
        case .failed: false
        }
    }

    /// What it says beside that it is well, for a sentence; nil where it is.
    package var words: String? {
        switch self {
        case .well: nil
        case .busy(let text): "it answers that it has too much to do (RESOURCE_EXHAUSTED: \(text))"
        case .unwell(let text): text
        case .failed(let failure): failure.message
        }
    }
}

/// What one scheduler says.
package struct SchedulerReading: Codable, Hashable, Sendable {
    /// Name of its pod.
    package var pod: String
    /// `IP:PORT` that was asked.
    package var address: String
    package var health: CallReading
    /// Hosts that it knows; nil where it does not say.
    package var hosts: [DragonflyHost]?
    /// Why it does not say.
    package var fault: String?
    /// Whether that answer began, or should have, and did not end in time.
    package var isCutShort: Bool
    /// When the figures of a host changed last, by its id, on the clock of decisions: a scheduler does not say when it
    /// heard of a host, but each announcement brings other figures.
    package var heardAt: [String: Timestamp]
    /// Since when its health has failed in this way; nil where it has not, or where that is not known.
    package var failedSince: Timestamp?
    /// Since when it has listed no seed; nil where it lists one, or where that is not known.
    package var seedlessSince: Timestamp?

    package init(
        pod: String,
        address: String,
        health: CallReading,
        hosts: [DragonflyHost]? = nil,
        fault: String? = nil,
        isCutShort: Bool = false,
        heardAt: [String: Timestamp] = [:],
        failedSince: Timestamp? = nil,
        seedlessSince: Timestamp? = nil
    ) {
        self.pod = pod
        self.address = address
        self.health = health
        self.hosts = hosts
        self.fault = fault
        self.isCutShort = isCutShort
        self.heardAt = heardAt
        self.failedSince = failedSince
        self.seedlessSince = seedlessSince
    }

    package var seeds: [DragonflyHost] { (hosts ?? []).filter(\.isSeed) }
}

/// What one daemon says, a seed's or a client's.
package struct DaemonReading: Codable, Hashable, Sendable {
    /// Name of its pod.
    package var pod: String
    /// `IP:PORT` of its upload server.
    package var address: String
    /// Health of its upload server, at that address.
    package var health: CallReading
    /// What it exports; nil where that can't be read.
    package var metrics: DaemonMetrics?
    /// Why it can't be read.
    package var metricsFault: String?
    /// Bytes of its own content; nil where nobody on its node measures that.
    package var contentBytes: Double?
    /// What it says of a task that nobody has, for which it asks a scheduler; nil where it was not asked.
    package var lookup: CallReading?
    /// When that was read, on the clock of decisions.
    package var at: Timestamp
    /// Since when its health has failed in this way; nil where it has not, or where that is not known.
    package var failedSince: Timestamp?
    /// Since when it has reached no scheduler; nil where it does, or where that is not known.
    package var cutOffSince: Timestamp?
    /// Whether a quarantine of ours was there when it was read, so that it could not be reached.
    package var wasQuarantined: Bool

    /// Of a page that did not come in time.
    package static let noAnswer = "no answer in time"

    package init(
        pod: String,
        address: String,
        health: CallReading,
        metrics: DaemonMetrics? = nil,
        metricsFault: String? = nil,
        contentBytes: Double? = nil,
        lookup: CallReading? = nil,
        at: Timestamp,
        failedSince: Timestamp? = nil,
        cutOffSince: Timestamp? = nil,
        wasQuarantined: Bool = false
    ) {
        self.pod = pod
        self.address = address
        self.health = health
        self.metrics = metrics
        self.metricsFault = metricsFault
        self.contentBytes = contentBytes
        self.lookup = lookup
        self.at = at
        self.failedSince = failedSince
        self.cutOffSince = cutOffSince
        self.wasQuarantined = wasQuarantined
    }
}

/// What the manager tells daemons of schedulers.
package struct ManagerReading: Codable, Hashable, Sendable {
    package struct Scheduler: Codable, Hashable, Sendable {
        package var address: String
        package var hostname: String
        /// `active` or `inactive`.
        package var state: String
        package var clusterID: Int

        package init(address: String, hostname: String, state: String, clusterID: Int) {
            self.address = address
            self.hostname = hostname
            self.state = state
            self.clusterID = clusterID
        }
    }

    /// `HOST:PORT` that was asked.
    package var address: String
    /// Nil where it did not answer.
    package var schedulers: [Scheduler]?
    package var fault: String?

    package init(address: String, schedulers: [Scheduler]? = nil, fault: String? = nil) {
        self.address = address
        self.schedulers = schedulers
        self.fault = fault
    }
}

/// The name by which daemons look for schedulers.
package struct NameReading: Codable, Hashable, Sendable {
    /// `NAME:PORT` as it stands in the daemons' file.
    package var name: String
    package var health: CallReading

    package init(name: String, health: CallReading) {
        self.name = name
        self.health = health
    }
}
