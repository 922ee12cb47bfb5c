import KubeCore
import KubeRuntime
import Testing

@Suite("Watcher")
struct WatcherTests {
    private var generator = SeededGenerator(seed: 7)

    /// A watcher whose list ended at version 10 and whose watch is open.
    private mutating func watching(at now: Duration = .zero) -> Watcher<Widget> {
        var watcher = Watcher<Widget>(configuration: .paged)
        _ = watcher.start(using: &generator)
        let page = ObjectPage(objects: [Widget("a", version: "9")], resourceVersion: "10")
        _ = watcher.listed(page, at: now, using: &generator)
        _ = watcher.watchOpened(at: now)
        return watcher
    }

    private func version(_ action: WatcherAction) -> String? {
        guard case .watch(let version, _) = action else { return nil }
        return version
    }

    private func delay(_ action: WatcherAction) -> Duration? {
        guard case .wait(let delay) = action else { return nil }
        return delay
    }

    @Test("lists page by page, then watches from the version of the list")
    mutating func order() {
        var watcher = Watcher<Widget>(configuration: .paged)
        let start = watcher.start(using: &generator)
        #expect(start.updates == [.relistBegan])
        #expect(start.next == .list(continuation: nil))
        let first = ObjectPage(objects: [Widget("a")], resourceVersion: "10", continuation: "t")
        let second = watcher.listed(first, at: .zero, using: &generator)
        #expect(second.next == .list(continuation: "t"))
        let last = watcher.listed(
            ObjectPage(objects: [Widget("b")], resourceVersion: "10"),
            at: .zero,
            using: &generator
        )
        #expect(last.updates == [.page([Widget("b")], unreadable: []), .relistEnded(resourceVersion: "10")])
        #expect(version(last.next) == "10")
        #expect(watcher.watchOpened(at: .zero).next == .read(within: nil))
    }

    @Test("a list without a version is a failure and no empty list")
    mutating func listWithoutVersion() {
        var watcher = Watcher<Widget>(configuration: .paged)
        _ = watcher.start(using: &generator)
        let step = watcher.listed(ObjectPage(objects: [], resourceVersion: nil), at: .zero, using: &generator)
        #expect(step.updates.isEmpty)
        #expect(delay(step.next) != nil)
        #expect(watcher.waited(using: &generator).next == .list(continuation: nil))
    }

    @Test("410 in the middle of a list begins the list anew at once")
    mutating func goneMidPagination() {
        var watcher = Watcher<Widget>(configuration: .paged)
        _ = watcher.start(using: &generator)
        let page = ObjectPage(objects: [Widget("a")], resourceVersion: "10", continuation: "t")
        _ = watcher.listed(page, at: .zero, using: &generator)
        let step = watcher.listFailed(gone, at: .zero, using: &generator)
        #expect(step.updates == [.relistBegan])
        #expect(step.note == .relist(.expired))
        #expect(step.next == .list(continuation: nil))
    }

    @Test("a broken connection in the middle of a list asks for the same page again")
    mutating func brokenMidPagination() {
        var watcher = Watcher<Widget>(configuration: .paged)
        _ = watcher.start(using: &generator)
        let page = ObjectPage(objects: [Widget("a")], resourceVersion: "10", continuation: "t")
        _ = watcher.listed(page, at: .zero, using: &generator)
        let step = watcher.listFailed(refused, at: .zero, using: &generator)
        #expect(delay(step.next) != nil)
        let again = watcher.waited(using: &generator)
        #expect(again.next == .list(continuation: "t"))
        #expect(again.updates.isEmpty)
    }

    @Test("410 as the answer to a watch and as an event lists again", arguments: [false, true])
    mutating func goneOnWatch(asEvent: Bool) throws {
        var watcher = watching()
        let status = try #require(gone.status)
        let step =
            asEvent
            ? watcher.received(.error(status), at: .seconds(1), using: &generator)
            : watcher.watchFailed(gone, at: .seconds(1), using: &generator)
        #expect(step.note == .relist(.expired))
        #expect(step.next == .list(continuation: nil))
    }

    @Test("a server that refuses every version is asked ever more slowly")
    mutating func refusals() {
        var watcher = watching()
        #expect(watcher.watchFailed(gone, at: .zero, using: &generator).next == .list(continuation: nil))
        var delays: [Duration] = []
        for _ in 0..<3 {
            _ = watcher.listed(ObjectPage(objects: [], resourceVersion: "1"), at: .zero, using: &generator)
            delays.append(delay(watcher.watchFailed(gone, at: .zero, using: &generator).next) ?? .zero)
            #expect(watcher.waited(using: &generator).next == .list(continuation: nil))
        }
        #expect(delays[0] >= .milliseconds(800) && delays[1] >= .milliseconds(1600) && delays[2] >= .seconds(3))
    }

    @Test("a version from the future, as after a restore of the database, lists again")
    mutating func versionTooLarge() {
        var watcher = watching()
        let status = Status(code: 504, reason: "Timeout", message: "Too large resource version: 99, current: 3")
        let error = KubeError(.status, "504", status: status)
        #expect(watcher.watchFailed(error, at: .zero, using: &generator).note == .relist(.tooLarge))
    }

    @Test("a watch that ends in good order goes on from the last version at once")
    mutating func cleanEnd() {
        var watcher = watching()
        _ = watcher.received(.modified(Widget("a", version: "12")), at: .seconds(1), using: &generator)
        let step = watcher.watchEnded(at: .seconds(400), using: &generator)
        #expect(version(step.next) == "12")
        #expect(step.note == .restart(.ended))
    }

