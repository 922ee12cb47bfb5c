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
    /// For `Point`: `https://HOST:PORT`, HOST an address of a server Node that is present, or that of the mirror's
    /// `registrationAddress`, which the host must list.
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
        /// Registries that `registries.yaml` must mirror beside those that it names already. Nil is as good as an empty
        /// list: what stands there stays, but for registries that we added and that are asked for no longer.
        package var registries: [String]?
        /// True: the service logs at the level debug. False: our file asks for that no longer, and what the
        /// administrator wrote holds again; it becomes nil once that is in force. Nil: we never asked, or need not.
        package var debug: Bool?

        package init(server: ServerSetting? = nil, registries: [String]? = nil, debug: Bool? = nil) {
            self.server = server
            self.registries = registries
            self.debug = debug
        }

        /// Whether nothing is asked for.
        package var isEmpty: Bool { self == Self() }
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
        /// A server that may be away meanwhile: the one that this change frees the node from. Nil: none may.
        package var absentServer: String?

        package init(
            revision: String,
            epoch: Int,
            expires: Timestamp,
            deadlineSeconds: Int,
            reason: String,
            absentServer: String? = nil
        ) {
            self.revision = revision
            self.epoch = epoch
            self.expires = expires
            self.deadlineSeconds = deadlineSeconds
            self.reason = reason
            self.absentServer = absentServer
        }
    }

    /// The greatest count of a revision: 18 digits, as the schema has it, and any of them and one more are a number.
    package static let lastRevisionCount = 999_999_999_999_999_999

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
    /// What the agent does with our files on this node once the mirror is gone; nil means that they stay. The operator
    /// asks for `Restore` only where no cycle can come of it.
    package var deletionPolicy: DeletionPolicy?
    /// How often the agent announces that the daemon of this seed is there, in seconds; nil where the node is no seed.
    package var announceIntervalSeconds: Int?
    /// What the node's containerd must be told for the mirror to be asked; nil but for Spegel.
    package var containerd: ContainerdWish?

    package init(
        mirrorName: String,
        nodeName: String,
        nodeUID: String,
        provider: Provider,
        role: NodeRole,
        desired: Desired? = nil,
        revision: String? = nil,
        approval: Approval? = nil,
        deletionPolicy: DeletionPolicy? = nil,
        announceIntervalSeconds: Int? = nil,
        containerd: ContainerdWish? = nil
    ) {
        self.mirrorName = mirrorName
        self.nodeName = nodeName
        self.nodeUID = nodeUID
        self.provider = provider
        self.role = role
        self.desired = desired
        self.revision = revision
        self.approval = approval
        self.deletionPolicy = deletionPolicy
        self.announceIntervalSeconds = announceIntervalSeconds
        self.containerd = containerd
    }
}
