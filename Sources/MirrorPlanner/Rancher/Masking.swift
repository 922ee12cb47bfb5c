/// Takes secrets out of a Node's annotations, so that nodes can be kept in memory, dumped and shown.
///
/// It is applied when nodes are read. It masks more than the distributions do: by the words that names of secrets
/// hold, not by a list that the next release makes incomplete.
package enum Masking {
    package static let mask = "********"

    /// The annotations with the secrets in `node-args` and `node-env` of RKE2 and K3s masked; text that can't be read
    /// is masked as a whole.
    package static func masked(_ annotations: [String: String]) -> [String: String] {
        var result = annotations
        for distribution in [RancherDistribution.rke2, .k3s] {
            if let text = annotations[distribution.argumentsAnnotation] {
                result[distribution.argumentsAnnotation] = maskedArguments(text)
            }
            if let text = annotations[distribution.environmentAnnotation] {
                result[distribution.environmentAnnotation] = maskedEnvironment(text)
            }
        }
        // kubectl keeps whole objects here, with whatever annotations they had.
        result["kubectl.kubernetes.io/last-applied-configuration"] = nil
        return result
    }

    /// A JSON array of arguments without secrets.
    static func maskedArguments(_ text: String) -> String {
        guard let arguments = JSONStrings.array(text) else { return mask }
        var masked: [String] = []
        var hidesNext = false
        for argument in arguments {
            var current = argument
            if argument.utf8.first == Flag.dash, !hidesNext {
                let flag = Flag(argument)
                let isSecret = isSecret(flag.name)
                if let value = flag.value {
                    let prefix = argument.prefix { $0 != "=" }
                    current = "\(prefix)=\(isSecret ? hidden(value) : withoutCredentials(value))"
                }
                hidesNext = isSecret && flag.value == nil
            } else {
                current = hidesNext ? hidden(argument) : withoutCredentials(argument)
                hidesNext = false
            }
            masked.append(JSONStrings.quoted(current))
        }
        return "[\(masked.joined(separator: ","))]"
    }

    /// A JSON object of variables without secrets.
    static func maskedEnvironment(_ text: String) -> String {
        guard let variables = JSONStrings.object(text) else { return mask }
        let members = variables.map { variable in
            let value = isSecret(variable.key[...]) ? hidden(variable.value) : withoutCredentials(variable.value)
            return "\(JSONStrings.quoted(variable.key)):\(JSONStrings.quoted(value))"
        }
        return "{\(members.joined(separator: ","))}"
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
    private static func hidden(_ value: String) -> String { value.isEmpty ? "" : mask }

    /// `https://user:password@host` without the part before `@`.
    private static func withoutCredentials(_ value: String) -> String {
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
