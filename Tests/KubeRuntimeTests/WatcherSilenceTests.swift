import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

@Suite("Watcher that hears nothing")
struct WatcherSilenceTests {
    private var generator = SeededGenerator(seed: 7)
    private let server = ServerMemory()
    private var watcher: Watcher<Widget>

    init() {
        watcher = Watcher(configuration: .paged, server: server)
    }

    /// A watcher whose list ended at that version and whose watch has said nothing for too long.
    private mutating func silent(at version: String = "10") -> WatcherStep<Widget> {
        _ = watcher.start(using: &generator)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: version), at: .zero, using: &generator)
        #expect(watcher.watchOpened(at: .zero).next == .read(within: nil))
        return watcher.heardNothing(at: .seconds(70), using: &generator)
    }

    /// A watcher whose watch, and the one opened after it, have not brought the version that a live read had shown.
    private mutating func behind() -> WatcherStep<Widget> {
        _ = silent()
        _ = watcher.checked("14", at: .seconds(71), using: &generator)
        _ = watcher.heardNothing(at: .seconds(136), using: &generator)
        _ = watcher.watchOpened(at: .seconds(136))
        return watcher.heardNothing(at: .seconds(146), using: &generator)
    }

    private func version(_ action: WatcherAction) -> String? {
        guard case .watch(let version, _) = action else { return nil }
        return version
    }

    @Test("silence proves nothing: the server is asked by a live read, and the watch stays open")
    mutating func check() {
        let step = silent()
        #expect(step.next == .check)
        #expect(step.note == .silence)
        #expect(watcher.keepsWatch)
        #expect(watcher.freshness == .followed)
    }

    @Test("a server that does not answer is known to within 75 s, a watch that is dead without a word within 140 s")
    func figures() {
        let configuration = WatcherConfiguration()
        #expect(configuration.idleTimeout > .seconds(60))
        #expect(configuration.bookmarkTimeout > .seconds(61))
        let asked = configuration.idleTimeout + configuration.checkTimeout
        #expect(asked <= .seconds(75))
        #expect(asked + configuration.bookmarkTimeout <= .seconds(140))
        let found = asked + configuration.bookmarkTimeout + configuration.catchUpTimeout
        #expect(found <= ReflectorHealth.longestSilence)
    }

    @Test("where the live read shows the store's own version, the store is proven and nothing is listed")
    mutating func nothingMissed() {
        _ = silent()
        let step = watcher.checked("10", at: .seconds(71), using: &generator)
        #expect(step.next == .read(within: nil))
        #expect(watcher.freshness == .proven)
        _ = watcher.received(.bookmark(resourceVersion: "11"), at: .seconds(80), using: &generator)
        #expect(watcher.freshness == .followed)
    }

    @Test("where it shows a newer one, the watch has until the next bookmark to bring it", arguments: ["14", "20"])
    mutating func caughtUp(reached: String) {
        _ = silent()
        let step = watcher.checked("14", at: .seconds(71), using: &generator)
        #expect(step.next == .read(within: .seconds(65)))
        #expect(step.note == nil)
        #expect(watcher.freshness == .followed)
        let event = watcher.received(.modified(Widget("a", version: "13")), at: .seconds(81), using: &generator)
        #expect(event.next == .read(within: .seconds(55)))
        let bookmark = watcher.received(.bookmark(resourceVersion: reached), at: .seconds(130), using: &generator)
        #expect(bookmark.next == .read(within: nil))
        #expect(watcher.freshness == .followed)
    }

    @Test("a watch that does not bring it is opened again for five seconds, at whose end a server sends what it has")
    mutating func openedAgain() {
        _ = silent()
        _ = watcher.checked("14", at: .seconds(71), using: &generator)
        let step = watcher.heardNothing(at: .seconds(136), using: &generator)
        #expect(step.note == .restart(.idle))
        #expect(step.next == .watch(resourceVersion: "10", timeout: .seconds(5)))
        #expect(!watcher.keepsWatch)
        #expect(watcher.freshness == .unproven)
        #expect(watcher.watchOpened(at: .seconds(136)).next == .read(within: .seconds(10)))
        _ = watcher.received(.added(Widget("a", version: "13")), at: .seconds(136), using: &generator)
        #expect(watcher.freshness == .unproven)
        _ = watcher.received(.bookmark(resourceVersion: "15"), at: .seconds(139), using: &generator)
        #expect(watcher.freshness == .followed)
        let next = watcher.watchEnded(at: .seconds(141), using: &generator).next
        guard case .watch("15", let length) = next, length >= .seconds(300) else {
            Issue.record("\(next)")
            return
        }
    }

    @Test("where that brings it neither, by silence or its end, a list proves the store", arguments: [true, false])
    mutating func listed(ends: Bool) {
        _ = silent()
        _ = watcher.checked("14", at: .seconds(71), using: &generator)
        _ = watcher.heardNothing(at: .seconds(136), using: &generator)
        _ = watcher.watchOpened(at: .seconds(136))
        let step =
            ends
            ? watcher.watchEnded(at: .seconds(141), using: &generator)
            : watcher.heardNothing(at: .seconds(146), using: &generator)
        #expect(step.note == .relist(.silent))
        #expect(step.next == .list(continuation: nil))
        #expect(watcher.freshness == .unproven)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "15"), at: .seconds(147), using: &generator)
        #expect(watcher.freshness == .followed)
    }

    @Test("a list that shows nothing new says that the server sends no bookmarks here: silence is no sign from then on")
    mutating func noBookmarks() {
        _ = behind()
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "15"), at: .seconds(147), using: &generator)
        #expect(watcher.stored(changes: 0) == .noBookmarks)
        #expect(!server.traits.bookmarksOnRequest)
        _ = watcher.watchOpened(at: .seconds(147))
        let step = watcher.heardNothing(at: .seconds(217), using: &generator)
        #expect(step == WatcherStep(next: .read(within: nil)))
        #expect(watcher.freshness == .quiet)
        // Another collection of the server does not ask either.
        var other = Watcher<Widget>(configuration: .paged, server: server)
        _ = other.start(using: &generator)
        _ = other.listed(ObjectPage(objects: [], resourceVersion: "15"), at: .zero, using: &generator)
        _ = other.watchOpened(at: .zero)
        #expect(other.heardNothing(at: .seconds(70), using: &generator).next == .read(within: nil))
    }

    @Test("a list that shows something new says that the watch was at fault: the next silence is looked into again")
    mutating func missed() {
        _ = behind()
        #expect(watcher.stored(changes: 0) == nil)
        let page = ObjectPage(objects: [Widget("a", version: "14")], resourceVersion: "15")
        _ = watcher.listed(page, at: .seconds(147), using: &generator)
        #expect(watcher.stored(changes: 1) == nil)
        #expect(server.traits.bookmarksOnRequest)
        _ = watcher.watchOpened(at: .seconds(147))
        #expect(watcher.heardNothing(at: .seconds(217), using: &generator).next == .check)
    }

    @Test("a quiet watch is listed where somebody demands a proof, and no other is")
    mutating func demanded() {
        _ = silent()
        #expect(watcher.proofDemanded(using: &generator) == nil)
        server.lacks()
        _ = watcher.checked("10", at: .seconds(71), using: &generator)
        _ = watcher.heardNothing(at: .seconds(141), using: &generator)
        #expect(watcher.freshness == .quiet)
        let step = watcher.proofDemanded(using: &generator)
        #expect(step?.note == .relist(.demanded))
        #expect(step?.next == .list(continuation: nil))
    }

    @Test("a new watch that breaks owes the version still")
    mutating func brokenWhileBehind() {
        _ = silent()
        _ = watcher.checked("14", at: .seconds(71), using: &generator)
        _ = watcher.heardNothing(at: .seconds(136), using: &generator)
        _ = watcher.watchFailed(refused, at: .seconds(137), using: &generator)
        #expect(watcher.freshness == .unproven)
        #expect(version(watcher.waited(using: &generator).next) == "10")
        #expect(watcher.watchOpened(at: .seconds(138)).next == .read(within: .seconds(10)))
    }

    @Test("a live read without an answer is made again, the store is unproven, and nothing is listed")
    mutating func unanswered() {
        _ = silent()
        for _ in 0..<3 {
            guard case .wait = watcher.checkFailed(refused, at: .seconds(75), using: &generator).next else {
                Issue.record("no wait")
                return
            }
            #expect(watcher.freshness == .unproven)
            #expect(watcher.keepsWatch)
            #expect(watcher.waited(using: &generator).next == .check)
            #expect(watcher.freshness == .unproven)
        }
        #expect(watcher.checked("10", at: .seconds(90), using: &generator).next == .read(within: nil))
        #expect(watcher.freshness == .proven)
    }

    @Test("a watch that the connection gives up is opened again from its version, and nothing is asked")
    mutating func overdue() {
        _ = watcher.start(using: &generator)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "10"), at: .zero, using: &generator)
        _ = watcher.watchOpened(at: .zero)
        let error = KubeError(.timeout, "no data for 630 s")
        guard case .wait = watcher.watchFailed(error, at: .seconds(630), using: &generator).next else {
            Issue.record("no wait")
            return
        }
        #expect(version(watcher.waited(using: &generator).next) == "10")
    }

    @Test("versions that cannot be compared leave a list", arguments: ["b", "10"])
    mutating func opaque(asked: String) {
        _ = silent(at: "a")
        #expect(watcher.checked(asked, at: .seconds(71), using: &generator).next == .list(continuation: nil))
    }

    @Test("an opaque version that is the store's own is proof")
    mutating func opaqueEqual() {
        _ = silent(at: "a")
        #expect(watcher.checked("a", at: .seconds(71), using: &generator).next == .read(within: nil))
        #expect(watcher.freshness == .proven)
    }
}

