package import KubeCore

/// Changes a file's text as a wish has it: for a `dynconfig.yaml`, which its process reads again by itself.
package enum SettingsEdit {
    /// One key that is not as it is wished.
    package struct Difference: Hashable, Sendable {
        package var path: String
        /// Nil where the key is absent.
        package var found: JSONValue?
        package var wanted: JSONValue
    }

    /// How long at most until a change of a ConfigMap holds in its process, in seconds: the kubelet brings it into the
    /// pod within its own sync and its cache's time to live, and the process looks at its refresh interval. Nil: never
    /// before a restart, which is so where the file is mounted by `subPath`.
    ///
    /// - Parameter refreshInterval: `dynconfig.refreshInterval` of that process, in seconds.
    package static func longestDelay(refreshInterval: Double, isSubPath: Bool) -> Double? {
        isSubPath ? nil : 90 + refreshInterval
    }

    /// What differs, by path. A number that is written as a text is the same number.
    package static func differences(_ document: SettingsDocument, _ wishes: [String: JSONValue]) -> [Difference] {
        wishes.sorted { $0.key < $1.key }.compactMap { path, wanted in
            let found = document[path]
            guard !isSame(found, wanted, document.file) else { return nil }
            return Difference(path: path, found: found, wanted: wanted)
        }
    }

    /// The text with the wishes in it, and everything else as it was, its comments excepted; the very same text where
    /// nothing differs. Works on what the file really holds, so the result is for the file and for nothing else.
    package static func edited(
        _ file: SettingsFile,
        text: String,
        _ wishes: [String: JSONValue]
    ) throws(SettingsFault) -> String {
        let changes = differences(try SettingsDocument(file, text: text), wishes)
        guard !changes.isEmpty else { return text }
        do throws(KubeError) {
            var root = try YAMLCoding.documents(text).first ?? [:]
            for change in changes { root.set(change.wanted, at: spelled(change.path, in: root, file)[...]) }
            return try YAMLCoding.encode(root)
        } catch {
            throw SettingsFault(file: file, line: SettingsSecrets.line(of: error))
        }
    }

    /// The path as the file spells it, where its reader ignores case.
    private static func spelled(_ path: String, in root: JSONValue, _ file: SettingsFile) -> [String] {
        var value: JSONValue? = root
        return path.split(separator: ".").map { part in
            let key = String(part)
            let members = value?.objectValue ?? [:]
            let other = file.isGo ? members.keys.sorted().first { $0.lowercased() == key.lowercased() } : nil
            let name = members[key] == nil ? other ?? key : key
            value = members[name]
            return name
        }
    }

    private static func isSame(_ found: JSONValue?, _ wanted: JSONValue, _ file: SettingsFile) -> Bool {
        guard let found else { return false }
        if found == wanted { return true }
        guard let number = file.number(found), let other = file.number(wanted) else { return false }
        return number == other
    }
}
