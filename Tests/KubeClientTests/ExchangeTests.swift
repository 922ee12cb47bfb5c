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
        (.tooLong, true, .get, .tooLarge), (.tooLong, true, .put, .outcomeUnknown),
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
        let end = { (watchdog: Watchdog, isPaused: Bool) in
            watchdog.deadline(isPaused: isPaused, isBetweenLines: true)
        }
        #expect(end(watchdog, false) == start + .seconds(5))
        let early = watchdog.verdict(at: start + .seconds(5), isPaused: false, isBetweenLines: true)
        #expect(early == .dead("no answer in the time allowed"))
        clock.now = start + .seconds(4)
        watchdog.touch()
        watchdog.headArrived()
        #expect(end(watchdog, false) == start + .seconds(14))
        #expect(end(watchdog, true) == nil)
        clock.now = start + .seconds(20)
        watchdog.touch()
        #expect(end(watchdog, false) == start + .seconds(30))
        #expect(watchdog.verdict(at: start + .seconds(29), isPaused: false, isBetweenLines: true) == nil)
        let late = watchdog.verdict(at: start + .seconds(30), isPaused: false, isBetweenLines: true)
        #expect(late == .dead("no data for 10.0 seconds"))
        #expect(end(Watchdog.none, false) == nil)
    }

    @Test("A stream that is retired ends between two lines, or a little later in the middle of one")
    func retirement() {
        let start = ContinuousClock.now
        var watchdog = Watchdog(head: .seconds(5), idle: nil, clock: { start })
        watchdog.retire(at: start + .seconds(2))
        #expect(watchdog.deadline(isPaused: false, isBetweenLines: true) == start + .seconds(5), "no head yet")
        watchdog.headArrived()
        watchdog.retire(at: start + .seconds(3))
        #expect(watchdog.deadline(isPaused: true, isBetweenLines: true) == start + .seconds(2), "the first wish holds")
        #expect(watchdog.verdict(at: start + .seconds(1), isPaused: false, isBetweenLines: true) == nil)
        #expect(watchdog.verdict(at: start + .seconds(2), isPaused: false, isBetweenLines: true) == .retired)
        #expect(watchdog.verdict(at: start + .seconds(2), isPaused: false, isBetweenLines: false) == nil)
        #expect(watchdog.isRetiring(at: start + .seconds(2)))
        let late = watchdog.verdict(at: start + .seconds(7), isPaused: false, isBetweenLines: false)
        #expect(late == .dead("its credentials were replaced, and no line of it ended"))
    }
}

@Suite("Which watches end when certificates are replaced")
struct RetirementTests {
    @Test("Those with older ones, also where they come after the word, each at its place in the time allowed")
    func instants() {
        let start = ContinuousClock.now
        var retirement = Retirement()
        #expect(retirement.instant(for: 1, at: start, part: 0.5) == nil)
        retirement.begin(before: 3, within: .seconds(10))
        #expect(retirement.instant(for: 2, at: start, part: 0.5) == start + .seconds(5))
        #expect(retirement.instant(for: 3, at: start, part: 0.5) == nil)
        // Words that overtake each other.
        retirement.begin(before: 2, within: .seconds(10))
        #expect(retirement.instant(for: 2, at: start, part: 0) == start)
    }

    @Test("Files that are used for no time at all are looked after at intervals all the same")
    func interval() {
        #expect(ClientOptions(userAgent: "x", fileLifetime: .zero).upkeepInterval > .zero)
        #expect(ClientOptions(userAgent: "x").upkeepInterval == .seconds(60))
    }
}

@Suite("Which deadline comes next")
struct DeadlinesTests {
    private static let start = ContinuousClock.now

    @Test("A deadline that moves away is asked for again when its first one comes, and one that moves up is not missed")
    func moves() {
        var deadlines = Deadlines()
        deadlines.note(Self.start + .seconds(10), for: 1)
        deadlines.note(Self.start + .seconds(75), for: 1)
        #expect(deadlines.count == 1)
        #expect(deadlines.next == Self.start + .seconds(10))
        deadlines.note(Self.start + .seconds(2), for: 1)
        #expect(deadlines.next == Self.start + .seconds(2))
        #expect(deadlines.takeDue(at: Self.start + .seconds(1)) == nil)
        #expect(deadlines.takeDue(at: Self.start + .seconds(2)) == 1)
        deadlines.note(Self.start + .seconds(77), for: 1)
        #expect(deadlines.takeDue(at: Self.start + .seconds(10)) == nil, "the entry of before counts no more")
        #expect(deadlines.takeDue(at: Self.start + .seconds(77)) == 1)
        #expect(deadlines.count == 0)
    }

    @Test("Owners come in the order of their deadlines, and who has gone does not come")
    func order() {
        var deadlines = Deadlines()
        for number in UInt64(1)...5 { deadlines.note(Self.start + .seconds(10 - Int(number)), for: number) }
        deadlines.forget(4)
        var due: [UInt64] = []
        while let next = deadlines.takeDue(at: Self.start + .seconds(8)) { due.append(next) }
        #expect(due == [5, 3, 2])
        #expect(deadlines.next == Self.start + .seconds(9))
    }

    @Test("Entries stay as few as owners, however often deadlines move", arguments: [UInt64(1), 2, 3])
    func size(seed: UInt64) {
        var generator = SplitMix(seed: seed)
        var deadlines = Deadlines()
        var wanted: [UInt64: ContinuousClock.Instant] = [:]
        var now = Self.start
        for _ in 0..<5000 {
            let owner = UInt64.random(in: 0..<20, using: &generator)
            let deadline = now + .milliseconds(Int.random(in: 50...60, using: &generator))
            wanted[owner] = deadline
            deadlines.note(deadline, for: owner)
            now += .milliseconds(Int.random(in: 0...5, using: &generator))
            while let due = deadlines.takeDue(at: now) {
                guard let deadline = wanted[due] else { continue }
                if deadline <= now { wanted[due] = nil } else { deadlines.note(deadline, for: due) }
            }
            #expect(wanted.values.allSatisfy { $0 > now }, "one was missed")
            #expect(deadlines.count <= 40)
        }
    }
}
