import KubeClient
import KubeCore
import Testing

@Suite("What libcurl is told for a request")
struct TransferPlanTests {
    private static func plan(
        _ request: KubeRequest,
        server: String = "https://a:6443/base",
        name: String? = nil,
        isStream: Bool = false
    ) throws -> TransferPlan {
        try TransferPlan(
            request,
            server: ServerAddress(server),
            tlsServerName: name,
            token: Secret("t"),
            isStream: isStream
        )
    }

    @Test("The URL has the server's own path before the request's, and an encoded query")
    func url() throws {
        let plan = try Self.plan(KubeRequest(.get, "/api/v1/a b", query: [.init("x", "1&2"), .init("é", "+")]))
        #expect(plan.url == "https://a:6443/base/api/v1/a%20b?x=1%262&%C3%A9=%2B")
        #expect(plan.name == "GET https://a:6443/base/api/v1/a%20b")
        #expect(plan.headers == ["Accept: application/json", "Content-Type:", "Expect:"])
        #expect(plan.authorization == Secret("Bearer t"))
        #expect(plan.connectTo == nil)
    }

    @Test("HTTP/2 is offered over TLS, and not for streams")
    func version() throws {
        #expect(try Self.plan(KubeRequest(.get, "/")).version == .http2OverTLS)
        #expect(try Self.plan(KubeRequest(.get, "/"), isStream: true).version == .http1)
        #expect(try Self.plan(KubeRequest(.get, "/"), server: "http://a").version == .http1)
    }

    @Test("A name for TLS goes into the URL, and the address into the route")
    func serverName() throws {
        let plan = try Self.plan(KubeRequest(.get, "/"), server: "https://[fd00::1]:6443", name: "api.test")
        #expect(plan.url == "https://api.test:6443/")
        #expect(plan.connectTo == "api.test:6443:[fd00::1]:6443")
        #expect(plan.headers.contains("Host: [fd00::1]:6443"))
        #expect(plan.name == "GET https://[fd00::1]:6443/")
        let plain = try Self.plan(KubeRequest(.get, "/"), server: "http://a", name: "api.test")
        #expect(plain.url == "http://a:80/")
        #expect(plain.connectTo == nil)
    }

    @Test(
        "A path that leads elsewhere and a field with a line break are refused",
        arguments: [
            KubeRequest(.get, "api"), KubeRequest(.get, "/api/../x"), KubeRequest(.get, "/./x"),
            KubeRequest(.get, "/x/.."),
            KubeRequest(.get, "/", accept: "a\r\nb: c"), KubeRequest(.get, "/", contentType: "a\nb"),
        ]
    )
    func refused(request: KubeRequest) {
        let error = #expect(throws: KubeError.self) { try Self.plan(request) }
        #expect(error?.code == .configuration)
    }

    @Test("Percent-encoding keeps what a path or a query may hold")
    func encoding() {
        #expect(PercentEncoding.path("/a-._~!$&'()*+,;=:@/b") == "/a-._~!$&'()*+,;=:@/b")
        #expect(PercentEncoding.path("/a?b#c%d\u{7F}") == "/a%3Fb%23c%25d%7F")
        #expect(PercentEncoding.query("a/b=c") == "a%2Fb%3Dc")
    }
}

@Suite("Heads of answers")
struct ResponseHeadTests {
    private static func parse(_ lines: [String]) -> [ResponseHead] {
        var parser = ResponseHeadParser()
        return lines.compactMap { parser.push(Array(($0 + "\r\n").utf8)) }
    }

    @Test("Names are in lower case, values are trimmed, repeated fields are joined")
    func fields() {
        let heads = Self.parse(["HTTP/1.1 200 OK", "Content-Type:  a/b \t", "X: 1", "x:2", "Empty:", "no colon", ""])
        #expect(heads == [ResponseHead(status: 200, headers: ["content-type": "a/b", "x": "1, 2", "empty": ""])])
    }

    @Test("Interim answers and trailers are passed over; HTTP/2 has no reason")
    func interim() {
        let lines = [
            "HTTP/1.1 100 Continue", "", "HTTP/1.1 103 Hints", "Link: x", "", "HTTP/2 404 ", "a: b", "", "trailer: x",
            "",
        ]
        #expect(Self.parse(lines) == [ResponseHead(status: 404, headers: ["a": "b"])])
    }

    @Test("What is no head gives none", arguments: [[""], ["HTTP/1.1 abc", ""], ["HTTP/1.1", ""], ["a: b", ""]])
    func nonsense(lines: [String]) {
        #expect(Self.parse(lines) == [])
    }
}

@Suite("Whether a request is repeated")
struct RetryPolicyTests {
    private static func decide(
        _ status: Int = 429,
        retryAfter: Duration? = .seconds(2),
        retries: Int = 0,
        remaining: Duration = .seconds(30),
        jitter: Double = 0
    ) -> RetryPolicy.Decision {
        RetryPolicy().decide(
            status: status,
            retryAfter: retryAfter,
            retries: retries,
            remaining: remaining,
            jitter: jitter
        )
    }

