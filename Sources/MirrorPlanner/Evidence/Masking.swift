import MirrorAPI

/// Takes secrets out of a Node's annotations, so that nodes can be kept in memory, dumped and shown.
///
/// It is applied when nodes are read. It masks more than those do who write them: by the words that names of secrets
/// hold, not by a list that the next release makes incomplete.
package enum Masking {
    package static let mask = "********"

    /// The annotations without secrets; text that can't be read is masked as a whole.
    package static func masked(_ annotations: [String: String]) -> [String: String] {
        var result = annotations
        for provider in Provider.allCases { provider.rules.mask(&result) }
        // kubectl keeps whole objects here, with whatever annotations they had.
        result["kubectl.kubernetes.io/last-applied-configuration"] = nil
        return result
    }

    /// Whether a flag or a variable of that name carries a secret. `t` is the short form of `token`.
    static func isSecret(_ name: Substring) -> Bool {
        if name == "t" { return true }
        let words = [
            "token", "secret", "password", "passwd", "access-key", "access_key", "auth", "credential",
            "datastore-endpoint", "datastore_endpoint", "aws_",
        ]
        let lowered = name.lowercased()
        return words.contains { lowered.contains($0) }
    }

    /// An empty value stays empty: whether something is set at all matters, and is no secret.
    static func hidden(_ value: String) -> String { value.isEmpty ? "" : mask }

    /// `https://user:password@host` without the part before `@`.
    static func withoutCredentials(_ value: String) -> String {
        guard let scheme = value.firstRange(of: "://"), let at = value.lastIndex(of: "@"), at >= scheme.upperBound
        else { return value }
        return value[..<scheme.upperBound] + mask + value[at...]
    }
}

extension String {
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            formIndex(after: &start)
        }
        return nil
    }
}
