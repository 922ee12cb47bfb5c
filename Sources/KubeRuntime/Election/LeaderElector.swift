public import KubeCore
public import Logging
import Metrics
import Synchronization

/// Contests a Lease and runs work while holding it: the shell that does what `LeaderElection` decides.
///
/// # Guarantees
/// - Losing the Lease cancels the work, ends nothing else, and the candidate contests again.
/// - On cancellation of `run` the work is cancelled first, and the Lease given up only after it has ended.
///
/// # Caveats
/// Work that ignores its cancellation goes on; see the caveat of `LeaderElection`.
public final class LeaderElector: Sendable {
    private struct State {
        var election: LeaderElection
        var bodies = 0
        var isResigning = false
        var wasLeading = false
        /// Failures that were logged.
        var failures = GrowingIntervals()

        func isLeading(at now: Duration) -> Bool { !isResigning && election.isLeading(at: now) }
    }

    private let api: KubeAPI
    private let configuration: LeaderElectionConfiguration
    private let manager: String
    private let time: MonotonicTime
    private let wallClock: @Sendable () -> MicroTimestamp
    private let logger: Logger
    private let state: Mutex<State>
    private let changes = Broadcast()
    private let status: Gauge
    /// Renewals that had to read first.
    private let slowPaths: Counter

    /// Creates a candidate; `manager` is the field manager of its writes.
    ///
    /// - Parameters:
    ///   - clock: should go on while the machine sleeps, as `ContinuousClock` does.
    ///   - wallClock: the time to write into the Lease.
    public init(
        _ api: KubeAPI,
        configuration: LeaderElectionConfiguration,
        manager: String,
        clock: any Clock<Duration> = ContinuousClock(),
        wallClock: @escaping @Sendable () -> MicroTimestamp,
        logger: Logger
    ) {
        self.api = api
        self.configuration = configuration
        self.manager = manager
        time = MonotonicTime(clock)
        self.wallClock = wallClock
        var logger = logger
        logger[metadataKey: "lease"] = "\(configuration.lease)"
        logger[metadataKey: "identity"] = "\(configuration.identity)"
        self.logger = logger
        state = Mutex(State(election: LeaderElection(configuration: configuration)))
        status = Gauge(label: "leader_election_master_status", dimensions: [("name", configuration.lease.name)])
        status.record(0)
        slowPaths = Counter(label: "leader_election_slowpath_total", dimensions: [("name", configuration.lease.name)])
    }

    /// Whether this candidate leads now; judged by the clock at each call, so that a process that was stopped for
    /// long knows at once.
    public var isLeader: Bool {
        let now = time.now
        return state.withLock { $0.isLeading(at: now) }
    }

    /// Who holds the Lease as far as is known; nil where nobody does.
    public var holder: String? { state.withLock { $0.election.holder } }

    /// Contests the Lease until the task is cancelled, and then gives it up.
    public func run() async {
        while !Task.isCancelled {
            let now = time.now
            let action = state.withLock { $0.election.next(at: now, wall: wallClock()) }
            announce()
            await take(action)
            announce()
        }
        // Its own task: this one is cancelled, and would send nothing any more.
        await Task { await self.resign() }.value
    }

    /// Runs `body` whenever this candidate leads, and cancels it when it does not any more.
    ///
    /// Returns when `body` returns by itself; what is cut off by a loss begins anew with the next term.
    ///
    /// - Throws: what `body` throws by itself, and `CancellationError` when the task is cancelled.
    public func leading(_ body: @escaping @Sendable () async throws -> Void) async throws {
        while true {
            try await waitUntilLeading()
            let isDone = try await term(body)
            if isDone { return }
            try Task.checkCancellation()
        }
    }
}

