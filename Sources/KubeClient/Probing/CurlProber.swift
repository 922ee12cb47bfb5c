public import KubeCore
import Synchronization

/// Makes probes through libcurl, on a thread of its own.
///
/// How many are under way at once is for the caller to bound: each has one socket.
public final class CurlProber: ProbeTransport {
    private let loop: ProbeLoop
    private let userAgent: String

    /// Starts the thread, which ends with the last reference to this object.
    ///
    /// - Parameter userAgent: value of the User-Agent field, such as `p2pmirror/0.1.0`.
    /// - Throws: `KubeError` with code `connection` where the machine has no thread left, `configuration` where libcurl
    ///   cannot be used.
    public init(userAgent: String) throws(KubeError) {
        loop = try ProbeLoop()
        self.userAgent = userAgent
    }

    deinit { loop.stop() }

    /// Makes one probe.
    public func probe(_ request: ProbeRequest) async -> ProbeOutcome {
        let cancellation = Cancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                do throws(KubeError) {
                    let transfer = try ProbeTransfer(request, userAgent: userAgent, continuation)
                    loop.add(transfer)
                    if cancellation.arm(transfer) { loop.cancel(transfer) }
                } catch {
                    continuation.resume(
                        returning: ProbeOutcome(
                            fault: .configuration,
                            address: request.address,
                            message: "it cannot be probed: \(error.message)"
                        )
                    )
                }
            }
        } onCancel: {
            if let transfer = cancellation.cancel() { loop.cancel(transfer) }
        }
    }
}

/// Brings a probe and its cancellation together, whichever comes first.
private final class Cancellation: Sendable {
    private enum State {
        case open
        case armed(ProbeTransfer)
        case cancelled
    }

    private let state = Mutex(State.open)

    /// Whether it was cancelled before.
    func arm(_ transfer: ProbeTransfer) -> Bool {
        state.withLock { state in
            if case .cancelled = state { return true }
            state = .armed(transfer)
            return false
        }
    }

    /// What is to be cancelled; nil where nothing was armed yet.
    func cancel() -> ProbeTransfer? {
        state.withLock { state in
            defer { state = .cancelled }
            guard case .armed(let transfer) = state else { return nil }
            return transfer
        }
    }
}
