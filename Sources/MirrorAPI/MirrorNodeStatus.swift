package import KubeCore

/// The status of a MirrorNode: `agent` is the agent's, `candidate` the operator's.
package struct MirrorNodeStatus: Codable, Hashable, Sendable {
    package enum Phase: String, Codable, Hashable, Sendable, CaseIterable {
        /// Nothing under way.
        case idle = "Idle"
        /// The approval is claimed: from here on the service may be restarted at any moment.
        case restarting = "Restarting"
        /// The revision is in force, proven on the node.
        case applied = "Applied"
        /// The deadline ran out or the service failed: the previous file is being put back.
        case rollingBack = "RollingBack"
        /// The revision failed; the previous configuration is in force again, or the message says what is not.
        case failed = "Failed"
        /// Refused before anything was changed; the message says why.
        case refused = "Refused"
    }

    package struct Agent: Codable, Hashable, Sendable {
        package var observedGeneration: Int64?
        package var phase: Phase
        /// The revision that `phase` is about; nil while idle.
        package var revision: String?
        /// The epoch under which it was claimed.
        package var epoch: Int?
        package var reason: String?
        package var message: String? {
            didSet { message = message?.printable(atMost: MessageLimit.long) }
        }
        /// Invocation of the service that the agent saw last, as systemd names it.
        package var invocationID: String?
        /// When the agent asked for the restart.
        package var restartedAt: Timestamp?
        /// Whether `registries.yaml` names at least one registry: without one the embedded registry does not start.
        package var registriesConfigured: Bool?
        /// Keys that the configuration on disk (without our file) holds otherwise than the running service does.
        package var pendingChanges: [String]?
        /// What the agent sees on its host; nil from a release that does not look.
        package var host: Host?
        /// How the host fares; nil from a release that does not measure, and where the node is no seed.
        package var figures: HostFigures?
        /// What the agent found in the node's containerd configuration; nil but for Spegel.
        package var containerd: ContainerdReport?
        /// Release of the agent.
        package var version: String

        package init(
            observedGeneration: Int64? = nil,
            phase: Phase,
            revision: String? = nil,
            epoch: Int? = nil,
            reason: String? = nil,
            message: String? = nil,
            invocationID: String? = nil,
            restartedAt: Timestamp? = nil,
            registriesConfigured: Bool? = nil,
            pendingChanges: [String]? = nil,
            host: Host? = nil,
            figures: HostFigures? = nil,
            containerd: ContainerdReport? = nil,
            version: String
        ) {
            self.observedGeneration = observedGeneration
            self.phase = phase
            self.revision = revision
            self.epoch = epoch
            self.reason = reason
            self.message = message?.printable(atMost: MessageLimit.long)
            self.invocationID = invocationID
            self.restartedAt = restartedAt
            self.registriesConfigured = registriesConfigured
            self.pendingChanges = pendingChanges
            self.host = host
            self.figures = figures
            self.containerd = containerd
            self.version = version
        }
    }

    /// What an agent sees on its host, rounded so that it changes rarely.
    package struct Host: Codable, Hashable, Sendable {
        /// `server:` as the node's own files have it, ours left out, as `https://HOST:PORT`; nil where they have none.
        package var ownServer: String?
        /// Registries that `registries.yaml` mirrors, in ascending order, at most 64; nil where it can't be read.
        package var registries: [String]?
        /// Why no registry can be added to that file; nil where one can.
        package var registriesFault: String?
        /// CPU time of the service, in percent of one core, as a mean over minutes; nil where it is not known.
        package var serviceCPUPercent: Int?
        /// What stands in the host's files because an agent of this mirror wrote it, for this MirrorNode or for one
        /// before it; nil where nothing does.
        package var written: MirrorNodeSpec.Desired?

        package init(
            ownServer: String? = nil,
            registries: [String]? = nil,
            registriesFault: String? = nil,
            serviceCPUPercent: Int? = nil,
            written: MirrorNodeSpec.Desired? = nil
        ) {
            self.ownServer = ownServer
            self.registries = registries
            self.registriesFault = registriesFault?.printable(atMost: MessageLimit.short)
            self.serviceCPUPercent = serviceCPUPercent
            self.written = written
        }
    }

    package var agent: Agent?
    package var candidate: Candidate?

    package init(agent: Agent? = nil, candidate: Candidate? = nil) {
        self.agent = agent
        self.candidate = candidate
    }
}
