/// A label selector, in the form of `metav1.LabelSelector`; an empty one selects everything.
public struct LabelSelector: Codable, Hashable, Sendable {
    /// One requirement on one label.
    public struct Requirement: Codable, Hashable, Sendable {
        /// How the label's value is compared.
        public enum Operator: String, Codable, Hashable, Sendable, CaseIterable {
            /// The value is one of `values`.
            case `in` = "In"
            /// The value is none of `values`, or the label is absent.
            case notIn = "NotIn"
            /// The label is present.
            case exists = "Exists"
            /// The label is absent.
            case doesNotExist = "DoesNotExist"
        }

        /// The label.
        public var key: String
        /// The comparison.
        public var `operator`: Operator
        /// The values to compare with; nil for `Exists` and `DoesNotExist`.
        public var values: [String]?

        /// Creates a requirement.
        public init(key: String, operator: Operator, values: [String]? = nil) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        func matches(_ labels: [String: String]) -> Bool {
            let value = labels[key]
            switch `operator` {
            case .in: return value.map { (values ?? []).contains($0) } ?? false
            case .notIn: return value.map { !(values ?? []).contains($0) } ?? true
            case .exists: return value != nil
            case .doesNotExist: return value == nil
            }
        }
    }

    /// Labels that must have exactly these values.
    public var matchLabels: [String: String]?
    /// Further requirements, all of which must hold.
    public var matchExpressions: [Requirement]?

    /// Creates a selector; without arguments it selects everything.
    public init(matchLabels: [String: String]? = nil, matchExpressions: [Requirement]? = nil) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    /// Whether the selector has no requirement at all.
    public var isEmpty: Bool { (matchLabels ?? [:]).isEmpty && (matchExpressions ?? []).isEmpty }

    /// Whether all requirements hold for these labels.
    public func matches(_ labels: [String: String]) -> Bool {
        (matchLabels ?? [:]).allSatisfy { labels[$0.key] == $0.value }
            && (matchExpressions ?? []).allSatisfy { $0.matches(labels) }
    }
}
