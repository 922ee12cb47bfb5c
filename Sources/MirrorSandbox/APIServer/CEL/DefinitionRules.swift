package import KubeCore

/// One rule and what it costs.
package struct RuleEstimate: Hashable, Sendable {
    /// The rule's place in the schema.
    package var path: String
    package var text: String
    /// Of one evaluation at most.
    package var cost: UInt64
    /// Of as many as one object may need.
    package var total: UInt64

    /// The rules of a schema; none where a real server would not get so far.
    package static func all(inSchema value: JSONValue) -> [RuleEstimate] {
        var faults: [FieldFault] = []
        let schema = Schema(value, at: "", faults: &faults)
        return faults.isEmpty ? DefinitionRules(schema, at: "").estimates : []
    }
}

/// Checks the rules and the defaults of a definition's schema as a real server does before it takes them
/// (k8s.io/apiextensions-apiserver, pkg/apis/apiextensions/validation and pkg/apiserver/schema/defaulting).
struct DefinitionRules {
    /// The most that one rule may cost.
    static let ruleLimit: UInt64 = 10_000_000
    /// The most that all rules of a definition may cost together.
    static let totalLimit: UInt64 = 100_000_000

    private(set) var faults: [FieldFault] = []
    private(set) var estimates: [RuleEstimate] = []

    /// Checks a schema that is right but for its rules.
    init(_ schema: Schema, at path: String) {
        checkDefaults(schema, path)
        guard faults.isEmpty else { return }
        checkForm(schema, path)
        guard faults.isEmpty else { return }
        visit(Place(schema: schema, path: path, times: 1, uncorrelated: nil, isRoot: true))
        checkTotal(path)
    }

    // MARK: defaults

    /// A default is judged as it stands: what its own fields have as defaults is not filled in yet.
    private mutating func checkDefaults(_ schema: Schema, _ path: String) {
        if let value = schema.defaultValue { checkDefault(value, schema, "\(path).default") }
        if let item = schema.items.first { checkDefaults(item, "\(path).items") }
        for (name, child) in schema.properties.sorted(by: { $0.key < $1.key }) {
            checkDefaults(child, "\(path).properties[\(name)]")
        }
    }

    private mutating func checkDefault(_ value: JSONValue, _ schema: Schema, _ path: String) {
        var unknown: [String] = []
        _ = schema.pruned(value, unknown: &unknown)
        if !unknown.isEmpty { faults.append(.invalid(path, value, "must not have unknown fields")) }
        let found = schema.faults(value)
        faults += found.map { fault in
            var fault = fault
            let isIndex = fault.field.isEmpty || fault.field.hasPrefix("[")
            fault.field = path + (isIndex ? "" : ".") + fault.field
            return fault
        }
        guard found.isEmpty else { return }
        let broken = schema.rules.compactMap { rule in
            CELDeclaration(schema).flatMap { Self.compiled(rule, $0).fault }
        }
        faults += broken.map { .invalid(path, .string(schema.kind.rawValue), "rule compile error: \($0)") }
        if broken.isEmpty { faults += schema.ruleFaults(value, old: value, at: path) }
    }

    // MARK: rules

    private mutating func checkForm(_ schema: Schema, _ path: String) {
        for (index, rule) in schema.rules.enumerated() {
            let place = "\(path).x-kubernetes-validations[\(index)]"
            let text = Self.bare(rule.text)
            let message = Self.bare(rule.message)
            if text.isEmpty {
                faults.append(.required("\(place).rule", "rule is not specified"))
            } else if !rule.message.isEmpty, message.isEmpty {
                faults.append(.invalid("\(place).message", .string(rule.message), "must be non-empty if specified"))
            } else if message.contains(where: \.isNewline) {
                faults.append(.invalid("\(place).message", .string(rule.message), "must not contain line breaks"))
            } else if text.contains(where: \.isNewline), rule.message.isEmpty {
                let why = "message must be specified if rule contains line breaks"
                faults.append(.required("\(place).message", why))
            }
        }
        for (name, child) in schema.children { checkForm(child, path + name) }
    }

    /// A text without the blanks around it.
    private static func bare(_ text: String) -> Substring {
        let start = text.drop(while: \.isWhitespace)
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }

