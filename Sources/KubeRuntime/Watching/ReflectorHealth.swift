import KubeCore

/// How fresh a store is and what has gone wrong since the start.
public struct ReflectorHealth: Hashable, Sendable {
    /// Whether the first list has ended: before that, absence from the store says nothing.
    public var isSynced = false
    /// What is known of the store's freshness, and from where.
    public var freshness = Freshness.unread
    /// Time since the store was last shown to be fresh (by a page, an event, a bookmark, or a live read after a
    /// silence; an accepted watch is no word), or since the start where it never was.
    public var age = Duration.zero
    /// Whether the server said that it does not know the kind, and has said nothing else since.
    public var isMissing = false
    /// Lists, by reason.
    public var relists: [WatcherNote.Relist: Int] = [:]
    /// Watches opened again, by reason; `failed` counts failed lists too.
    public var restarts: [WatcherNote.Restart: Int] = [:]
    /// Objects that did not fit their type.
    public var unreadable = 0
    /// The last failure, until the server is heard again.
    public var lastError: String?

    /// The age from which a store that is followed counts as out of date: a watch that is dead without a word is found
    /// sooner, so that by then nothing could be opened or read.
    public static let longestSilence = Duration.seconds(150)

    /// Whether what is known may be out of date. A quiet store is not: nothing speaks against it, and whoever needs
    /// more demands a proof.
    public var isStale: Bool {
        switch freshness {
        case .unread, .unproven: true
        case .quiet: false
        case .followed, .proven: age > Self.longestSilence
        }
    }

    /// The health of something that has not started.
    public init() {}
}

/// What a reflector remembers for its health.
struct ReflectorRecord {
    let startedAt: Duration
    var freshness = Freshness.unread
    var unreadable = 0
    /// Lists that have ended.
    var lists = 0
    var lastHeard: Duration? {
        didSet {
            (lastError, isMissing) = (nil, false)
            failures.reset()
        }
    }
    /// Failures that were logged.
    var failures = GrowingIntervals()
    /// Unreadable objects that were logged.
    var unreadableLines = GrowingIntervals()
    private var isMissing = false
    private var relists: [WatcherNote.Relist: Int] = [:]
    private var restarts: [WatcherNote.Restart: Int] = [:]
    private var lastError: String?

    init(startedAt: Duration) {
        self.startedAt = startedAt
    }

    mutating func take(_ note: WatcherNote) {
        switch note {
        case .relist(let reason): relists[reason, default: 0] += 1
        case .restart(let reason): restarts[reason, default: 0] += 1
        case .failure(let error, _):
            restarts[.failed, default: 0] += 1
            lastError = "\(error)"
            isMissing = error.isNotFound
        case .noStreamingLists, .noBookmarks, .silence:
            break
        }
    }

    func health(at now: Duration, isSynced: Bool) -> ReflectorHealth {
        var health = ReflectorHealth()
        health.isSynced = isSynced
        health.freshness = freshness
        health.age = now - (lastHeard ?? startedAt)
        health.relists = relists
        health.restarts = restarts
        health.unreadable = unreadable
        health.lastError = lastError
        health.isMissing = isMissing
        return health
    }
}
