import KubeCore
import KubeRuntime
import Testing

@Suite("Watcher with streaming lists")
struct WatcherListTests {
    private var generator = SeededGenerator(seed: 7)
    private var watcher = Watcher<Widget>()
    private let end = WatchEvent<Widget>.bookmark(resourceVersion: "10", endsInitialEvents: true)

    private mutating func received(_ event: WatchEvent<Widget>) -> WatcherStep<Widget> {
        watcher.received(event, at: .zero, using: &generator)
    }

    /// A watcher whose streaming list was accepted.
    private mutating func streaming() {
        let start = watcher.start(using: &generator)
        #expect(start.updates == [.relistBegan])
        guard case .streamList(let timeout) = start.next else {
            Issue.record("no streaming list")
            return
        }
        #expect(timeout >= .seconds(300) && timeout <= .seconds(600))
        #expect(watcher.watchOpened(at: .zero).next == .read(within: .seconds(10)))
    }

    @Test("takes the objects as a list and goes on as a watch from the version of the bookmark that ends them")
    mutating func order() {
        streaming()
        let first = received(.added(Widget("b", version: "9")))
        #expect(first.updates == [.page([Widget("b", version: "9")], unreadable: [])])
        #expect(watcher.freshness == .unread)
        _ = received(.added(Widget("a", version: "2")))
        #expect(watcher.resourceVersion == nil)
        let last = received(end)
        #expect(last.updates == [.relistEnded(resourceVersion: "10")])
        #expect(last.next == .read(within: nil))
        #expect(watcher.freshness == .followed)
        #expect(received(.modified(Widget("a", version: "11"))).updates == [.applied(Widget("a", version: "11"))])
        #expect(watcher.resourceVersion == "11")
    }

    @Test("an object that is deleted while the list is sent is gone, and moves no version")
    mutating func deletedMeanwhile() {
        streaming()
        _ = received(.added(Widget("a", version: "2")))
        let step = received(.deleted(Widget("a", version: "4")))
        #expect(step.updates == [.gone(widgetKey("a"), resourceVersion: nil)])
        #expect(watcher.resourceVersion == nil)
    }