    @Test("After the time asked for, and a little more so that clients spread")
    func pause() {
        #expect(Self.decide() == .retry(after: .seconds(2)))
        #expect(Self.decide(503) == .retry(after: .seconds(2)))
        #expect(Self.decide(jitter: 1) == .retry(after: .milliseconds(2200)))
        #expect(Self.decide(retryAfter: .seconds(25), jitter: 1) == .retry(after: .seconds(26)))
        #expect(Self.decide(retryAfter: .zero) == .retry(after: .milliseconds(50)))
        #expect(Self.decide(retryAfter: .zero, retries: 3) == .retry(after: .milliseconds(400)))
    }

    @Test("Not for another status, without a time, too often, or past the deadline")
    func answers() {
        #expect(Self.decide(500) == .answer(reason: "the status asks for no repetition"))
        #expect(Self.decide(retryAfter: nil) == .answer(reason: "the server did not say when to come back"))
        #expect(Self.decide(retries: 10) == .answer(reason: "repeated 10 times already"))
        #expect(Self.decide(remaining: .seconds(2)) == .answer(reason: "the deadline comes before the repetition"))
    }

    @Test(
        "Retry-After in seconds and as a date",
        arguments: [
            ("0", 0), ("120", 120), ("-1", nil), ("1.5", nil), ("soon", nil), ("", nil), ("99999999999999999999", nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:10 GMT", 10),
            ("Sat, 29 Feb 2020 12:00:00 GMT", 1_582_977_600), ("Fri, 31 Dec 2100 23:59:60 GMT", 4_133_980_800),
            ("Sun, 29 Feb 2100 12:00:00 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Sun, 31 Apr 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:00:00 GMT", nil),
            ("Sun, 06 Nox 1994 08:00:00 GMT", nil),
        ] as [(String, Int?)]
    )
    func retryAfter(text: String, seconds: Int?) {
        #expect(RetryAfter.parse(text, now: .zero) == seconds.map { .seconds($0) })
    }

    @Test("A date is a wait from now, and none once it has passed")
    func dates() {
        let date = "Thu, 01 Jan 1970 00:01:40 GMT"
        #expect(RetryAfter.parse(date, now: .milliseconds(98_500)) == .milliseconds(1500))
        #expect(RetryAfter.parse(date, now: .seconds(200)) == .zero)
    }
}

@Suite("What a failure means")
struct TransferFailureTests {
    static let table: [(TransferFailure.Cause, Bool, KubeRequest.Method, KubeError.Code)] = [
        (.connection, false, .get, .connection), (.connection, true, .get, .connection),
        (.connection, false, .post, .connection), (.connection, true, .post, .outcomeUnknown),
        (.timeout, false, .get, .timeout), (.timeout, true, .get, .timeout),
        (.timeout, false, .patch, .connection), (.timeout, true, .patch, .outcomeUnknown),
        (.tooLong, true, .get, .protocolViolation), (.tooLong, true, .put, .outcomeUnknown),
        (.protocolViolation, true, .get, .protocolViolation), (.protocolViolation, true, .delete, .outcomeUnknown),
        (.tls, true, .post, .tls), (.tls, false, .get, .tls), (.configuration, false, .post, .configuration),
    ]

    @Test("A write that was sent and not answered is of unknown outcome, whatever the cause", arguments: table)
    func code(cause: TransferFailure.Cause, wasSent: Bool, method: KubeRequest.Method, code: KubeError.Code) {
        let failure = TransferFailure(cause: cause, detail: "why", wasSent: wasSent)
        let error = failure.error(method: method, name: "X http://a/")
        #expect(error.code == code)
        #expect(error.message.hasPrefix("X http://a/: why"))
    }
}

@Suite("Deadlines of a stream")
struct WatchdogTests {
    @Test("First the head's, then that of silence, which does not run while we hold the stream back")
    func deadlines() {
        let start = ContinuousClock.now
        let clock = TestClock(now: start)
        var watchdog = Watchdog(head: .seconds(5), idle: .seconds(10), clock: { clock.now })
        #expect(watchdog.deadline(isPaused: false) == start + .seconds(5))
        #expect(watchdog.verdict == "no answer in the time allowed")
        clock.now = start + .seconds(4)
        watchdog.touch()
        watchdog.headArrived()
        #expect(watchdog.deadline(isPaused: false) == start + .seconds(14))
        #expect(watchdog.deadline(isPaused: true) == nil)
        clock.now = start + .seconds(20)
        watchdog.touch()
        #expect(watchdog.deadline(isPaused: false) == start + .seconds(30))
        #expect(watchdog.verdict == "no data for 10.0 seconds")
        #expect(Watchdog.none.deadline(isPaused: false) == nil)
    }
}
