package import KubeCore

/// A bearer token that somebody may rotate in its file.
///
/// Whoever writes the file need not do it in one step: an empty file, a missing one and half a token keep the last good
/// token in use.
package struct BearerToken: Sendable {
    private let source: ClusterConfiguration.Token
    private let files: any ConfigurationFiles
    private let lifetime: Duration
    private var known: (token: Secret, readAt: ContinuousClock.Instant)?
    /// The last token that the server took.
    private var accepted: Secret?
    /// A token of the file that was refused while the one before it was not; it is not taken again by itself.
    private var spoiled: Secret?

    /// - Parameter lifetime: how long a token that was read from a file is used before the file is read again.
    package init(_ source: ClusterConfiguration.Token, files: any ConfigurationFiles, lifetime: Duration) {
        self.source = source
        self.files = files
        self.lifetime = lifetime
    }

    /// The token to use at `now`.
    ///
    /// - Throws: `KubeError` with code `credentials`, which names the file and never its content.
    package mutating func current(at now: ContinuousClock.Instant) throws(KubeError) -> Secret {
        switch source {
        case .value(let token): return token
        case .file(let path):
            if let known, now - known.readAt < lifetime { return known.token }
            do throws(KubeError) {
                let token = try read(path)
                if let known, token == spoiled { return known.token }
                known = (token, now)
                return token
            } catch {
                guard let known else { throw error }
                return known.token
            }
        }
    }

    /// The server took this token.
    package mutating func wasAccepted(_ token: Secret) {
        if accepted != token { accepted = token }
    }

    /// Whether the server's refusal of `refused` may be cured by asking again: the file holds another token now, or
    /// what it holds was refused and the token before it was not.
    package mutating func isReplaced(_ refused: Secret, at now: ContinuousClock.Instant) -> Bool {
        guard case .file(let path) = source else { return false }
        if let token = try? read(path), token != refused {
            known = (token, now)
            spoiled = nil
            return true
        }
        // Refused itself, the older one is not tried again.
        guard let older = accepted, older != refused else {
            accepted = nil
            return false
        }
        known = (older, now)
        spoiled = refused
        return true
    }

    private func read(_ path: String) throws(KubeError) -> Secret {
        guard let bytes = try files.contents(of: path) else {
            throw KubeError(.credentials, "token file \(path): there is no such file")
        }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let text = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !text.isEmpty else { throw KubeError(.credentials, "token file \(path) is empty") }
        let token = Secret(String(decoding: text, as: UTF8.self))
        if let last = known?.token ?? accepted, token.isCutShort(after: last) {
            throw KubeError(.credentials, "token file \(path) holds half a token")
        }
        return token
    }
}

extension Secret {
    /// Whether the text may stand in a header field.
    package var isHeaderSafe: Bool { exposed.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }

    /// Whether the text is what is there of a JSON Web Token while it is being written over `last`.
    ///
    /// Such a token has three parts (RFC 7519, section 3), and under one header all signatures are of one length. Of
    /// tokens in another form nothing is known, so that none of them counts as cut.
    package func isCutShort(after last: Secret) -> Bool {
        let old = last.exposed.split(separator: ".", omittingEmptySubsequences: false)
        let new = exposed.split(separator: ".", omittingEmptySubsequences: false)
        guard old.count == 3, let header = old.first, let start = new.first else { return false }
        guard new.count == 3 else { return header.hasPrefix(start) }
        return header == start && new[2].utf8.count < old[2].utf8.count
    }
}
