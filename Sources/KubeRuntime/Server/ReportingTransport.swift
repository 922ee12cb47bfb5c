public import KubeCore
public import Logging
import Synchronization

/// A transport that says of its API server that it does not answer, and that it answers again, for all who share it.
///
/// Errors of such an outage are marked (`KubeError.wasReported`), so that nobody else has to log them. What was
/// remembered of the server is forgotten when it comes back: it may be another release.
public final class ReportingTransport: Transport {
    private let base: any Transport
    private let memory: ServerMemory?
    private let time: MonotonicTime
    private let logger: Logger
    private let outage = Mutex(OutageLog())

    /// Wraps `base`.
    public init(
        _ base: any Transport,
        memory: ServerMemory? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.base = base
        self.memory = memory
        time = MonotonicTime(clock)
        self.logger = logger
    }

    /// Sends a request.
    ///
    /// - Throws: what the wrapped transport throws.
    public func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let start = time.now
        do throws(KubeError) {
            let response = try await base.send(request)
            answered()
            return response
        } catch {
            throw failed(error, since: start)
        }
    }

    /// Opens a stream; that it breaks later is for its reader to say.
    ///
    /// - Throws: what the wrapped transport throws.
    public func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        let start = time.now
        do throws(KubeError) {
            let stream = try await base.open(request)
            answered()
            return stream
        } catch {
            throw failed(error, since: start)
        }
    }

    private func answered() {
        let now = time.now
        memory?.heard()
        guard case .ended(let away) = outage.withLock({ $0.answered(at: now) }) else { return }
        memory?.forget()
        logger.notice("The API server answers again", metadata: ["away": "\(Self.rounded(away))"])
    }

    private func failed(_ error: KubeError, since start: Duration) -> KubeError {
        guard error.saysNothingCame else { return error }
        let now = time.now
        let (isAway, line) = outage.withLock { $0.failed(since: start, at: now) }
        switch line {
        case .began:
            logger.warning("The API server does not answer", metadata: ["error": "\(error)"])
        case .goesOn(let away):
            let metadata: Logger.Metadata = ["error": "\(error)", "away": "\(Self.rounded(away))"]
            logger.warning("The API server still does not answer", metadata: metadata)
        case .ended, nil: break
        }
        guard isAway else { return error }
        var error = error
        error.wasReported = true
        return error
    }

    private static func rounded(_ duration: Duration) -> Duration {
        .milliseconds(Int(duration / .milliseconds(100)) * 100)
    }
}

extension KubeError {
    fileprivate var saysNothingCame: Bool {
        switch code {
        case .connection, .tls, .timeout, .outcomeUnknown, .credentials: true
        case .configuration, .cancelled, .notLeading, .status, .decoding, .encoding, .protocolViolation,
            .tooLarge:
            false
        }
    }
}
