import KubeCore
import MirrorPlanner
import Testing

@testable import MirrorOperator

/// A server writes `"items": null` for the empty lists that it builds by appending, as for every list of metadata.
@Suite("An empty list is none, however it is written")
struct EmptyListTests {
    private struct Fixed: Transport {
        let items: String

        func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
            let body = #"{"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "7"}\#(items)}"#
            return KubeResponse(status: 200, body: Array(body.utf8))
        }

        func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
            throw KubeError(.connection, "nothing is streamed here")
        }
    }

    private static let query = PublishedSeedsQuery(Node.resource, ListOptions(labelSelector: "a=b"))

    @Test(arguments: [#", "items": null"#, #", "items": []"#])
    func `seeds and objects are none`(items: String) async throws {
        let api = KubeAPI(Fixed(items: items))
        #expect(try await PublishedSeeds(api, Self.query).names() == [])
        #expect(try await api.list(Node.self).isEmpty)
    }

    @Test func `what has no items is no list`() async {
        let api = KubeAPI(Fixed(items: ""))
        await #expect(throws: KubeError.self) { try await PublishedSeeds(api, Self.query).names() }
        await #expect(throws: KubeError.self) { try await api.list(Node.self) }
    }

    @Test(arguments: [("", nil), (#", "items": null"#, true), (#", "items": []"#, true)] as [(String, Bool?)])
    func `a release is gone, unless the answer is no list`(items: String, isGone: Bool?) async {
        let fleet = ReleaseSearchTests.fleet(seen: ReleaseSearchTests.seen)
        #expect(await ReleaseSearch(KubeAPI(Fixed(items: items))).isGone(fleet) == isGone)
    }

    @Test func `the embedded server writes null as well`() async throws {
        let cluster = try await TestCluster()
        var request = KubeRequest.list(Node.resource, ListOptions(labelSelector: "a=b"))
        request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        let answer: JSONValue = try await KubeAPI(cluster).send(request)
        #expect(answer["items"] == .null)
        #expect(try await PublishedSeeds(KubeAPI(cluster), Self.query).names() == [])
    }
}
