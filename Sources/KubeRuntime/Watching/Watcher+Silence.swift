public import KubeCore

/// What is known of a store's freshness, and from where.
public enum Freshness: String, Hashable, Sendable, CaseIterable {
    /// No list has ended: absence from the store says nothing.
    case unread
    /// The watch brings word, or is being opened again after it broke: see the age.
    case followed
    /// The watch was silent, and a live read showed that the store has missed nothing up to that moment.
    case proven
    /// The watch was silent, and the store is not shown to have all that a live read has shown, or would show.
    case unproven
}

/// A watch that says nothing is either one of a collection in which nothing happens or one whose connection is dead,
/// and no waiting tells which. So the server is asked: a list of one object gives the version that the collection has.
///
/// - It is the store's own: nothing was missed. The watch is opened again, since the connection may be dead all the
///   same.
/// - It is newer: something happened, here or elsewhere (the version counts the changes of all kinds). The new watch
///   must reach that version, by an event or a bookmark, without a silence of `catchUpTimeout`, or the collection is
///   listed.
/// - There is no answer: the server is asked again, and the store is unproven until it answers.
extension Watcher {
    /// What is known of the store's freshness now.
    public var freshness: Freshness {
        guard hasListed else { return .unread }
        if owed != nil { return .unproven }
        switch state {
        case .checking, .waiting(then: .check): return .unproven
        default: return wasProven ? .proven : .followed
        }
    }

    mutating func silent(using generator: inout some RandomNumberGenerator) -> WatcherStep<Object> {
        // The new watch did not bring what the live read had shown: its silence is answered by a list.
        guard owed == nil else { return relist(.silent, using: &generator) }
        state = .checking
        return WatcherStep(note: .silence, next: .check)
    }

    /// The live read was answered with this version of the collection.
    public mutating func checked(
        _ version: String?,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        guard let version, !version.isEmpty else {
            let error = KubeError(.protocolViolation, "metadata.resourceVersion of the list is missing; need a version")
            return checkFailed(error, at: now, using: &generator)
        }
        switch resourceVersion.flatMap({ ResourceVersion.isAtLeast($0, version) }) {
        case nil where version != resourceVersion:
            // Versions that cannot be compared leave nothing but a list.
            return relist(.silent, using: &generator)
        case false?:
            owed = version
        default:
            wasProven = true
        }
        return WatcherStep(note: .restart(.idle), next: openWatch(using: &generator))
    }

    /// The live read was not answered.
    public mutating func checkFailed(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        fail(error, .check, now, &generator)
    }
}
