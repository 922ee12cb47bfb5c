/// Types of the conditions of a P2PMirror, in the order in which they are written.
package enum MirrorConditionType: String, CaseIterable, Sendable {
    case ready = "Ready"
    case reconciling = "Reconciling"
    case stalled = "Stalled"
    case accepted = "Accepted"
    case paused = "Paused"
    case topologyAcyclic = "TopologyAcyclic"
    /// Whether the fleet has the seeds that it should have.
    case candidatesAvailable = "CandidatesAvailable"
    /// Whether leaving the candidate set does what it should.
    case evictionEffective = "EvictionEffective"
    /// Whether every peer has found others.
    case peersConnected = "PeersConnected"
    /// Whether so many seeds are unhealthy at once that none leaves the set.
    case stormActive = "StormActive"
    case nodesCurrent = "NodesCurrent"
    case versionsSupported = "VersionsSupported"
    case highlyAvailable = "HighlyAvailable"

    /// Those that say something of a provider, in the order in which they are written.
    package static func types(of provider: Provider) -> [MirrorConditionType] {
        let foreign: MirrorConditionType =
            switch provider {
            case .rke2, .k3s: .peersConnected
            case .spegel, .dragonfly: .topologyAcyclic
            }
        return allCases.filter { $0 != foreign }
    }
}

