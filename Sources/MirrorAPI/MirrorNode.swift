package import KubeCore

/// One node of one mirror: what the operator wants of it, and what its agent says.
///
/// Named by `Names.mirrorNode`, owned by its P2PMirror. It is made anew when the Node is replaced by one of the same
/// name.
package struct MirrorNode: KubeObject {
    package static let resource = ResourceType(
        group: Group.name,
        version: Group.version,
        plural: "mirrornodes",
        kind: "MirrorNode",
        namespaced: false
    )

    package var metadata: ObjectMeta
    package var spec: MirrorNodeSpec
    package var status: MirrorNodeStatus?

    package init(metadata: ObjectMeta, spec: MirrorNodeSpec, status: MirrorNodeStatus? = nil) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// What a node is to its distribution.
package enum NodeRole: String, Codable, Hashable, Sendable, CaseIterable {
    case server = "Server"
    case agent = "Agent"
}

/// What the node's `server:` is to be.
package struct ServerSetting: Codable, Hashable, Sendable {
    package enum Action: String, Codable, Hashable, Sendable, CaseIterable {
        /// `server:` is to be `url`.
        case point = "Point"
        /// `server:` is to be empty.
        case clear = "Clear"
    }

    package var action: Action
    /// For `Point`: `https://HOST:PORT`, HOST an address of a server Node that is present.
    package var url: String?

    package init(action: Action, url: String? = nil) {
        self.action = action
        self.url = url
    }
}

/// The operator's part of a MirrorNode.
package struct MirrorNodeSpec: Codable, Hashable, Sendable {
    /// Typed settings; the agent renders files from them, and only at its provider's known paths.
    package struct Desired: Codable, Hashable, Sendable {
        /// Nil: `server:` is left as the administrator wrote it.
        package var server: ServerSetting?

        package init(server: ServerSetting? = nil) {
            self.server = server
        }
    }

    /// The leave to change the files and restart the service once.
    package struct Approval: Codable, Hashable, Sendable {
        /// The revision that is approved; any other is not.
        package var revision: String
        /// `leaseTransitions` of the disruption Lease under which it was given.
        package var epoch: Int
        /// An approval that is not claimed by then is void.
        package var expires: Timestamp
        /// How long the agent may take before it puts the previous configuration back.
        package var deadlineSeconds: Int
        package var reason: String

        package init(revision: String, epoch: Int, expires: Timestamp, deadlineSeconds: Int, reason: String) {
            self.revision = revision
            self.epoch = epoch
            self.expires = expires
            self.deadlineSeconds = deadlineSeconds
            self.reason = reason
        }
    }

    package var mirrorName: String
    package var nodeName: String
    package var nodeUID: String
    package var provider: Provider
    package var role: NodeRole
    package var desired: Desired?
    /// `<count>-<hash>` of `desired`: the count goes up each time that the effect changes, so that going back to an
    /// earlier setting is a new revision. Nil until the first desired setting.
    package var revision: String?
    package var approval: Approval?

    package init(
        mirrorName: String,
        nodeName: String,
        nodeUID: String,
        provider: Provider,
        role: NodeRole,
        desired: Desired? = nil,
        revision: String? = nil,
        approval: Approval? = nil
    ) {
        self.mirrorName = mirrorName
        self.nodeName = nodeName
        self.nodeUID = nodeUID
        self.provider = provider
        self.role = role
        self.desired = desired
        self.revision = revision
        self.approval = approval
    }
}

/// The status of a MirrorNode; all of it is the agent's.
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
        package var message: String?
        /// Invocation of the service that the agent saw last, as systemd names it.
        package var invocationID: String?
        /// When the agent asked for the restart.
        package var restartedAt: Timestamp?
        /// Whether `registries.yaml` names at least one registry: without one the embedded registry does not start.
        package var registriesConfigured: Bool?
        /// Keys that the configuration on disk (without our file) holds otherwise than the running service does.
        package var pendingChanges: [String]?
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
            version: String
        ) {
            self.observedGeneration = observedGeneration
            self.phase = phase
            self.revision = revision
            self.epoch = epoch
            self.reason = reason
            self.message = message
            self.invocationID = invocationID
            self.restartedAt = restartedAt
            self.registriesConfigured = registriesConfigured
            self.pendingChanges = pendingChanges
            self.version = version
        }
    }

    package var agent: Agent?

    package init(agent: Agent? = nil) {
        self.agent = agent
    }
}
