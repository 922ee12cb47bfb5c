import Testing

@testable import MirrorSandbox

@Suite struct HTTP2ConnectionTests {
    private static let fields = [
        HTTP2Field(":method", "POST"), HTTP2Field(":scheme", "http"), HTTP2Field(":path", "/x.Y/Z"),
        HTTP2Field("content-type", "application/grpc"),
    ]

    private static func headers(_ stream: UInt32, ends: Bool = false, _ fields: [HTTP2Field] = fields) -> HTTP2Frame {
        HTTP2Frame(
            .headers,
            flags: HTTP2Frame.endHeaders | (ends ? HTTP2Frame.endStream : 0),
            stream: stream,
            payload: HPACKEncoder.encode(fields)
        )
    }

    private static func data(_ stream: UInt32, _ bytes: [UInt8], ends: Bool = true) -> HTTP2Frame {
        HTTP2Frame(.data, flags: ends ? HTTP2Frame.endStream : 0, stream: stream, payload: bytes)
    }

    private static func opened(_ limits: HTTP2Connection.Limits = .init()) -> HTTP2Connection {
        var connection = HTTP2Connection(limits: limits)
        _ = connection.start()
        _ = connection.receive(HTTP2Connection.preface + HTTP2Frame(.settings).bytes)
        return connection
    }

    private static func frames(_ actions: [HTTP2Connection.Action]) -> [HTTP2Frame] {
        var reader = HTTP2FrameReader()
        for case .send(let bytes) in actions { reader.add(bytes) }
        var frames: [HTTP2Frame] = []
        while let frame = try? reader.next() { frames.append(frame) }
        return frames
    }

    private static func requests(_ actions: [HTTP2Connection.Action]) -> [UInt32: HTTP2Request] {
        actions.reduce(into: [:]) { found, action in
            if case .request(let stream, let request) = action { found[stream] = request }
        }
    }

    private static func code(_ actions: [HTTP2Connection.Action]) -> HTTP2ErrorCode? {
        frames(actions).last { $0.kind == .goAway }
            .flatMap { HTTP2ErrorCode(rawValue: HTTP2Frame.number($0.payload[4..<8])) }
    }

