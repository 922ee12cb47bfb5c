import KubeCore
import Synchronization

/// Holds the pieces of an answer between libcurl and its reader.
///
/// Once `bound` bytes wait, libcurl is told to read no further until the reader has taken them: the server's data then
/// waits in the sockets, and memory stays at the bound and one piece more.
final class StreamedAnswer: TransferSink {
    typealias Chunk = Result<[UInt8]?, KubeError>
    typealias Waiter = CheckedContinuation<Chunk, Never>
    typealias Head = Result<ResponseHead, KubeError>

    private struct State {
        var head: Head?
        var headWaiter: CheckedContinuation<Head, Never>?
        var buffer: [UInt8] = []
        var end: Chunk?
        var chunkWaiter: Waiter?
        var isPaused = false
    }

    private let bound: Int
    private let state = Mutex(State())

    init(bound: Int) {
        self.bound = bound
    }

    func receive(_ head: ResponseHead) {
        state.withLock { state in
            state.head = .success(head)
            defer { state.headWaiter = nil }
            return state.headWaiter
        }?.resume(returning: .success(head))
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> TransferStep {
        let (step, waiter, chunk) = state.withLock { state in
            // The reader has gone: what still comes until the transfer is removed is nobody's.
            guard state.end == nil else { return (TransferStep.taken, nil as Waiter?, nil as [UInt8]?) }
            guard state.buffer.count < bound else {
                state.isPaused = true
                return (.pause, nil, nil)
            }
            state.buffer += bytes
            guard let waiter = state.chunkWaiter, !state.buffer.isEmpty else { return (.taken, nil, nil) }
            state.chunkWaiter = nil
            defer { state.buffer = [] }
            return (.taken, waiter, state.buffer)
        }
        waiter?.resume(returning: .success(chunk))
        return step
    }

    func finish(_ failure: KubeError?) {
        let error = failure ?? KubeError(.protocolViolation, "the answer has no status line")
        let (headWaiter, chunkWaiter, end) = state.withLock { state in
            let end = state.end ?? failure.map { .failure($0) } ?? .success(nil)
            state.end = end
            if state.head == nil { state.head = .failure(error) }
            defer { (state.headWaiter, state.chunkWaiter) = (nil, nil) }
            return (state.headWaiter, state.chunkWaiter, end)
        }
        headWaiter?.resume(returning: .failure(error))
        chunkWaiter?.resume(returning: end)
    }

    /// Waits for the head of the answer.
    func head() async -> Head {
        await withCheckedContinuation { continuation in
            let known: Head? = state.withLock { state in
                if state.head == nil { state.headWaiter = continuation }
                return state.head
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Takes all that waits, or waits for something to come; calls `resume` when libcurl may read on.
    func chunk(resume: () -> Void) async -> Chunk {
        await withCheckedContinuation { continuation in
            let (known, wasPaused): (Chunk?, Bool) = state.withLock { state in
                if !state.buffer.isEmpty {
                    defer { (state.buffer, state.isPaused) = ([], false) }
                    return (.success(state.buffer), state.isPaused)
                }
                guard let end = state.end else {
                    guard state.chunkWaiter == nil else {
                        return (.failure(KubeError(.protocolViolation, "a stream has one reader at a time")), false)
                    }
                    state.chunkWaiter = continuation
                    return (nil, false)
                }
                return (end, false)
            }
            if wasPaused { resume() }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Drops what waits and ends the stream at once for its reader.
    func cancel() {
        state.withLock { $0.buffer = [] }
        finish(KubeError(.cancelled, "the stream was cancelled"))
    }
}

/// The reader's end of a stream; a stream that is dropped is closed.
final class StreamReader: Sendable {
    private let session: ClientSession
    private let transfer: Transfer
    private let answer: StreamedAnswer

    init(_ transfer: Transfer, _ answer: StreamedAnswer, on session: ClientSession) {
        self.transfer = transfer
        self.answer = answer
        self.session = session
    }

    deinit { session.loop.cancel(transfer) }

    /// Sends the request and waits for the head of its answer.
    func start() async throws(KubeError) -> ResponseHead {
        let head = await withTaskCancellationHandler {
            session.loop.add(transfer)
            return await answer.head()
        } onCancel: {
            cancel()
        }
        return try head.get()
    }

    func next() async throws(KubeError) -> [UInt8]? {
        let chunk = await withTaskCancellationHandler {
            await answer.chunk { session.loop.resume(transfer) }
        } onCancel: {
            cancel()
        }
        return try chunk.get()
    }

    func cancel() {
        answer.cancel()
        session.loop.cancel(transfer)
    }
}
