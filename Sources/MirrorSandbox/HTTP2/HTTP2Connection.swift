/// The server's side of one HTTP/2 connection with prior knowledge: bytes come in, and actions go out.
///
/// It takes whole requests and gives whole answers, which is all that unary calls need. Whatever comes, it holds no
/// more than `Limits` say. Source: RFC 9113.
package struct HTTP2Connection {
    /// What it takes.
    package struct Limits: Hashable, Sendable {
        /// Streams that may be open at once.
        package var streams = 128
        /// Bytes of one request's body.
        package var body = 8 << 20
        /// Streams that the client may take back in all: a client that only does that has no other purpose.
        package var resets = 10_000

        package init() {}
    }

    /// What is to be done.
    package enum Action: Hashable, Sendable {
        case send([UInt8])
        /// A request is complete; it is answered by `answer`.
        case request(stream: UInt32, HTTP2Request)
        /// Nobody waits for the answer any more.
        case cancel(stream: UInt32)
        /// Everything that is to be sent was said before.
        case close
    }

    /// What a client sends first.
    package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    enum Phase { case preface, settings, open, closed }

    /// A header block that is not complete.
    struct Block {
        var stream: UInt32
        var endsStream: Bool
        var bytes: [UInt8]
    }

    let limits: Limits
    var phase = Phase.preface
    var reader = HTTP2FrameReader()
    var decoder = HPACKDecoder()
    var streams: [UInt32: HTTP2Stream] = [:]
    /// The highest stream that the client has opened.
    var lastStream: UInt32 = 0
    var block: Block?
    /// Bytes that may be sent: on the connection, and at first on a stream.
    var window = 65_535
    var firstWindow = 65_535
    var frameSize = HTTP2Frame.standardSize
    var resets = 0
    var isLeaving = false
    var actions: [Action] = []

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// What a server says first.
    package mutating func start() -> [Action] {
        // SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE.
        let payload =
            [0, 3] + HTTP2Frame.number(UInt32(limits.streams)) + [0, 6]
            + HTTP2Frame.number(UInt32(HPACKDecoder.listLimit))
        return [.send(HTTP2Frame(.settings, payload: payload).bytes)]
    }

    /// Takes what has come.
    package mutating func receive(_ bytes: [UInt8]) -> [Action] {
        guard phase != .closed else { return [] }
        reader.add(bytes)
        do throws(HTTP2Fault) {
            if phase == .preface, try !takePreface() { return [] }
            while phase != .closed, let frame = try reader.next() { try take(frame) }
        } catch {
            fail(error)
        }
        return flush()
    }

    /// Says to the client that no further stream is taken; those that are open go on.
    package mutating func leave() -> [Action] {
        guard phase != .closed, !isLeaving else { return [] }
        isLeaving = true
        send(goAway(.noError, ""))
        if streams.isEmpty { close() }
        return flush()
    }

    mutating func send(_ frame: HTTP2Frame) { actions.append(.send(frame.bytes)) }

    mutating func close() {
        phase = .closed
        actions.append(.close)
    }

    private func goAway(_ code: HTTP2ErrorCode, _ message: String) -> HTTP2Frame {
        let payload = HTTP2Frame.number(lastStream) + HTTP2Frame.number(code.rawValue) + Array(message.utf8)
        return HTTP2Frame(.goAway, payload: payload)
    }

    private mutating func fail(_ fault: HTTP2Fault) {
        // Who never spoke HTTP/2 is not told in HTTP/2.
        if phase != .preface { send(goAway(fault.code, fault.message)) }
        for stream in streams.keys.sorted() { actions.append(.cancel(stream: stream)) }
        streams = [:]
        close()
    }

    private mutating func flush() -> [Action] {
        defer { actions = [] }
        return actions
    }

    private mutating func takePreface() throws(HTTP2Fault) -> Bool {
        let begin = reader.beginning.prefix(Self.preface.count)
        guard begin.elementsEqual(Self.preface.prefix(begin.count)) else {
            throw HTTP2Fault(.protocolError, "no preface of HTTP/2")
        }
        guard reader.take(Self.preface.count) != nil else { return false }
        phase = .settings
        return true
    }

    // MARK: Answers

    /// Answers a request; nothing where its stream is gone.
    package mutating func answer(stream id: UInt32, _ response: HTTP2Response) -> [Action] {
        guard phase != .closed, streams[id]?.isAnswered == false else { return [] }
        let ends = response.body.isEmpty && response.trailers.isEmpty
        sendFields(response.fields, on: id, ends: ends)
        streams[id]?.isAnswered = true
        if ends {
            end(id)
        } else {
            streams[id]?.pending = response.body[...]
            streams[id]?.trailers = response.trailers
            sendPending(on: id)
        }
        return flush()
    }

    /// Ends a stream without an answer.
    package mutating func reset(stream id: UInt32, _ code: HTTP2ErrorCode) -> [Action] {
        guard phase != .closed, streams[id] != nil else { return [] }
        refuse(id, code)
        return flush()
    }

    mutating func refuse(_ id: UInt32, _ code: HTTP2ErrorCode) {
        send(HTTP2Frame(.reset, stream: id, payload: HTTP2Frame.number(code.rawValue)))
        end(id)
    }

    /// Forgets a stream.
    mutating func end(_ id: UInt32) {
        streams[id] = nil
        if isLeaving, streams.isEmpty { close() }
    }

    private mutating func sendFields(_ fields: [HTTP2Field], on id: UInt32, ends: Bool) {
        var rest = HPACKEncoder.encode(fields)[...]
        var kind = HTTP2Frame.Kind.headers
        repeat {
            let part = rest.prefix(frameSize)
            rest = rest.dropFirst(frameSize)
            var flags: UInt8 = rest.isEmpty ? HTTP2Frame.endHeaders : 0
            if ends, kind == .headers { flags |= HTTP2Frame.endStream }
            send(HTTP2Frame(kind, flags: flags, stream: id, payload: Array(part)))
            kind = .continuation
        } while !rest.isEmpty
    }

    /// Sends as much of an answer as the client has room for.
    mutating func sendPending(on id: UInt32) {
        guard var stream = streams[id], stream.isAnswered else { return }
        while !stream.pending.isEmpty {
            let size = min(stream.pending.count, frameSize, window, stream.window)
            guard size > 0 else { break }
            let part = stream.pending.prefix(size)
            stream.pending = stream.pending.dropFirst(size)
            window -= size
            stream.window -= size
            let isLast = stream.pending.isEmpty && stream.trailers.isEmpty
            send(HTTP2Frame(.data, flags: isLast ? HTTP2Frame.endStream : 0, stream: id, payload: Array(part)))
        }
        streams[id] = stream
        guard stream.pending.isEmpty else { return }
        if !stream.trailers.isEmpty { sendFields(stream.trailers, on: id, ends: true) }
        end(id)
    }
}

/// One stream.
struct HTTP2Stream {
    var fields: [HTTP2Field]
    var body: [UInt8] = []
    /// Whether the whole request has come.
    var isComplete = false
    /// Whether the answer has begun.
    var isAnswered = false
    /// What of the answer has not been sent.
    var pending: ArraySlice<UInt8> = []
    var trailers: [HTTP2Field] = []
    /// Bytes that the client takes on it.
    var window: Int
}
