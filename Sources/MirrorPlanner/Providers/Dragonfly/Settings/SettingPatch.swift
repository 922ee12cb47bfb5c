import KubeCore

/// What an administrator changes in a Helm release's values, or in a ConfigMap that no chart owns, so that findings go.
///
/// Values live below `scheduler.config`, `seedClient.config` and `client.config` with the keys of the file
/// (helm-charts `charts/dragonfly/templates`, 1.2.0 to 1.7.4); what a template writes itself has no path there.
package struct SettingPatch: Hashable, Sendable {
    package var owner: SettingsOwner
    package var file: SettingsFile
    package var path: String
    package var remedy: SettingRemedy
    /// As it was found: what a key of another name keeps.
    package var value: String

    /// Nil where a finding's remedy takes a decision that only a person can take.
    package init?(_ finding: SettingFinding) {
        guard let remedy = finding.remedy, !finding.path.isEmpty, !finding.path.contains("[]") else { return nil }
        (owner, file, path, value) = (finding.owner, finding.file, finding.path, finding.value)
        self.remedy = remedy
    }

    /// Where Helm's values have the key; nil where they do not: charts from 1.7.5 on were not read, and write the
    /// address of a manager and of Redis themselves.
    package var helmPath: String? {
        guard !file.isReloaded, !["manager.addr", "database", "job", "console"].contains(where: path.isBelow) else {
            return nil
        }
        if owner == .scheduler, path.isBelow("metrics") { return path == "metrics.addr" ? nil : "scheduler.\(path)" }
        switch owner {
        case .scheduler: return "scheduler.config.\(path)"
        case .seed: return "seedClient.config.\(path)"
        case .client: return "client.config.\(path)"
        }
    }

    /// One sentence.
    ///
    /// - Parameter isHelm: whether Helm owns the file, and would take back what is changed in it.
    package func text(isHelm: Bool = true) -> String {
        let helmPath = isHelm ? self.helmPath : nil
        let place = helmPath == nil ? "the ConfigMap's \(file.name) of \(owner.plural)" : "values.yaml"
        let key = helmPath ?? path
        switch remedy {
        case .value(let wanted): return "set in \(place): \(key): \(wanted)"
        case .key(let name):
            let section = key.split(separator: ".").dropLast().joined(separator: ".")
            return "set in \(place): \(section.isEmpty ? "" : section + ".")\(name): \(value), and remove \(key)"
        case .removal: return "remove from \(place): \(key)"
        }
    }

    /// Values for `helm upgrade -f` that carry out all patches that have a path there, as YAML; a key that is to go is
    /// null, which is how Helm removes one. Nil where there is none.
    package static func values(_ patches: [SettingPatch]) -> String? {
        var root: JSONValue = [:]
        for patch in patches {
            guard let path = patch.helmPath else { continue }
            let keys = path.split(separator: ".").map(String.init)
            switch patch.remedy {
            case .value(let wanted): root.set(scalar(wanted), at: keys[...])
            case .key(let name):
                root.set(.null, at: keys[...])
                root.set(scalar(patch.value), at: keys.dropLast() + [name])
            case .removal: root.set(.null, at: keys[...])
            }
        }
        return root == [:] ? nil : try? YAMLCoding.encode(root)
    }

    private static func scalar(_ text: String) -> JSONValue {
        guard let value = try? YAMLCoding.documents("v: " + text).first?["v"], value.isScalar else {
            return .string(text)
        }
        return value
    }
}

extension String {
    /// Whether it is that key, or one below it.
    fileprivate func isBelow(_ section: String) -> Bool { self == section || hasPrefix(section + ".") }
}

extension JSONValue {
    /// Puts a value at a path; what is no mapping on the way becomes one.
    mutating func set(_ value: JSONValue, at path: ArraySlice<String>) {
        guard let key = path.first else {
            self = value
            return
        }
        var members = objectValue ?? [:]
        var member = members[key] ?? [:]
        member.set(value, at: path.dropFirst())
        members[key] = member
        self = .object(members)
    }
}
