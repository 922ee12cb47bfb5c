import KubeRuntime
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test(
        "delays of watches double from 0.8 s to 30 s",
        arguments: [(0, 0), (1, 800), (2, 1600), (3, 3200), (4, 6400), (5, 12800), (6, 25600), (7, 30000), (99, 30000)]
    )
    func watching(failures: Int, milliseconds: Int) {
        #expect(Backoff.watching.delay(afterFailures: failures) == .milliseconds(milliseconds))
    }

    @Test(
        "delays of keys double from 5 ms to 1000 s",
        arguments: [(1, 5), (2, 10), (8, 640), (18, 655_360), (19, 1_000_000), (1_000_000, 1_000_000)]
    )
    func requeuing(failures: Int, milliseconds: Int) {
        #expect(Backoff.requeuing.delay(afterFailures: failures) == .milliseconds(milliseconds))
    }

    @Test("jitter lengthens a delay to less than twice itself and is drawn each time")
    func jitter() {
        var generator = SeededGenerator(seed: 1)
        var delays: Set<Duration> = []
        for _ in 0..<100 {
            var backoff = Backoff.watching
            let delay = backoff.next(using: &generator)
            #expect(delay >= .milliseconds(800) && delay < .milliseconds(1600))
            delays.insert(delay)
        }
        #expect(delays.count > 90)
    }

    @Test("a reset begins anew")
    func reset() {
        var generator = SeededGenerator(seed: 1)
        var backoff = Backoff.requeuing
        _ = backoff.next(using: &generator)
        _ = backoff.next(using: &generator)
        backoff.reset()
        #expect(backoff.next(using: &generator) == .milliseconds(5))
    }
}
