import KubeCore

/// What a list or a watch selects, besides the namespace.
struct Selection: Hashable, Sendable {
    var labels: LabelSelector
    /// Requirements on fields: path, value, and whether it must equal or must not.
    var fields: [FieldRequirement]

    struct FieldRequirement: Hashable, Sendable {
        var path: [String]
        var value: String
        var isEqual: Bool
    }

    var isEverything: Bool { labels.isEmpty && fields.isEmpty }

    func matches(_ object: JSONValue) -> Bool {
        (labels.isEmpty || labels.matches(object.stringMap(["metadata", "labels"])))
            && fields.allSatisfy { requirement in
                (Self.text(object.at(requirement.path)) == requirement.value) == requirement.isEqual
            }
    }

    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text): text
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        default: ""
        }
    }
}

extension Selection {
    /// Reads the selectors of a request.
    static func parse(_ request: KubeRequest, _ resource: APIResource) throws(APIError) -> Selection {
        var labels = LabelSelector()
        if let text = request.query("labelSelector"), !text.isEmpty {
            guard let parsed = LabelSelectorParser.parse(text) else {
                throw .badRequest("unable to parse requirement: \(text) is no label selector")
            }
            labels = parsed
        }
        var fields: [FieldRequirement] = []
        for term in (request.query("fieldSelector") ?? "").split(separator: ",") {
            fields.append(try requirement(String(term), resource))
        }
        return Selection(labels: labels, fields: fields)
    }

    private static func requirement(_ term: String, _ resource: APIResource) throws(APIError) -> FieldRequirement {
        for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            guard let (name, value) = term.cut(at: sign) else { continue }
            var known = resource.traits.fieldLabels
            known["metadata.name"] = ["metadata", "name"]
            if resource.isNamespaced { known["metadata.namespace"] = ["metadata", "namespace"] }
            guard let path = known[name] else { throw .badRequest("field label not supported: \(name)") }
            return FieldRequirement(path: path, value: value, isEqual: isEqual)
        }
        throw .badRequest("invalid selector: '\(term)'; can't understand '\(term)'")
    }
}

extension String {
    /// The parts before and after the first occurrence of `separator`.
    func cut(at separator: String) -> (String, String)? {
        let bytes = Array(utf8)
        let mark = Array(separator.utf8)
        guard bytes.count >= mark.count else { return nil }
        for start in 0...(bytes.count - mark.count) where Array(bytes[start..<start + mark.count]) == mark {
            return (
                String(decoding: bytes[..<start], as: UTF8.self),
                String(decoding: bytes[(start + mark.count)...], as: UTF8.self)
            )
        }
        return nil
    }
}

/// The text form of label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
enum LabelSelectorParser {
    static func parse(_ text: String) -> LabelSelector? {
        var requirements: [LabelSelector.Requirement] = []
        for term in terms(text) {
            guard let requirement = requirement(term) else { return nil }
            requirements.append(requirement)
        }
        return LabelSelector(matchExpressions: requirements)
    }

    /// Cuts at commas outside of parentheses.
    private static func terms(_ text: String) -> [String] {
        var terms = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                terms.append("")
            } else {
                terms[terms.count - 1].append(character)
            }
        }
        return terms.map { $0.trimmed }
    }

    private static func requirement(_ term: String) -> LabelSelector.Requirement? {
        if term.hasSuffix(")"), let (head, list) = term.dropLastCharacter.cut(at: "(") {
            let words = head.split(separator: " ").map(String.init)
            guard words.count == 2, isKey(words[0]) else { return nil }
            let values = list.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
            switch words[1] {
            case "in": return .init(key: words[0], operator: .in, values: values)
            case "notin": return .init(key: words[0], operator: .notIn, values: values)
            default: return nil
            }
        }
        for (sign, comparison) in [("!=", LabelSelector.Requirement.Operator.notIn), ("==", .in), ("=", .in)] {
            guard let (key, value) = term.cut(at: sign) else { continue }
            guard isKey(key.trimmed) else { return nil }
            return .init(key: key.trimmed, operator: comparison, values: [value.trimmed])
        }
        if term.hasPrefix("!") {
            let key = String(term.dropFirst()).trimmed
            return isKey(key) ? .init(key: key, operator: .doesNotExist) : nil
        }
        return isKey(term) ? .init(key: term, operator: .exists) : nil
    }

    private static func isKey(_ text: String) -> Bool {
        !text.isEmpty
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
    }
}

extension String {
    var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    fileprivate var dropLastCharacter: String { String(dropLast()) }
}