@Suite("What is remembered of a server")
struct ServerMemoryTests {
    private let clock = TestClock()

    @Test("what a server can't do is forgotten after an hour, and when it is asked for")
    func forgetting() {
        let server = ServerMemory(clock: clock)
        server.lacks()
        clock.advance(by: .seconds(3599))
        #expect(!server.traits.bookmarksOnRequest && !server.traits.streamingLists)
        clock.advance(by: .seconds(1))
        #expect(server.traits == ServerTraits())
        server.lacks()
        server.forget()
        #expect(server.traits == ServerTraits())
    }
}

extension ServerMemory {
    /// Teaches it, by a watcher, that the server has neither streaming lists nor bookmarks for quiet watches.
    func lacks() {
        var generator = SeededGenerator(seed: 1)
        var watcher = Watcher<Widget>(server: self)
        _ = watcher.start(using: &generator)
        let error = KubeError(.status, "422", status: Status(code: 422, reason: "Invalid", message: "forbidden"))
        _ = watcher.watchFailed(error, at: .zero, using: &generator)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "10"), at: .zero, using: &generator)
        _ = watcher.watchOpened(at: .zero)
        _ = watcher.heardNothing(at: .seconds(70), using: &generator)
        _ = watcher.checked("14", at: .seconds(71), using: &generator)
        _ = watcher.heardNothing(at: .seconds(136), using: &generator)
        _ = watcher.watchOpened(at: .seconds(136))
        _ = watcher.heardNothing(at: .seconds(146), using: &generator)
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "15"), at: .seconds(147), using: &generator)
        _ = watcher.stored(changes: 0)
    }
}