    @Test(
        "a server that says that it has no streaming lists is listed by pages at once and from then on",
        arguments: [400, 405, 406, 415, 422, 501]
    )
    mutating func refusedForGood(code: Int) {
        _ = watcher.start(using: &generator)
        let error = KubeError(.status, "no", status: Status(code: code, reason: "Invalid", message: "forbidden"))
        let step = watcher.watchFailed(error, at: .zero, using: &generator)
        #expect(step.note == .noStreamingLists(error))
        #expect(step.updates == [.relistBegan])
        #expect(step.next == .list(continuation: nil))
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "3"), at: .zero, using: &generator)
        #expect(watcher.watchFailed(gone, at: .zero, using: &generator).next == .list(continuation: nil))
    }

    @Test("a server that is away or busy is asked for a stream again", arguments: [429, 503, nil])
    mutating func refusedForNow(code: Int?) {
        _ = watcher.start(using: &generator)
        let error = code.map { KubeError(.status, "no", status: Status(code: $0, reason: "", message: "")) } ?? refused
        let step = watcher.watchFailed(error, at: .zero, using: &generator)
        guard case .failure = step.note, case .wait = step.next else {
            Issue.record("\(step)")
            return
        }
        let again = watcher.waited(using: &generator)
        #expect(again.updates.isEmpty && again.note == nil)
        guard case .streamList = again.next else {
            Issue.record("\(again)")
            return
        }
    }

    @Test("a server that fails at a streaming list is listed by pages at once, this time", arguments: [false, true])
    mutating func failing(asEvent: Bool) {
        _ = watcher.start(using: &generator)
        let status = Status(code: 500, reason: "InternalError", message: "etcd")
        let step: WatcherStep<Widget>
        if asEvent {
            _ = watcher.watchOpened(at: .zero)
            step = received(.error(status))
        } else {
            step = watcher.watchFailed(KubeError(.status, "no", status: status), at: .zero, using: &generator)
        }
        #expect(step.next == .list(continuation: nil))
        #expect(watcher.usesStreamingLists)
    }

    @Test("a server whose storage can't tell how far it is has no streaming lists", arguments: [false, true])
    mutating func oldStorage(asEvent: Bool) {
        _ = watcher.start(using: &generator)
        let message = "a watch stream was requested by the client but the required storage feature "
        let status = Status(code: 500, reason: "InternalError", message: message + "RequestWatchProgress is disabled")
        let step: WatcherStep<Widget>
        if asEvent {
            _ = watcher.watchOpened(at: .zero)
            step = received(.error(status))
        } else {
            step = watcher.watchFailed(KubeError(.status, "no", status: status), at: .zero, using: &generator)
        }
        #expect(step.next == .list(continuation: nil))
        #expect(!watcher.usesStreamingLists)
    }

    @Test("a server that does not get as far as its database twice is listed by pages this time")
    mutating func lagging() {
        _ = watcher.start(using: &generator)
        let error = KubeError(.status, "no", status: Status(code: 504, reason: "", message: "not caught up"))
        _ = watcher.watchFailed(error, at: .zero, using: &generator)
        guard case .streamList = watcher.waited(using: &generator).next else {
            Issue.record("the first failure ends it")
            return
        }
        _ = watcher.watchFailed(error, at: .zero, using: &generator)
        #expect(watcher.waited(using: &generator).next == .list(continuation: nil))
        #expect(watcher.usesStreamingLists)
    }

    @Test("a list that never ends is listed by pages: an old server sends the objects and no end of them")
    mutating func noEnd() {
        streaming()
        _ = received(.added(Widget("a", version: "2")))
        let silence = KubeError(.timeout, "nothing came for 10 s")
        let step = watcher.watchFailed(silence, at: .seconds(10), using: &generator)
        #expect(step.note == .noStreamingLists(silence))
        #expect(step.next == .list(continuation: nil))
        #expect(!watcher.usesStreamingLists)
    }

    @Test("a bookmark without the mark before the end shows an old server too")
    mutating func plainBookmark() {
        streaming()
        _ = received(.added(Widget("a", version: "2")))
        #expect(received(.bookmark(resourceVersion: "5")).next == .list(continuation: nil))
        #expect(!watcher.usesStreamingLists)
    }

    @Test("a stream that breaks twice before its end is listed by pages this time, and streamed the next time")
    mutating func interrupted() {
        for attempt in 1...2 {
            if attempt == 1 { streaming() } else { _ = watcher.watchOpened(at: .zero) }
            _ = received(.added(Widget("a", version: "2")))
            let step =
                attempt == 1
                ? watcher.watchEnded(at: .zero, using: &generator)
                : watcher.watchFailed(refused, at: .zero, using: &generator)
            guard case .wait = step.next else {
                Issue.record("\(step)")
                return
            }
            let again = watcher.waited(using: &generator)
            #expect(again.note == .relist(.interrupted))
            #expect(again.updates == [.relistBegan])
            #expect((again.next == .list(continuation: nil)) == (attempt == 2))
        }
        _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "3"), at: .zero, using: &generator)
        _ = watcher.watchOpened(at: .zero)
        guard case .streamList = watcher.watchFailed(gone, at: .seconds(1), using: &generator).next else {
            Issue.record("the next list is no stream")
            return
        }
    }

    @Test("an error instead of an event breaks the stream and keeps what the store had")
    mutating func errorEvent() {
        streaming()
        _ = received(.added(Widget("a", version: "2")))
        let status = Status(code: 500, reason: "InternalError", message: "etcd")
        let step = received(.error(status))
        #expect(step.updates.isEmpty)
        #expect(watcher.freshness == .unread)
    }

    @Test("an object that cannot be read is kept as it was known")
    mutating func unreadable() {
        streaming()
        let step = watcher.receivedUnreadable(widgetKey("a"), resourceVersion: "4", isDeletion: false, at: .zero)
        #expect(step.updates == [.page([], unreadable: [widgetKey("a")])])
        #expect(watcher.resourceVersion == nil)
    }
}
