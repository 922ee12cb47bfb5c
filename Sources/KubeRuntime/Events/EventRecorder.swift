public import KubeCore
public import Logging
import Metrics
import Synchronization

/// Writes Events without ever holding up or failing who reports them.
///
/// `record` only queues; `run` decides by an `EventCorrelator` and writes. What cannot be written after a few
/// attempts, and what is reported while the queue is full, is dropped and counted: an Event is a help for people, no
/// record.
public final class EventRecorder: Sendable {
    private struct State {
        var correlator: EventCorrelator
        var queue: [EventOccurrence] = []
    }

    private let api: KubeAPI
    private let time: MonotonicTime
    private let wallClock: @Sendable () -> MicroTimestamp
    private let logger: Logger
    private let queueLimit: Int
    private let manager: String
    private let state: Mutex<State>
    private let arrivals = Broadcast()

    /// Creates a recorder.
    ///
    /// - Parameters:
    ///   - manager: field manager of the writes.
    ///   - queueLimit: occurrences that wait at most.
    public init(
        _ api: KubeAPI,
        correlator: EventCorrelator,
        manager: String,
        queueLimit: Int = 1000,
        clock: any Clock<Duration> = ContinuousClock(),
        wallClock: @escaping @Sendable () -> MicroTimestamp,
        logger: Logger
    ) {
        self.api = api
        self.manager = manager
        self.queueLimit = queueLimit
        time = MonotonicTime(clock)
        self.wallClock = wallClock
        self.logger = logger
        state = Mutex(State(correlator: correlator))
    }

    /// Reports an occurrence; returns at once. The same text at every reconcile is one Event with a count.
    public func record(_ occurrence: EventOccurrence) {
        var occurrence = occurrence
        occurrence.note = occurrence.note.printable(atMost: EventCorrelator.noteLimit)
        let isQueued = state.withLock { state in
            guard state.queue.count < queueLimit else { return false }
            state.queue.append(occurrence)
            return true
        }
        if isQueued { arrivals.notify() } else { dropped("queue full") }
    }

    /// Reports that something happened to `object`; returns at once.
    public func record(
        _ kind: EventOccurrence.Kind,
        _ object: some KubeObject,
        reason: String,
        note: String,
        action: String = "Reconcile"
    ) {
        let regarding = Event.Reference(to: object)
        record(EventOccurrence(regarding: regarding, kind: kind, reason: reason, note: note, action: action))
    }

    /// Writes until the task is cancelled, and then for at most five seconds what was reported before.
    public func run() async {
        while !Task.isCancelled {
            let seen = arrivals.generation
            await writeQueued(attempts: 5)
            await endSeries()
            let now = time.now
            let limit = state.withLock { $0.correlator.nextEnd }.map { $0 - now }
            await arrivals.wait(past: seen, upTo: limit, on: time)
        }
        // Its own task: this one is cancelled, and would send nothing any more.
        let time = time
        await Task { _ = await withDeadline(.seconds(5), on: time) { await self.writeQueued(attempts: 1) } }.value
    }
}

extension EventRecorder {
    private func writeQueued(attempts: Int) async {
        while !Task.isCancelled, let occurrence = first() {
            let now = time.now
            let wall = wallClock()
            switch state.withLock({ $0.correlator.decide(occurrence, at: now, wall: wall) }) {
            case .create(let event):
                let error = await attempt(attempts) { [api, manager] () async throws(KubeError) in
                    _ = try await api.create(event, manager: manager)
                }
                // The name is taken only by an earlier attempt of ours that was not answered.
                guard let error, !error.isAlreadyExists else { break }
                if error.isInvalid, event.regarding?.namespace == nil, retryElsewhere(occurrence) { break }
                failed(occurrence, error)
            case .patch(let key, let series):
                if let error = await patch(key, series, attempts) { failed(occurrence, error) }
            case .counted:
                break
            case .limited:
                dropped("limit")
            }
        }
    }

    private func endSeries() async {
        let now = time.now
        for (key, series) in state.withLock({ $0.correlator.endSeries(at: now) }) {
            if let error = await patch(key, series, 1), !error.isNotFound {
                logger.debug("Event's count could not be written", metadata: ["event": "\(key)", "error": "\(error)"])
            }
        }
    }

    private func patch(_ key: ObjectKey, _ series: Event.Series, _ attempts: Int) async -> KubeError? {
        await attempt(attempts) { [api, manager] () async throws(KubeError) in
            let change = Patch.merge(["series": try JSONCoding.value(of: series)])
            _ = try await api.patch(Event.self, key, change, manager: manager)
        }
    }

    private func attempt(
        _ attempts: Int,
        _ operation: @Sendable () async throws(KubeError) -> Void
    ) async -> KubeError? {
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(10), jitter: 0.5)
        var generator = SystemRandomNumberGenerator()
        while true {
            do throws(KubeError) {
                try await operation()
                return nil
            } catch {
                guard error.isTransient, backoff.failures + 1 < attempts, !Task.isCancelled else { return error }
                let delay = max(backoff.next(using: &generator), error.retryAfter ?? .zero)
                try? await time.sleep(for: delay)
            }
        }
    }

    private func first() -> EventOccurrence? {
        state.withLock { $0.queue.isEmpty ? nil : $0.queue.removeFirst() }
    }

    private func retryElsewhere(_ occurrence: EventOccurrence) -> Bool {
        state.withLock { state in
            guard state.correlator.useOlderNamespace() else { return false }
            state.correlator.forget(occurrence)
            state.queue.insert(occurrence, at: 0)
            return true
        }
    }

    private func failed(_ occurrence: EventOccurrence, _ error: KubeError) {
        state.withLock { $0.correlator.forget(occurrence) }
        dropped("error")
        logger.log(
            level: error.wasReported ? .debug : .info,
            "Event could not be written",
            metadata: ["reason": "\(occurrence.reason)", "error": "\(error)"]
        )
    }

    private func dropped(_ reason: String) {
        Counter(label: "kube_runtime_events_dropped_total", dimensions: [("reason", reason)]).increment()
    }
}

extension Event.Reference {
    /// A reference to an object.
    public init<Object: KubeObject>(to object: Object) {
        self.init(
            apiVersion: Object.resource.apiVersion,
            kind: Object.resource.kind,
            namespace: object.metadata.namespace,
            name: object.metadata.name,
            uid: object.metadata.uid
        )
    }
}
