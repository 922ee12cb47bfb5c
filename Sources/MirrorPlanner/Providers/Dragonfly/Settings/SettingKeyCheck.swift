import KubeCore

/// Walks a file and names keys that nobody reads, and values of a type that the reader refuses.
///
/// Both readers ignore what they don't know, so a misspelt key does nothing and nobody says so.
struct SettingKeyCheck {
    let document: SettingsDocument
    let owner: SettingsOwner
    /// Of the process that reads the file; nil where it is not known.
    let version: DragonflyVersion?

    private var keys: SettingKeys { SettingKeys.keys(of: document.file) }

    var findings: [SettingFinding] { walk(document.root, in: "") }

    private func walk(_ value: JSONValue, in section: String) -> [SettingFinding] {
        let members = value.objectValue ?? [:]
        return members.keys.sorted().flatMap { key -> [SettingFinding] in
            guard let value = members[key] else { return [] }
            guard let path = known(key, in: section) else { return unknown(key, value, in: section).map { [$0] } ?? [] }
            return look(at: value, path)
        }
    }

    private func known(_ key: String, in section: String) -> String? {
        let path = section.isEmpty ? key : "\(section).\(key)"
        if document.file.isGo { return keys.lowered[path.lowercased()] }
        return keys.types[path] != nil || isSection(path) ? path : nil
    }

    private func isSection(_ path: String) -> Bool {
        keys.sections.contains(path) || keys.sections.contains(path + "[]")
    }

    private func look(at value: JSONValue, _ path: String) -> [SettingFinding] {
        if let type = keys.types[path] {
            if value == .null { return [] }
            if let gone = gone(value, path) { return [gone] }
            return [early(value, path) ?? typeFault(value, path, type)].compactMap { $0 }
        }
        if keys.sections.contains(path + "[]") {
            guard let elements = value.arrayValue else {
                return value == .null ? [] : [shapeFault(value, path, "list")]
            }
            return elements.flatMap { walk($0, in: path + "[]") }
        }
        guard value.objectValue != nil || value.isEmptySetting else { return [shapeFault(value, path, "mapping")] }
        return walk(value, in: path)
    }

    // MARK: What is read by no release, or not by this one

    private func gone(_ value: JSONValue, _ path: String) -> SettingFinding? {
        guard let last = keys.until[path], !value.isEmptySetting else { return nil }
        if let version, version <= last { return nil }
        return finding(path, value, .note, "the key \(path) is read by no release after \(last): remove it", .removal)
    }

    private func early(_ value: JSONValue, _ path: String) -> SettingFinding? {
        guard let first = keys.since[path], let version, !version.isAtLeast(first), !value.isEmptySetting else {
            return nil
        }
        return finding(
            path,
            value,
            .note,
            "the key \(path) is read from \(first) on, and this is \(version): it does nothing before an upgrade"
        )
    }

    /// Nothing is said of a key without a value: charts write those for what nobody has set.
    private func unknown(_ key: String, _ value: JSONValue, in section: String) -> SettingFinding? {
        guard !value.isEmptySetting else { return nil }
        let path = section.isEmpty ? key : "\(section).\(key)"
        let place = section.isEmpty ? "" : "in \(section) "
        guard let near = nearest(to: key, in: section) else {
            return finding(
                path,
                value,
                .note,
                "\(place)the key \(key) is not read by any release from \(document.file.oldest) on: remove it",
                .removal
            )
        }
        let full = section.isEmpty ? near : "\(section).\(near)"
        let reader = owner == .scheduler ? "scheduler" : "daemon"
        let rule = rule(full)
        let uses = rule.map { " and uses \($0.codeDefault(in: version))" } ?? ""
        let isHarmless = rule?.codeDefault(in: version) == value.settingText
        return finding(
            path,
            value,
            isHarmless ? .note : .warning,
            "\(place)the key \(key) is not read (the \(reader) wants \(near)\(uses)): write \(near)",
            .key(near)
        )
    }

