/// Reasons that an agent gives in `status.agent.reason` and in its log; one word means one thing.
package enum AgentReason: String, CaseIterable, Sendable {
    // Progress of a step
    case claimed = "Claimed"
    case waitingForProof = "WaitingForProof"
    case proven = "Proven"
    // Why an approval is refused
    case restartNotPermitted = "RestartNotPermitted"
    case invalidSetting = "InvalidSetting"
    case unknownServer = "UnknownServer"
    case pointsAtItself = "PointsAtItself"
    case guardedServer = "GuardedServer"
    case noEtcdMember = "NoEtcdMember"
    case laterFileWins = "LaterFileWins"
    case commandLineWins = "CommandLineWins"
    case foreignEdit = "ForeignEdit"
    case unreadableConfiguration = "UnreadableConfiguration"
    case hostNotWritable = "HostNotWritable"
    // Why an approval is not claimed yet
    case approvalExpired = "ApprovalExpired"
    case leaseMismatch = "LeaseMismatch"
    case nodeMismatch = "NodeMismatch"
    case pendingChanges = "PendingChanges"
    case serviceManagerUnavailable = "ServiceManagerUnavailable"
    case unitNotActive = "UnitNotActive"
    case claimedElsewhere = "ClaimedElsewhere"
    case apiUnreachable = "APIUnreachable"
    case journalUnreadable = "JournalUnreadable"
    // Evidence of a failure
    case serviceFailed = "ServiceFailed"
    case serviceNotActive = "ServiceNotActive"
    case serviceNotRestarted = "ServiceNotRestarted"
    case nodeNotReady = "NodeNotReady"
    case notVoter = "NotVoter"
    case otherServer = "OtherServer"
    case progressDeadlineExceeded = "ProgressDeadlineExceeded"
    case mirrorNodeGone = "MirrorNodeGone"
    // Nothing to do
    case idle = "Idle"
}
