package import KubeCore

/// What a field of a custom resource may be: the part of a structural schema that this group uses, as a value.
///
/// A server without CEL, and one whose schema is older, accept what ours would refuse. So the rules stand here a second
/// time, in a form that can be carried out, and a test holds them equal to `crds/`.
package struct FieldSchema: Sendable {
    package indirect enum Form: Sendable {
        /// An object with the fields that are named; `atomic` objects have one owner as a whole.
        case object([String: FieldSchema], required: [String], atomic: Bool)
        /// An object whose keys are free.
        case map(of: FieldSchema, maxProperties: Int)
        case list(of: FieldSchema, maxItems: Int, kind: ListKind)
        case string(TextBounds)
        case integer(IntegerBounds)
        /// A whole number within the bounds, or a percentage as text.
        case intOrPercent(IntegerBounds)
        case boolean
    }

    /// How the items of a list are told apart.
    package enum ListKind: Hashable, Sendable {
        case atomic
        case set
        case map(key: String)
    }

    package struct TextBounds: Hashable, Sendable {
        package var minLength: Int?
        package var maxLength: Int?
        package var form: TextForm?
        package var choices: [String]?
        /// RFC 3339.
        package var isTime = false
    }

    package struct IntegerBounds: Hashable, Sendable {
        package var format: String
        package var minimum: Int64
        package var maximum: Int64?
    }

    /// What the field is, for `kubectl explain`.
    package var description: String
    package var form: Form
    package var fallback: JSONValue?
    package var rules: [FieldRule] = []
}

/// One CEL rule and the same rule in Swift.
package struct FieldRule: Sendable {
    package var expression: String
    package var message: String
    /// Given the value, and the old one; a rule on `oldSelf` is asked only where there is an old value.
    package var holds: @Sendable (_ value: JSONValue, _ old: JSONValue) -> Bool

    package init(
        _ expression: String,
        message: String,
        holds: @escaping @Sendable (_ value: JSONValue, _ old: JSONValue) -> Bool
    ) {
        self.expression = expression
        self.message = message
        self.holds = holds
    }

    /// Whether it is about a change and not about a state.
    package var isTransition: Bool { expression.contains("oldSelf") }
}

/// The forms of text that fields have.
package enum TextForm: String, CaseIterable, Sendable {
    case dnsLabel, dnsSubdomain, labelKey, labelValue, serverURL, revision, conditionReason, registry, timeOfDay
    case percent, version, imageRepository, digest, hostPath, quantity

    /// The regular expression of the schema; it means the same in RE2 and in Swift.
    package var pattern: String {
        switch self {
        case .dnsLabel: #"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"#
        case .dnsSubdomain: #"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"#
        case .labelKey: #"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"#
        case .labelValue: #"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"#
        case .serverURL:
            #"^https://([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9a-f:.]+\]):[1-9][0-9]{0,4}$"#
        case .revision: #"^[1-9][0-9]{0,17}-[0-9a-z]+$"#
        case .conditionReason: #"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"#
        case .registry: #"^(\*|_default|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[1-9][0-9]{0,4})?)$"#
        case .timeOfDay: #"^([01][0-9]|2[0-3]):[0-5][0-9]$"#
        case .percent: #"^(100|[1-9]?[0-9])%$"#
        case .version: #"^v[0-9]+\.[0-9]+\.[0-9]+$"#
        case .imageRepository:
            #"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[1-9][0-9]{0,4})?(/[a-z0-9]([-a-z0-9._]*[a-z0-9])?)*$"#
        case .digest: #"^sha256:[0-9a-f]{64}$"#
        case .hostPath: #"^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$"#
        case .quantity: #"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$"#
        }
    }

    /// What would be right, for a message.
    package var meaning: String {
        switch self {
        case .dnsLabel: "a DNS label (lower-case letters, digits and hyphens, such as embedded)"
        case .dnsSubdomain: "the name of a node (lower-case letters, digits, hyphens and dots, such as server-1)"
        case .labelKey: "a label's key (such as topology.kubernetes.io/zone)"
        case .labelValue: "a label's value (letters, digits, hyphens, underscores and dots)"
        case .serverURL: "https://HOST:PORT with nothing after it (such as https://10.0.0.1:9345)"
        case .revision: "a count of at most 18 digits, a hyphen and a hash"
        case .conditionReason: "one word (such as RollingOut)"
        case .registry: "a registry's HOST or HOST:PORT without scheme and path (such as docker.io), or *"
        case .timeOfDay: "a time of day as HH:MM (such as 22:30)"
        case .percent: "a whole number or a percentage (such as 50%)"
        case .version: "a release (such as v0.7.4)"
        case .imageRepository: "an image's repository without tag and digest (such as ghcr.io/spegel-org/spegel)"
        case .digest: "sha256: and 64 hexadecimal digits"
        case .hostPath: "an absolute path without . and .. (such as /etc/containerd/certs.d)"
        case .quantity: "a quantity (such as 128Mi or 100m)"
        }
    }

    /// Whether the text may be repeated in a message: a URL may hold a password.
    package var isHarmless: Bool { self != .serverURL }

    package func matches(_ text: String) -> Bool {
        guard let regex = try? Regex(pattern) else { return false }
        return text.wholeMatch(of: regex) != nil
    }
}

