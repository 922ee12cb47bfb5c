/// How much a finding about a release of Dragonfly matters.
package enum SettingSeverity: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Worth knowing; nothing fails by it.
    case note
    /// It works worse than it could, or breaks under a load that is not there now.
    case warning
    /// A process does not start by it, or peers don't find each other, or content is lost.
    case fault

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var word: String {
        switch self {
        case .note: "note"
        case .warning: "warning"
        case .fault: "fault"
        }
    }
}
