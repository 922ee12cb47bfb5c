public import KubeCore

/// Something that happened to an object, before it is decided whether an Event is written for it.
public struct EventOccurrence: Hashable, Sendable {
    /// The types that the API knows.
    public enum Kind: String, Hashable, Sendable {
        /// Information.
        case normal = "Normal"
        /// Something to look at.
        case warning = "Warning"
    }

    /// What it is about.
    public var regarding: Event.Reference
    /// Whether somebody should look at it.
    public var kind: Kind
    /// One word for programs, in UpperCamelCase; at most 128 characters.
    public var reason: String
    /// A sentence for people; cut at 1024 bytes.
    public var note: String
    /// What was done or tried, in UpperCamelCase; at most 128 characters.
    public var action: String

    /// Creates an occurrence.
    public init(regarding: Event.Reference, kind: Kind, reason: String, note: String, action: String = "Reconcile") {
        self.regarding = regarding
        self.kind = kind
        self.reason = reason
        self.note = note
        self.action = action
    }
}

/// Decides which occurrences are worth a write, and which one.
///
/// | occurrence, with the same object, kind, reason, note and action | written |
/// |---|---|
/// | the first | a new Event |
/// | the second, within `seriesWindow` of the first | its series, with a count of 2 |
/// | the following ones, none later than `seriesWindow` after the one before | the count, once in `refreshInterval` |
/// | after a silence of `seriesWindow` | the last count where it was not written yet; then a new Event |
///
/// Beside that, one object may cause `burst` writes and then one in `refill`: what is above is not written. The
/// figures of client-go: `tools/events/event_broadcaster.go` (6 min, 30 min), `tools/record/events_cache.go` (25,
/// 300 s). A server keeps an Event for an hour after its last write by default: a refresh keeps one alive that goes on.
public struct EventCorrelator: Sendable {
    /// The most bytes of a note (kubernetes/kubernetes, pkg/apis/core/validation/events.go).
    static let noteLimit = 1_024

    /// Figures of a correlator.
    public struct Configuration: Hashable, Sendable {
        /// Silence after which a repetition is a new Event.
        public var seriesWindow = Duration.seconds(360)
        /// How often the count of a series that goes on is written.
        public var refreshInterval = Duration.seconds(1800)
        /// Writes that one object may cause at once.
        public var burst = 25
        /// Time in which one more write is allowed.
        public var refill = Duration.seconds(300)
        /// Series and objects that are remembered; the oldest are forgotten.
        public var capacity = 4096

        /// The defaults.
        public init() {}
    }

    /// What to do with an occurrence.
    public enum Decision: Hashable, Sendable {
        /// Create this Event.
        case create(Event)
        /// Set the series of the Event of that name.
        case patch(ObjectKey, Event.Series)
        /// Nothing: it is counted, and the count is written later.
        case counted
        /// Nothing: the object has caused too many writes.
        case limited
    }

    private struct Series {
        var event: ObjectKey
        var count: Int
        var writtenCount: Int
        var lastSeen: Duration
        var lastSeenWall: MicroTimestamp
        var lastWritten: Duration
    }

    private struct Bucket {
        var tokens: Double
        var refilledAt: Duration
    }

    private let configuration: Configuration
    /// Where Events about objects of the whole cluster live: in `default`, as client-go has it.
    private var clusterNamespace = "default"
    private let controller: String
    private let instance: String
    private var series: [EventOccurrence: Series] = [:]
    private var buckets: [Event.Reference: Bucket] = [:]

    /// Creates a correlator.
    ///
    /// - Parameters:
    ///   - controller: `reportingController`, a qualified name such as `example.org/operator`.
    ///   - instance: `reportingInstance`, the name of the pod or process.
    public init(configuration: Configuration = Configuration(), controller: String, instance: String) {
        self.configuration = configuration
        self.controller = controller
        self.instance = instance
    }

