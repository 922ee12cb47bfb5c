import Testing

@testable import KubeCore

@Suite("A list ends")
struct ListBoundsTests {
    private static func code(_ body: () throws(KubeError) -> Void) -> KubeError.Code? {
        do throws(KubeError) { try body() } catch { return error.code }
        return nil
    }

    @Test("The same token twice, also in a circle")
    func circle() throws {
        var bounds = ListBounds()
        for token in ["a", "b", "c"] { try bounds.follow(token) }
        #expect(Self.code { () throws(KubeError) in try bounds.follow("a") } == .protocolViolation)
    }

    @Test("Pages without an end")
    func pages() {
        var bounds = ListBounds()
        var count = 0
        while count < 10_000, Self.code({ () throws(KubeError) in try bounds.follow("t\(count)") }) == nil {
            count += 1
        }
        #expect(count == ListBounds.pages - 1)
    }

    @Test("Objects without an end")
    func objects() throws {
        var bounds = ListBounds()
        try bounds.take(objects: ListBounds.objects)
        #expect(Self.code { () throws(KubeError) in try bounds.take(objects: 1) } == .tooLarge)
    }

    @Test("A list by pages is cut short by them")
    func list() async {
        let api = KubeAPI(EndlessList())
        let error = await #expect(throws: KubeError.self) { try await api.list(Node.self) }
        #expect(error?.code == .protocolViolation)
        #expect(error?.message.contains("same continue token") == true)
    }

    private struct EndlessList: Transport {
        func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
            KubeResponse(status: 200, headers: [:], body: Array(#"{"metadata":{"continue":"t"},"items":[]}"#.utf8))
        }

        func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
            throw KubeError(.connection, "no streams")
        }
    }
}