extension FieldSchema {
    static func object(
        _ description: String,
        _ fields: [String: FieldSchema],
        required: [String] = [],
        atomic: Bool = false,
        default fallback: JSONValue? = nil,
        rules: [FieldRule] = []
    ) -> FieldSchema {
        FieldSchema(
            description: description,
            form: .object(fields, required: required, atomic: atomic),
            fallback: fallback,
            rules: rules
        )
    }

    /// An object whose default has those of its fields written out. With rules it needs that: a server evaluates them
    /// on the default as it stands, before it fills in those of the fields (kubernetes/apiextensions-apiserver,
    /// pkg/apiserver/schema/defaulting/validation.go).
    static func objectWithDefaults(
        _ description: String,
        _ fields: [String: FieldSchema],
        rules: [FieldRule]
    ) -> FieldSchema {
        .object(description, fields, default: .object(fields.compactMapValues(\.fallback)), rules: rules)
    }

    static func map(_ description: String, of value: FieldSchema, atMost maxProperties: Int) -> FieldSchema {
        FieldSchema(description: description, form: .map(of: value, maxProperties: maxProperties))
    }

    static func list(
        _ description: String,
        of item: FieldSchema,
        atMost maxItems: Int,
        _ kind: ListKind,
        default fallback: JSONValue? = nil,
        rules: [FieldRule] = []
    ) -> FieldSchema {
        FieldSchema(
            description: description,
            form: .list(of: item, maxItems: maxItems, kind: kind),
            fallback: fallback,
            rules: rules
        )
    }

    static func text(
        _ description: String,
        _ form: TextForm? = nil,
        atLeast minLength: Int? = nil,
        atMost maxLength: Int,
        default fallback: JSONValue? = nil,
        rules: [FieldRule] = []
    ) -> FieldSchema {
        FieldSchema(
            description: description,
            form: .string(TextBounds(minLength: minLength, maxLength: maxLength, form: form)),
            fallback: fallback,
            rules: rules
        )
    }

    static func choice<Choice: RawRepresentable & CaseIterable>(
        _ description: String,
        _ type: Choice.Type,
        default fallback: Choice? = nil,
        rules: [FieldRule] = []
    ) -> FieldSchema where Choice.RawValue == String {
        FieldSchema(
            description: description,
            form: .string(TextBounds(choices: type.allCases.map(\.rawValue))),
            fallback: fallback.map { .string($0.rawValue) },
            rules: rules
        )
    }

    static func time(_ description: String) -> FieldSchema {
        FieldSchema(description: description, form: .string(TextBounds(isTime: true)))
    }

    static func flag(_ description: String, default fallback: Bool? = nil) -> FieldSchema {
        FieldSchema(description: description, form: .boolean, fallback: fallback.map { .bool($0) })
    }

    static func number(
        _ description: String,
        _ range: ClosedRange<Int64>,
        default fallback: Int64? = nil
    ) -> FieldSchema {
        let bounds = IntegerBounds(format: "int32", minimum: range.lowerBound, maximum: range.upperBound)
        return FieldSchema(description: description, form: .integer(bounds), fallback: fallback.map { .int($0) })
    }

    /// A number of things, or a share of them.
    static func intOrPercent(_ description: String, atMost maximum: Int64, default fallback: JSONValue) -> FieldSchema {
        let bounds = IntegerBounds(format: "int32", minimum: 0, maximum: maximum)
        return FieldSchema(description: description, form: .intOrPercent(bounds), fallback: fallback)
    }

    /// A number of things.
    static func count(_ description: String) -> FieldSchema {
        let bounds = IntegerBounds(format: "int32", minimum: 0, maximum: Int64(Int32.max))
        return FieldSchema(description: description, form: .integer(bounds))
    }

    /// The greatest whole number that every reader of JSON keeps as it is (RFC 8259, section 6).
    private static let greatestOrdinal: Int64 = 9_007_199_254_740_991

    /// A generation or an epoch.
    static func ordinal(_ description: String) -> FieldSchema {
        let bounds = IntegerBounds(format: "int64", minimum: 0, maximum: greatestOrdinal)
        return FieldSchema(description: description, form: .integer(bounds))
    }
}
