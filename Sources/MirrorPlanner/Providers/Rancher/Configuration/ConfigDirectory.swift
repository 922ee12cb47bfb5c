package import KubeCore

/// Reads the configuration of RKE2 and K3s as they do: `config.yaml`, then `config.yaml.d/*.yaml` and `*.yml` in the
/// order of their names, of each key the last value, turned into command line arguments.
///
/// The rules are those of k3s `pkg/configfilearg/parser.go` (`readConfigFile`, `dotDFiles`) and `convert.go`. Two
/// things are stricter here, and both end in an error and never in another value: a key that stands twice in one file,
/// and numbers that JSON does not have.
package enum ConfigDirectory {
    /// One file: its name without the directory, and what it holds.
    package typealias File = (name: String, content: [UInt8])

    /// Which of the names in `config.yaml.d` the distribution reads, in its order: by bytes, whatever the case of
    /// `.yaml` and `.yml`, hidden ones too. Directories are for the caller to leave out.
    package static func dropIns(among names: [String]) -> [String] {
        // Bytes, for a dot may be one character with what stands before it.
        names
            .filter { name in
                [".yaml", ".yml"].contains { name.lowercased().utf8.suffix($0.utf8.count).elementsEqual($0.utf8) }
            }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The configuration that `files` give, `config.yaml` first, then the drop-ins in the order of `dropIns(among:)`.
    ///
    /// - Throws: `KubeError` with code `decoding` and the name of the file.
    package static func merge(_ files: [File]) throws(KubeError) -> MergedConfiguration {
        var merged = MergedConfiguration()
        for file in files {
            for (key, value) in try entries(of: file) {
                let isAppend = key.hasSuffix("+")
                merged.set(isAppend ? String(key.dropLast()) : key, value, appending: isAppend, from: file.name)
            }
        }
        return merged
    }

    /// Keys and values in the order in which they are written; of several documents the first, as `yaml.Unmarshal`
    /// does.
    private static func entries(of file: File) throws(KubeError) -> [(key: String, value: JSONValue)] {
        let documents: [JSONValue]
        do {
            documents = try YAMLCoding.documents(file.content)
        } catch {
            throw KubeError(.decoding, "\(file.name): \(error.message)")
        }
        guard let document = documents.first else { return [] }
        guard let members = document.objectValue else {
            throw KubeError(.decoding, "\(file.name): keys with values are needed, such as `server: https://HOST:PORT`")
        }
        let written = TopLevelKeys.order(in: file.content)
        return members.map { (key: $0.key, value: $0.value) }.sorted { left, right in
            let (first, second) = (written[left.key] ?? Int.max, written[right.key] ?? Int.max)
            return first == second ? left.key < right.key : first < second
        }
    }
}

/// What the files give together.
package struct MergedConfiguration: Hashable, Sendable {
    /// One key with what it came to.
    package struct Entry: Hashable, Sendable {
        package var key: String
        /// Each value becomes one argument; a list that is empty gives none, `null` gives one that is empty.
        package var values: [String]
        /// The file that said the last word on it.
        package var source: String
        /// All files that have it.
        package var sources: Set<String>
    }

    /// In the order in which the keys were first seen.
    package private(set) var entries: [Entry] = []

    package init() {}

    /// As the distribution puts them between its subcommand and the arguments of the command line: `--key=value`, and
    /// `-k=value` for a key of one character.
    package var arguments: [String] {
        entries.flatMap { entry in
            entry.values.map { "\(entry.key.count == 1 ? "-" : "--")\(entry.key)=\($0)" }
        }
    }

    /// All values of a key; nil where no file has it.
    package func values(of key: String) -> [String]? {
        entries.first { $0.key == key }?.values
    }

    /// The value that counts where a key has one: the last. Nil where no file has it or its list is empty.
    package func value(of key: String) -> String? {
        values(of: key)?.last
    }

    /// Name of the file that said the last word on a key.
    package func source(of key: String) -> String? {
        entries.first { $0.key == key }?.source
    }

    /// The server that the files give; nil where none does or where it is empty, which is how a file takes it away.
    package var effectiveServer: String? {
        // `-s` is the short form; the two together are refused by the distribution at its start.
        guard let server = value(of: "server") ?? value(of: "s"), !server.isEmpty else { return nil }
        return server
    }

    /// Whether a switch is on.
    package func isOn(_ key: String) -> Bool {
        value(of: key).flatMap(Switch.isOn) ?? false
    }

    fileprivate mutating func set(_ key: String, _ value: JSONValue, appending: Bool, from source: String) {
        guard let index = entries.firstIndex(where: { $0.key == key }) else {
            entries.append(Entry(key: key, values: value.argumentValues, source: source, sources: [source]))
            return
        }
        entries[index].source = source
        entries[index].sources.insert(source)
        if appending {
            entries[index].values += value.appendedValues
        } else {
            entries[index].values = value.argumentValues
        }
    }
}

extension JSONValue {
    /// The values that a key with this value becomes.
    fileprivate var argumentValues: [String] {
        arrayValue?.map(\.argumentText) ?? [argumentText]
    }

    /// The values that `key+:` adds: as above, but nothing for an empty value that is no string.
    fileprivate var appendedValues: [String] {
        if case .string = self { return [argumentText] }
        if let elements = arrayValue { return elements.map(\.argumentText) }
        return argumentText.isEmpty ? [] : [argumentText]
    }

    /// A value as Go prints it, without white space around it. A mapping makes no argument that the distribution could
    /// use; JSON stands in for what it would print.
    fileprivate var argumentText: String {
        switch self {
        case .null: return ""
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .double(let number):
            let isWhole = number == number.rounded() && abs(number) < 1e15
            return isWhole ? String(Int64(number)) : String(number)
        case .string(let text): return text.trimmingWhiteSpace
        case .array(let elements): return elements.first?.argumentText ?? ""
        case .object: return (try? JSONCoding.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }
}

extension String {
    fileprivate var trimmingWhiteSpace: String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        let start = firstIndex { !isSpace($0) } ?? endIndex
        let end = lastIndex { !isSpace($0) }.map(index(after:)) ?? start
        return String(self[start..<end])
    }
}

/// Where each key of a file stands, since a JSON object has no order and the order of arguments is part of what a node
/// reports. In block style nothing but keys, comments and document marks begins in the first column; where a file is
/// written in another style its keys come in the order of their names.
enum TopLevelKeys {
    static func order(in content: [UInt8]) -> [String: Int] {
        var order: [String: Int] = [:]
        for line in ByteOrderMark.stripped(content).split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let key = key(of: line), order[key] == nil else { continue }
            order[key] = order.count
        }
        return order
    }

    /// The key that a line without its break begins with; nil where it begins with none.
    static func key(of line: ArraySlice<UInt8>) -> String? {
        guard let first = line.first, !" \t#-%{[".utf8.contains(first) else { return nil }
        if first == 0x22 || first == 0x27 {
            let rest = line.dropFirst()
            guard let end = rest.firstIndex(of: first) else { return nil }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
        // A colon ends a key only before white space or the end of the line.
        let end = line.indices.first { index in
            line[index] == 0x3A && (index + 1 == line.endIndex || line[index + 1] == 0x20 || line[index + 1] == 0x09)
        }
        return end.map { String(decoding: line[..<$0], as: UTF8.self).trimmingWhiteSpace }
    }
}

/// What editors on Windows put before a text: it is no part of the first line, though it stands there.
package enum ByteOrderMark {
    package static let utf8: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The text without the mark of UTF-8.
    package static func stripped(_ content: [UInt8]) -> ArraySlice<UInt8> {
        content.starts(with: utf8) ? content.dropFirst(utf8.count) : content[...]
    }

    /// Whether a text begins with the mark of UTF-16.
    package static func isUTF16(_ content: [UInt8]) -> Bool {
        content.starts(with: [0xFF, 0xFE]) || content.starts(with: [0xFE, 0xFF])
    }
}
