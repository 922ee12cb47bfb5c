package import KubeCore

/// What libcurl is told to do for one attempt of a request; the certificates, which all attempts share, come apart.
package struct TransferPlan: Hashable, Sendable {
    /// The version of HTTP to offer.
    package enum Version: Hashable, Sendable {
        case http1
        /// HTTP/2 where the server agrees to it in the TLS handshake.
        case http2OverTLS
    }

    package var url: String
    /// `HOST:PORT:ADDRESS:PORT` where the address to dial is not the URL's host.
    package var connectTo: String?
    package var method: KubeRequest.Method
    package var headers: [String]
    /// Value of the Authorization field.
    package var authorization: Secret?
    package var body: [UInt8]?
    package var version: Version
    /// Whether the body goes to a reader piece by piece.
    package var isStream: Bool
    /// Whether that body is lines which the reader can go on with in another stream, as events of a watch are.
    package var isWatch: Bool
    /// Method and address for messages; the query is left out because it may be long.
    package var name: String

    /// Plans one attempt.
    ///
    /// A stream gets a connection of its own, by HTTP/1.1: libcurl stops reading a shared HTTP/2 connection while one
    /// of its streams is held back, so that a slow reader of a watch would hold up every other request.
    ///
    /// - Throws: `KubeError` with code `configuration`: a path that leads elsewhere, a field that holds a line break.
    package init(
        _ request: KubeRequest,
        server: ServerAddress,
        tlsServerName: String?,
        token: Secret?,
        isStream: Bool
    ) throws(KubeError) {
        try Self.check(request)
        let path = server.basePath + PercentEncoding.path(request.path)
        let query = request.query.map { PercentEncoding.query($0.name) + "=" + PercentEncoding.query($0.value) }
        let suffix = query.isEmpty ? "" : "?" + query.joined(separator: "&")
        name = "\(request.method.rawValue) \(server.scheme)://\(server.authority)\(path)"
        method = request.method
        body = request.body
        authorization = token.map { Secret("Bearer \($0.exposed)") }
        self.isStream = isStream
        isWatch = isStream && ["true", "1"].contains(request.query("watch"))
        version = server.isSecure && !isStream ? .http2OverTLS : .http1
        headers = ["Accept: \(request.accept)"]
        // Without these libcurl would send a type of its own, and wait for permission to send a long body.
        headers.append("Content-Type:" + (request.contentType.map { " \($0)" } ?? ""))
        headers.append("Expect:")
        if server.isSecure, let name = tlsServerName {
            // The name in the URL is the one that the handshake asks for and checks; the address stays where it was.
            url = "https://\(name):\(server.port)\(path)\(suffix)"
            connectTo = "\(name):\(server.port):\(server.authority)"
            headers.append("Host: \(server.authority)")
        } else {
            url = "\(server.scheme)://\(server.authority)\(path)\(suffix)"
        }
    }

    private static func check(_ request: KubeRequest) throws(KubeError) {
        guard request.path.hasPrefix("/") else {
            throw KubeError(.configuration, "the path \"\(request.path)\" does not begin with a slash")
        }
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else {
            throw KubeError(.configuration, "the path \"\(request.path)\" has a segment that leads elsewhere")
        }
        for field in [request.accept, request.contentType ?? ""]
        where !field.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            throw KubeError(.configuration, "the media type of \(request.path) holds characters that no header may")
        }
    }
}
