import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

@Suite("Own writes")
struct OwnWritesTests {
    private let clock = TestClock()
    private let writes: OwnWrites
    private let writer: Store<Widget>.Writer
    private let reader: Store<Widget>.Reader

    init() {
        writes = OwnWrites(clock: clock, logger: quiet)
        (writer, reader) = Store.make()
        writer.apply(.relistBegan)
        writer.apply(.page([Widget("a", version: "5")], unreadable: []))
        writer.apply(.relistEnded(resourceVersion: "7"))
    }

    @Test("a store without writes of ours is caught up")
    func nothing() {
        #expect(writes.isCaughtUp(reader))
    }

    @Test("a store is behind until it shows our version or a newer one", arguments: ["9", "10"])
    func awaited(shown: String) {
        writes.wrote(Widget("a", version: "9"))
        #expect(!writes.isCaughtUp(reader))
        writer.apply(.applied(Widget("b", version: "8")))
        #expect(!writes.isCaughtUp(reader))
        writer.apply(.applied(Widget("a", version: shown)))
        #expect(writes.isCaughtUp(reader))
    }

    @Test("a bookmark beyond our version is enough, as where the object left the selector")
    func bookmark() {
        writes.wrote(Widget("c", version: "9"))
        #expect(!writes.isCaughtUp(reader))
        writer.apply(.observed(resourceVersion: "9"))
        #expect(writes.isCaughtUp(reader))
    }

    @Test("versions are compared as numbers and not as text")
    func numbers() {
        writes.wrote(Widget("a", version: "10"))
        writer.apply(.applied(Widget("a", version: "9")))
        #expect(!writes.isCaughtUp(reader))
    }

    @Test("of versions that are no numbers only the very one counts")
    func opaque() {
        writes.wrote(Widget("a", version: "x2"))
        writer.apply(.applied(Widget("a", version: "x3")))
        #expect(!writes.isCaughtUp(reader))
        writer.apply(.applied(Widget("a", version: "x2")))
        #expect(writes.isCaughtUp(reader))
    }

    @Test("an older answer that comes late does not take the place of a newer one")
    func order() {
        writes.wrote(Widget("a", version: "12"))
        writes.wrote(Widget("a", version: "11"))
        writer.apply(.applied(Widget("a", version: "11")))
        #expect(!writes.isCaughtUp(reader))
    }

    @Test("a deletion is awaited until the object is gone, replaced or marked")
    func deletion() {
        writes.deleted(Widget.resource, widgetKey("a"), uid: "uid-a")
        #expect(!writes.isCaughtUp(reader))
        var marked = Widget("a", version: "8")
        marked.metadata.deletionTimestamp = Timestamp(seconds: 1)
        writer.apply(.applied(marked))
        #expect(writes.isCaughtUp(reader))

        writes.deleted(Widget.resource, widgetKey("a"), uid: "uid-other")
        #expect(writes.isCaughtUp(reader))

        writer.apply(.applied(Widget("a", version: "9")))
        writes.deleted(Widget.resource, widgetKey("a"), uid: nil)
        #expect(!writes.isCaughtUp(reader))
        writer.apply(.deleted(Widget("a", version: "10")))
        #expect(writes.isCaughtUp(reader))
    }

    @Test("what is never seen is forgotten after the deadline, and the wait says when")
    func forgotten() {
        writes.wrote(Widget("a", version: "9"))
        #expect(writes.delay(reader) == .seconds(30))
        clock.advance(by: .seconds(29))
        #expect(writes.delay(reader) == .seconds(1))
        clock.advance(by: .seconds(1))
        #expect(writes.delay(reader) == nil)
    }
}
