import KubeClient
import KubeCore
import MirrorAPI
import Testing

extension RealCluster {
    /// Watches through libcurl.
    @Suite struct Watches {
        private static func events(
            from version: String,
            until isEnough: ([WatchEvent<Lease>]) -> Bool
        ) async throws -> [WatchEvent<Lease>] {
            let transport = try await TestCluster.shared().transport
            let options = ListOptions(namespace: TestCluster.leaseNamespace)
            let stream = try await transport.open(
                .watch(
                    Lease.resource,
                    options,
                    resourceVersion: version,
                    timeout: .seconds(20),
                    idleTimeout: .seconds(30)
                )
            )
            defer { stream.cancel() }
            try #require(stream.status == 200)
            var splitter = LineSplitter()
            var events: [WatchEvent<Lease>] = []
            while !isEnough(events), let chunk = try await stream.nextChunk() {
                for line in splitter.push(chunk) { events.append(try WatchEvent(line: line)) }
            }
            return events
        }

        private static func name(_ event: WatchEvent<Lease>) -> String? {
            switch event {
            case .added(let lease): "added \(lease.metadata.name)"
            case .modified(let lease): "modified \(lease.metadata.name)"
            case .deleted(let lease): "deleted \(lease.metadata.name)"
            case .bookmark, .error, .unknown: nil
            }
        }

        @Test func `a watch gives each change once and in order`() async throws {
            let api = try await TestCluster.shared().api
            let options = ListOptions(namespace: TestCluster.leaseNamespace)
            let list: ObjectList<Lease> = try await api.send(.list(Lease.resource, options))
            let lease = try await api.create(Objects.lease("watched"), manager: "test")
            for number in 0..<5 {
                try await api.patch(Lease.self, lease.key, .merge(["spec": ["holderIdentity": .string("\(number)")]]))
            }
            try await api.delete(Lease.self, lease.key)
            let expected =
                ["added watched"] + Array(repeating: "modified watched", count: 5) + ["deleted watched"]
            let events = try await Self.events(from: list.metadata.resourceVersion ?? "") { events in
                events.compactMap(Self.name).filter { $0.hasSuffix("watched") }.count >= expected.count
            }
            #expect(events.compactMap(Self.name).filter { $0.hasSuffix("watched") } == expected)
        }

        @Test func `a watch that the server's death breaks goes on from its version without a gap`() async throws {
            let cluster = try await TestCluster.shared()
            let options = ListOptions(namespace: TestCluster.leaseNamespace)
            let list: ObjectList<Lease> = try await cluster.api.send(.list(Lease.resource, options))
            let lease = try await cluster.api.create(Objects.lease("survivor"), manager: "test")
            let before = try await Self.events(from: list.metadata.resourceVersion ?? "") { events in
                events.contains { Self.name($0) == "added survivor" }
            }
            #expect(before.contains { Self.name($0) == "added survivor" })
            try await cluster.killServer()
            try await cluster.startServer()
            try await cluster.api.delete(Lease.self, lease.key)
            let after = try await Self.events(from: lease.metadata.resourceVersion ?? "") { events in
                events.contains { Self.name($0) == "deleted survivor" }
            }
            #expect(after.compactMap(Self.name).filter { $0.hasSuffix("survivor") } == ["deleted survivor"])
        }

        @Test func `a version that the server never gave is refused and not taken for now`() async throws {
            let api = try await TestCluster.shared().api
            let error = await Objects.failure { () throws(KubeError) in
                _ = try await api.answer(to: .list(Lease.resource, resourceVersion: "not-a-version"))
            }
            // 400 on newer servers, 500 on 1.20; an answer with objects would be the fault.
            #expect((400...500).contains(error?.httpStatus ?? 0))
        }
    }
}
