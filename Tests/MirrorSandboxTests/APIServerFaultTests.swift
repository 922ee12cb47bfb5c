import KubeCore
import MirrorSandbox
import Synchronization
import Testing

@Suite("API server: faults on purpose")
struct APIServerFaultTests {
    private static func create(_ fault: Fault) async throws -> (error: KubeError?, names: [String]) {
        let bench = try await Bench.withGadgets()
        let api = KubeAPI(FaultyTransport(bench.transport) { number, _ in number == 1 ? fault : .none })
        var failure: KubeError?
        do {
            try await api.create(Gadget("a"), manager: "t")
        } catch {
            failure = error
        }
        return (failure, try await api.list(Gadget.self).map(\.metadata.name))
    }

    @Test("a cut before the effect is no effect, and one after it is an unknown outcome")
    func cuts() async throws {
        let before = try await Self.create(.cutBeforeEffect)
        #expect(before.error?.code == .connection)
        #expect(before.names.isEmpty)
        let after = try await Self.create(.cutAfterEffect)
        #expect(after.error?.code == .outcomeUnknown)
        #expect(after.names == ["a"])
    }

    @Test("a request that is carried out twice gets the second answer")
    func twice() async throws {
        let twice = try await Self.create(.answerTwice)
        #expect(twice.error?.isAlreadyExists == true)
        #expect(twice.names == ["a"])
    }

    @Test("a refusal says when to come again")
    func refusal() async throws {
        let refused = try await Self.create(.refuse(status: 429, retryAfter: 7))
        #expect(refused.error?.retryAfter == .seconds(7))
        #expect(refused.error?.isTransient == true)
        #expect(refused.names.isEmpty)
    }

    @Test("a client can be killed before or after the effect", arguments: [false, true])
    func kill(afterEffect: Bool) async throws {
        let dead = Flag()
        let killed = try await Self.create(.kill(afterEffect: afterEffect) { dead.raise() })
        #expect(killed.error?.code == .cancelled)
        #expect(killed.names == (afterEffect ? ["a"] : []))
        #expect(dead.isRaised)
    }

    @Test("a stream can break after some pieces")
    func streams() async throws {
        let bench = try await Bench.withGadgets()
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let faulty = FaultyTransport(bench.transport) { _, _ in .cutStream(afterChunks: 1) }
        let stream = try await faulty.open(KubeRequest(.get, Bench.gadgets, query: [.init("watch", "1")]))
        #expect(try await stream.nextChunk() != nil)
        await #expect(throws: KubeError.self) { try await stream.nextChunk() }
        #expect(bench.server.openWatches == 0)
    }
}

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isRaised: Bool { value.withLock { $0 } }
    func raise() { value.withLock { $0 = true } }
}
