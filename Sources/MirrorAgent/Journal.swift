package import KubeCore
package import MirrorAPI
package import MirrorPlanner

/// What the agent must know after it was killed, kept on the host: a step is finished or undone without the API.
package struct Journal: Codable, Hashable, Sendable {
    /// Raised when an older release could not go on with what this one wrote.
    package static let currentFormat = 1

    package var format = Journal.currentFormat
    /// How the last step ended.
    package var settled: Settled?
    /// The step under way.
    package var step: Step?

    package init(settled: Settled? = nil, step: Step? = nil) {
        self.settled = settled
        self.step = step
    }

    /// The end of a step.
    package struct Settled: Codable, Hashable, Sendable {
        /// Identity of the MirrorNode that it was for: another one begins anew.
        package var uid: String
        package var revision: String
        package var epoch: Int
        /// `Applied` or `Failed`.
        package var phase: MirrorNodeStatus.Phase
        package var reason: String?
        package var message: String?
        package var restartedAt: Timestamp?
        /// What our drop-in held then; nil where there was none.
        package var inForce: ServerSetting?
    }

    /// A step and how far it is.
    package struct Step: Codable, Hashable, Sendable {
        package enum Stage: String, Codable, Hashable, Sendable, CaseIterable {
            /// Written before the claim, so that a claim that was made is known as ours after any crash. Without a
            /// claim in the API that names `invocation`, it means nothing.
            case claiming = "Claiming"
            /// Claimed; the drop-in is being written. Nothing has been restarted.
            case applying = "Applying"
            /// The drop-in is on the disk; the restart is asked for, or about to be.
            case restarting = "Restarting"
            /// Evidence of a failure: the previous drop-in is being put back.
            case rollingBack = "RollingBack"
            /// The previous drop-in is back on the disk; the second restart is asked for, or about to be.
            case restoring = "Restoring"
        }

        package var uid: String
        package var revision: String
        package var epoch: Int
        package var provider: Provider
        package var role: NodeRole
        package var setting: ServerSetting
        package var stage: Stage
        /// When the evidence is weighed; set anew for each restart.
        package var deadline: Timestamp
        package var deadlineSeconds: Int
        /// Our drop-in before the step, nil where there was none.
        package var previous: String?
        /// Whether the node voted in etcd before the step.
        package var wasVoter: Bool
        /// Invocation of the service before the claim, then before each restart of ours: another one shows that the
        /// service has been started with what is on the disk.
        package var invocation: String
        package var restartedAt: Timestamp?
        /// Why it is rolled back.
        package var reason: String?
        package var message: String?

        package init(
            uid: String,
            revision: String,
            epoch: Int,
            provider: Provider,
            role: NodeRole,
            setting: ServerSetting,
            stage: Stage,
            deadline: Timestamp,
            deadlineSeconds: Int,
            previous: String?,
            wasVoter: Bool,
            invocation: String
        ) {
            self.uid = uid
            self.revision = revision
            self.epoch = epoch
            self.provider = provider
            self.role = role
            self.setting = setting
            self.stage = stage
            self.deadline = deadline
            self.deadlineSeconds = deadlineSeconds
            self.previous = previous
            self.wasVoter = wasVoter
            self.invocation = invocation
        }

        package var distribution: RancherDistribution { RancherDistribution(provider) }
        package var unit: String { distribution.unit(of: role) }
    }

    /// Reads a journal.
    ///
    /// - Throws: `KubeError` with code `decoding`, also where a newer release wrote it in another format.
    package init(_ content: [UInt8]) throws(KubeError) {
        self = try JSONCoding.decode(Journal.self, from: content)
        guard format == Self.currentFormat else {
            throw KubeError(.decoding, "its format is \(format), this release knows \(Self.currentFormat)")
        }
    }
}