    /// Decides about an occurrence at `now`; `wall` is written for people.
    public mutating func decide(_ occurrence: EventOccurrence, at now: Duration, wall: MicroTimestamp) -> Decision {
        if var known = series[occurrence], now - known.lastSeen < configuration.seriesWindow {
            known.count += 1
            known.lastSeen = now
            known.lastSeenWall = wall
            let isDue = known.writtenCount == 1 || now - known.lastWritten >= configuration.refreshInterval
            let isWritten = isDue && takeToken(occurrence.regarding, at: now)
            if isWritten {
                known.writtenCount = known.count
                known.lastWritten = now
            }
            series[occurrence] = known
            guard isWritten else { return .counted }
            return .patch(known.event, Event.Series(count: known.count, lastObservedTime: wall))
        }
        guard takeToken(occurrence.regarding, at: now) else { return .limited }
        let event = event(occurrence, wall)
        makeRoom()
        series[occurrence] = Series(
            event: event.key,
            count: 1,
            writtenCount: 1,
            lastSeen: now,
            lastSeenWall: wall,
            lastWritten: now
        )
        return .create(event)
    }

    /// The server refused an Event about an object of the whole cluster in `default`: from now on they go to
    /// `kube-system`, the only namespace that servers before 1.21 take for them.
    ///
    /// - Returns: false where that was so already, and trying again would change nothing.
    public mutating func useOlderNamespace() -> Bool {
        defer { clusterNamespace = "kube-system" }
        return clusterNamespace != "kube-system"
    }

    /// The Event could not be created, or is gone: the next occurrence creates another one.
    public mutating func forget(_ occurrence: EventOccurrence) {
        series[occurrence] = nil
    }

    /// Removes the series that have ended and returns the counts that were not written yet.
    public mutating func endSeries(at now: Duration) -> [(event: ObjectKey, series: Event.Series)] {
        let ended = series.filter { now - $0.value.lastSeen >= configuration.seriesWindow }
        for occurrence in ended.keys { series[occurrence] = nil }
        return ended.values.filter { $0.count > $0.writtenCount }
            .sorted { $0.event < $1.event }
            .map { ($0.event, Event.Series(count: $0.count, lastObservedTime: $0.lastSeenWall)) }
    }

    /// When a series ends next; nil where there is none.
    public var nextEnd: Duration? {
        series.values.map(\.lastSeen).min().map { $0 + configuration.seriesWindow }
    }
}

extension EventCorrelator {
    private mutating func takeToken(_ object: Event.Reference, at now: Duration) -> Bool {
        let full = Double(configuration.burst)
        var bucket = buckets[object] ?? Bucket(tokens: full, refilledAt: now)
        bucket.tokens = min(full, bucket.tokens + (now - bucket.refilledAt) / configuration.refill)
        bucket.refilledAt = now
        defer { buckets[object] = bucket }
        guard bucket.tokens >= 1 else { return false }
        bucket.tokens -= 1
        return true
    }

    private mutating func makeRoom() {
        // A quarter at once, so that the search for the oldest is rare.
        if series.count >= configuration.capacity {
            let oldest = series.sorted { $0.value.lastSeen < $1.value.lastSeen }.prefix(configuration.capacity / 4 + 1)
            for (occurrence, _) in oldest { series[occurrence] = nil }
        }
        if buckets.count >= configuration.capacity {
            let oldest = buckets.sorted { $0.value.refilledAt < $1.value.refilledAt }
            for (object, _) in oldest.prefix(configuration.capacity / 4 + 1) { buckets[object] = nil }
        }
    }

    private func event(_ occurrence: EventOccurrence, _ wall: MicroTimestamp) -> Event {
        let regarding = occurrence.regarding
        let text = "\(occurrence.kind.rawValue)/\(occurrence.reason)/\(occurrence.note)/\(occurrence.action)"
        // Unique among the Events of one object, and the same when a creation is sent again.
        let suffix = ".\(String(UInt64(bitPattern: wall.microseconds), radix: 16))\(StableHash.short(text).prefix(5))"
        var name = (regarding.name ?? "unknown").prefix(253 - suffix.utf8.count)
        // What is cut must not end in what no label ends in.
        while name.last == "." || name.last == "-" { name.removeLast() }
        return Event(
            metadata: ObjectMeta(name: name + suffix, namespace: regarding.namespace ?? clusterNamespace),
            eventTime: wall,
            reportingController: controller,
            reportingInstance: String(instance.prefix(128)),
            action: String(occurrence.action.prefix(128)),
            reason: String(occurrence.reason.prefix(128)),
            note: occurrence.note.printable(atMost: Self.noteLimit),
            type: occurrence.kind.rawValue,
            regarding: regarding
        )
    }
}
