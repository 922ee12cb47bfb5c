public import KubeCore

/// What is known of a store's freshness, and from where.
public enum Freshness: String, Hashable, Sendable, CaseIterable {
    /// No list has ended: absence from the store says nothing.
    case unread
    /// The watch brings word, or is being opened again after it broke: see the age.
    case followed
    /// The watch was silent, and a live read showed that the store has missed nothing up to that moment.
    case proven
    /// The watch is open and silent on a server that sends no bookmarks where nothing happens. That is no sign of a
    /// fault, and no proof either: whoever decides by absence demands one first.
    case quiet
    /// The watch was silent, and the store is not shown to have all that a live read has shown, or would show.
    case unproven
}

/// A watch that says nothing is either one of a collection in which nothing happens or one whose connection is dead,
/// and no waiting tells which. A server sends bookmarks to the first, about every minute, but only once its cache has
/// come further than the version that the watch was opened at, and in a kind without events it does not. What brings
/// it further is a read that must be current. So after a silence the server is asked for the version that the
/// collection has, and then owes the watch, which stays open, a bookmark of that version.
///
/// - It comes: nothing was missed, and from now on one comes every minute.
/// - It does not: the watch is opened again for a few seconds, at whose end every server sends what it has. Where that
///   brings nothing either, the collection is listed. A list that shows nothing new says that this server sends no
///   bookmarks to quiet watches; that is remembered, and silence means nothing from then on.
/// - The version is the store's own: nothing was missed.
/// - There is no answer: the server is asked again, and the store is unproven until it answers.
extension Watcher {
    /// What is known of the store's freshness now.
    public var freshness: Freshness {
        guard hasListed else { return .unread }
        if case .overdue = debt { return .unproven }
        switch state {
        case .checking(_, let failures) where failures > 0: return .unproven
        case .waiting(then: .check): return .unproven
        case .watching, .openingWatch:
            if isQuiet { return .quiet }
            return wasProven ? .proven : .followed
        default: return wasProven ? .proven : .followed
        }
    }

    /// The open watch has brought nothing within the time that `read` gave it.
    public mutating func heardNothing(
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        guard case .watching(let watch) = state else {
            let message = "nothing came for \(configuration.catchUpTimeout) although the list has not ended"
            return streamBroke(KubeError(.timeout, message), at: now, using: &generator)
        }
        switch debt {
        case .expected(let version, let until):
            guard now >= until else { return WatcherStep(next: nextRead(at: now)) }
            debt = .overdue(version)
            return WatcherStep(note: .restart(.idle), next: openWatch(using: &generator))
        case .overdue:
            return judge(using: &generator)
        case nil where !server.traits.bookmarksOnRequest:
            isQuiet = true
            return WatcherStep(next: nextRead(at: now))
        case nil:
            state = .checking(watch, failures: 0)
            return WatcherStep(note: .silence, next: .check)
        }
    }

    /// Neither the watch nor a new one brought the version that the server has: a list decides what that means.
    mutating func judge(using generator: inout some RandomNumberGenerator) -> WatcherStep<Object> {
        missed = 0
        return relist(.silent, using: &generator)
    }

    /// Tells how many objects the updates of the last step have changed.
    public mutating func stored(changes: Int) -> WatcherNote? {
        guard let known = missed else { return nil }
        missed = known + changes
        switch state {
        case .openingWatch, .watching: break
        default: return nil
        }
        missed = nil
        guard known + changes == 0 else { return nil }
        server.lacks(.bookmarksOnRequest)
        return .noBookmarks
    }

    /// Somebody has to know whether the store has everything: where the silence of the watch does not tell, the
    /// collection is listed. Nil where nothing is to be done for it.
    public mutating func proofDemanded(using generator: inout some RandomNumberGenerator) -> WatcherStep<Object>? {
        guard case .watching = state, isQuiet else { return nil }
        return relist(.demanded, using: &generator)
    }

    /// The live read was answered with this version of the collection.
    public mutating func checked(
        _ version: String?,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        guard case .checking(let watch, _) = state else { return WatcherStep(next: openWatch(using: &generator)) }
        guard let version, !version.isEmpty else {
            let error = KubeError(.protocolViolation, "metadata.resourceVersion of the list is missing; need a version")
            return checkFailed(error, at: now, using: &generator)
        }
        switch resourceVersion.flatMap({ ResourceVersion.isAtLeast($0, version) }) {
        case nil where version != resourceVersion:
            // Versions that cannot be compared leave nothing but a list.
            return relist(.silent, using: &generator)
        case false?:
            debt = .expected(version, until: now + configuration.bookmarkTimeout)
        default:
            wasProven = true
        }
        state = .watching(watch)
        return WatcherStep(next: nextRead(at: now))
    }

    /// The live read was not answered.
    public mutating func checkFailed(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        guard case .checking(let watch, let failures) = state else { return fail(error, .watch, now, &generator) }
        return fail(error, .check(watch, failures: failures + 1), now, &generator)
    }
}
