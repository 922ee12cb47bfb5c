import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

@Suite("Leader transport")
struct LeaderTransportTests {
    @Test("while leading everything goes through, and afterwards reads alone; a refused write is not sent")
    func gate() async throws {
        let server = ObjectServer()
        let isLeader = Shared(true)
        let api = KubeAPI(LeaderTransport(server) { isLeader.value })
        try await api.create(Widget("a"), manager: "test")
        isLeader.withLock { $0 = false }
        let sent = server.requests.count
        let error = await #expect(throws: KubeError.self) { try await api.create(Widget("b"), manager: "test") }
        #expect(error?.code == .notLeading)
        #expect(error?.isTransient == false)
        #expect(server.requests.count == sent)
        #expect(try await api.find(Widget.self, widgetKey("a")) != nil)
        isLeader.withLock { $0 = true }
        try await api.create(Widget("b"), manager: "test")
    }
}
