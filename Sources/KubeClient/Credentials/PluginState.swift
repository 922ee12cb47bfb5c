package import KubeCore

/// When a credential plugin runs, decided from what its runs came to; it does no I/O.
///
/// # Guarantees
/// - One run at a time, whoever asks.
/// - A credential is used until its expiry, or until the server refuses it; then the plugin runs once more.
/// - A renewal that takes long keeps nobody: after a moment requests go with the credential that there is, and the
///   server has the last word.
/// - A plugin that fails, and one whose credentials are refused, runs at growing intervals from 1 s to 60 s, not once a
///   request. A credential that is still good is used meanwhile.
package struct PluginState: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// What to do for a request.
    package enum Action: Sendable {
        /// Go with this.
        case use(ExecCredential)
        /// Start the plugin and wait for it.
        case run
        /// Wait for the run that is under way.
        case join
        /// There is nothing to go with, and it is too early for another run.
        case fail(KubeError)
    }

    private var credential: ExecCredential?
    private var isRefused = false
    /// When the run began that is under way.
    private var runningSince: Instant?
    package var isRunning: Bool { runningSince != nil }
    /// How long requests wait for a renewal.
    private static let patience = Duration.seconds(2)
    private var runs = 0
    private var lastError: KubeError?
    /// Runs in a row that did no good.
    private var failures = 0
    private var nextRun: Instant?

    package init() {}

    /// A request needs a credential.
    package mutating func requested(at now: Instant) -> Action {
        if let credential, !isRefused, !isExpired(credential, now) { return .use(credential) }
        if let runningSince {
            guard let credential, !isRefused, now >= runningSince + Self.patience else { return .join }
            return .use(credential)
        }
        if let nextRun, now < nextRun {
            // Its expiry is a matter of clocks that may differ: the server has the last word.
            if let credential, !isRefused { return .use(credential) }
            if let lastError { return .fail(lastError) }
        }
        runningSince = now
        return .run
    }

    /// Until when those wait who join the run; nil where there is nothing to go with until it ends.
    package var patienceEnds: Instant? {
        credential == nil || isRefused ? nil : runningSince.map { $0 + Self.patience }
    }

    /// The run that was asked for is over.
    package mutating func ended(_ result: Result<ExecCredential, KubeError>, at now: Instant) {
        runningSince = nil
        runs += 1
        switch result {
        case .success(var new):
            new.number = runs
            credential = new
            isRefused = false
            lastError = nil
            // A plugin whose credentials have expired when they come would run once a request.
            nextRun = now + pause
        case .failure(let error):
            lastError = error
            failures += 1
            nextRun = now + pause
        }
    }

    /// The server answered 401 to this credential.
    ///
    /// - Returns: whether a request may ask again for another one.
    package mutating func refused(_ number: Int, at now: Instant) -> Bool {
        guard let credential, credential.number == number else { return true }
        guard !isRefused else { return isRunning || nextRun.map { $0 <= now } ?? true }
        if failures > 0, let nextRun, now < nextRun { return false }
        isRefused = true
        failures += 1
        nextRun = nil
        return true
    }

    /// The server took this credential.
    ///
    /// Until the pause is over that proves nothing: of several servers behind one address one may take what another
    /// one refuses, and the plugin would run once a request.
    package mutating func accepted(_ number: Int, at now: Instant) {
        guard failures > 0, credential?.number == number, lastError == nil, nextRun.map({ $0 <= now }) ?? true
        else { return }
        failures = 0
    }

    private var pause: Duration { .seconds(min(60, 1 << min(6, max(0, failures - 1)))) }

    private func isExpired(_ credential: ExecCredential, _ now: Instant) -> Bool {
        credential.renewal.map { $0 <= now } ?? false
    }
}