extension LeaderElector {
    /// One time of leading; false where it was lost.
    private func term(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        state.withLock { $0.bodies += 1 }
        defer {
            state.withLock { $0.bodies -= 1 }
            changes.notify()
        }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                await self.waitUntilLost()
                return false
            }
            let isDone = try await group.next() ?? true
            group.cancelAll()
            if !isDone {
                // What a cancelled body throws is the consequence of the loss.
                while let _ = await group.nextResult() {}
            }
            return isDone
        }
    }

    private func waitUntilLeading() async throws {
        while true {
            let seen = changes.generation
            try Task.checkCancellation()
            if isLeader { return }
            await changes.wait(past: seen)
        }
    }

    private func waitUntilLost() async {
        while !Task.isCancelled {
            let seen = changes.generation
            let now = time.now
            let (isLeading, until) = state.withLock { ($0.isLeading(at: now), $0.election.leadsUntil) }
            guard isLeading, let until else { return }
            await changes.wait(past: seen, upTo: until - now, on: time)
        }
    }

    private func take(_ action: LeaderElection.Action) async {
        let sentAt = time.now
        switch action {
        case .wait(let delay):
            try? await time.sleep(for: delay)
        case .read:
            if isLeader { slowPaths.increment() }
            let key = configuration.lease
            let lease = await attempt { [api] () async throws(KubeError) in try await api.find(Lease.self, key) }
            guard let lease else { return }
            let now = time.now
            state.withLock { $0.election.read(lease, at: now) }
        case .create(let lease):
            let stored = await attempt { [api, manager] () async throws(KubeError) in
                try await api.create(lease, manager: manager)
            }
            if let stored { state.withLock { $0.election.written(stored, sentAt: sentAt) } }
        case .replace(let lease):
            let stored = await attempt { [api, manager] () async throws(KubeError) in
                try await api.replace(lease, manager: manager)
            }
            if let stored { state.withLock { $0.election.written(stored, sentAt: sentAt) } }
        }
    }

    /// Makes one request, which may take half the renew deadline, so that there is time for another one.
    private func attempt<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws(KubeError) -> Value
    ) async -> Value? {
        let limit = configuration.renewDeadline / 2
        let result = await withDeadline(limit, on: time) { () -> Result<Value, KubeError> in
            do throws(KubeError) { return .success(try await operation()) } catch { return .failure(error) }
        }
        let error: KubeError
        switch result {
        case .success(let value):
            state.withLock { $0.failures.reset() }
            return value
        case .failure(let failure): error = failure
        case nil: error = KubeError(.timeout, "no answer within \(limit)")
        }
        guard !Task.isCancelled else { return nil }
        let now = time.now
        state.withLock { $0.election.failed(conflict: error.httpStatus == 409, at: now) }
        // A conflict is how candidates meet; all else may keep us from ever leading.
        let isNews = error.httpStatus != 409 && !error.wasReported
        let isDue = isNews && state.withLock { $0.failures.isDue("\(error)", at: now) }
        logger.log(
            level: isDue ? .warning : .debug,
            "Lease could not be read or written",
            metadata: ["error": "\(error)"]
        )
        return nil
    }

    private func announce() {
        let now = time.now
        let (before, after, holder) = state.withLock { state in
            let leading = state.isLeading(at: now)
            defer { state.wasLeading = leading }
            return (state.wasLeading, leading, state.election.holder)
        }
        // Also without a change: a renewal moves the end of the term that a waiter has computed.
        changes.notify()
        guard before != after else { return }
        status.record(after ? 1 : 0)
        if after {
            logger.notice("Leading")
        } else {
            let isOther = holder.map { $0 != configuration.identity } ?? false
            let why = isOther ? "another one holds the Lease" : "the Lease was not renewed in time"
            var metadata: Logger.Metadata = ["reason": "\(why)"]
            if isOther { metadata["holder"] = "\(holder ?? "")" }
            logger.warning("No longer leading", metadata: metadata)
        }
    }

    private func resign() async {
        state.withLock { $0.isResigning = true }
        announce()
        while true {
            let seen = changes.generation
            let now = time.now
            let (bodies, until) = state.withLock { ($0.bodies, $0.election.leadsUntil) }
            // Work that outlives the term keeps the Lease: it expires by itself, later than a release would make it.
            guard let until, now < until else { return }
            if bodies == 0 { break }
            await changes.wait(past: seen, upTo: until - now, on: time)
        }
        let now = time.now
        guard let lease = state.withLock({ $0.election.release(at: now, wall: wallClock()) }) else { return }
        _ = await attempt { [api, manager] () async throws(KubeError) in
            try await api.replace(lease, manager: manager)
        }
        logger.notice("Lease given up")
    }
}