    @Test("a watch that ends at once and empty counts as a failure")
    mutating func endedAtOnce() {
        var watcher = watching()
        #expect(delay(watcher.watchEnded(at: .milliseconds(10), using: &generator).next) != nil)
        #expect(version(watcher.waited(using: &generator).next) == "10")
    }

    @Test("bookmarks alone carry the version forward")
    mutating func bookmarks() {
        var watcher = watching()
        let step = watcher.received(.bookmark(resourceVersion: "50"), at: .seconds(60), using: &generator)
        #expect(step.updates == [.observed(resourceVersion: "50")])
        #expect(version(watcher.watchFailed(refused, at: .seconds(61), using: &generator).next) == nil)
        #expect(version(watcher.waited(using: &generator).next) == "50")
    }

    @Test("events of unknown types are passed over and do not carry the version forward")
    mutating func unknownTypes() {
        var watcher = watching()
        let step = watcher.received(.unknown(type: "SOMETHING"), at: .zero, using: &generator)
        #expect(step == WatcherStep(next: .read(within: nil)))
        #expect(watcher.resourceVersion == "10")
    }

    @Test("watches that end at once twice in a row lead to a list")
    mutating func endedAtOnceTwice() {
        var watcher = watching()
        _ = watcher.watchEnded(at: .milliseconds(10), using: &generator)
        _ = watcher.waited(using: &generator)
        _ = watcher.watchOpened(at: .seconds(2))
        #expect(delay(watcher.watchEnded(at: .seconds(2), using: &generator).next) != nil)
        #expect(watcher.waited(using: &generator).note == .relist(.silent))
    }

    @Test("a watch that answers twice with an error of the server lists")
    mutating func errorTwice() {
        var watcher = watching()
        let error = WatchEvent<Widget>.error(Status(code: 500, reason: "InternalError", message: "etcd"))
        _ = watcher.received(error, at: .seconds(1), using: &generator)
        #expect(version(watcher.waited(using: &generator).next) == "10")
        _ = watcher.watchOpened(at: .seconds(3))
        _ = watcher.received(error, at: .seconds(3), using: &generator)
        #expect(watcher.waited(using: &generator).next == .list(continuation: nil))
    }

    @Test("an object that cannot be read and is deleted is gone")
    mutating func unreadableDeletion() {
        var watcher = watching()
        let key = Widget("a").key
        let kept = watcher.receivedUnreadable(key, resourceVersion: "11", isDeletion: false, at: .zero)
        #expect(kept.updates.isEmpty)
        let gone = watcher.receivedUnreadable(key, resourceVersion: "12", isDeletion: true, at: .zero)
        #expect(gone.updates == [.gone(key, resourceVersion: "12")])
        let (writer, reader) = Store<Widget>.make()
        writer.apply(.applied(Widget("a", version: "10")))
        #expect(reader[key] != nil)
        for update in gone.updates { writer.apply(update) }
        #expect(reader[key] == nil)
    }

    @Test("a page that stays refused begins the list anew", arguments: [400, 500])
    mutating func pageRefused(_ code: Int) {
        var watcher = Watcher<Widget>(configuration: .paged)
        _ = watcher.start(using: &generator)
        let page = ObjectPage(objects: [Widget("a")], resourceVersion: "10", continuation: "t")
        _ = watcher.listed(page, at: .zero, using: &generator)
        let status = Status(code: code, reason: "", message: "no such token")
        let error = KubeError(.status, "refused", status: status)
        for _ in 0..<(code == 400 ? 1 : 3) {
            #expect(delay(watcher.listFailed(error, at: .zero, using: &generator).next) != nil)
            let next = watcher.waited(using: &generator).next
            if next == .list(continuation: nil) { return }
            #expect(next == .list(continuation: "t"))
        }
        Issue.record("the same page is asked for without end")
    }

    @Test("failures are spaced ever more, and two healthy minutes begin anew")
    mutating func healthy() {
        var watcher = watching()
        var now = Duration.zero
        var delays: [Duration] = []
        for _ in 0..<7 {
            let delay = delay(watcher.watchFailed(refused, at: now, using: &generator).next) ?? .zero
            delays.append(delay)
            now += delay
            _ = watcher.waited(using: &generator)
        }
        for (index, delay) in delays.enumerated() {
            let base = Backoff.watching.delay(afterFailures: index + 1)
            #expect(delay >= base && delay < base * 2)
        }
        _ = watcher.watchOpened(at: now)
        let soon = delay(watcher.watchFailed(refused, at: now + .seconds(119), using: &generator).next) ?? .zero
        #expect(soon >= .seconds(30))
        _ = watcher.waited(using: &generator)
        _ = watcher.watchOpened(at: now)
        let late = delay(watcher.watchFailed(refused, at: now + .seconds(120), using: &generator).next) ?? .zero
        #expect(late < .milliseconds(1600))
    }

    @Test("the server's Retry-After is kept")
    mutating func retryAfter() {
        var watcher = watching()
        let status = Status(code: 429, reason: "TooManyRequests", message: "slow down")
        let error = KubeError(.status, "429", status: status, retryAfter: .seconds(17))
        #expect(delay(watcher.watchFailed(error, at: .zero, using: &generator).next) == .seconds(17))
    }

    @Test("the length of a watch is drawn between five and ten minutes")
    mutating func lengths() {
        var lengths: Set<Duration> = []
        for _ in 0..<50 {
            var watcher = watching()
            let step = watcher.watchEnded(at: .seconds(400), using: &generator)
            guard case .watch(_, let timeout) = step.next else { continue }
            #expect(timeout >= .seconds(300) && timeout <= .seconds(600))
            lengths.insert(timeout)
        }
        #expect(lengths.count > 20)
    }
}
