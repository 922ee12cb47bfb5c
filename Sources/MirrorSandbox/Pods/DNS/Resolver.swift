import Foundation

/// Looks names up at one DNS server, as the resolver of a process does.
package struct Resolver: Sendable {
    /// Why there are no addresses, in the words of Go's resolver.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let port: UInt16

    /// - Parameter server: `127.0.0.1:PORT`.
    /// - Throws: `Failure` where that is no such address.
    package init(_ server: String) throws {
        guard server.hasPrefix("127.0.0.1:"), let port = UInt16(server.dropFirst("127.0.0.1:".count)) else {
            throw Failure(description: "no address of a DNS server on 127.0.0.1: \(server)")
        }
        self.port = port
    }

    /// Addresses of one family.
    ///
    /// - Throws: `Failure` where there are none, or no answer comes within two tries of 5 s each
    ///   (resolv.conf(5): `timeout`, `attempts`).
    package func addresses(of host: String, type: UInt16) async throws -> [String] {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let question = DNSMessage.Question(name: name.lowercased(), type: type)
        let port = port
        let answer: DNSMessage.Answer? = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Self.ask(question, port)) }
        }
        switch answer {
        case nil: throw Failure(description: "lookup \(name): i/o timeout")
        case .failure?: throw Failure(description: "lookup \(name): no such host")
        case .addresses(let addresses)? where addresses.isEmpty:
            throw Failure(description: "lookup \(name): no such host")
        case .addresses(let addresses)?: return addresses
        }
    }

    private static func ask(_ question: DNSMessage.Question, _ port: UInt16) -> DNSMessage.Answer? {
        guard let socket = try? UDPSocket(waitingFor: 5_000) else { return nil }
        defer { socket.close() }
        for _ in 0..<2 {
            let id = UInt16.random(in: 1...UInt16.max)
            socket.send(DNSMessage.query(id, question), to: port)
            guard let (bytes, from) = socket.receive(), from == port else { continue }
            if let answer = DNSMessage.answer(in: bytes, to: id) { return answer }
        }
        return nil
    }
}
