import Testing

@testable import Telemetry

#if canImport(Glibc)
    import Glibc
#endif

@Suite("One connection, and who makes way for another")
struct ConversationTests {
    private static let start = ContinuousClock.now
    private static let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

    private let page = WireAnswer(TelemetryEndpoints.Answer(status: 200, contentType: "text/plain", body: "ok\n"))

    private func at(_ seconds: Double) -> ContinuousClock.Instant { Self.start + .seconds(seconds) }

    private func conversation(_ limits: ServerLimits = ServerLimits()) -> Conversation {
        Conversation(limits, at: Self.start)
    }

    /// Everything that is to be sent, with what follows from having sent it.
    private func sendAll(_ conversation: inout Conversation, at now: ContinuousClock.Instant)
        -> (text: String, action: Conversation.Action)
    {
        var bytes: [UInt8] = []
        var action = Conversation.Action.wait
        while conversation.phase == .answering {
            let piece = conversation.outgoing.prefix(7)
            bytes += piece
            action = conversation.sent(piece.count, at: now)
        }
        return (String(decoding: bytes, as: UTF8.self), action)
    }

    private func answer(_ conversation: inout Conversation, _ text: String, at now: ContinuousClock.Instant)
        -> (text: String, action: Conversation.Action)?
    {
        guard case .answer(let request) = conversation.received(Array(text.utf8), at: now) else { return nil }
        conversation.answer(page, to: request, at: now)
        return sendAll(&conversation, at: now)
    }

    @Test("it is answered and kept, for so long and for so many requests")
    func kept() throws {
        var limits = ServerLimits()
        limits.requests = 3
        var conversation = conversation(limits)
        #expect(conversation.deadline == at(10))
        for second in [1.0, 2.0] {
            let answer = try #require(answer(&conversation, Self.request, at: at(second)))
            #expect(answer.text == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n")
            #expect(answer.action == .wait)
            #expect(conversation.phase == .waiting)
            #expect(conversation.deadline == at(second + 90))
        }
        let last = try #require(answer(&conversation, Self.request, at: at(3)))
        #expect(last.text.contains("\r\nConnection: close\r\n"))
        #expect(last.action == .finish)
        #expect(conversation.phase == .leaving)
        #expect(conversation.deadline == at(4))
        #expect(conversation.expire(at: at(4)) == .close)
    }

    @Test(
        "these are the last of their connection",
        arguments: [
            "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
        ]
    )
    func last(text: String) throws {
        var conversation = conversation()
        let answer = try #require(answer(&conversation, text, at: at(1)))
        #expect(answer.text.contains("\r\nConnection: close\r\n"))
        #expect(answer.action == .finish)
    }

    @Test("HEAD gets the length of the body and no body")
    func head() throws {
        var conversation = conversation()
        let answer = try #require(answer(&conversation, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", at: at(1)))
        #expect(answer.text.hasSuffix("\r\nContent-Length: 3\r\n\r\n"))
    }

    @Test("a body is refused, whatever is behind it")
    func body() {
        var conversation = conversation()
        let text = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n\(Self.request)"
        #expect(conversation.received(Array(text.utf8), at: at(1)) == .wait)
        let answer = sendAll(&conversation, at: at(1))
        #expect(answer.text.hasPrefix("HTTP/1.1 413 "))
        #expect(answer.action == .finish)
        #expect(!conversation.hasMore)
    }

    @Test("requests that come together are answered one after the other")
    func pipelined() throws {
        var conversation = conversation()
        #expect(answer(&conversation, Self.request + Self.request + "GET", at: at(1)) != nil)
        #expect(conversation.hasMore)
        #expect(!conversation.wantsToRead)
        guard case .answer(let second) = conversation.next(at: at(1)) else {
            Issue.record("the second is lost")
            return
        }
        conversation.answer(page, to: second, at: at(1))
        #expect(sendAll(&conversation, at: at(1)).action == .wait)
        #expect(conversation.hasMore)
        #expect(conversation.next(at: at(1)) == .wait)
        #expect(!conversation.hasMore)
        #expect(conversation.wantsToRead)
        #expect(conversation.phase == .reading)
    }

