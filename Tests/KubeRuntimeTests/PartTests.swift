import KubeRuntime
import KubeTestSupport
import Testing

@Suite("Parts that run together", .timeLimit(.minutes(1)))
struct PartTests {
    private struct Broken: Error, CustomStringConvertible {
        var description: String { "no descriptors are left" }
    }

    private static func untilCancelled() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    @Test(
        "the end of one is the end of all, and says which and why",
        arguments: [
            (Part("endpoints") { throw Broken() }, PartEnd(part: "endpoints", reason: "no descriptors are left")),
            (Part("endpoints") {}, PartEnd(part: "endpoints", reason: "it ended without an error")),
        ]
    )
    func firstEnd(part: Part, expected: PartEnd) async {
        let told = Shared<[PartEnd]>([])
        let parts = [
            Part("leader") { await Self.untilCancelled() }, part, Part("other") { await Self.untilCancelled() },
        ]
        let end = await runTogether(parts) { end in told.withLock { $0.append(end) } }
        #expect(end == expected)
        #expect(told.value == [expected])
    }

    @Test("the first end is told while another part has not ended yet")
    func toldAtOnce() async {
        let told = Shared<PartEnd?>(nil)
        let parts = [
            Part("hanging") { while told.value == nil { await Task.yield() } }, Part("endpoints") { throw Broken() },
        ]
        let end = await runTogether(parts) { end in told.withLock { $0 = end } }
        #expect(end?.part == "endpoints")
    }

    @Test("after a cancellation no end is worth a word")
    func cancelled() async {
        let told = Shared<[PartEnd]>([])
        let running = Task {
            await runTogether([
                Part("quiet") { await Self.untilCancelled() },
                Part("loud") { try await Task.sleep(for: .seconds(3600)) },
            ]) { end in told.withLock { $0.append(end) } }
        }
        running.cancel()
        #expect(await running.value == nil)
        #expect(told.value == [])
    }
}
