package import KubeCore

/// A bearer token that somebody may rotate in its file.
package struct BearerToken: Sendable {
    private let source: ClusterConfiguration.Token
    private let files: any ConfigurationFiles
    private let lifetime: Duration
    private var known: (token: Secret, readAt: ContinuousClock.Instant)?

    /// - Parameter lifetime: how long a token that was read from a file is used before the file is read again.
    package init(_ source: ClusterConfiguration.Token, files: any ConfigurationFiles, lifetime: Duration) {
        self.source = source
        self.files = files
        self.lifetime = lifetime
    }

    /// The token to use at `now`.
    ///
    /// A file that cannot be read for a moment does not stop a client that has a token: the old one goes on.
    ///
    /// - Throws: `KubeError` with code `configuration`, which names the file and never its content.
    package mutating func current(at now: ContinuousClock.Instant) throws(KubeError) -> Secret {
        switch source {
        case .value(let token): return token
        case .file(let path):
            if let known, now - known.readAt < lifetime { return known.token }
            do throws(KubeError) {
                let token = try read(path)
                known = (token, now)
                return token
            } catch {
                guard let known else { throw error }
                return known.token
            }
        }
    }

    /// Whether the server's refusal of `refused` may be cured by asking again: the file holds another token now.
    package mutating func isReplaced(_ refused: Secret, at now: ContinuousClock.Instant) -> Bool {
        guard case .file(let path) = source, let token = try? read(path), token != refused else { return false }
        known = (token, now)
        return true
    }

    private func read(_ path: String) throws(KubeError) -> Secret {
        guard let bytes = try files.contents(of: path) else {
            throw KubeError(.configuration, "token file \(path): there is no such file")
        }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let text = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !text.isEmpty else { throw KubeError(.configuration, "token file \(path) is empty") }
        return Secret(String(decoding: text, as: UTF8.self))
    }
}

extension Secret {
    /// Whether the text may stand in a header field.
    package var isHeaderSafe: Bool { exposed.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
}
