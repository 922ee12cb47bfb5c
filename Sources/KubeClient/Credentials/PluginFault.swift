package import KubeCore

/// What is said of a credential plugin that gave no credential.
package enum PluginFault {
    /// The longest part of what a plugin said that is told.
    package static let wordLimit = 300

    /// An error that names the plugin, how it ended and what it said.
    package static func error(_ plugin: ExecPlugin, _ reason: String, said: [UInt8] = []) -> KubeError {
        var message = "\(plugin.place): credential plugin \"\(plugin.command)\": \(reason)"
        let words = told(said, hiding: Array(plugin.environment.values) + plugin.arguments)
        if !words.isEmpty { message += "; it said: \(words)" }
        return KubeError(.credentials, message)
    }

    /// The error for the way in which a run ended; nil where it ended well.
    package static func error(_ plugin: ExecPlugin, _ ending: PluginEnding, timeout: Duration) -> KubeError? {
        switch ending {
        case .ended(isSuccess: true, _, _, _): return nil
        case .ended(isSuccess: false, let status, _, let said):
            return error(plugin, "it failed (\(status))", said: said)
        case .timedOut(let said): return error(plugin, "it did not end within \(timeout)", said: said)
        case .tooLong(let said): return error(plugin, "it wrote more than a credential can be", said: said)
        case .missing:
            let hint = printable(plugin.installHint, limit: 1000)
            return error(plugin, "there is no such program" + (hint.isEmpty ? "" : "; \(hint)"))
        case .notStarted(let reason): return error(plugin, "it could not be started: \(reason)")
        }
    }

    /// One printable line of what a plugin said: bounded, and without what may be a secret.
    ///
    /// Hidden are the given secrets and every word that looks like key material: long, and of the letters of base64.
    package static func told(_ bytes: [UInt8], hiding secrets: [Secret]) -> String {
        var text = printable(String(decoding: bytes.prefix(8192), as: UTF8.self), limit: 8192)
        // Options and short words are no secrets, and hiding them would hide the message.
        let hidden = secrets.map(\.exposed).filter { $0.utf8.count >= 6 && !$0.hasPrefix("-") }
        for secret in hidden.sorted(by: { $0.count > $1.count }) { text = text.replacing(secret, with: "<redacted>") }
        text = text.replacing(/[A-Za-z0-9+\/=_.\-]{24,}/) { match in
            let word = match.output
            let isPath = word.hasPrefix("/") || word.hasPrefix("./")
            return isPath || !word.contains(where: \.isNumber) ? String(word) : "<redacted>"
        }
        return text.count <= wordLimit ? text : text.prefix(wordLimit) + "..."
    }

    /// The text on one line, without what moves a terminal's cursor or colours it.
    private static func printable(_ text: String, limit: Int) -> String {
        let clean = text.unicodeScalars.map {
            $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? " " : Character($0)
        }
        return String(clean.prefix(limit)).split(separator: " ").joined(separator: " ")
    }
}
