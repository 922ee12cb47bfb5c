import KubeCore
import KubeRuntime
import Testing

@Suite("Watcher that hears nothing")
struct WatcherSilenceTests {
    private var generator = SeededGenerator(seed: 7)
    private var watcher = Watcher<Widget>(configuration: .paged)
    private let silence = KubeError(.timeout, "no data for 70 s")

    /// A watcher whose list ended at version 10 and whose watch has said nothing for too long.
    private mutating func silent() -> WatcherStep<Widget> {
        _ = watcher.start(using: &generator)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "10"), at: .zero, using: &generator)
        _ = watcher.watchOpened(at: .zero)
        return watcher.watchFailed(silence, at: .seconds(70), using: &generator)
    }

    private func version(_ action: WatcherAction) -> String? {
        guard case .watch(let version, _) = action else { return nil }
        return version
    }

    @Test("silence proves nothing: the server is asked by a live read, and the store is unproven until it answers")
    mutating func check() {
        let step = silent()
        #expect(step.next == .check)
        #expect(step.note == .silence)
        #expect(watcher.freshness == .unproven)
    }

    @Test("silence and its live read take no longer than 75 s")
    func figures() {
        let configuration = WatcherConfiguration()
        #expect(configuration.idleTimeout + configuration.checkTimeout <= .seconds(75))
        #expect(configuration.idleTimeout > .seconds(60))
    }

    @Test("where the live read shows the store's own version, the store is proven and nothing is listed")
    mutating func nothingMissed() {
        _ = silent()
        let step = watcher.checked("10", at: .seconds(71), using: &generator)
        #expect(step.note == .restart(.idle))
        #expect(version(step.next) == "10")
        #expect(watcher.freshness == .proven)
        #expect(watcher.watchOpened(at: .seconds(71)).next == .read(within: nil))
        _ = watcher.received(.bookmark(resourceVersion: "11"), at: .seconds(80), using: &generator)
        #expect(watcher.freshness == .followed)
    }

    @Test("where it shows a newer one, the new watch must reach it: a bookmark does", arguments: ["14", "20"])
    mutating func caughtUp(reached: String) {
        _ = silent()
        let step = watcher.checked("14", at: .seconds(71), using: &generator)
        #expect(version(step.next) == "10")
        #expect(watcher.freshness == .unproven)
        #expect(watcher.watchOpened(at: .seconds(71)).next == .read(within: .seconds(10)))
        let event = watcher.received(.modified(Widget("a", version: "13")), at: .seconds(72), using: &generator)
        #expect(event.next == .read(within: .seconds(10)))
        #expect(watcher.freshness == .unproven)
        let bookmark = watcher.received(.bookmark(resourceVersion: reached), at: .seconds(73), using: &generator)
        #expect(bookmark.next == .read(within: nil))
        #expect(watcher.freshness == .followed)
    }

    @Test("a new watch that does not reach it is answered by a list, which proves the store")
    mutating func behind() {
        _ = silent()
        _ = watcher.checked("14", at: .seconds(71), using: &generator)
        _ = watcher.watchOpened(at: .seconds(71))
        let step = watcher.watchFailed(silence, at: .seconds(81), using: &generator)
        #expect(step.note == .relist(.silent))
        #expect(step.next == .list(continuation: nil))
        #expect(watcher.freshness == .unproven)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "15"), at: .seconds(82), using: &generator)
        #expect(watcher.freshness == .followed)
    }

    @Test("a new watch that breaks owes the version still")
    mutating func brokenWhileBehind() {
        _ = silent()
        _ = watcher.checked("14", at: .seconds(71), using: &generator)
        _ = watcher.watchFailed(refused, at: .seconds(71), using: &generator)
        #expect(watcher.freshness == .unproven)
        #expect(version(watcher.waited(using: &generator).next) == "10")
        #expect(watcher.watchOpened(at: .seconds(73)).next == .read(within: .seconds(10)))
    }

    @Test("a live read without an answer is made again, and nothing is listed")
    mutating func unanswered() {
        _ = silent()
        for _ in 0..<3 {
            guard case .wait = watcher.checkFailed(refused, at: .seconds(75), using: &generator).next else {
                Issue.record("no wait")
                return
            }
            #expect(watcher.freshness == .unproven)
            #expect(watcher.waited(using: &generator).next == .check)
        }
        #expect(version(watcher.checked("10", at: .seconds(90), using: &generator).next) == "10")
    }

    @Test("versions that cannot be compared leave a list", arguments: ["b", "10"])
    mutating func opaque(asked: String) {
        _ = watcher.start(using: &generator)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "a"), at: .zero, using: &generator)
        _ = watcher.watchOpened(at: .zero)
        _ = watcher.watchFailed(silence, at: .seconds(70), using: &generator)
        #expect(watcher.checked(asked, at: .seconds(71), using: &generator).next == .list(continuation: nil))
    }

    @Test("an opaque version that is the store's own is proof")
    mutating func opaqueEqual() {
        _ = watcher.start(using: &generator)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "a"), at: .zero, using: &generator)
        _ = watcher.watchOpened(at: .zero)
        _ = watcher.watchFailed(silence, at: .seconds(70), using: &generator)
        #expect(version(watcher.checked("a", at: .seconds(71), using: &generator).next) == "a")
        #expect(watcher.freshness == .proven)
    }
}
