package import KubeCore

/// One verb on one resource that a role grants.
package struct Right: Hashable, Comparable, CustomStringConvertible, Sendable {
    package var role: String
    package var group: String
    package var resource: String
    package var verb: String

    package init(role: String, group: String, resource: String, verb: String) {
        self.role = role
        self.group = group
        self.resource = resource
        self.verb = verb
    }

    /// Reads `ROLE/GROUP/RESOURCE/VERB`; nil where it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 4, let verb = parts.last else { return nil }
        self.init(
            role: parts[0],
            group: parts[1],
            resource: parts[2..<(parts.count - 1)].joined(separator: "/"),
            verb: verb
        )
    }

    package var description: String { "\(role)/\(group)/\(resource)/\(verb)" }

    package static func < (left: Right, right: Right) -> Bool { left.description < right.description }

    /// What a role grants, the same verb on the same resource once.
    package static func all(in role: JSONValue) -> [Right] {
        let rights = (role["rules"]?.arrayValue ?? []).flatMap { rule -> [Right] in
            let part = { (name: String) in (rule[name]?.arrayValue ?? []).compactMap(\.stringValue) }
            return part("apiGroups").flatMap { group in
                part("resources").flatMap { resource in
                    part("verbs").map { Right(role: name(of: role), group: group, resource: resource, verb: $0) }
                }
            }
        }
        return Set(rights).sorted()
    }

    private static func name(of role: JSONValue) -> String { role[path: "metadata", "name"]?.stringValue ?? "" }

    /// The role without this right; any other object as it is.
    package func withheld(from object: JSONValue) -> JSONValue {
        guard object["rules"] != nil, Self.name(of: object) == role else { return object }
        var object = object
        let rules = (object["rules"]?.arrayValue ?? []).flatMap { rule -> [JSONValue] in
            let values = { (part: String) in rule[part]?.arrayValue ?? [] }
            let isMeant =
                values("apiGroups").contains(.string(group)) && values("resources").contains(.string(resource))
                && values("verbs").contains(.string(verb))
            guard isMeant else { return [rule] }
            var rest = rule
            rest["resources"] = .array(values("resources").filter { $0 != .string(resource) })
            var own = rule
            own["resources"] = [.string(resource)]
            own["verbs"] = .array(values("verbs").filter { $0 != .string(verb) })
            return [rest, own].filter { $0["resources"] != [] && $0["verbs"] != [] }
        }
        object["rules"] = .array(rules)
        return object
    }
}
