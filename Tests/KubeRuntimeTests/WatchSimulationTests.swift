import KubeCore
import KubeRuntime
import Testing

/// A server with a history that it forgets, in memory.
private struct SimulatedServer {
    var version = 1
    var objects: [String: Widget] = [:]
    var history: [(version: Int, event: WatchEvent<Widget>)] = []
    var forgottenUpTo = 0

    mutating func change(_ generator: inout SeededGenerator) {
        version += 1
        let name = "w\(Int.random(in: 0..<12, using: &generator))"
        if var known = objects[name] {
            known.metadata.resourceVersion = String(version)
            if Int.random(in: 0..<3, using: &generator) == 0 {
                objects[name] = nil
                history.append((version, .deleted(known)))
            } else {
                known.spec.size += 1
                objects[name] = known
                history.append((version, .modified(known)))
            }
        } else {
            let new = Widget(name, version: String(version), uid: "uid-\(version)")
            objects[name] = new
            history.append((version, .added(new)))
        }
    }

    /// Versions are without gaps, so that the place of the next one is known.
    func next(after cursor: Int) -> (version: Int, event: WatchEvent<Widget>)? {
        let place = max(0, cursor - 1)
        return place < history.count ? history[place] : nil
    }

    mutating func forget() { forgottenUpTo = version }
}

@Suite("Watcher against a server that fails at random")
struct WatchSimulationTests {
    @Test("no event is lost, whatever breaks", arguments: 1...100, [true, false])
    func nothingIsLost(seed: Int, streamingLists: Bool) {
        var run = Run(seed: UInt64(seed), streamingLists: streamingLists)
        run.steps(400, faults: true)
        run.steps(250, faults: false)
        let stored = Dictionary(uniqueKeysWithValues: run.reader.all.map { ($0.metadata.name, $0) })
        #expect(stored == run.server.objects, "seed \(seed)")
        #expect(run.isCurrent, "seed \(seed)")
    }

    private struct Run {
        var server = SimulatedServer()
        var generator: SeededGenerator
        var watcher: Watcher<Widget>
        let writer: Store<Widget>.Writer
        let reader: Store<Widget>.Reader
        var step: WatcherStep<Widget>
        var now = Duration.zero
        /// The snapshot behind the list's pages, and the place of the watch in the history.
        var snapshot: (version: Int, objects: [Widget]) = (0, [])
        var cursor = 0
        var isCurrent = false

        /// What a streaming list has still to send; its end follows.
        var initial: [Widget]?

        init(seed: UInt64, streamingLists: Bool) {
            var configuration = WatcherConfiguration()
            configuration.streamingLists = streamingLists
            watcher = Watcher(configuration: configuration)
            generator = SeededGenerator(seed: seed)
            (writer, reader) = Store.make()
            for _ in 0..<10 { server.change(&generator) }
            step = watcher.start(using: &generator)
        }

        mutating func steps(_ count: Int, faults: Bool) {
            for _ in 0..<count {
                _ = watcher.stored(changes: step.updates.reduce(0) { $0 + writer.apply($1) })
                if faults {
                    if chance(3) { server.change(&generator) }
                    if chance(40) { server.forget() }
                }
                step = perform(faults)
            }
            for update in step.updates { writer.apply(update) }
        }

        private mutating func chance(_ odds: Int) -> Bool { Int.random(in: 0..<odds, using: &generator) == 0 }

        private mutating func perform(_ faults: Bool) -> WatcherStep<Widget> {
            now += .milliseconds(100)
            switch step.next {
            case .wait(let delay):
                now += delay
                return watcher.waited(using: &generator)
            case .list(let continuation):
                if faults, chance(6) { return watcher.listFailed(refused, at: now, using: &generator) }
                return list(continuation)
            case .streamList:
                if faults, chance(6) { return watcher.watchFailed(refused, at: now, using: &generator) }
                initial = server.objects.values.sorted { $0.key < $1.key }
                cursor = server.version
                return watcher.watchOpened(at: now)
            case .check:
                if faults, chance(6) { return watcher.checkFailed(refused, at: now, using: &generator) }
                return watcher.checked(String(server.version), at: now, using: &generator)
            case .watch(let version, _):
                initial = nil
                if faults, chance(6) { return watcher.watchFailed(refused, at: now, using: &generator) }
                cursor = Int(version) ?? 0
                if cursor < server.forgottenUpTo { return watcher.watchFailed(gone, at: now, using: &generator) }
                return watcher.watchOpened(at: now)
            case .read:
                return read(faults)
            }
        }

        private mutating func list(_ continuation: String?) -> WatcherStep<Widget> {
            if continuation == nil {
                snapshot = (server.version, server.objects.values.sorted { $0.key < $1.key })
            } else if snapshot.version < server.forgottenUpTo {
                return watcher.listFailed(gone, at: now, using: &generator)
            }
            let start = continuation.flatMap(Int.init) ?? 0
            let end = min(start + 3, snapshot.objects.count)
            let page = ObjectPage(
                objects: Array(snapshot.objects[start..<end]),
                resourceVersion: String(snapshot.version),
                continuation: end < snapshot.objects.count ? String(end) : nil
            )
            return watcher.listed(page, at: now, using: &generator)
        }

        private mutating func read(_ faults: Bool) -> WatcherStep<Widget> {
            if faults {
                switch Int.random(in: 0..<12, using: &generator) {
                case 0: return watcher.watchFailed(refused, at: now, using: &generator)
                case 1:
                    now += .seconds(Int.random(in: 1...70, using: &generator))
                    return watcher.heardNothing(at: now, using: &generator)
                case 2: return watcher.watchEnded(at: now, using: &generator)
                case 3: return watcher.received(.unknown(type: "NEW"), at: now, using: &generator)
                case 4 where cursor < server.forgottenUpTo:
                    let status = gone.status ?? Status(code: 410, reason: "Expired", message: "")
                    return watcher.received(.error(status), at: now, using: &generator)
                default: break
                }
            }
            if let next = initial?.popLast() { return watcher.received(.added(next), at: now, using: &generator) }
            if initial != nil {
                initial = nil
                let end = WatchEvent<Widget>.bookmark(resourceVersion: String(cursor), endsInitialEvents: true)
                return watcher.received(end, at: now, using: &generator)
            }
            guard let next = server.next(after: cursor) else {
                isCurrent = true
                return watcher.received(.bookmark(resourceVersion: String(server.version)), at: now, using: &generator)
            }
            isCurrent = false
            cursor = next.version
            return watcher.received(next.event, at: now, using: &generator)
        }
    }
}
