package import KubeCore

/// Where a server listens: `0.0.0.0:8080`, `[::]:8080`, `localhost:0`; `:8080` is every address.
package struct BindAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IP address without brackets.
    package var host: String
    /// 0 lets the system choose.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Throws: `KubeError` with code `configuration` that says what would be right.
    package init(_ text: String) throws(KubeError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw Self.wrong(text)
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw Self.wrong(text)
        }
        if host.isEmpty { host = "0.0.0.0" }
        if host == "localhost" { host = "127.0.0.1" }
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    static func wrong(_ text: String) -> KubeError {
        KubeError(
            .configuration,
            "\"\(text)\" is no address to listen at: write IP:PORT, such as 0.0.0.0:8080 or [::]:8080, port 0 to 65535"
        )
    }
}
