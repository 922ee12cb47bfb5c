package import KubeCore

/// What the host's service manager says of one unit.
package struct UnitState: Hashable, Sendable {
    /// `active`, `activating`, `deactivating`, `inactive`, `failed` or `reloading`.
    package var activeState: String
    package var subState: String
    /// Why the last run ended, such as `exit-code`; `success` while it runs.
    package var result: String
    /// Changes with each start; empty where the unit has never been started.
    package var invocationID: String
    /// 0 where there is none.
    package var mainPID: Int
    /// Whether a start or stop is queued or under way that somebody asked for.
    package var hasJob: Bool
    /// When the last run began; nil where that is not told.
    package var startedAt: Timestamp?
    /// Path of the unit's control group, such as `/system.slice/a.service`; nil where it has none.
    package var controlGroup: String?
    /// Why the service manager would refuse to restart the unit, and what ends that; nil where it would not.
    package var refusal: String?
    /// Whether the unit's files on the disk are others than the service manager has read.
    package var needsReload: Bool

    package init(
        activeState: String,
        subState: String = "",
        result: String = "success",
        invocationID: String,
        mainPID: Int = 0,
        hasJob: Bool = false,
        startedAt: Timestamp? = nil,
        controlGroup: String? = nil,
        refusal: String? = nil,
        needsReload: Bool = false
    ) {
        self.activeState = activeState
        self.subState = subState
        self.result = result
        self.invocationID = invocationID
        self.mainPID = mainPID
        self.hasJob = hasJob
        self.startedAt = startedAt
        self.controlGroup = controlGroup
        self.refusal = refusal
        self.needsReload = needsReload
    }

    package var isActive: Bool { activeState == "active" }
    /// Whether the unit stays as it is until somebody asks for a change.
    package var isSettled: Bool { !hasJob && ["active", "failed", "inactive"].contains(activeState) }
    /// Whether it ran into an error and is not tried again by itself.
    package var hasFailed: Bool { !hasJob && activeState == "failed" }
}

/// Looks at a host service and restarts it.
package protocol ServiceManager: Sendable {
    func show(_ unit: String) async throws(ServiceError) -> UnitState
    /// Asks for a restart and returns as soon as the request is queued: a server may take minutes to start, and the
    /// deadline is ours.
    func restart(_ unit: String) async throws(ServiceError)
}

/// Why the service manager could not be asked.
package struct ServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// The command could not be started.
        case notRunnable
        /// The command did not end in time.
        case timeout
        /// The command ended with an error.
        case failed
        /// The host has no service manager that the command knows.
        case noServiceManager
        /// There is no such unit.
        case noSuchUnit
        /// The answer could not be read.
        case unreadable
        /// The process ends here: only simulations see it.
        case interrupted
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// Whether asking again later would make no difference.
    package var isLasting: Bool { code == .noServiceManager || code == .noSuchUnit }
}