    /// A part of the schema: how often it may occur in one object, nil where nothing bounds that, and the path of the
    /// list above whose elements cannot be told from those before.
    private struct Place {
        var schema: Schema
        var path: String
        var times: UInt64?
        var uncorrelated: String?
        var isRoot = false
    }

    private mutating func visit(_ place: Place) {
        let schema = place.schema
        guard schema.hasRules else { return }
        for (name, child) in schema.children {
            var below = Place(
                schema: child,
                path: place.path + name,
                times: place.times,
                uncorrelated: place.uncorrelated
            )
            if schema.properties.isEmpty {
                let bound = schema.kind == .array ? schema.bounds.items.most : schema.bounds.properties.most
                below.times = place.times.flatMap { times in bound.map { CELSize.product(times, UInt64(max(0, $0))) } }
            }
            if schema.kind == .array, !schema.isKeyedList { below.uncorrelated = place.path }
            visit(below)
        }
        check(place)
    }

    private mutating func check(_ place: Place) {
        guard !place.schema.rules.isEmpty,
            let declaration = CELDeclaration(place.isRoot ? place.schema.rooted : place.schema)
        else { return }
        for (index, rule) in place.schema.rules.enumerated() {
            let path = "\(place.path).x-kubernetes-validations[\(index)].rule"
            let (cost, fault) = Self.compiled(rule, declaration)
            if let fault {
                let message = "Invalid value: \(rule.shown): \(fault)"
                faults.append(FieldFault(field: path, reason: "FieldValueInvalid", message: message))
                continue
            }
            let total = CELSize.product(cost, place.times ?? declaration.mostInRequest)
            estimates.append(RuleEstimate(path: path, text: rule.text, cost: cost, total: total))
            if total > Self.ruleLimit {
                faults.append(.forbidden(path, Self.excess("estimated rule cost", total, Self.ruleLimit)))
            }
            if rule.usesOldSelf, let list = place.uncorrelated {
                let why = "oldSelf cannot be used on the uncorrelatable portion of the schema within \(list)"
                faults.append(.invalid(path, .string(rule.text), why))
            }
        }
    }

    /// What one evaluation of a rule costs, or why it cannot be compiled.
    private static func compiled(_ rule: CELRule, _ declaration: CELDeclaration) -> (cost: UInt64, fault: String?) {
        do throws(CELFault) {
            let expression = try rule.reading.get()
            var checker = CELChecker(declaration)
            guard try checker.check(expression) == .bool else { return (0, "cel expression must evaluate to a bool") }
            return (CELCost.estimate(expression, checker, over: declaration), nil)
        } catch {
            return (0, "compilation failed: \(error.shown(in: rule.text))")
        }
    }

    private mutating func checkTotal(_ path: String) {
        let total = estimates.reduce(UInt64(0)) { CELSize.sum($0, $1.total) }
        guard total > Self.totalLimit else { return }
        let dear = estimates.filter { $0.total >= Self.totalLimit / 100 }.sorted { $0.total > $1.total }
        faults += dear.prefix(4).map { rule in
            let why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
            return .forbidden(rule.path, why)
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        faults.append(.forbidden(path, Self.excess(what, total, Self.totalLimit)))
    }

    private static func excess(_ what: String, _ cost: UInt64, _ limit: UInt64) -> String {
        let factor = Double(cost) / Double(limit)
        let shown: String
        if factor > 100 {
            shown = "more than 100"
        } else {
            // As %f and %.1f write it.
            let places = factor < 1.5 ? 6 : 1
            let scale = places == 6 ? 1_000_000.0 : 10
            let digits = String(Int64((factor * scale).rounded()))
            shown = "\(digits.dropLast(places)).\(digits.suffix(places))"
        }
        return "\(what) exceeds budget by factor of \(shown)x (try simplifying the rule, or adding maxItems, "
            + "maxProperties, and maxLength where arrays, maps, and strings are declared)"
    }
}

extension Schema {
    /// The parts of a schema and what they add to its path.
    fileprivate var children: [(String, Schema)] {
        properties.sorted { $0.key < $1.key }.map { (".properties[\($0.key)]", $0.value) }
            + additional.map { (".additionalProperties", $0) } + items.map { (".items", $0) }
    }

    fileprivate var isKeyedList: Bool {
        guard case .map = listType else { return false }
        return true
    }
}
