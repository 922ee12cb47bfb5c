import KubeCore

/// Evaluates a checked expression (google/cel-spec, doc/langdef.md, evaluation).
struct CELEvaluator {
    private var names: [String: CELValue]

    init(_ value: CELValue, old: CELValue?) {
        names = ["self": value]
        names["oldSelf"] = old
    }

    mutating func value(_ expression: CELExpression) -> CELValue {
        switch expression.form {
        case .literal(let value): return value
        case .name(let name): return names[name] ?? .type(name)
        case .select(let operand, let field):
            return value(operand).member(field) ?? .failure("no such key: \(field)")
        case .presence(let operand, let field):
            switch value(operand).member(field) {
            case nil: return .bool(false)
            case .failure(let text)?: return .failure(text)
            default: return .bool(true)
            }
        case .call(let name, let target, let arguments): return called(name, target, arguments)
        case .list(let elements):
            let values = elements.map { value($0) }
            return Self.failure(values) ?? .list(values, .atomic)
        case .map(let entries): return map(entries)
        case .fold(let fold): return folded(fold)
        }
    }

    private static func failure(_ values: [CELValue]) -> CELValue? {
        values.first {
            if case .failure = $0 { return true }
            return false
        }
    }

    private mutating func map(_ entries: [CELExpression.Entry]) -> CELValue {
        var map: [String: CELValue] = [:]
        for entry in entries {
            guard case .string(let key) = value(entry.key) else {
                return .failure("this server does not implement maps whose keys are no text")
            }
            let found = value(entry.value)
            if case .failure = found { return found }
            map[key] = found
        }
        return .map(map)
    }

    private mutating func folded(_ fold: CELExpression.Fold) -> CELValue {
        let elements: [CELValue]
        switch value(fold.range) {
        case .list(let values, _): elements = values
        case .map(let entries): elements = entries.keys.sorted().map { .string($0) }
        case .object(let members, _): elements = members.keys.sorted().map { .string($0) }
        case .failure(let text): return .failure(text)
        default: return .mismatch
        }
        let outer = names
        defer { names = outer }
        names[CELExpression.Fold.accumulator] = value(fold.start)
        for element in elements {
            guard case .bool(true) = value(fold.condition) else { break }
            names[fold.variable] = element
            names[CELExpression.Fold.accumulator] = value(fold.step)
        }
        return value(fold.result)
    }

    private mutating func called(
        _ name: String,
        _ target: CELExpression?,
        _ arguments: [CELExpression]
    ) -> CELValue {
        switch name {
        case "_&&_": return logic(arguments, decisive: false)
        case "_||_": return logic(arguments, decisive: true)
        case "_?_:_":
            switch value(arguments[0]) {
            case .bool(let flag): return value(arguments[flag ? 1 : 2])
            case .failure(let text): return .failure(text)
            default: return .mismatch
            }
        case "@not_strictly_false":
            guard case .bool(let flag) = value(arguments[0]) else { return .bool(true) }
            return .bool(flag)
        default:
            let values = ((target.map { [$0] } ?? []) + arguments).map { value($0) }
            return Self.failure(values) ?? CELOperations.result(name, values)
        }
    }

    /// `&&` and `||`: a side that decides makes up for a failure of the other.
    private mutating func logic(_ arguments: [CELExpression], decisive: Bool) -> CELValue {
        let left = value(arguments[0])
        if case .bool(decisive) = left { return left }
        let right = value(arguments[1])
        if case .bool(decisive) = right { return right }
        switch (left, right) {
        case (.failure, _): return left
        case (_, .failure): return right
        case (.bool, .bool): return .bool(!decisive)
        default: return .mismatch
        }
    }
}
