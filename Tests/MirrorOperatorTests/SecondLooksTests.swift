import Testing

@testable import MirrorOperator

@Suite("Looking again after a refusal")
struct SecondLooksTests {
    @Test("soon at first, then ever later up to 30 s, and soon again after a look that went through")
    func backoff() {
        let looks = SecondLooks()
        let delays = (0..<10).map { _ in looks.next("a") }
        #expect(delays.prefix(3) == [.milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(delays.suffix(2) == [.seconds(30), .seconds(30)])
        #expect(looks.next("b") == .milliseconds(200), "each mirror by itself")
        looks.end("a")
        #expect(looks.next("a") == .milliseconds(200))
    }
}
