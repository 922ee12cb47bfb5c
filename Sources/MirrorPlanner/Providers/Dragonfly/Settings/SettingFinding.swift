/// Whose file it is.
package enum SettingsOwner: String, Hashable, Sendable, CaseIterable, Comparable {
    case scheduler
    case seed
    case client

    package static func < (left: Self, right: Self) -> Bool { left.order < right.order }

    private var order: Int {
        switch self {
        case .scheduler: 0
        case .seed: 1
        case .client: 2
        }
    }

    /// For a message.
    package var plural: String { rawValue + "s" }
}

/// What would be right in the place of what was found.
package enum SettingRemedy: Hashable, Sendable {
    /// As YAML: `2s`, `80`, `true`.
    case value(String)
    /// The same value below another key.
    case key(String)
    case removal
}

/// What is wrong with one setting, or with several together.
package struct SettingFinding: Hashable, Sendable, CustomStringConvertible {
    package var owner: SettingsOwner
    package var file: SettingsFile
    /// The key, as `scheduler.gc.hostTTL`; empty for the file as a whole.
    package var path: String
    /// As it was found, or the default that holds; never a secret.
    package var value: String
    package var severity: SettingSeverity
    /// Names the key, its value and what would be right.
    package var message: String
    /// What to do in the file, where that can be said without words.
    package var remedy: SettingRemedy?
    /// Where the fact is from: upstream's file or issue.
    package var source: String

    /// The value or the name of the key that would be right, where one can be named.
    package var wanted: String? {
        switch remedy {
        case .value(let text), .key(let text): text
        case .removal, nil: nil
        }
    }

    /// A file that can't be read: what its process does with it.
    package init(_ fault: SettingsFault, of owner: SettingsOwner) {
        self.init(
            owner: owner,
            file: fault.file,
            path: "",
            value: "",
            severity: .fault,
            message: "\(fault): \(fault.file.refusal)",
            source: fault.file.structure
        )
    }

    package init(
        owner: SettingsOwner,
        file: SettingsFile,
        path: String,
        value: String,
        severity: SettingSeverity,
        message: String,
        remedy: SettingRemedy? = nil,
        source: String
    ) {
        (self.owner, self.file, self.path, self.value) = (owner, file, path, value)
        (self.severity, self.message, self.remedy, self.source) = (severity, message, remedy, source)
    }

    package var description: String {
        "\(severity.word) in \(file.name) of \(owner.plural): \(message)"
    }
}
