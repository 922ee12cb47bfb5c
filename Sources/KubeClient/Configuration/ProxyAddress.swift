public import KubeCore

/// A proxy between the client and the API server.
public struct ProxyAddress: Hashable, Sendable {
    /// URL without user and password, as libcurl reads it.
    public let url: String
    /// User name; nil for none.
    public let user: Secret?
    /// Password; nil for none.
    public let password: Secret?

    /// Reads `http://`, `https://`, `socks5://` or `socks5h://`, with or without a user.
    ///
    /// A SOCKS proxy looks the server's name up itself under both names, as it does for Go's transport.
    ///
    /// - Throws: `KubeError` with code `configuration`, which does not repeat a URL with a password in it.
    public init(_ text: String) throws(KubeError) {
        guard let separator = text.firstRange(of: "://") else { throw Self.fault("it has no scheme") }
        let scheme: String
        switch text[..<separator.lowerBound].lowercased() {
        case "http": scheme = "http"
        case "https": scheme = "https"
        case "socks5", "socks5h": scheme = "socks5h"
        default: throw Self.fault("its scheme is none of http, https and socks5")
        }
        var authority = text[separator.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = Secret(PercentEncoding.decoded(parts[0]))
            password = parts.count > 1 ? Secret(PercentEncoding.decoded(parts[1])) : nil
            authority = authority[authority.index(after: at)...]
        } else {
            user = nil
            password = nil
        }
        let host: String
        let port: Int?
        do throws(KubeError) {
            (host, port) = try ServerAddress.split(authority, of: "")
        } catch {
            // That error repeats the text.
            throw Self.fault("its host or port cannot be read")
        }
        let usual = ["http": 80, "https": 443][scheme] ?? 1080
        url = "\(scheme)://\(host):\(port ?? usual)"
    }

    private static func fault(_ what: String) -> KubeError {
        KubeError(.configuration, "proxy-url cannot be used: \(what); it should be like http://10.0.0.1:3128")
    }
}
