import KubeCore
import KubeRuntime
import Synchronization
import Testing

@Suite("Indexes of a store")
struct StoreIndexTests {
    private let bySize = StoreIndex<Widget>("size") { ["\($0.spec.size)"] }
    private let byLetter = StoreIndex<Widget>("letter") { $0.metadata.name.map { String($0) } }

    @Test("find objects by their present values, through events, lists and deletions, like a search through all")
    func likeASearch() {
        let (writer, reader) = Store.make(indexes: [bySize, byLetter])
        var generator = SeededGenerator(seed: 11)
        for version in 1...600 {
            let name = ["a", "b", "ab", "ca", "cc"].randomElement(using: &generator) ?? ""
            let widget = Widget(name, size: Int.random(in: 0..<4, using: &generator), version: "\(version)")
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: writer.apply(.deleted(widget))
            case 1:
                writer.apply(.relistBegan)
                writer.apply(.page([widget], unreadable: [widgetKey("b")]))
                writer.apply(.relistEnded(resourceVersion: "\(version)"))
            default: writer.apply(.applied(widget))
            }
            for size in 0..<4 {
                let found = Set(reader.objects(bySize, "\(size)").map(\.metadata.name))
                #expect(found == Set(reader.all.filter { $0.spec.size == size }.map(\.metadata.name)))
            }
            let found = Set(reader.objects(byLetter, "c").map(\.metadata.name))
            #expect(found == Set(reader.all.map(\.metadata.name).filter { $0.contains("c") }))
        }
    }

    @Test("a value or an index that is not known finds nothing")
    func unknown() {
        let (writer, reader) = Store.make(indexes: [bySize])
        writer.apply(.applied(Widget("a", version: "1")))
        #expect(reader.objects(bySize, "7").isEmpty)
        #expect(reader.objects(byLetter, "a").isEmpty)
    }
}

/// An object that counts how many of its kind are alive.
private struct Counted: KubeObject {
    static let resource = Widget.resource

    final class Life: Sendable, Hashable {
        static let alive = Mutex((now: 0, most: 0))

        init() {
            Self.alive.withLock { alive in
                alive.now += 1
                alive.most = max(alive.most, alive.now)
            }
        }

        deinit { Self.alive.withLock { $0.now -= 1 } }

        static func == (left: Life, right: Life) -> Bool { true }
        func hash(into hasher: inout Hasher) {}
    }

    var metadata: ObjectMeta
    let life = Life()

    enum CodingKeys: CodingKey { case metadata }
}

@Suite("Memory of a store")
struct StoreMemoryTests {
    @Test("a new list is taken over page by page: never is there more than one copy and one page")
    func oneCopy() {
        let (writer, reader) = Store<Counted>.make()
        func list(_ version: Int) {
            writer.apply(.relistBegan)
            for page in 0..<20 {
                let objects = (0..<50).map { number in
                    let name = "w\(page * 50 + number)"
                    return Counted(metadata: ObjectMeta(name: name, resourceVersion: "\(version)"))
                }
                writer.apply(.page(objects, unreadable: []))
            }
            writer.apply(.relistEnded(resourceVersion: "\(version)"))
        }
        list(1)
        #expect(Counted.Life.alive.withLock(\.now) == 1000)
        Counted.Life.alive.withLock { $0.most = $0.now }
        for version in 2...4 { list(version) }
        #expect(reader.count == 1000)
        let (now, most) = Counted.Life.alive.withLock { ($0.now, $0.most) }
        #expect(now == 1000)
        #expect(most <= 1100, "\(most) objects were alive at once")
    }
}
