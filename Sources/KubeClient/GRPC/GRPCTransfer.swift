import CCurl
import KubeCore
import Synchronization

/// One call on its way through libcurl.
///
/// Where a call without TLS ends before anything came that could be read, libcurl's verdict is chance: what a server of
/// TLS or of HTTP/1 says to HTTP/2 looks like an end, a reset or an empty answer, by who is quicker. So two more looks
/// follow at the same port, in the time that is left: a handshake, and a GET. The call itself is never repeated.
final class GRPCTransfer: EasyTransfer,
    @unchecked Sendable /* all but the two with a lock or an atomic is the loop's */
{
    private enum Look {
        case call, tls, http1
    }

    private let request: GRPCRequest
    private let wasCancelled = Atomic(false)
    private let waiter: Mutex<CheckedContinuation<GRPCOutcome, Never>?>
    private var handle: EasyHandle
    private var answer: GRPCAnswer
    private var look = Look.call
    /// Those that came when we looked again.
    private var firstBytes: [UInt8] = []
    private var hasProgress = false
    private let deadline: ContinuousClock.Instant

    var pointer: UnsafeMutableRawPointer { handle.pointer }
    var isCancelled: Bool { wasCancelled.load(ordering: .acquiring) }

    /// Prepares a call; its time runs from now.
    init(
        _ request: GRPCRequest,
        userAgent: String,
        _ waiter: CheckedContinuation<GRPCOutcome, Never>
    ) throws(KubeError) {
        var handle = try EasyHandle()
        try handle.configure(request, userAgent: userAgent)
        self.request = request
        self.waiter = Mutex(waiter)
        self.handle = handle
        answer = GRPCAnswer(request)
        deadline = .now + request.timeout
        // libcurl holds the address only while the handle lives, which this object owns.
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_header(self.handle.pointer, { GRPCTransfer.from($3)?.receive(header: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_write(self.handle.pointer, { GRPCTransfer.from($3)?.receive(body: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_prereq(
            self.handle.pointer,
            { context, _, _, _, _ in
                GRPCTransfer.from(context)?.answer.progress = .secured
                return 0
            },
            context
        )
        ccurl_set_debug(
            self.handle.pointer,
            { _, kind, bytes, count, context in
                if kind == CURLINFO_TEXT { GRPCTransfer.from(context)?.hear(bytes, count) }
                return 0
            },
            context
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> GRPCTransfer? {
        context.map { Unmanaged<GRPCTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    func cancel() { wasCancelled.store(true, ordering: .releasing) }

    func finishCancelled() { fail(.cancelled, "given up") }

    func finishUnstarted(_ reason: String) { fail(.configuration, "it can't be called: \(reason)") }

    private func fail(_ kind: GRPCFault.Kind, _ message: String) {
        finish(.failed(GRPCFault(kind, address: request.address, message: message)))
    }

    /// Tells whoever waits; the first word counts.
    private func finish(_ outcome: GRPCOutcome) {
        waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }?.resume(returning: outcome)
    }

    func takeProgress() -> Bool {
        defer { hasProgress = false }
        return hasProgress
    }

    private func receive(header bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        hasProgress = true
        answer.isAnswered = true
        answer.head.push(UnsafeRawBufferPointer(start: bytes, count: count))
        return count
    }

    private func receive(body bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        hasProgress = true
        do throws(GRPCFrameReader.Fault) {
            try answer.body.push(UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        } catch {
            // What is no gRPC has no frames either, and says what it is in its head.
            if answer.head.isGRPC { answer.bodyFault = error }
            return 0
        }
    }

    /// The first of a head or of a body: enough is known then, and libcurl is to stop.
    private func keep(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        firstBytes = Array(UnsafeRawBufferPointer(start: bytes, count: min(count, 9)))
        return 0
    }

    private func hear(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) {
        answer.log.hear(String(decoding: UnsafeRawBufferPointer(start: bytes, count: min(count, 128)), as: UTF8.self))
    }
}

extension GRPCTransfer {
    /// Takes libcurl's verdict; true where another look follows.
    func complete(_ code: CURLcode) -> Bool {
        switch look {
        case .call: note(code)
        case .tls:
            let isTLS = code == CURLE_OK || handle.failureText.contains("alert")
            if isTLS { answer.suspicion = .tls }
        case .http1:
            let isHTTP1 = firstBytes.starts(with: Array("HTTP/1".utf8))
            answer.suspicion = isHTTP1 ? .http1 : GRPCAnswer.Suspicion(firstBytes: firstBytes)
        }
        if answer.wantsSecondLook, lookAgain() { return true }
        finish(answer.outcome)
        return false
    }

    private func note(_ code: CURLcode) {
        answer.end = handle.end(code)
        answer.isHTTP1 = [CURL_HTTP_VERSION_1_0, CURL_HTTP_VERSION_1_1].contains(handle.number(CURLINFO_HTTP_VERSION))
        answer.isLate = (deadline - .now) * 10 < request.timeout
        if answer.progress < .secured {
            answer.progress = answer.log.isConnected ? .connected : handle.progress(to: request.host)
        }
    }

    private func lookAgain() -> Bool {
        let left = min(deadline - .now, .seconds(2))
        guard left > .zero, look != .http1 else { return false }
        look = look == .call ? .tls : .http1
        do throws(KubeError) {
            handle.reset()
            try handle.configureLook(at: request, isTLS: look == .tls, timeout: left)
            let context = Unmanaged.passUnretained(self).toOpaque()
            ccurl_set_header(pointer, { GRPCTransfer.from($3)?.keep($0, $1 * $2) ?? 0 }, context)
            ccurl_set_write(pointer, { GRPCTransfer.from($3)?.keep($0, $1 * $2) ?? 0 }, context)
            return true
        } catch {
            return false
        }
    }
}
