import KubeCore
import Synchronization

/// Gathers a whole answer for the task that waits for it.
final class WholeAnswer: TransferSink {
    typealias Outcome = Result<KubeResponse, KubeError>

    private struct State {
        var head: ResponseHead?
        var body: [UInt8] = []
        var outcome: Outcome?
        var waiter: CheckedContinuation<Outcome, Never>?
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    func receive(_ head: ResponseHead) {
        state.withLock { state in
            state.head = head
            // What came before belongs to an attempt that libcurl gave up and repeated.
            state.body = []
            if let length = head.headers["content-length"].flatMap({ Int($0) }), length > 0 {
                state.body.reserveCapacity(min(length, limit, 8 << 20))
            }
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> TransferStep {
        state.withLock { state in
            guard state.body.count + bytes.count <= limit else { return .refused }
            state.body += bytes
            return .taken
        }
    }

    func finish(_ failure: KubeError?) {
        let (waiter, outcome) = state.withLock { state in
            let outcome = Self.outcome(state, failure)
            let waiter = state.waiter
            state = State(outcome: outcome)
            return (waiter, outcome)
        }
        waiter?.resume(returning: outcome)
    }

    /// Waits for the end; called once.
    func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in
            let known: Outcome? = state.withLock { state in
                if state.outcome == nil { state.waiter = continuation }
                return state.outcome
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    private static func outcome(_ state: State, _ failure: KubeError?) -> Outcome {
        if let failure { return .failure(failure) }
        guard let head = state.head else {
            return .failure(KubeError(.protocolViolation, "the answer has no status line"))
        }
        return .success(KubeResponse(status: head.status, headers: head.headers, body: state.body))
    }
}
