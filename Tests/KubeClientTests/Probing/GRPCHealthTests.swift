import KubeClient
import Testing

@Suite("The messages of a gRPC health check")
struct GRPCHealthTests {
    @Test("A request names its service")
    func request() {
        #expect(GRPCHealth.request(service: "") == [0, 0, 0, 0, 0])
        #expect(GRPCHealth.request(service: "ab") == [0, 0, 0, 0, 4, 0x0A, 2, 0x61, 0x62])
        let long = GRPCHealth.request(service: String(repeating: "a", count: 300))
        #expect(long.prefix(8) == [0, 0, 0, 1, 0x2F, 0x0A, 0xAC, 2])
        #expect(long.count == 5 + 303)
    }

    @Test("SERVING is well")
    func serving() {
        #expect(GRPCHealth.fault(code: 0, body: [0, 0, 0, 0, 2, 8, 1]) == nil)
    }

    @Test(
        "Any other status is named",
        arguments: [
            ([0, 0, 0, 0, 0], "UNKNOWN"), ([0, 0, 0, 0, 2, 8, 0], "UNKNOWN"), ([0, 0, 0, 0, 2, 8, 2], "NOT_SERVING"),
            ([0, 0, 0, 0, 2, 8, 3], "SERVICE_UNKNOWN"), ([0, 0, 0, 0, 2, 8, 9], "status 9"),
        ] as [([UInt8], String)]
    )
    func notServing(body: [UInt8], name: String) {
        let fault = GRPCHealth.fault(code: 0, body: body)
        #expect(fault?.isAnswer == true)
        #expect(fault?.message == "the service is not serving: \(name)")
    }

    @Test("A server without health checks says so")
    func unimplemented() {
        let fault = GRPCHealth.fault(code: 12, body: [])
        #expect(fault?.isAnswer == true)
        #expect(fault?.message == "the health check was answered with gRPC status 12 (UNIMPLEMENTED)")
    }

    @Test("Fields that a later version may add are passed over")
    func unknownFields() {
        let fields: [UInt8] = [0x12, 1, 0x7A, 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1]
        #expect(GRPCHealth.fault(code: 0, body: [0, 0, 0, 0, UInt8(fields.count)] + fields) == nil)
    }

    @Test(
        "What is no answer is told from one",
        arguments: [
            [], [0, 0, 0, 0], [1, 0, 0, 0, 2, 8, 1], [0, 0, 0, 0, 3, 8, 1], [0, 0, 0, 0, 2, 8, 1, 0],
            [0, 0, 0, 0, 1, 8],
            [0, 0, 0, 0, 2, 0x12, 9], [0, 0, 0, 0, 1, 0x0B], [0, 255, 255, 255, 255, 8, 1],
            [0, 0, 0, 0, 11] + [UInt8](repeating: 0xFF, count: 11),
        ] as [[UInt8]]
    )
    func garbage(body: [UInt8]) {
        #expect(GRPCHealth.fault(code: 0, body: body)?.isAnswer == false)
    }
}