/// Reasons in conditions, Events, log lines, `nextChange` and the agents' reports: one list, so that each word means
/// one thing everywhere.
package enum Reason: String, CaseIterable, Sendable {
    // Ready, Reconciling, Stalled
    case observing = "Observing"
    case healthy = "Healthy"
    case rollingOut = "RollingOut"
    case waitingForApproval = "WaitingForApproval"
    case paused = "Paused"
    case notPaused = "NotPaused"
    case notStalled = "NotStalled"
    case notReconciling = "NotReconciling"
    /// The API server refuses what the operator asks of it.
    case requestRefused = "RequestRefused"
    // Accepted
    case accepted = "Accepted"
    case invalidSpec = "InvalidSpec"
    case conflict = "Conflict"
    case noNodesSelected = "NoNodesSelected"
    /// Much of what was selected is selected no longer, which may be a mistake.
    case selectionShrank = "SelectionShrank"
    // Topology
    case acyclic = "Acyclic"
    case ringFound = "RingFound"
    case embeddedRegistryOff = "EmbeddedRegistryOff"
    case noServers = "NoServers"
    case breaksCycle = "BreaksCycle"
    case joinsRoot = "JoinsRoot"
    case joinsParent = "JoinsParent"
    case joinsAddress = "JoinsAddress"
    case becomesRoot = "BecomesRoot"
    case replacesRoot = "ReplacesRoot"
    case addsRegistries = "AddsRegistries"
    case setsDebug = "SetsDebug"
    case rewriteIsOff = "RewriteIsOff"
    // Why a rollout waits or stops
    case noEligibleRoot = "NoEligibleRoot"
    case preferredRootMissing = "PreferredRootMissing"
    case preferredRootUnfit = "PreferredRootUnfit"
    case rootExcluded = "RootExcluded"
    case registrationAddressUnused = "RegistrationAddressUnused"
    case outsideWindow = "OutsideWindow"
    case rootNotReady = "RootNotReady"
    case parentNotReady = "ParentNotReady"
    case guardedServer = "GuardedServer"
    case wouldAddCycle = "WouldAddCycle"
    case otherServerNotReady = "OtherServerNotReady"
    case serverCordoned = "ServerCordoned"
    case serverDeleting = "ServerDeleting"
    case quorumWouldBeLost = "QuorumWouldBeLost"
    case versionFailsToStart = "VersionFailsToStart"
    case agentNotReporting = "AgentNotReporting"
    case pendingChanges = "PendingChanges"
    case managedElsewhere = "ManagedElsewhere"
    case unreadableConfiguration = "UnreadableConfiguration"
    case disruptionHeld = "DisruptionHeld"
    case waitingForClaim = "WaitingForClaim"
    case approvalExpired = "ApprovalExpired"
    case waitingForProof = "WaitingForProof"
    case minReadySeconds = "MinReadySeconds"
    case progressDeadlineExceeded = "ProgressDeadlineExceeded"
    case rolloutFailed = "RolloutFailed"
    case agentRefused = "AgentRefused"
    case stepDone = "StepDone"
    case staleInformation = "StaleInformation"
    case nodeNotReady = "NodeNotReady"
    case configurationDrifted = "ConfigurationDrifted"
    case deadServer = "DeadServer"
    case debugLog = "DebugLog"
    case hostNotReported = "HostNotReported"
    // Why a MirrorNode goes
    case nodeGone = "NodeGone"
    case nodeReplaced = "NodeReplaced"
    case nodeNotSelected = "NodeNotSelected"
    // Nodes, versions, availability
    case nodesCurrent = "NodesCurrent"
    case changesPending = "ChangesPending"
    case versionsSupported = "VersionsSupported"
    case recursesInRings = "RecursesInRings"
    case unknownVersion = "UnknownVersion"
    case highlyAvailable = "HighlyAvailable"
    case fewerThanThreeServers = "FewerThanThreeServers"
    // Why a seed leaves the candidate set; nodeNotReady and nodeGone are above
    case excluded = "Excluded"
    case nodeDeleting = "NodeDeleting"
    case podGone = "PodGone"
    case podDeleting = "PodDeleting"
    case saidGoodbye = "SaidGoodbye"
    case announcementExpired = "AnnouncementExpired"
    case diskFull = "DiskFull"
    case inodesExhausted = "InodesExhausted"
    case diskPressure = "DiskPressure"
    case networkUnavailable = "NetworkUnavailable"
    case podCrashLooping = "PodCrashLooping"
    case podNotReady = "PodNotReady"
    case probeFailing = "ProbeFailing"
    case memoryLow = "MemoryLow"
    case memoryPressure = "MemoryPressure"
    case pidPressure = "PIDPressure"
    case ioPressure = "IOPressure"
    case networkErrors = "NetworkErrors"
    case fileDescriptorsUsed = "FileDescriptorsUsed"
    // Why it stays all the same, comes back, or goes again
    case signalInDoubt = "SignalInDoubt"
    case stormActive = "StormActive"
    case evictionsPerMinute = "EvictionsPerMinute"
    case minPublished = "MinPublished"
    case growsFirst = "GrowsFirst"
    case lastPeer = "LastPeer"
    case wellAgain = "WellAgain"
    case minPublishedRestored = "MinPublishedRestored"
    // The candidate set as a whole
    case seedsPublished = "SeedsPublished"
    case noSeeds = "NoSeeds"
    case noHealthySeed = "NoHealthySeed"
    case noStorm = "NoStorm"
    case stormCoolsDown = "StormCoolsDown"
    case stormReleased = "StormReleased"
    case nothingEvicted = "NothingEvicted"
    case newBootstrapsOnly = "NewBootstrapsOnly"
    case leverDrifted = "LeverDrifted"
    case foreignLabel = "ForeignLabel"
    case cleanUpTooLate = "CleanUpTooLate"
    case definitionsOutdated = "DefinitionsOutdated"
    case unknown = "Unknown"
    // Spegel: its peers
    case connected = "Connected"
    case starting = "Starting"
    case noPeersFound = "NoPeersFound"
    case noPods = "NoPods"
    case fewerThanThreePeers = "FewerThanThreePeers"
    // Spegel: what is installed, replaced, taken over, and put back
    case installing = "Installing"
    case appliesObject = "AppliesObject"
    case removesObject = "RemovesObject"
    case replacesPods = "ReplacesPods"
    case waitsForPods = "WaitsForPods"
    case upgradeStopped = "UpgradeStopped"
    case waitsForCleanUp = "WaitsForCleanUp"
    case cleanUpIncomplete = "CleanUpIncomplete"
    case releaseNotFound = "ReleaseNotFound"
    case takesOverBootstrap = "TakesOverBootstrap"
    case bootstrapNotTakenOver = "BootstrapNotTakenOver"
    case unsupportedVersion = "UnsupportedVersion"

    // Dragonfly: its seeds
    case quarantined = "Quarantined"
    case leverFails = "LeverFails"
    case schedulerNotTold = "SchedulerNotTold"
    case forgetsHost = "ForgetsHost"
    case restartsSeed = "RestartsSeed"
    case diskFilledByOthers = "DiskFilledByOthers"
    // Dragonfly: why daemons do not find each other
    case noScheduler = "NoScheduler"
    case versionSkew = "VersionSkew"
    case settingsWrong = "SettingsWrong"
    case otherCluster = "OtherCluster"
    case nameUnresolved = "NameUnresolved"
    case portClosed = "PortClosed"
    case portSilent = "PortSilent"
    case meshInTheWay = "MeshInTheWay"
    case tlsMismatch = "TLSMismatch"
    case staleSchedulerAddresses = "StaleSchedulerAddresses"
    case wrongAddress = "WrongAddress"
    case hostNetworkCutOff = "HostNetworkCutOff"
    case schedulerForgot = "SchedulerForgot"
    case noSeedInSchedulers = "NoSeedInSchedulers"
    case seedsUnhealthy = "SeedsUnhealthy"
    case answersCutShort = "AnswersCutShort"
    case schedulerUnreachable = "SchedulerUnreachable"
    // Dragonfly: what looks like such a cause and is none
    case busyNotDead = "BusyNotDead"
    case managerViewEmpty = "ManagerViewEmpty"
    // Dragonfly: where its daemons are
    case fewerThanThreeSchedulers = "FewerThanThreeSchedulers"
    case placedTogether = "PlacedTogether"

    // What is wrong with a node's containerd; in `status.agent.containerd`
    case configPathUnset = "ConfigPathUnset"
    case configPathElsewhere = "ConfigPathElsewhere"
    case configPathNotSplit = "ConfigPathNotSplit"
    case layersDiscarded = "LayersDiscarded"
    case hostsFileMissing = "HostsFileMissing"
    case hostsFileDead = "HostsFileDead"
    case mirrorLeftovers = "MirrorLeftovers"
    case containerdUnreadable = "ContainerdUnreadable"
    case containerdConfigRefused = "ContainerdConfigRefused"
    case containerdRestartPending = "ContainerdRestartPending"

    // What follows stands in `status.agent` of a MirrorNode and in an agent's log. Agents share with the operator:
    // waitingForProof, guardedServer, unreadableConfiguration, approvalExpired, pendingChanges, nodeNotReady and
    // progressDeadlineExceeded.

    // Progress of a step on its node
    case claimed = "Claimed"
    case proven = "Proven"
    // Why an agent refuses an approval
    case restartNotPermitted = "RestartNotPermitted"
    case noServiceManager = "NoServiceManager"
    case invalidSetting = "InvalidSetting"
    case unknownServer = "UnknownServer"
    case pointsAtItself = "PointsAtItself"
    case noEtcdMember = "NoEtcdMember"
    case laterFileWins = "LaterFileWins"
    case commandLineWins = "CommandLineWins"
    case foreignEdit = "ForeignEdit"
    case hostNotWritable = "HostNotWritable"
    case registriesNotEditable = "RegistriesNotEditable"
    // Why an agent does not claim an approval yet
    case leaseMismatch = "LeaseMismatch"
    case nodeMismatch = "NodeMismatch"
    case serviceManagerUnavailable = "ServiceManagerUnavailable"
    case unitNotActive = "UnitNotActive"
    case unitNotRestartable = "UnitNotRestartable"
    case claimedElsewhere = "ClaimedElsewhere"
    case apiUnreachable = "APIUnreachable"
    case journalUnreadable = "JournalUnreadable"
    // Evidence of a failure on the node
    case serviceFailed = "ServiceFailed"
    case serviceNotActive = "ServiceNotActive"
    case serviceNotRestarted = "ServiceNotRestarted"
    case notVoter = "NotVoter"
    case otherServer = "OtherServer"
    case otherSetting = "OtherSetting"
    case mirrorNodeGone = "MirrorNodeGone"
    // What is done, or nothing, on the node
    case mirrorGone = "MirrorGone"
    case idle = "Idle"
}