    @Test("headers byte by byte end at 10 s from the opening, with 408; a further request has 10 s from its first byte")
    func slow() throws {
        var slow = conversation()
        for second in 0..<10 {
            #expect(slow.received([UInt8(ascii: "G")], at: at(Double(second))) == .wait)
            #expect(slow.deadline == at(10))
        }
        #expect(slow.expire(at: at(10)) == .wait)
        #expect(sendAll(&slow, at: at(10)).text.hasPrefix("HTTP/1.1 408 "))
        #expect(slow.phase == .leaving)

        var second = conversation()
        #expect(answer(&second, Self.request, at: at(1)) != nil)
        _ = second.received([UInt8(ascii: "G")], at: at(50))
        _ = second.received([UInt8(ascii: "E")], at: at(55))
        #expect(second.deadline == at(60))
    }

    @Test("nobody is waited for who says nothing, takes no answer, or goes on talking after the last one")
    func deadlines() throws {
        var silent = conversation()
        #expect(silent.expire(at: at(10)) == .close)

        var deaf = conversation()
        guard case .answer(let request) = deaf.received(Array(Self.request.utf8), at: at(1)) else {
            Issue.record("no request")
            return
        }
        deaf.answer(page, to: request, at: at(1))
        #expect(deaf.sent(1, at: at(9)) == .wait)
        #expect(deaf.deadline == at(11))
        #expect(deaf.expire(at: at(11)) == .close)

        var talkative = conversation()
        let endless = [UInt8](repeating: UInt8(ascii: "a"), count: 4_098)
        #expect(talkative.received(endless, at: at(1)) == .wait)
        #expect(sendAll(&talkative, at: at(1)).text.hasPrefix("HTTP/1.1 414 "))
        let actions = (0..<65).map { _ in talkative.received([UInt8](repeating: 0, count: 4_096), at: at(1.5)) }
        #expect(actions.dropLast().allSatisfy { $0 == .wait })
        #expect(actions.last == .close)
    }

    @Test("the one of which least is expected makes way, the oldest before the others")
    func makingWay() {
        func waiting(since second: Double) -> Conversation { Conversation(ServerLimits(), at: at(second)) }
        func reading(since second: Double) -> Conversation {
            var conversation = waiting(since: second)
            _ = conversation.received([UInt8(ascii: "G")], at: at(second))
            return conversation
        }
        func answering(since second: Double) -> Conversation {
            var conversation = waiting(since: second)
            guard case .answer(let request) = conversation.received(Array(Self.request.utf8), at: at(second)) else {
                return conversation
            }
            conversation.answer(page, to: request, at: at(second))
            return conversation
        }
        func leaving(since second: Double) -> Conversation {
            var conversation = waiting(since: second)
            _ = conversation.received(Array("x\n".utf8), at: at(second))
            _ = sendAll(&conversation, at: at(second))
            return conversation
        }
        var all = [
            1: answering(since: 1), 2: reading(since: 3), 3: reading(since: 2), 4: waiting(since: 4),
            5: waiting(since: 3), 6: leaving(since: 6), 7: answering(since: 6),
        ]
        for expected in [6, 5, 4, 3, 2, 1] {
            #expect(Admission.leaver(of: all, at: at(6)) == expected)
            all[expected] = nil
        }
        #expect(Admission.leaver(of: all, at: at(6.9)) == nil)
        #expect(Admission.leaver(of: all, at: at(7)) == 7)
    }

    @Test("connections take a quarter of the descriptors at most", arguments: [(100, 25), (3, 1), (1_024, 128)])
    func descriptors(descriptors: Int, connections: Int) {
        #expect(ServerLimits().fitting(descriptors: descriptors).connections == connections)
    }

    @Test("want of descriptors is waited out for a while; a broken socket is not")
    func acceptFaults() {
        var faults = AcceptFaults(ServerLimits())
        #expect(faults.failed(ECONNABORTED, at: at(0)) == .goOn)
        #expect(faults.failed(EMFILE, at: at(0)) == .rest(until: at(0) + AcceptFaults.pause))
        #expect(faults.failed(ENFILE, at: at(29)) == .rest(until: at(29) + AcceptFaults.pause))
        faults.ended()
        #expect(faults.failed(EMFILE, at: at(30)) == .rest(until: at(30) + AcceptFaults.pause))
        #expect(faults.failed(EMFILE, at: at(60)) == .giveUp)
        #expect(faults.failed(EINVAL, at: at(0)) == .giveUp)
    }
}
