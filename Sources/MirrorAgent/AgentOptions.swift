import MirrorAPI

/// How one agent works.
package struct AgentOptions: Hashable, Sendable {
    /// The Node that it runs on.
    package var nodeName: String
    /// Where the disruption Lease lives.
    package var leaseNamespace: String
    /// Where seeds announce themselves. It is another one than that, so that no agent may write the Lease of the
    /// disruption, nor that of the operator's leadership.
    package var announcementNamespace: String
    /// Whether it may restart host services. Without that it refuses every approval and says what to run.
    package var mayRestart: Bool
    /// Release of the agent, for its status.
    package var version: String
    /// Pause between two looks at the host while nothing is under way; a change of a MirrorNode ends it.
    package var idleInterval: Duration
    /// Pause between two looks at how the host of a seed fares.
    package var figureInterval: Duration
    /// Pause between two looks while a step is under way.
    package var busyInterval: Duration
    /// Seconds after which the Node is read again though nothing has changed on the host, while a change is pending
    /// there.
    package var nodeRefreshSeconds: Int

    package init(
        nodeName: String,
        leaseNamespace: String,
        announcementNamespace: String = Announcements.namespace,
        mayRestart: Bool = true,
        version: String,
        idleInterval: Duration = .seconds(120),
        figureInterval: Duration = .seconds(30),
        busyInterval: Duration = .seconds(1),
        nodeRefreshSeconds: Int = 300
    ) {
        self.nodeName = nodeName
        self.leaseNamespace = leaseNamespace
        self.announcementNamespace = announcementNamespace
        self.mayRestart = mayRestart
        self.version = version
        self.idleInterval = idleInterval
        self.figureInterval = figureInterval
        self.busyInterval = busyInterval
        self.nodeRefreshSeconds = nodeRefreshSeconds
    }
}

/// Where the agent keeps its own files, from the root of the host.
package enum AgentPath {
    package static let state = "/var/lib/p2pmirror"
    package static let lock = "/var/lib/p2pmirror/agent.lock"
    /// Hosts that a `server:` may name beside those of server Nodes, one a line; written by administrators.
    package static let allowedServers = "/etc/p2pmirror/allowed-servers"

    /// What of the host's configuration the agent's pod has, to read and to write.
    package static let configurations = "/etc/rancher"

    /// Whether a path is there.
    package static func isConfiguration(_ path: String) -> Bool {
        path.hasPrefix("\(configurations)/") && !path.split(separator: "/").contains("..")
    }

    /// What of the host's data the agent's pod has, to read.
    package static let data = "/var/lib/rancher"

    /// Whether a path is there.
    package static func isData(_ path: String) -> Bool {
        path.hasPrefix("\(data)/") && !path.split(separator: "/").contains("..")
    }

    /// What the agent did to a containerd for a mirror; beside the journal.
    package static func containerdRecord(mirror: String) -> String { "\(state)/\(mirror)/containerd.json" }

    package static func journal(mirror: String) -> String { "\(state)/\(mirror)/journal.json" }

    /// Whether a mirror's name can be a directory's: what the API server lets pass as a name, and nothing else.
    package static func isSafe(mirror: String) -> Bool {
        guard let first = mirror.utf8.first, isAlphanumeric(first), mirror.utf8.count <= 253 else { return false }
        return mirror.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}

/// When to look again.
package enum NextLook: Hashable, Sendable {
    /// Something was done: what comes next may be due at once.
    case now
    /// A step is under way and waits for the host or the Node.
    case soon
    /// Nothing is under way.
    case later
}