    @Test func `A request comes whole, however its bytes are cut`() {
        let bytes =
            HTTP2Connection.preface + HTTP2Frame(.settings).bytes + Self.headers(1).bytes
            + Self.data(1, [1, 2], ends: false).bytes + Self.data(1, [3]).bytes
        for size in [1, 2, 7, 64, bytes.count] {
            var connection = HTTP2Connection()
            var actions: [HTTP2Connection.Action] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                actions += connection.receive(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            let request = Self.requests(actions)[1]
            #expect(request?.body == [1, 2, 3])
            #expect(request?[":path"] == "/x.Y/Z")
            #expect(Self.frames(actions).contains { $0.kind == .settings && $0.has(HTTP2Frame.acknowledge) })
        }
    }

    @Test func `A header block may come in parts, with padding and a priority`() {
        var connection = Self.opened()
        let block = HPACKEncoder.encode(Self.fields)
        let first = HTTP2Frame(
            .headers,
            flags: HTTP2Frame.endStream | HTTP2Frame.padded | HTTP2Frame.prioritised,
            stream: 1,
            payload: [3, 0, 0, 0, 0, 16] + block[..<10] + [0, 0, 0]
        )
        let last = HTTP2Frame(.continuation, flags: HTTP2Frame.endHeaders, stream: 1, payload: Array(block[10...]))
        #expect(Self.requests(connection.receive(first.bytes)).isEmpty)
        #expect(Self.requests(connection.receive(last.bytes))[1]?.fields == Self.fields)
    }

    @Test func `an answer waits for room on the stream and on the connection, and its trailers come last`() throws {
        var connection = Self.opened()
        let small = HTTP2Frame(.settings, payload: [0, 4] + HTTP2Frame.number(10))
        _ = connection.receive(small.bytes + Self.headers(1, ends: true).bytes)
        let response = HTTP2Response(
            fields: [HTTP2Field(":status", "200")],
            body: [UInt8](repeating: 7, count: 25),
            trailers: [HTTP2Field("grpc-status", "0")]
        )
        let first = Self.frames(connection.answer(stream: 1, response))
        #expect(first.map(\.kind) == [.headers, .data])
        #expect(first[1].payload.count == 10)
        let more = HTTP2Frame(.windowUpdate, stream: 1, payload: HTTP2Frame.number(12))
        #expect(Self.frames(connection.receive(more.bytes)).map(\.payload.count) == [12])
        // The change of the first window counts for open streams too: 15 instead of 10.
        let grown = HTTP2Frame(.settings, payload: [0, 4] + HTTP2Frame.number(15))
        let last = Self.frames(connection.receive(grown.bytes))
        #expect(last.map(\.kind) == [.settings, .data, .headers])
        #expect(last[1].payload.count == 3 && !last[1].has(HTTP2Frame.endStream))
        #expect(last[2].has(HTTP2Frame.endStream))
    }

    @Test func `A large answer goes on as the client takes it`() {
        var connection = Self.opened()
        _ = connection.receive(Self.headers(1, ends: true).bytes)
        let size = 5 << 20
        let response = HTTP2Response(fields: [HTTP2Field(":status", "200")], body: [UInt8](repeating: 1, count: size))
        var frames = Self.frames(connection.answer(stream: 1, response))
        var received = 0
        while !frames.isEmpty {
            let step = frames.filter { $0.kind == .data }.map(\.payload.count).reduce(0, +)
            received += step
            #expect(frames.allSatisfy { $0.payload.count <= HTTP2Frame.standardSize })
            guard received < size else { break }
            let update = HTTP2Frame.number(UInt32(step))
            frames = Self.frames(
                connection.receive(
                    HTTP2Frame(.windowUpdate, payload: update).bytes
                        + HTTP2Frame(.windowUpdate, stream: 1, payload: update).bytes
                )
            )
        }
        #expect(received == size)
        #expect(frames.last?.has(HTTP2Frame.endStream) == true)
    }

    @Test func `A client gets room again for what it has sent`() {
        var connection = Self.opened()
        _ = connection.receive(Self.headers(1).bytes)
        let frames = Self.frames(connection.receive(Self.data(1, [UInt8](repeating: 0, count: 9), ends: false).bytes))
        #expect(frames.map(\.kind) == [.windowUpdate, .windowUpdate])
        #expect(Set(frames.map(\.stream)) == [0, 1])
        #expect(frames.allSatisfy { HTTP2Frame.number($0.payload) == 9 })
    }

    @Test func `A stream that is taken back is cancelled, and its answer goes nowhere`() {
        var connection = Self.opened()
        _ = connection.receive(Self.headers(1, ends: true).bytes)
        let actions = connection.receive(HTTP2Frame(.reset, stream: 1, payload: HTTP2Frame.number(8)).bytes)
        #expect(actions == [.cancel(stream: 1)])
        #expect(connection.answer(stream: 1, HTTP2Response(fields: [HTTP2Field(":status", "200")])).isEmpty)
    }

    @Test func `A ping is answered with its own bytes`() {
        var connection = Self.opened()
        let answer = Self.frames(connection.receive(HTTP2Frame(.ping, payload: Array(1...8)).bytes))
        #expect(answer == [HTTP2Frame(.ping, flags: HTTP2Frame.acknowledge, payload: Array(1...8))])
    }

    @Test func `who leaves answers what is open, takes nothing new, and closes then`() {
        var connection = Self.opened()
        _ = connection.receive(Self.headers(1, ends: true).bytes)
        let goodbye = connection.leave()
        #expect(Self.code(goodbye) == .noError)
        #expect(!goodbye.contains(.close))
        let refused = Self.frames(connection.receive(Self.headers(3, ends: true).bytes))
        #expect(refused.map(\.kind) == [.reset])
        #expect(connection.answer(stream: 1, HTTP2Response(fields: [HTTP2Field(":status", "200")])).last == .close)
    }

    @Test(arguments: [
        ([HTTP2Frame(.data, stream: 1, payload: [1])], HTTP2ErrorCode.protocolError),
        ([headers(2)], .protocolError),
        ([headers(3, ends: true), headers(1)], .streamClosed),
        ([HTTP2Frame(.headers, stream: 1, payload: [0x82]), HTTP2Frame(.ping)], .protocolError),
        ([HTTP2Frame(.continuation, flags: HTTP2Frame.endHeaders, stream: 1)], .protocolError),
        ([HTTP2Frame(.headers, flags: HTTP2Frame.endHeaders, stream: 1, payload: [0xC0])], .compressionError),
        ([HTTP2Frame(.settings, payload: [0])], .frameSizeError),
        ([HTTP2Frame(.settings, payload: [0, 4, 0xFF, 0, 0, 0])], .flowControlError),
        ([HTTP2Frame(.windowUpdate, payload: [0x7F, 0xFF, 0xFF, 0xFF])], .flowControlError),
        ([HTTP2Frame(.windowUpdate, payload: [0, 0, 0, 0])], .protocolError),
        ([HTTP2Frame(.windowUpdate, stream: 1, payload: [0, 0, 0, 1])], .protocolError),
        ([HTTP2Frame(.ping, payload: [1])], .frameSizeError),
        ([HTTP2Frame(.pushPromise, stream: 1)], .protocolError),
        ([headers(1, ends: true), data(1, [1])], .streamClosed),
        ([HTTP2Frame(.reset, stream: 1, payload: [0, 0, 0, 8])], .protocolError),
    ]
    )
    func `what breaks the rules ends the connection with the reason`(frames: [HTTP2Frame], code: HTTP2ErrorCode) {
        var connection = Self.opened()
        var actions: [HTTP2Connection.Action] = []
        for frame in frames { actions += connection.receive(frame.bytes) }
        #expect(Self.code(actions) == code)
        #expect(actions.last == .close)
        #expect(connection.receive(HTTP2Frame(.ping, payload: Array(1...8)).bytes).isEmpty)
    }

    @Test func `bounds hold: frames, bodies, streams, header blocks, streams taken back`() {
        var limits = HTTP2Connection.Limits()
        limits.body = 10
        limits.streams = 2
        limits.resets = 2
        var connection = Self.opened(limits)
        #expect(Self.code(connection.receive([1, 0, 0, 0, 0, 0, 0, 0, 0])) == .frameSizeError)

        connection = Self.opened(limits)
        let large = connection.receive(Self.headers(1).bytes + Self.data(1, [UInt8](repeating: 0, count: 11)).bytes)
        #expect(Self.frames(large).contains { $0.kind == .reset && $0.stream == 1 })
        #expect(Self.requests(large).isEmpty)

        connection = Self.opened(limits)
        let third = connection.receive(Self.headers(1).bytes + Self.headers(3).bytes + Self.headers(5).bytes)
        #expect(Self.frames(third).map(\.kind) == [.reset])

        connection = Self.opened(limits)
        var actions = connection.receive(HTTP2Frame(.headers, stream: 1, payload: [0x82]).bytes)
        for _ in 0..<10 {
            actions += connection.receive(
                HTTP2Frame(.continuation, stream: 1, payload: [UInt8](repeating: 0x82, count: 16_000)).bytes
            )
        }
        #expect(Self.code(actions) == .enhanceYourCalm)

        connection = Self.opened(limits)
        actions = []
        for stream in [1, 3, 5] as [UInt32] {
            let back = HTTP2Frame(.reset, stream: stream, payload: HTTP2Frame.number(8))
            actions += connection.receive(Self.headers(stream).bytes + back.bytes)
        }
        #expect(Self.code(actions) == .enhanceYourCalm)
    }

    @Test func `A request without method or path, or with capitals in a name, is refused alone`() {
        var connection = Self.opened()
        for (stream, fields) in [
            (1, [HTTP2Field(":method", "POST")]), (3, Self.fields + [HTTP2Field("X", "1")]),
            (5, [HTTP2Field("a", "b")] + Self.fields),
        ] as [(UInt32, [HTTP2Field])] {
            let actions = connection.receive(Self.headers(stream, ends: true, fields).bytes)
            #expect(Self.frames(actions).map(\.kind) == [.reset])
            #expect(Self.requests(actions).isEmpty)
        }
        #expect(Self.requests(connection.receive(Self.headers(7, ends: true).bytes)).count == 1)
    }

    @Test func `who speaks HTTP/1.1 is not answered`() {
        var connection = HTTP2Connection()
        #expect(connection.receive(Array("GET / HTTP/1.1\r\n\r\n".utf8)) == [.close])
    }

    @Test func `no bytes make it fail, and what it holds stays small`() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let good = [
            Self.headers(1), Self.data(1, [1, 2, 3]), HTTP2Frame(.settings, payload: [0, 4, 0, 0, 1, 0]),
            HTTP2Frame(.windowUpdate, payload: [0, 0, 1, 0]), HTTP2Frame(.ping, payload: Array(1...8)),
            HTTP2Frame(.reset, stream: 1, payload: [0, 0, 0, 8]), Self.headers(3, ends: true),
        ]
        for _ in 0..<3_000 {
            var connection = Self.opened()
            for _ in 0..<8 {
                var bytes = good.randomElement(using: &generator)?.bytes ?? []
                for _ in 0..<Int.random(in: 0...2, using: &generator) {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
                }
                let actions = connection.receive(bytes)
                for (stream, _) in Self.requests(actions) {
                    _ = connection.answer(stream: stream, HTTP2Response(fields: [HTTP2Field(":status", "200")]))
                }
                #expect(connection.streams.count <= connection.limits.streams, "seed \(seed)")
            }
        }
    }
}
