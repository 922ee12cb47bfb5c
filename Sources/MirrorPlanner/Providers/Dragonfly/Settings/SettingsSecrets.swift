package import KubeCore

/// Takes passwords and key material out of Dragonfly's files before anything of them is stored: the charts write those
/// of MySQL and Redis into ConfigMaps (helm-charts `templates/scheduler/scheduler-configmap.yaml`).
package enum SettingsSecrets {
    private static let unreadable = Masking.mask + " not YAML, line "

    /// The text without secrets, as YAML; for a text that is no YAML its line alone. Done twice it changes nothing.
    package static func masked(_ text: String) -> String {
        if isUnreadable(text) { return text }
        do throws(KubeError) {
            let documents = try YAMLCoding.documents(text)
            return try YAMLCoding.encode(documents: documents.map { masked($0) })
        } catch {
            return unreadable + String(line(of: error) ?? 0)
        }
    }

    /// The value without secrets. Whether something is set at all stays visible: an empty value stays empty.
    package static func masked(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            return .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key, masked($0.value, below: $0.key)) }))
        case .array(let elements): return .array(elements.map { masked($0) })
        case .string(let text):
            if text.utf8.count >= 10, text.contains("-----BEGIN") { return .string(Masking.mask) }
            return text.utf8.contains(0x40) ? .string(Masking.withoutCredentials(text)) : value
        case .null, .bool, .int, .double: return value
        }
    }

    private static func masked(_ value: JSONValue, below key: String) -> JSONValue {
        if isHeaders(key), case .object(let members) = value {
            return .object(members.mapValues { hidden($0) })
        }
        return isSecret(key) || isHeaders(key) ? hidden(value) : masked(value)
    }

    private static func hidden(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, "", [], [:]: value
        default: .string(Masking.mask)
        }
    }

    /// Names of headers are no secret, what is in them may be a token.
    private static func isHeaders(_ key: String) -> Bool {
        ["headers", "requestheader"].contains(key.lowercased())
    }

    private static func isSecret(_ key: String) -> Bool { !plainKeys.contains(key) && sounds(secret: key) }

    /// Most keys of a file are among those that its reader knows, and none of these has to be looked at twice.
    private static let plainKeys: Set<String> = {
        let names = SettingsFile.allCases.flatMap { SettingKeys.keys(of: $0).siblings.values.joined() }
        return Set(names.filter { !sounds(secret: $0) })
    }()

    private static func sounds(secret key: String) -> Bool {
        let lowered = key.lowercased()
        return Masking.isSecret(key[...]) || lowered.hasSuffix("key") || lowered.hasSuffix("cert")
            || lowered.contains("private") || lowered.contains("dsn")
    }

    /// What this type wrote itself: the mask and a line, and nothing else.
    static func unreadableLine(_ text: String) -> Int? {
        guard text.hasPrefix(unreadable), let line = Int(text.dropFirst(unreadable.count)) else { return nil }
        return text == unreadable + String(line) ? line : nil
    }

    private static func isUnreadable(_ text: String) -> Bool { unreadableLine(text) != nil }

    /// `line 3, column 5: ...` without what follows, which may quote the text.
    static func line(of error: KubeError) -> Int? {
        guard error.message.hasPrefix("line ") else { return nil }
        return Int(error.message.dropFirst("line ".count).prefix { $0.isASCII && $0.isNumber })
    }
}
