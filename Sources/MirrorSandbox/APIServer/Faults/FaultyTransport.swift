package import KubeCore
import Synchronization

/// A transport on which requests go wrong as a plan says.
package final class FaultyTransport: Transport {
    private let base: any Transport
    private let sleep: @Sendable (Duration) async throws -> Void
    private let plan: FaultPlan
    private let count = Mutex(0)

    /// Wraps a transport.
    package init(
        _ base: any Transport,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        plan: @escaping FaultPlan
    ) {
        self.base = base
        self.sleep = sleep
        self.plan = plan
    }

    /// Requests so far.
    package var requests: Int { count.withLock { $0 } }

    package func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let fault = next(request)
        try await before(fault, request)
        if case .refuse(let status, let retryAfter) = fault { return Fault.refusal(status, retryAfter) }
        if case .answerTwice = fault { _ = try await base.send(request) }
        let response = try await base.send(request)
        try after(fault, request)
        return response
    }

    package func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        let fault = next(request)
        try await before(fault, request)
        switch fault {
        case .refuse(let status, let retryAfter): return Fault.refusal(status, retryAfter).stream
        case .answerTwice: (try await base.open(request)).cancel()
        default: break
        }
        let stream = try await base.open(request)
        do {
            try after(fault, request)
        } catch {
            stream.cancel()
            throw error
        }
        guard case .cutStream(let chunks) = fault else { return stream }
        return Self.cut(stream, after: chunks)
    }

    private func next(_ request: KubeRequest) -> Fault {
        let number = count.withLock { count in
            count += 1
            return count
        }
        return plan(number, request)
    }

    private func before(_ fault: Fault, _ request: KubeRequest) async throws(KubeError) {
        switch fault {
        case .cutBeforeEffect:
            throw KubeError(.connection, "\(request.path): the connection was cut on purpose before the request")
        case .kill(false, let die):
            die()
            throw KubeError(.cancelled, "the client was killed on purpose before \(request.path)")
        case .delay(let duration):
            do {
                try await sleep(duration)
            } catch {
                throw KubeError(.cancelled, "the task was cancelled")
            }
        default: return
        }
    }

    private func after(_ fault: Fault, _ request: KubeRequest) throws(KubeError) {
        switch fault {
        case .cutAfterEffect:
            let code: KubeError.Code = request.method.isRead ? .connection : .outcomeUnknown
            throw KubeError(code, "\(request.path): the connection was cut on purpose before the answer")
        case .kill(true, let die):
            die()
            throw KubeError(.cancelled, "the client was killed on purpose after \(request.path)")
        default: return
        }
    }

    private static func cut(_ stream: KubeResponseStream, after chunks: Int) -> KubeResponseStream {
        let left = Countdown(chunks)
        return KubeResponseStream(
            status: stream.status,
            headers: stream.headers,
            next: { () async throws(KubeError) -> [UInt8]? in
                guard left.take() else {
                    stream.cancel()
                    throw KubeError(.connection, "the stream was cut on purpose")
                }
                return try await stream.nextChunk()
            },
            cancel: { stream.cancel() }
        )
    }
}

/// A number that goes down to zero.
final class Countdown: Sendable {
    private let left: Mutex<Int>

    init(_ count: Int) { left = Mutex(count) }

    func take() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}
