package import KubeCore

extension GRPCRequest {
    /// Names that gRPC, HTTP/2 or libcurl give a meaning; those that begin with `grpc-` are gRPC's too.
    private static let reserved: Set = [
        "accept", "connection", "content-length", "content-type", "expect", "host", "te", "transfer-encoding",
        "upgrade",
        "user-agent",
    ]

    /// The fields of the call, a line each.
    ///
    /// - Throws: `KubeError` with code `configuration`, which names what can't be sent.
    package func headers() throws(KubeError) -> [String] {
        try check()
        var lines = [
            "Content-Type: application/grpc", "TE: trailers", "grpc-timeout: \(Self.grpcTimeout(timeout))",
            "grpc-accept-encoding: identity", "Expect:", "Accept:",
        ]
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let isName = !name.isEmpty && name.utf8.allSatisfy(Self.isInName)
            guard isName, !Self.reserved.contains(name), !name.hasPrefix("grpc-") else {
                throw KubeError(.configuration, "metadata can't be named \"\(name)\"")
            }
            guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw KubeError(.configuration, "the value of the metadata \"\(name)\" is not visible ASCII")
            }
            // A field without a value has a semicolon with libcurl.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        return lines
    }

    private func check() throws(KubeError) {
        let names = [host] + (tlsName.map { [$0] } ?? [])
        for name in names {
            guard !name.isEmpty, name.utf8.allSatisfy({ Self.isInName($0) || $0 == 0x3A || (0x41...0x5A).contains($0) })
            else { throw KubeError(.configuration, "\"\(name)\" is no host: an address or a name is needed") }
        }
        guard (1...65535).contains(port) else {
            throw KubeError(.configuration, "\(port) is no port: 1 to 65535 are")
        }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x23 && $0 != 0x3F })
        else { throw KubeError(.configuration, "\"\(path)\" is no method: /PACKAGE.SERVICE/METHOD is needed") }
        guard case .tls(let tls) = security, (tls.certificate == nil) != (tls.key == nil) else { return }
        throw KubeError(.configuration, "a client certificate needs its key, and a key its certificate")
    }

    private var tlsName: String? {
        if case .tls(let tls) = security { tls.serverName } else { nil }
    }

    private static func isInName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    /// At most eight digits and a unit (grpc `doc/PROTOCOL-HTTP2.md`, Timeout).
    package static func grpcTimeout(_ timeout: Duration) -> String {
        let milliseconds = timeout.wholeMilliseconds
        return milliseconds < 100_000_000 ? "\(milliseconds)m" : "\(min(milliseconds / 1000, 99_999_999))S"
    }
}
