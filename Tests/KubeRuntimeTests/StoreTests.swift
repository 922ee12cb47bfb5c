import KubeCore
import KubeRuntime
import Testing

@Suite("Store")
struct StoreTests {
    private let writer: Store<Widget>.Writer
    private let reader: Store<Widget>.Reader

    init() {
        (writer, reader) = Store.make()
    }

    private var names: Set<String> { Set(reader.all.map(\.metadata.name)) }

    private func fill(_ names: String...) {
        writer.apply(.relistBegan)
        writer.apply(.page(names.map { Widget($0, version: "1") }, unreadable: []))
        writer.apply(.relistEnded(resourceVersion: "1"))
    }

    @Test("is synced only when the first list has ended")
    func synced() async throws {
        let reader = reader
        let waiter = Task { try await reader.waitUntilSynced() }
        writer.apply(.relistBegan)
        writer.apply(.page([Widget("a")], unreadable: []))
        #expect(!reader.isSynced)
        writer.apply(.relistEnded(resourceVersion: "1"))
        try await waiter.value
        #expect(reader.isSynced)
    }

    @Test("waiting for the first list ends with cancellation")
    func cancelledWait() async {
        let reader = reader
        let waiter = Task { try await reader.waitUntilSynced() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
    }

    @Test("what was deleted while disconnected is gone when the list ends, and not before")
    func sweep() {
        fill("a", "b", "c")
        writer.apply(.relistBegan)
        writer.apply(.page([Widget("c", version: "1")], unreadable: []))
        #expect(names == ["a", "b", "c"])
        writer.apply(.page([Widget("d", version: "2")], unreadable: []))
        #expect(names == ["a", "b", "c", "d"])
        writer.apply(.relistEnded(resourceVersion: "2"))
        #expect(names == ["c", "d"])
    }

    @Test("an event that comes a second time, after a newer one, takes nothing back; a list may")
    func repetition() {
        fill("a")
        writer.apply(.applied(Widget("a", size: 2, version: "5")))
        writer.apply(.applied(Widget("a", size: 1, version: "3")))
        #expect(reader[widgetKey("a")]?.spec.size == 2)
        #expect(reader.resourceVersion == "5")
        writer.apply(.relistBegan)
        writer.apply(.page([Widget("a", size: 1, version: "3")], unreadable: []))
        writer.apply(.relistEnded(resourceVersion: "3"))
        #expect(reader[widgetKey("a")]?.spec.size == 1)
    }

    @Test("what was there already is told apart from what changes")
    func initialChanges() async {
        fill("a")
        var changes = reader.changes().makeAsyncIterator()
        #expect(await changes.next()?.map(\.isInitial) == [true])
        writer.apply(.applied(Widget("b", version: "2")))
        #expect(await changes.next()?.map(\.isInitial) == [false])
        var later = reader.changes().makeAsyncIterator()
        writer.apply(.applied(Widget("a", size: 3, version: "3")))
        let batch = await later.next() ?? []
        #expect(Dictionary(uniqueKeysWithValues: batch.map { ($0.key.name, $0.isInitial) }) == ["a": false, "b": true])
    }

    @Test("a list that is begun anew forgets no page of its second attempt")
    func interruptedList() {
        fill("a", "b")
        writer.apply(.relistBegan)
        writer.apply(.page([Widget("a", version: "1")], unreadable: []))
        writer.apply(.relistBegan)
        writer.apply(.page([Widget("b", version: "1")], unreadable: []))
        writer.apply(.relistEnded(resourceVersion: "2"))
        #expect(names == ["b"])
    }

    @Test("an object that cannot be read is kept as it was")
    func unreadable() {
        fill("a", "b")
        writer.apply(.relistBegan)
        writer.apply(.page([], unreadable: [widgetKey("a"), widgetKey("new")]))
        writer.apply(.relistEnded(resourceVersion: "2"))
        #expect(names == ["a"])
    }

    @Test("objects are transformed on their way in")
    func transform() {
        let (writer, reader) = Store<Widget>.make { widget in
            var widget = widget
            widget.spec.note = nil
            return widget
        }
        var widget = Widget("a")
        widget.spec.note = "long"
        writer.apply(.page([widget], unreadable: []))
        widget.metadata.name = "b"
        writer.apply(.applied(widget))
        #expect(reader.all.count == 2)
        #expect(reader.all.allSatisfy { $0.spec.note == nil })
    }

    @Test("the version follows lists, events and bookmarks")
    func version() {
        #expect(reader.resourceVersion == nil)
        fill("a")
        #expect(reader.resourceVersion == "1")
        writer.apply(.applied(Widget("a", version: "5")))
        #expect(reader.resourceVersion == "5")
        writer.apply(.observed(resourceVersion: "9"))
        #expect(reader.resourceVersion == "9")
        writer.apply(.deleted(Widget("a", version: "11")))
        #expect(reader.resourceVersion == "11")
        #expect(reader[widgetKey("a")] == nil)
    }

    @Test("a subscription begins with the present objects and misses nothing after them")
    func subscription() async {
        fill("a")
        var changes = reader.changes().makeAsyncIterator()
        #expect(
            await changes.next() == [
                StoreChange(key: widgetKey("a"), old: nil, new: Widget("a", version: "1"), isInitial: true)
            ]
        )
        writer.apply(.applied(Widget("a", size: 1, version: "2")))
        writer.apply(.applied(Widget("b", version: "3")))
        writer.apply(.deleted(Widget("b", version: "4")))
        writer.apply(.applied(Widget("a", size: 2, version: "5")))
        // Joined: the first old, the last new; what came and went is left out.
        let old = Widget("a", version: "1")
        let new = Widget("a", size: 2, version: "5")
        #expect(await changes.next() == [StoreChange(key: widgetKey("a"), old: old, new: new)])
    }

    @Test("a list of what is known already is no change")
    func unchanged() async {
        fill("a")
        var changes = reader.changes().makeAsyncIterator()
        _ = await changes.next()
        fill("a")
        writer.apply(.deleted(Widget("a", version: "2")))
        let change = StoreChange(key: widgetKey("a"), old: Widget("a", version: "1"), new: nil)
        #expect(await changes.next() == [change])
    }

    @Test("a subscription ends with its task")
    func cancelledSubscription() async {
        let reader = reader
        let task = Task {
            var count = 0
            for await batch in reader.changes() { count += batch.count }
            return count
        }
        task.cancel()
        #expect(await task.value == 0)
    }
}
