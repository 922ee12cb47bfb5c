extension HTTP2Connection {
    /// Takes one frame.
    mutating func take(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        if phase == .settings {
            guard frame.kind == .settings, !frame.has(HTTP2Frame.acknowledge) else {
                throw HTTP2Fault(.protocolError, "the first frame is not SETTINGS")
            }
            phase = .open
        }
        if let block {
            guard frame.kind == .continuation, frame.stream == block.stream else {
                throw HTTP2Fault(.protocolError, "a frame in the middle of a header block")
            }
        }
        switch frame.kind {
        case .data: try takeData(frame)
        case .headers: try takeHeaders(frame)
        case .continuation: try takeContinuation(frame)
        case .settings: try takeSettings(frame)
        case .windowUpdate: try takeWindowUpdate(frame)
        case .reset: try takeReset(frame)
        case .ping: try takePing(frame)
        case .priority:
            guard frame.stream > 0 else { throw Self.wrongStream(frame) }
        case .pushPromise: throw HTTP2Fault(.protocolError, "a client has nothing to promise")
        // A client that leaves waits for its answers, and then closes.
        case .goAway, nil: return
        }
    }

    private static func wrongStream(_ frame: HTTP2Frame) -> HTTP2Fault {
        HTTP2Fault(.protocolError, "a frame of type \(frame.type) on stream \(frame.stream)")
    }

    // MARK: Headers

    private mutating func takeHeaders(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        guard frame.stream % 2 == 1, var fragment = frame.unpadded else { throw Self.wrongStream(frame) }
        if frame.has(HTTP2Frame.prioritised) {
            guard fragment.count >= 5 else { throw HTTP2Fault(.frameSizeError, "HEADERS without its priority") }
            fragment = fragment.dropFirst(5)
        }
        let block = Block(
            stream: frame.stream,
            endsStream: frame.has(HTTP2Frame.endStream),
            bytes: Array(fragment)
        )
        try takeBlock(block, isComplete: frame.has(HTTP2Frame.endHeaders))
    }

    private mutating func takeContinuation(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        guard var block else { throw HTTP2Fault(.protocolError, "CONTINUATION of nothing") }
        block.bytes += frame.payload
        guard block.bytes.count <= HPACKDecoder.listLimit, !frame.payload.isEmpty || frame.has(HTTP2Frame.endHeaders)
        else { throw HTTP2Fault(.enhanceYourCalm, "a header block without end") }
        try takeBlock(block, isComplete: frame.has(HTTP2Frame.endHeaders))
    }

    private mutating func takeBlock(_ block: Block, isComplete: Bool) throws(HTTP2Fault) {
        self.block = isComplete ? nil : block
        guard isComplete else { return }
        // The table of the decoder needs every block, also one that nobody wants.
        let fields = try decoder.decode(block.bytes)
        if let stream = streams[block.stream] {
            // Trailers: they say nothing that a unary call needs, and must end the request.
            guard !stream.isComplete, block.endsStream else {
                throw HTTP2Fault(.protocolError, "headers in the middle of stream \(block.stream)")
            }
            return complete(block.stream)
        }
        guard block.stream > lastStream else {
            throw HTTP2Fault(.streamClosed, "headers on stream \(block.stream), which has ended")
        }
        lastStream = block.stream
        open(block, fields)
    }

    private mutating func open(_ block: Block, _ fields: [HTTP2Field]) {
        guard !isLeaving, streams.count < limits.streams else {
            return send(
                HTTP2Frame(
                    .reset,
                    stream: block.stream,
                    payload: HTTP2Frame.number(HTTP2ErrorCode.refusedStream.rawValue)
                )
            )
        }
        streams[block.stream] = HTTP2Stream(fields: fields, window: firstWindow)
        guard HTTP2Request(fields: fields, body: []).isWellFormed else { return refuse(block.stream, .protocolError) }
        if block.endsStream { complete(block.stream) }
    }

    private mutating func complete(_ id: UInt32) {
        guard let stream = streams[id] else { return }
        streams[id]?.isComplete = true
        streams[id]?.body = []
        actions.append(.request(stream: id, HTTP2Request(fields: stream.fields, body: stream.body)))
    }

    // MARK: Data

    private mutating func takeData(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        guard frame.stream > 0, frame.stream <= lastStream, let content = frame.unpadded else {
            throw Self.wrongStream(frame)
        }
        // Its bytes count for the connection wherever they go, with their padding.
        if !frame.payload.isEmpty { grant(frame.payload.count, on: 0) }
        guard let stream = streams[frame.stream] else {
            // It crossed our end of the stream on its way.
            return
        }
        guard !stream.isComplete else {
            throw HTTP2Fault(.streamClosed, "data after the end of stream \(frame.stream)")
        }
        guard stream.body.count + content.count <= limits.body else { return refuse(frame.stream, .enhanceYourCalm) }
        streams[frame.stream]?.body += content
        if frame.has(HTTP2Frame.endStream) {
            complete(frame.stream)
        } else if !frame.payload.isEmpty {
            grant(frame.payload.count, on: frame.stream)
        }
    }

    private mutating func grant(_ bytes: Int, on stream: UInt32) {
        send(HTTP2Frame(.windowUpdate, stream: stream, payload: HTTP2Frame.number(UInt32(bytes))))
    }

    // MARK: The rest

    private mutating func takeSettings(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        guard frame.stream == 0 else { throw Self.wrongStream(frame) }
        let isAnswer = frame.has(HTTP2Frame.acknowledge)
        guard frame.payload.count % 6 == 0, !isAnswer || frame.payload.isEmpty else {
            throw HTTP2Fault(.frameSizeError, "SETTINGS of \(frame.payload.count) bytes")
        }
        guard !isAnswer else { return }
        for start in stride(from: 0, to: frame.payload.count, by: 6) {
            let setting = HTTP2Frame.number(frame.payload[start..<start + 2])
            try set(setting, HTTP2Frame.number(frame.payload[start + 2..<start + 6]))
        }
        send(HTTP2Frame(.settings, flags: HTTP2Frame.acknowledge))
        sendAllPending()
    }

    private mutating func set(_ setting: UInt32, _ value: UInt32) throws(HTTP2Fault) {
        switch setting {
        case 4:
            guard value <= Self.largestWindow else { throw HTTP2Fault(.flowControlError, "a window of \(value)") }
            let change = Int(value) - firstWindow
            firstWindow = Int(value)
            for id in streams.keys {
                streams[id]?.window += change
                guard streams[id].map({ $0.window <= Self.largestWindow }) ?? true else {
                    throw HTTP2Fault(.flowControlError, "the window of stream \(id) is too large")
                }
            }
        case 5:
            guard (16_384...16_777_215).contains(value) else {
                throw HTTP2Fault(.protocolError, "frames of \(value) bytes")
            }
            // Larger frames than the standard's gain nothing on loopback.
            frameSize = min(Int(value), HTTP2Frame.standardSize)
        // Our blocks use no table, nothing is pushed, and we open no streams.
        default: return
        }
    }

    private static let largestWindow = 0x7FFF_FFFF

    private mutating func takeWindowUpdate(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        guard frame.payload.count == 4 else { throw HTTP2Fault(.frameSizeError, "a WINDOW_UPDATE of other size") }
        guard frame.stream <= lastStream else { throw Self.wrongStream(frame) }
        let bytes = Int(HTTP2Frame.number(frame.payload) & 0x7FFF_FFFF)
        if frame.stream == 0 {
            guard bytes > 0 else { throw HTTP2Fault(.protocolError, "a WINDOW_UPDATE of nothing") }
            window += bytes
            guard window <= Self.largestWindow else { throw HTTP2Fault(.flowControlError, "the window is too large") }
            return sendAllPending()
        }
        guard let stream = streams[frame.stream] else { return }
        guard bytes > 0, stream.window + bytes <= Self.largestWindow else {
            actions.append(.cancel(stream: frame.stream))
            return refuse(frame.stream, bytes > 0 ? .flowControlError : .protocolError)
        }
        streams[frame.stream]?.window += bytes
        sendPending(on: frame.stream)
    }

    private mutating func sendAllPending() {
        for id in streams.keys.sorted() { sendPending(on: id) }
    }

    private mutating func takeReset(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        guard frame.payload.count == 4 else { throw HTTP2Fault(.frameSizeError, "a RST_STREAM of other size") }
        guard frame.stream > 0, frame.stream <= lastStream else { throw Self.wrongStream(frame) }
        guard streams[frame.stream] != nil else { return }
        resets += 1
        guard resets <= limits.resets else { throw HTTP2Fault(.enhanceYourCalm, "\(resets) streams taken back") }
        actions.append(.cancel(stream: frame.stream))
        end(frame.stream)
    }

    private mutating func takePing(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        guard frame.stream == 0 else { throw Self.wrongStream(frame) }
        guard frame.payload.count == 8 else { throw HTTP2Fault(.frameSizeError, "a PING of other size") }
        guard !frame.has(HTTP2Frame.acknowledge) else { return }
        send(HTTP2Frame(.ping, flags: HTTP2Frame.acknowledge, payload: frame.payload))
    }
}
