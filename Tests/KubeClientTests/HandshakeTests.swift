import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Broken handshakes", .timeLimit(.minutes(1)))
struct HandshakeTests {
    @Test(
        "a connection that ends within the handshake is a connection's failure and no fault of certificates",
        arguments: [true, false]
    )
    func broken(isReset: Bool) async throws {
        let server = try RawServer { peer, _ in
            _ = peer.read(16)
            if isReset { peer.reset() }
        }
        let transport = try CurlTransport.test("https://127.0.0.1:\(server.port)")
        for request in [KubeRequest(.get, "/"), .post()] {
            #expect(await code { () throws(KubeError) in try await transport.send(request) } == .connection)
        }
    }
}
