package import KubeCore

/// The parts of a server's URL that a request needs.
package struct ServerAddress: Hashable, Sendable {
    package var isSecure: Bool
    /// Host as it stands in a URL: an IPv6 address is in brackets.
    package var host: String
    package var port: Int
    /// Path before that of every request, without a slash at its end.
    package var basePath: String

    package var scheme: String { isSecure ? "https" : "http" }
    package var authority: String { "\(host):\(port)" }

    /// Reads `https://host:port/path`.
    ///
    /// - Throws: `KubeError` with code `configuration`; a URL with a password in it is not repeated.
    package init(_ text: String) throws(KubeError) {
        guard !text.contains("@") else {
            throw KubeError(
                .configuration,
                "the server's URL holds a user name or a password, which belong to the user"
            )
        }
        guard let separator = text.firstRange(of: "://") else { throw Self.fault(text, "has no scheme") }
        switch text[..<separator.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: throw Self.fault(text, "has a scheme that is neither https nor http")
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest.dropFirst(authority.count)
        guard !path.contains("?"), !path.contains("#") else { throw Self.fault(text, "has a query or a fragment") }
        let (host, port) = try Self.split(authority, of: text)
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        var base = path
        while base.last == "/" { base.removeLast() }
        basePath = String(base)
    }

    /// Host, in brackets where it is an IPv6 address, and port, nil where none is said.
    static func split(_ authority: Substring, of text: String) throws(KubeError) -> (String, Int?) {
        let host: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { throw fault(text, "has a bracket that does not end") }
            host = authority[...end]
        } else {
            host = authority.prefix { $0 != ":" }
        }
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        guard !host.isEmpty, host != "[]", isPlain else { throw fault(text, "has no host") }
        let rest = authority.dropFirst(host.count)
        guard !rest.isEmpty else { return (String(host), nil) }
        guard rest.first == ":", let port = Int(rest.dropFirst()), (1...65_535).contains(port) else {
            throw fault(text, "has a port that is not a number from 1 to 65535 (an IPv6 address needs brackets)")
        }
        return (String(host), port)
    }

    private static func fault(_ text: String, _ what: String) -> KubeError {
        KubeError(.configuration, "the server's URL \"\(text)\" \(what); it should be like https://10.0.0.1:6443")
    }
}
