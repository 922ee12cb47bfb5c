import KubeClient
import KubeCore
import MirrorPlanner
import Synchronization

/// A node that is new and looks for peers: it asks a server for them as a real one does, dials every address that it is
/// given, and pulls a layer from each that answers.
package final class Newcomer: Sendable {
    /// What one search came to, by the hosts that were handed out.
    package struct Search: Hashable, Sendable {
        /// The server that was asked.
        package var asked: String
        package var handedOut: [String]
        /// Those that nobody answers at.
        package var silent: [String]
        /// Those that answer, and don't give the layer.
        package var refused: [String]

        package init(asked: String, handedOut: [String] = [], silent: [String] = [], refused: [String] = []) {
            self.asked = asked
            self.handedOut = handedOut
            self.silent = silent
            self.refused = refused
        }
    }

    /// Bytes of the layers that it pulls: small, so that its searches fill no file system.
    private static let layerSize = 4_096
    private static let timeout = Duration.seconds(2)

    private let path: String
    private let supervisorPort: Int
    private let transports = Mutex<[String: CurlTransport]>([:])
    /// Nobody has a layer of this name yet, so that a peer must store it before it can serve it.
    private let name: String
    private let count = Mutex(0)

    /// - Parameter name: of letters, digits and hyphens; different for each newcomer of a fleet.
    package init(_ blueprint: FleetBlueprint, name: String) {
        path = blueprint.distribution.bootstrapPath
        supervisorPort = blueprint.distribution.supervisorPort
        self.name = name
    }

    /// Asks a server, and tries all that it hands out.
    package func search(asking server: String) async -> Search {
        let number = count.withLock { count in
            count += 1
            return count
        }
        var search = Search(asked: server)
        let answer = await send(.get, path, to: server, supervisorPort)
        let addresses = answer.flatMap { try? JSONCoding.decode([String].self, from: $0.body) } ?? []
        for address in addresses.compactMap({ PeerAddress($0) }) {
            search.handedOut.append(address.host)
            guard await send(.get, "/", to: address.host, address.port)?.status == 200 else {
                search.silent.append(address.host)
                continue
            }
            if await fault(pulling: "\(name)-\(number)", size: Self.layerSize, from: address.host) != nil {
                search.refused.append(address.host)
            }
        }
        return search
    }

    /// Pulls a layer from a peer, which first stores it where it has not got it; answers why that failed, or nil.
    package func fault(pulling layer: String, size: Int, from host: String) async -> String? {
        let query = [KubeRequest.QueryItem("size", "\(size)")]
        guard let answer = await send(.get, PeerPort.layers + layer, to: host, supervisorPort, query: query) else {
            return "no answer"
        }
        guard answer.status == 200, answer.body.count == size else {
            return "\(answer.status) \(String(decoding: answer.body.prefix(400), as: UTF8.self))"
        }
        return nil
    }

    /// Removes a layer from a peer.
    package func remove(_ layer: String, from host: String) async -> Bool {
        await send(.delete, PeerPort.layers + layer, to: host, supervisorPort)?.status == 202
    }

    private func send(
        _ method: KubeRequest.Method,
        _ path: String,
        to host: String,
        _ port: Int,
        query: [KubeRequest.QueryItem] = []
    ) async -> KubeResponse? {
        let request = KubeRequest(method, path, query: query, timeout: Self.timeout)
        guard let transport = try? transport(to: "http://\(host):\(port)") else { return nil }
        return try? await transport.send(request)
    }

    private func transport(to url: String) throws -> CurlTransport {
        try transports.withLock { transports in
            if let transport = transports[url] { return transport }
            let transport = try CurlTransport(plain: url)
            transports[url] = transport
            return transport
        }
    }
}
