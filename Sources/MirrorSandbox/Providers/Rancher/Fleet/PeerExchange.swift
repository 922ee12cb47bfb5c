import KubeClient
import KubeCore
import MirrorPlanner
import Synchronization

/// Asks other servers for peers, as the embedded registry's bootstrapper does: a connection of its own for each
/// question, ten seconds for the answer, and no regard for whether anybody still waits for it.
///
/// Source: k3s `pkg/clientaccess/token.go` (`defaultClientTimeout`, `DisableKeepAlives`) and `pkg/spegel/bootstrap.go`,
/// where the question is not bound to the request that caused it. So a question that goes round a ring never ends.
final class PeerExchange: Sendable {
    private let path: String
    private let transports = Mutex<[String: CurlTransport]>([:])

    init(path: String) {
        self.path = path
    }

    /// The peers that the server at `url` knows; nil where it doesn't answer with any.
    func peers(knownTo url: String) async -> [String]? {
        // Not the child of the request that is being answered: upstream's question outlives it.
        let question = Task { [path] () -> [String]? in
            guard let transport = try? transport(to: url) else { return nil }
            let request = KubeRequest(.get, path, timeout: .seconds(10))
            guard let response = try? await transport.send(request), response.status == 200 else { return nil }
            return try? JSONCoding.decode([String].self, from: response.body)
        }
        return await question.value
    }

    /// Whether the server at `url` answers at all: upstream validates the join token there before it publishes its
    /// peer.
    func answers(_ url: String) async -> Bool {
        guard let transport = try? transport(to: url) else { return false }
        let response = try? await transport.send(KubeRequest(.get, "/cacerts", timeout: .seconds(10)))
        return response?.status == 200
    }

    private func transport(to url: String) throws -> CurlTransport {
        try transports.withLock { transports in
            if let transport = transports[url] { return transport }
            // The sandbox speaks plain HTTP where the distributions speak TLS: certificates are no part of the
            // incident.
            let plain = url.hasPrefix("https://") ? "http://" + url.dropFirst("https://".count) : url
            let transport = try CurlTransport(plain: plain)
            transports[url] = transport
            return transport
        }
    }
}
