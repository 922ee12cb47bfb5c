import Testing

@testable import Telemetry

@Suite("A request is read from bytes, however they are cut")
struct RequestParserTests {
    /// All decisions over the pieces, until the first that is no request.
    static func decisions(_ pieces: [[UInt8]], _ limits: ServerLimits = ServerLimits()) -> [RequestParser.Decision] {
        var parser = RequestParser(limits)
        var decisions: [RequestParser.Decision] = []
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty {
                let decision = parser.read(&rest)
                #expect(parser.line.count <= max(limits.line, limits.headers) + 1)
                if decision != .unfinished { decisions.append(decision) }
                if case .refused = decision { return decisions }
            }
        }
        return decisions
    }

    static func decisions(_ text: String, _ limits: ServerLimits = ServerLimits()) -> [RequestParser.Decision] {
        decisions([Array(text.utf8)], limits)
    }

    private static func request(
        _ method: String,
        _ target: String,
        keepsOpen: Bool = true,
        hasBody: Bool = false
    ) -> RequestParser.Decision {
        .request(Request(method: method, target: target, keepsOpen: keepsOpen, hasBody: hasBody))
    }

    @Test(
        "what is one",
        arguments: [
            ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", request("GET", "/healthz")),
            ("GET / HTTP/1.1\nhost:a\n\n", request("GET", "/")),
            ("\r\nHEAD /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n", request("HEAD", "/metrics")),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", request("GET", "/", keepsOpen: false)),
            ("GET / HTTP/1.0\r\n\r\n", request("GET", "/", keepsOpen: false)),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", request("GET", "/")),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", request("GET", "/", hasBody: true)),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                request("POST", "/", hasBody: true)
            ),
            (
                "GET http://a:8080/readyz?verbose HTTP/1.1\r\nHost: a\r\n\r\n",
                request("GET", "http://a:8080/readyz?verbose")
            ),
            ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", request("OPTIONS", "*")),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{E4}\tb\r\nEmpty:\r\n\r\n", request("GET", "/")),
        ]
    )
    func accepted(text: String, expected: RequestParser.Decision) {
        #expect(Self.decisions(text) == [expected])
    }

    @Test(
        "what is none, and why",
        arguments: [
            ("GET /\r\n", 400), ("GET  / HTTP/1.1\r\n", 400), ("GET / FTP/1.1\r\n", 400), ("G(T / HTTP/1.1\r\n", 400),
            ("GET x HTTP/1.1\r\n", 400), ("GET /\u{E4} HTTP/1.1\r\n", 400), ("\r\n\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\n", 505), ("PRI * HTTP/2.0\r\n", 505), ("\u{16}\u{3}\u{1}\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n", 400), ("GET / HTTP/1.1\r\n: a\r\n", 400),
            ("GET / HTTP/1.1\r\nno colon\r\n", 400), ("GET / HTTP/1.1\r\nA: b\r\n c\r\n", 400),
            ("GET / HTTP/1.1\r\nA: b\u{0}\r\n", 400), ("GET / HTTP/1.1\r\nA: b\rc\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: x\r\n", 400), ("GET / HTTP/1.1\r\nContent-Length:\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: -1\r\n", 400), ("GET / HTTP/1.1\r\nContent-Length: 1,1\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n", 400),
            ("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n", 400),
        ]
    )
    func refused(text: String, status: Int) throws {
        let decision = try #require(Self.decisions(text).last)
        guard case .refused(let refusal) = decision else {
            Issue.record("\(decision)")
            return
        }
        #expect(refusal.status == status)
    }

    @Test("a line and headers may have their limit and not one byte more")
    func limits() {
        var limits = ServerLimits()
        limits.line = 40
        limits.headers = 30
        limits.fields = 3
        func line(_ length: Int) -> String {
            "GET /\(String(repeating: "a", count: length - "GET / HTTP/1.1".count)) HTTP/1.1\r\n"
        }
        func fields(_ length: Int) -> String { "Host: a\r\nX: \(String(repeating: "b", count: length - 10))\r\n\r\n" }
        let fits = Self.decisions(line(40) + fields(30), limits)
        #expect(fits.count == 1)
        #expect(fits.first != .refused(.line))
        #expect(Self.decisions(line(41), limits) == [.refused(.line)])
        #expect(Self.decisions(line(40) + fields(31), limits) == [.refused(.headers)])
        #expect(Self.decisions(line(40) + "Host:\nA:\nB:\nC:\n", limits) == [.refused(.headers)])
        // Neither waits for an end that does not come.
        #expect(Self.decisions(String(repeating: "a", count: 42), limits) == [.refused(.line)])
        #expect(Self.decisions(line(40) + String(repeating: "a", count: 32), limits) == [.refused(.headers)])
    }

    private static let cutTexts = [
        "\r\nGET /readyz?verbose HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /",
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\nHost: a\n\nGET /c HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "GET /much-too-long-for-the-limit-of-this-test-which-is-fifty HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nMuch: too-long-for-the-limit-of-this-test-which-is-fifty\r\n\r\n",
    ]

    private static var small: ServerLimits {
        var limits = ServerLimits()
        limits.line = 50
        limits.headers = 50
        return limits
    }

    @Test("the decision is the same at every position of a cut, and byte by byte", arguments: cutTexts)
    func cuts(text: String) {
        let bytes = Array(text.utf8)
        let whole = Self.decisions([bytes], Self.small)
        #expect(!whole.isEmpty)
        for position in bytes.indices {
            let cut = Self.decisions([Array(bytes[..<position]), Array(bytes[position...])], Self.small)
            #expect(cut == whole, "cut at \(position)")
        }
        #expect(Self.decisions(bytes.map { [$0] }, Self.small) == whole)
    }

    @Test("any bytes cut anywhere give the same decisions, and no more is held than a line may have", arguments: 0..<40)
    func property(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<50 {
            let bytes = Self.drawn(&dice)
            let whole = Self.decisions([bytes], Self.small)
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = 1 + dice.below(9)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(
                Self.decisions(pieces, Self.small) == whole,
                "seed \(seed): \(String(decoding: bytes, as: UTF8.self))"
            )
        }
    }

    /// A sound request, with some bytes taken out, put in, or changed.
    private static func drawn(_ dice: inout Dice) -> [UInt8] {
        var bytes = Array(dice.pick(cutTexts).utf8)
        let interesting = Array("\r\n :/a%,\u{0}\u{7F}".utf8) + [0xFF]
        for _ in 0..<dice.below(4) {
            let position = dice.below(bytes.count)
            switch dice.below(3) {
            case 0: bytes.remove(at: position)
            case 1: bytes.insert(dice.pick(interesting), at: position)
            default: bytes[position] = dice.pick(interesting)
            }
        }
        return bytes
    }

    @Test(
        "path and parameters",
        arguments: [
            ("/readyz", "/readyz", []), ("/readyz?verbose&exclude=a%2Fb", "/readyz", ["verbose=", "exclude=a/b"]),
            ("/%72eadyz", "/readyz", []), ("/%zz%4", "/%zz%4", []), ("http://a:1/metrics?x=1=2", "/metrics", ["x=1=2"]),
            ("https://a", "/", []), ("http://a?b", "/", ["b="]), ("/?&&a", "/", ["a="]), ("/a?b?c", "/a", ["b?c="]),
        ] as [(String, String, [String])]
    )
    func targets(target: String, path: String, query: [String]) {
        let request = Request(method: "GET", target: target, keepsOpen: true, hasBody: false)
        #expect(request.path == path)
        #expect(request.query.map { "\($0.name)=\($0.value)" } == query)
    }
}

/// SplitMix64: the whole state is the seed, so that a failure can be run again from it.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((value ^ (value >> 31)) % UInt64(max(1, bound)))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
