import KubeClient
import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import Testing

extension RealCluster {
    /// What the server's watch cache gives: streaming lists, bookmarks, and reads that miss nothing.
    @Suite struct Streams {
        /// Events of a stream of Leases until there are enough or the server ends it.
        private static func events(
            of request: KubeRequest,
            until isEnough: ([WatchEvent<Lease>]) async throws -> Bool
        ) async throws -> [WatchEvent<Lease>] {
            let stream = try await TestCluster.shared().transport.open(request)
            defer { stream.cancel() }
            guard stream.status == 200 else { throw KubeError(.status, "the answer is \(stream.status)") }
            var splitter = LineSplitter()
            var events: [WatchEvent<Lease>] = []
            while try await !isEnough(events), let chunk = try await stream.nextChunk() {
                for line in splitter.push(chunk) { events.append(try WatchEvent(line: line)) }
            }
            return events
        }

        private static func bookmark(_ event: WatchEvent<Lease>) -> (version: String, isEnd: Bool)? {
            guard case .bookmark(let version, let isEnd) = event else { return nil }
            return (version, isEnd)
        }

        private static func withLeases(
            _ names: [String],
            _ body: (TestCluster, [Lease]) async throws -> Void
        ) async throws {
            let cluster = try await TestCluster.shared()
            var leases: [Lease] = []
            for name in names { leases.append(try await cluster.api.create(Objects.lease(name), manager: "test")) }
            try await body(cluster, leases)
            for lease in leases { try await cluster.api.delete(Lease.self, lease.key) }
        }

        @Test func `a streaming list has every object once and then its end, or is refused`() async throws {
            try await Self.withLeases((0..<20).map { "stream-\($0)" }) { cluster, leases in
                let request = KubeRequest.streamingList(
                    Lease.resource,
                    ListOptions(namespace: TestCluster.leaseNamespace),
                    timeout: .seconds(10),
                    idleTimeout: .seconds(30)
                )
                guard try await cluster.abilities().hasStreamingLists else {
                    let events = try? await Self.events(of: request) { _ in false }
                    #expect(events?.contains { Self.bookmark($0)?.isEnd == true } != true)
                    return
                }
                let events = try await Self.events(of: request) { $0.contains { Self.bookmark($0)?.isEnd == true } }
                let end = try #require(events.firstIndex { Self.bookmark($0)?.isEnd == true })
                let names = events[..<end].compactMap { event -> String? in
                    guard case .added(let lease) = event else { return nil }
                    return lease.metadata.name
                }
                #expect(names.count == end && Set(names).count == end)
                #expect(Set(names).isSuperset(of: leases.map(\.metadata.name)))
                let version = Self.bookmark(events[end]).flatMap { Int($0.version) } ?? 0
                let newest = leases.compactMap { Int($0.metadata.resourceVersion ?? "") }.max() ?? 0
                #expect(version >= newest, "nothing older than the request")
            }
        }

        @Test func `a reflector holds the whole collection, however the server lists`() async throws {
            try await Self.withLeases((0..<5).map { "reflected-\($0)" }) { cluster, leases in
                let reflector = Reflector<Lease>(
                    cluster.api,
                    ListOptions(namespace: TestCluster.leaseNamespace, limit: 2),
                    configuration: WatcherConfiguration(),
                    logger: Logger(label: "streams")
                )
                let following = Task { await reflector.run() }
                let wanted = Set(leases.map(\.metadata.name))
                var held: Set<String> = []
                for _ in 0..<600 where !held.isSuperset(of: wanted) {
                    held = Set(reflector.store.all.map(\.metadata.name))
                    try await Task.sleep(for: .milliseconds(50))
                }
                following.cancel()
                await following.value
                #expect(held.isSuperset(of: wanted))
            }
        }

        @Test func `a watch is told before its end how far it is`() async throws {
            try await Self.withLeases(["bookmarked"]) { cluster, leases in
                let request = KubeRequest.watch(
                    Lease.resource,
                    ListOptions(namespace: TestCluster.leaseNamespace),
                    resourceVersion: leases[0].metadata.resourceVersion ?? "",
                    timeout: .seconds(6),
                    idleTimeout: .seconds(30)
                )
                async let events = Self.events(of: request) { $0.contains { Self.bookmark($0) != nil } }
                try await Task.sleep(for: .seconds(1))
                let patch = Patch.merge(["spec": ["holderIdentity": "b"]])
                let last = try await cluster.api.patch(Lease.self, leases[0].key, patch)
                let told = try await events.compactMap { Self.bookmark($0).flatMap { Int($0.version) } }
                #expect(told.first.map { $0 >= Int(last.metadata.resourceVersion ?? "") ?? .max } == true)
            }
        }

        /// How many lists of Leases the server has answered from its cache although the newest state was asked for; nil
        /// where it counts no such thing.
        private static func freshListsFromCache(_ api: KubeAPI) async throws -> Double? {
            let metrics = try await api.answer(to: KubeRequest(.get, "/metrics"))
            return String(decoding: metrics.body, as: UTF8.self).split(separator: "\n").first {
                $0.hasPrefix("apiserver_watch_cache_consistent_read_total") && $0.contains("resource=\"leases\"")
                    && $0.contains("success=\"true\"")
            }.flatMap { $0.split(separator: " ").last.flatMap { Double($0) } }
        }

        @Test func `a list misses no write that was acknowledged before it was asked`() async throws {
            try await Self.withLeases(["fresh"]) { cluster, leases in
                let abilities = try await cluster.abilities()
                let isCounted = abilities.hasStreamingLists && !abilities.isEmbedded
                let before = isCounted ? try await Self.freshListsFromCache(cluster.api) ?? 0 : 0
                for number in 0..<20 {
                    let patch = Patch.merge(["spec": ["holderIdentity": .string("\(number)")]])
                    let written = try await cluster.api.patch(Lease.self, leases[0].key, patch)
                    let options = ListOptions(namespace: TestCluster.leaseNamespace)
                    for limit in [nil, 500] {
                        var options = options
                        options.limit = limit
                        let list: ObjectList<Lease> = try await cluster.api.send(.list(Lease.resource, options))
                        let read = list.items.first { $0.metadata.name == "fresh" }
                        #expect(read?.spec?.holderIdentity == "\(number)")
                        #expect(read?.metadata.resourceVersion == written.metadata.resourceVersion)
                    }
                }
                guard isCounted else { return }
                #expect(try await Self.freshListsFromCache(cluster.api) ?? 0 > before, "the cache answered")
            }
        }
    }
}