    /// The sibling that was meant: the same but for case, or few letters away.
    private func nearest(to key: String, in section: String) -> String? {
        let lowered = key.lowercased()
        let siblings = keys.siblings[section] ?? []
        if let same = siblings.first(where: { $0.lowercased() == lowered }) { return same }
        let bound = key.count < 5 ? 1 : key.count < 10 ? 2 : 3
        let near = siblings.map { ($0, EditDistance.of(lowered, $0.lowercased(), atMost: bound)) }
        return near.filter { $0.1 <= bound }.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    // MARK: Types

    private func typeFault(_ value: JSONValue, _ path: String, _ type: SettingType) -> SettingFinding? {
        // A masked value has lost its type.
        guard value != .string(Masking.mask), let right = type.fault(of: value, in: document.file) else { return nil }
        let isNanoseconds = document.file.isGo && type == .duration && value.intValue != nil
        let effect = isNanoseconds ? "it is \(value.settingText) ns" : refusal
        let seconds = type == .duration ? value.intValue.map { "\($0)s" } : nil
        return finding(
            path,
            value,
            .fault,
            "\(path) is \(value.settingText): \(effect): \(right)",
            (seconds ?? rule(path).flatMap { suggested($0) }).map { .value($0) }
        )
    }

    private func rule(_ path: String) -> SettingRule? { SettingRule.byFile[document.file]?.first { $0.path == path } }

    /// What its checks want, or else the default.
    private func suggested(_ rule: SettingRule) -> String? {
        rule.checks.first { $0.applies(to: owner) }?.wanted ?? rule.literalDefault(in: version)
    }

    private func shapeFault(_ value: JSONValue, _ path: String, _ shape: String) -> SettingFinding {
        finding(path, value, .fault, "\(path) is \(value.settingText): \(refusal): a \(shape) is needed")
    }

    private var refusal: String { document.file.refusal }

    private func finding(
        _ path: String,
        _ value: JSONValue,
        _ severity: SettingSeverity,
        _ message: String,
        _ remedy: SettingRemedy? = nil
    ) -> SettingFinding {
        SettingFinding(
            owner: owner,
            file: document.file,
            path: path,
            value: value.settingText,
            severity: severity,
            message: message.printable(atMost: 600),
            remedy: remedy,
            source: document.file.structure
        )
    }
}

extension SettingsFile {
    /// What the reader does with a value of a wrong type, or with a file that is none.
    var refusal: String {
        switch self {
        case .scheduler: "the scheduler does not start"
        case .daemon: "the daemon ends at its start"
        case .schedulerDynconfig: "the whole file is refused, and all of it is at its defaults"
        case .daemonDynconfig: "the whole file is refused: old addresses stay, and a daemon that starts ends"
        }
    }

    /// The oldest release whose keys are known here.
    var oldest: String {
        switch self {
        case .scheduler: "server 2.2.0"
        case .schedulerDynconfig: "server 2.5.1"
        case .daemon: "client 0.2.0"
        case .daemonDynconfig: "client 1.4.3"
        }
    }

    /// Where upstream declares its keys.
    var structure: String {
        switch self {
        case .scheduler: "dragonfly scheduler/config/config.go"
        case .daemon: "client dragonfly-client-config/src/dfdaemon.rs"
        case .schedulerDynconfig: "dragonfly scheduler/config/dynconfig_local.go"
        case .daemonDynconfig: "client dragonfly-client/src/dynconfig/local.rs"
        }
    }
}

/// How many letters are to be put in, taken out or exchanged to make one word of another.
enum EditDistance {
    /// More than `bound` is said as `bound + 1`, without the work.
    static func of(_ left: String, _ right: String, atMost bound: Int) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard abs(left.count - right.count) <= bound, !left.isEmpty, !right.isEmpty else { return bound + 1 }
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in 1...right.count {
                let change = diagonal + (letter == right[column - 1] ? 0 : 1)
                diagonal = row[column]
                row[column] = min(change, row[column] + 1, row[column - 1] + 1)
            }
        }
        return min(row[right.count], bound + 1)
    }
}
