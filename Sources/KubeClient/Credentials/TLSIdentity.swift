import KubeCore

/// What a client trusts and what it shows in TLS handshakes, as it was at one moment.
package struct TLSIdentity: Hashable, Sendable {
    /// A client certificate and its key, as PEM text.
    package struct Pair: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
        package var certificate: [UInt8]
        package var key: [UInt8]

        package init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }

        package var description: String { "<redacted>" }
        package var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// Higher than that of every earlier identity of this client.
    package var number: Int
    /// Who signs the server's certificate; nil for those that the system trusts.
    package var authority: [UInt8]?
    package var pair: Pair?

    package init(number: Int, authority: [UInt8]?, pair: Pair?) {
        self.number = number
        self.authority = authority
        self.pair = pair
    }
}

/// Which certificates a client uses, decided from what its sources hold.
package struct IdentityState: Sendable {
    /// What the sources hold at one moment.
    package struct Contents: Hashable, Sendable {
        package var authority: [UInt8]?
        package var pair: TLSIdentity.Pair?

        package init(authority: [UInt8]? = nil, pair: TLSIdentity.Pair? = nil) {
            self.authority = authority
            self.pair = pair
        }
    }

    package private(set) var current: TLSIdentity?
    /// The pair before the current one.
    private var previousPair: TLSIdentity.Pair?
    /// A pair whose key was not that of its certificate: one of two files was new, and the other one not yet.
    private var unusable: TLSIdentity.Pair?

    package init() {}

    /// Takes what the sources hold now.
    ///
    /// - Returns: whether that is another identity than before.
    @discardableResult
    package mutating func take(_ contents: Contents) -> Bool {
        var contents = contents
        if let unusable, contents.pair == unusable {
            contents.pair = current?.pair
        } else {
            unusable = nil
        }
        guard let last = current else {
            current = TLSIdentity(number: 1, authority: contents.authority, pair: contents.pair)
            return true
        }
        guard last.authority != contents.authority || last.pair != contents.pair else { return false }
        if last.pair != contents.pair { previousPair = last.pair }
        current = TLSIdentity(number: last.number + 1, authority: contents.authority, pair: contents.pair)
        return true
    }

    /// The pair of an identity could not be used. The one before it is taken again, until the sources hold a third one.
    ///
    /// Only our own pair goes back: an authority that was taken out of its file is trusted no longer.
    package mutating func pairIsUnusable(of number: Int) {
        guard let last = current, last.number == number, let pair = last.pair, let previous = previousPair else {
            return
        }
        unusable = pair
        previousPair = nil
        current = TLSIdentity(number: number + 1, authority: last.authority, pair: previous)
    }
}

/// Reads certificates and keys from where the configuration says they are.
struct IdentityFiles: Sendable {
    private let authority: PEMSource?
    private let client: ClusterConfiguration.ClientCertificate?
    private let files: any ConfigurationFiles

    init(_ configuration: ClusterConfiguration, files: any ConfigurationFiles) {
        authority = configuration.isInsecure ? nil : configuration.certificateAuthority
        client = configuration.clientCertificate
        self.files = files
    }

    /// Whether any of it may change by itself.
    var areFiles: Bool {
        [authority, client?.certificate, client?.key].contains { source in
            if case .file = source { true } else { false }
        }
    }

    /// - Throws: `KubeError` with code `tls`, which names the file: it is missing, or holds no whole PEM text.
    func read() throws(KubeError) -> IdentityState.Contents {
        var contents = IdentityState.Contents()
        if let authority { contents.authority = try read(authority, "certificate-authority") }
        guard let client else { return contents }
        // Somebody may replace both files between our two reads: they belong together if the first one is still there.
        for _ in 0..<3 {
            let certificate = try read(client.certificate, "client-certificate")
            let key = try read(client.key, "client-key")
            contents.pair = TLSIdentity.Pair(certificate: certificate, key: key)
            if try read(client.certificate, "client-certificate") == certificate { break }
        }
        return contents
    }

    private func read(_ source: PEMSource, _ field: String) throws(KubeError) -> [UInt8] {
        switch source {
        case .data(let bytes): return bytes
        case .file(let path):
            guard let bytes = try files.contents(of: path) else {
                throw KubeError(.tls, "\(field) \(path): there is no such file")
            }
            let begins = Self.count("-----BEGIN ", in: bytes)
            guard begins > 0, begins == Self.count("-----END ", in: bytes) else {
                throw KubeError(.tls, "\(field) \(path) holds no whole PEM text")
            }
            return bytes
        }
    }

    private static func count(_ marker: String, in bytes: [UInt8]) -> Int { bytes.ranges(of: Array(marker.utf8)).count }
}
