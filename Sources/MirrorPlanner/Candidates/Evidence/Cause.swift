package import MirrorAPI

/// One thing that is wrong with a seed.
package struct Cause: Hashable, Sendable {
    /// What it is, the worst first.
    package enum Kind: Int, CaseIterable, Comparable, Hashable, Sendable {
        case excluded, nodeDeleting, podDeleting, podGone, saidGoodbye, announcementExpired
        case diskFull, inodesExhausted, diskPressure
        case nodeNotReady, networkUnavailable, podCrashLooping, podNotReady, probeFailing
        case memoryLow, memoryPressure, pidPressure, ioPressure, networkErrors, fileDescriptorsUsed

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    package var kind: Kind
    /// The source's own words or the figure, as they stand in the message.
    package var detail: String

    /// Hard causes act at once.
    var isHard: Bool { kind <= .diskPressure }

    /// Whether it says that the daemon is away, which a restart or a drain explains.
    var isAbsence: Bool {
        switch kind {
        case .excluded, .nodeDeleting, .podDeleting, .podGone, .saidGoodbye, .announcementExpired: true
        case .nodeNotReady, .networkUnavailable, .podCrashLooping, .podNotReady, .probeFailing: true
        case .diskFull, .inodesExhausted, .diskPressure, .memoryLow, .memoryPressure, .pidPressure: false
        case .ioPressure, .networkErrors, .fileDescriptorsUsed: false
        }
    }

    var signal: Signal { kind.signal }

    /// How long it lasts before it evicts.
    func patience(_ settings: CandidateSettings) -> Int {
        switch kind {
        case .ioPressure: settings.health.io.forSeconds
        case .networkErrors: settings.health.network.forSeconds
        default: isHard ? 0 : settings.candidates.unhealthyForSeconds
        }
    }

    static func isWorse(_ left: Cause, _ right: Cause) -> Bool { left.kind < right.kind }
}

extension Cause.Kind {
    var signal: Signal {
        switch self {
        case .excluded, .nodeDeleting, .diskPressure, .nodeNotReady, .networkUnavailable, .memoryPressure,
            .pidPressure:
            .nodes
        case .podDeleting, .podGone, .podCrashLooping, .podNotReady: .pods
        case .saidGoodbye, .announcementExpired: .announcements
        case .diskFull, .inodesExhausted, .memoryLow, .ioPressure, .networkErrors, .fileDescriptorsUsed: .figures
        case .probeFailing: .probes
        }
    }

    package var reason: Reason {
        switch self {
        case .excluded: .excluded
        case .nodeDeleting: .nodeDeleting
        case .podDeleting: .podDeleting
        case .podGone: .podGone
        case .saidGoodbye: .saidGoodbye
        case .announcementExpired: .announcementExpired
        case .diskFull: .diskFull
        case .inodesExhausted: .inodesExhausted
        case .diskPressure: .diskPressure
        case .nodeNotReady: .nodeNotReady
        case .networkUnavailable: .networkUnavailable
        case .podCrashLooping: .podCrashLooping
        case .podNotReady: .podNotReady
        case .probeFailing: .probeFailing
        case .memoryLow: .memoryLow
        case .memoryPressure: .memoryPressure
        case .pidPressure: .pidPressure
        case .ioPressure: .ioPressure
        case .networkErrors: .networkErrors
        case .fileDescriptorsUsed: .fileDescriptorsUsed
        }
    }

    private static let byReason = Dictionary(uniqueKeysWithValues: allCases.map { ($0.reason.rawValue, $0) })

    /// The kind that a record names; nil for a word of another release.
    init?(reason: String) {
        guard let kind = Self.byReason[reason] else { return nil }
        self = kind
    }
}
