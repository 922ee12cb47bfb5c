import KubeCore

/// What is known of one setting: a row of `docs/dragonfly-settings.md`, and what checks a value of it.
struct SettingRule: Sendable {
    let file: SettingsFile
    let path: String
    /// What upstream's code itself refuses.
    let bound: String
    let codeDefault: String
    /// The default before some release, where it was another one.
    let earlierDefault: (before: DragonflyVersion, value: String)?
    /// What the chart sets, and since which release of it.
    let chart: String
    /// What a wrong value does, in a sentence for the table.
    let effect: String
    /// What holds where the key is absent, if that is to be checked too.
    let absent: JSONValue?
    let checks: [SettingCheck]
    /// Upstream's file or issue.
    let source: String

    init(
        _ file: SettingsFile,
        _ path: String,
        bound: String,
        code: String,
        earlier: (before: DragonflyVersion, value: String)? = nil,
        chart: String = "same",
        effect: String,
        absent: JSONValue? = nil,
        source: String,
        _ checks: [SettingCheck]
    ) {
        (self.file, self.path, self.bound) = (file, path, bound)
        (codeDefault, earlierDefault, self.chart) = (code, earlier, chart)
        (self.effect, self.absent, self.source, self.checks) = (effect, absent, source, checks)
    }

    static let all: [SettingRule] = scheduler + schedulerDynconfig + daemon + daemonDynconfig

    static let byFile = Dictionary(grouping: all, by: \.file)

    var type: SettingType { SettingKeys.keys(of: file).types[path] ?? .anything }

    /// The code's default in that release of the process; the newest one's where it is not known.
    func codeDefault(in version: DragonflyVersion?) -> String {
        if let earlierDefault, let version, !version.isAtLeast(earlierDefault.before) { return earlierDefault.value }
        return codeDefault
    }

    /// The same, where it is one value and not a sentence.
    func literalDefault(in version: DragonflyVersion?) -> String? {
        let text = codeDefault(in: version)
        let value = text.firstRange(of: " (").map { String(text[..<$0.lowerBound]) } ?? text
        return value.contains(" ") ? nil : value
    }

    /// What is wrong with the value in that file, if anything: the worst, and of two as bad the first.
    func finding(in document: SettingsDocument, of owner: SettingsOwner) -> SettingFinding? {
        guard let found = document[path] ?? absent, type.fault(of: found, in: file) == nil else { return nil }
        let broken = checks.filter { $0.applies(to: owner) && $0.condition.holds(for: found, file, type) }
        guard let check = broken.max(by: { $0.severity < $1.severity }) else { return nil }
        let text = found.settingText
        let isDefault = document[path] == nil
        return SettingFinding(
            owner: owner,
            file: file,
            path: path,
            value: text,
            severity: check.severity,
            message: "\(path) is \(text)\(isDefault ? " by default" : ""): \(check.effect): \(check.advice)",
            remedy: check.remedy,
            source: source
        )
    }
}

/// One thing that may be wrong with a value.
struct SettingCheck: Sendable {
    enum Condition: Hashable, Sendable {
        case zero
        case negative
        /// In seconds, bytes or as it is.
        case below(Double)
        case above(Double)
        case isTrue
        case isFalse
        /// Any value but an empty one.
        case isSet
        case isEmpty
        /// A list with an element that is no `ip:port`.
        case noSocketAddress
        /// Of a text.
        case equals(String)
        /// Without a port at its end.
        case noPort
    }

    let condition: Condition
    let severity: SettingSeverity
    /// What the value does.
    let effect: String
    /// The value that would be right; nil where none can be named.
    let wanted: String?
    /// What to do where no one value is right; without both, the key is to go.
    let hint: String?
    /// Nil: whoever has the file.
    let owner: SettingsOwner?

    init(
        _ condition: Condition,
        _ severity: SettingSeverity,
        _ effect: String,
        wanted: String?,
        hint: String? = nil,
        only owner: SettingsOwner? = nil
    ) {
        (self.condition, self.severity, self.effect, self.wanted) = (condition, severity, effect, wanted)
        (self.hint, self.owner) = (hint, owner)
    }

    func applies(to owner: SettingsOwner) -> Bool { self.owner == nil || self.owner == owner }

    var advice: String { hint ?? wanted.map { "set it to \($0)" } ?? "remove it" }

    var remedy: SettingRemedy? { wanted.map { .value($0) } ?? (hint == nil ? .removal : nil) }
}

extension SettingCheck.Condition {
    func holds(for value: JSONValue, _ file: SettingsFile, _ type: SettingType) -> Bool {
        switch self {
        case .isTrue: return file.bool(value) == true
        case .isFalse: return file.bool(value) == false
        case .isSet: return !value.isEmptySetting
        case .isEmpty: return value == ""
        case .equals(let text): return value.stringValue == text
        case .noPort: return value.stringValue.map { DragonflySettings.port(ofAddress: $0) == nil } ?? false
        case .noSocketAddress:
            return value.arrayValue?.contains { !IPText.isSocketAddress($0.stringValue ?? "") } ?? false
        case .zero, .negative, .below, .above:
            guard let number = Self.number(value, file, type) else { return false }
            return holds(for: number)
        }
    }

    private func holds(for number: Double) -> Bool {
        switch self {
        case .zero: number == 0
        case .negative: number < 0
        case .below(let bound): number < bound
        case .above(let bound): number > bound
        default: false
        }
    }

    private static func number(_ value: JSONValue, _ file: SettingsFile, _ type: SettingType) -> Double? {
        switch type {
        case .duration: file.seconds(value)
        case .size: SettingsDocument.size(value)
        default: file.number(value)
        }
    }

    /// For the table.
    func text(_ type: SettingType) -> String {
        func write(_ number: Double) -> String {
            switch type {
            case .duration: DurationText.text(number)
            case .size: SizeText.text(number)
            default: number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
            }
        }
        switch self {
        case .zero: return "0"
        case .negative: return "< 0"
        case .below(let bound): return "< \(write(bound))"
        case .above(let bound): return "> \(write(bound))"
        case .isTrue: return "true"
        case .isFalse: return "false"
        case .isSet: return "set"
        case .isEmpty: return "empty"
        case .noSocketAddress: return "not ip:port"
        case .equals(let text): return text
        case .noPort: return "no port"
        }
    }
}
