package import KubeCore

/// One of Dragonfly's files as values, without its secrets, and looked up as the process that reads it looks it up.
package struct SettingsDocument: Hashable, Sendable {
    package let file: SettingsFile
    /// A mapping; secrets are masked.
    package let root: JSONValue

    /// Reads a file's text. An empty file is one without a key: both processes start with their defaults.
    package init(_ file: SettingsFile, text: String) throws(SettingsFault) {
        if let line = SettingsSecrets.unreadableLine(text) {
            throw SettingsFault(file: file, line: line > 0 ? line : nil)
        }
        let documents: [JSONValue]
        do throws(KubeError) {
            documents = try YAMLCoding.documents(text)
        } catch {
            throw SettingsFault(file: file, line: SettingsSecrets.line(of: error))
        }
        guard documents.count <= 1, (documents.first ?? [:]).objectValue != nil else {
            throw SettingsFault(file: file)
        }
        self.init(file, value: documents.first ?? [:])
    }

    /// Takes what was read before; anything but a mapping is one without a key.
    package init(_ file: SettingsFile, value: JSONValue) {
        self.file = file
        root = value.objectValue == nil ? [:] : SettingsSecrets.masked(value)
    }

    /// The value at a path such as `scheduler.gc.hostTTL`; nil where it is absent or null, which both processes take
    /// for absent.
    package subscript(path: String) -> JSONValue? {
        var value = root
        for key in path.split(separator: ".") {
            guard let next = member(String(key), of: value) else { return nil }
            value = next
        }
        // A conditional expression would take nil for JSON null.
        if value == .null { return nil }
        return value
    }

    /// viper lowers all keys; of two that differ in case only, one wins and which is not said, so the first by name.
    private func member(_ key: String, of value: JSONValue) -> JSONValue? {
        if let exact = value[key] { return exact }
        guard file.isGo, let members = value.objectValue else { return nil }
        let lowered = key.lowercased()
        return members.keys.sorted().first { $0.lowercased() == lowered }.flatMap { members[$0] }
    }
}

extension SettingsDocument {
    func integer(_ path: String) -> Int? {
        self[path].flatMap { file.number($0) }.flatMap { Int(exactly: $0.rounded(.towardZero)) }
    }

    func double(_ path: String) -> Double? { self[path].flatMap { file.number($0) } }

    func bool(_ path: String) -> Bool? { self[path].flatMap { file.bool($0) } }

    /// Empty texts count as absent: the chart writes `idc: ""` for what nobody has set.
    func string(_ path: String) -> String? {
        guard let text = self[path]?.stringValue, !text.isEmpty else { return nil }
        return text
    }

    func strings(_ path: String) -> [String]? {
        self[path]?.arrayValue.map { $0.compactMap(\.stringValue) }
    }

    /// In seconds; nil where it is absent or none.
    func duration(_ path: String) -> Double? { self[path].flatMap { file.seconds($0) } }

    func bytes(_ path: String) -> Double? { self[path].flatMap { Self.size($0) } }

    func port(_ path: String) -> Int? { integer(path).flatMap { (1...65_535).contains($0) ? $0 : nil } }

    static func size(_ value: JSONValue) -> Double? {
        switch value {
        case .string(let text): SizeText.bytes(text)
        case .int(let number) where number >= 0: Double(number)
        default: nil
        }
    }
}

extension SettingsFile {
    func number(_ value: JSONValue) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .double(let number): number
        case .string(let text) where isGo: Double(text)
        default: nil
        }
    }

    func bool(_ value: JSONValue) -> Bool? {
        switch value {
        case .bool(let flag): flag
        case .string(let text) where isGo: ["1": true, "true": true, "0": false, "false": false][text.lowercased()]
        case .int(let number) where isGo: number != 0
        default: nil
        }
    }

    /// A bare number is nanoseconds to the scheduler, and what the daemon refuses to start with.
    func seconds(_ value: JSONValue) -> Double? {
        switch value {
        case .string(let text): isGo ? DurationText.go(text) : DurationText.human(text)
        case .int(let number) where isGo: Double(number) / 1e9
        case .double(let number) where isGo: number.rounded(.towardZero) / 1e9
        default: nil
        }
    }
}
