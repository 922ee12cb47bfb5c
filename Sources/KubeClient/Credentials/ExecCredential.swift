package import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A credential that a plugin gave.
package struct ExecCredential: Hashable, Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// Counts the runs of the plugin.
    package var number = 0
    package var token: Secret?
    package var pair: TLSIdentity.Pair?
    /// When it is to be renewed; nil where it stays good until the server refuses it.
    package var renewal: Instant?

    package init(number: Int = 0, token: Secret? = nil, pair: TLSIdentity.Pair? = nil, renewal: Instant? = nil) {
        self.number = number
        self.token = token
        self.pair = pair
        self.renewal = renewal
    }

    private struct Document: Decodable {
        struct Status: Decodable {
            var token: String?
            var clientCertificateData: String?
            var clientKeyData: String?
            var expirationTimestamp: Timestamp?
        }

        var kind: String?
        var apiVersion: String?
        var status: Status?
    }

    /// Why what a plugin wrote is no credential; never a part of it, because it may hold half a secret.
    package struct Unreadable: Error, Hashable {
        package var reason: String
    }

    /// Reads what a plugin wrote on its standard output.
    ///
    /// - Parameters:
    ///   - wall: the time of day, to which the credential's expiry relates.
    ///   - now: the same moment on the clock by which it is renewed: a tenth of its life early, at most ten seconds.
    package init(
        _ output: [UInt8],
        version: ExecPlugin.Version,
        wall: Timestamp,
        now: Instant
    ) throws(Unreadable) {
        guard let document = Self.document(output) else {
            let what = output.isEmpty ? "nothing" : "\(output.count) bytes that are no ExecCredential"
            throw Unreadable(reason: "it wrote \(what) on its standard output")
        }
        guard document.kind == "ExecCredential", document.apiVersion == version.rawValue else {
            throw Unreadable(
                reason: "it wrote \(Self.name(document.kind)) of apiVersion \(Self.name(document.apiVersion)) and was "
                    + "asked for ExecCredential of \(version.rawValue)"
            )
        }
        guard let status = document.status else { throw Unreadable(reason: "its ExecCredential has no status") }
        token = status.token.flatMap { $0.isEmpty ? nil : Secret($0) }
        switch (status.clientCertificateData ?? "", status.clientKeyData ?? "") {
        case ("", ""): pair = nil
        case (_, ""): throw Unreadable(reason: "its ExecCredential has clientCertificateData without clientKeyData")
        case ("", _): throw Unreadable(reason: "its ExecCredential has clientKeyData without clientCertificateData")
        case (let certificate, let key):
            guard certificate.contains("-----BEGIN "), key.contains("-----BEGIN ") else {
                throw Unreadable(reason: "its client certificate or key is no PEM text")
            }
            pair = TLSIdentity.Pair(certificate: Array(certificate.utf8), key: Array(key.utf8))
        }
        guard token != nil || pair != nil else {
            throw Unreadable(reason: "its ExecCredential has neither a token nor a client certificate")
        }
        guard token?.isHeaderSafe != false else {
            throw Unreadable(reason: "its token holds characters that no header may")
        }
        renewal = status.expirationTimestamp.map { expiry in
            let life = Duration.seconds(max(0, expiry - wall))
            return now + life - min(.seconds(10), life / 10)
        }
    }

    /// JSON, or YAML as client-go reads it too; the errors of both may quote the text.
    private static func document(_ output: [UInt8]) -> Document? {
        if let document = try? JSONCoding.decode(Document.self, from: output) { return document }
        return try? YAMLCoding.decode(Document.self, from: output)
    }

    private static func name(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "nothing" }
        let isName = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && text.utf8.count <= 60
        return isName ? "\"\(text)\"" : "\(text.utf8.count) bytes"
    }
}
