/// Finds the type of each part of an expression, or what is wrong with it, in the words of cel-go
/// (checker/checker.go, checker/errors.go).
struct CELChecker {
    /// The types of expressions by id.
    private(set) var types: [Int: CELType] = [:]
    /// The signatures that calls may mean, by id; more than one where a type is not known yet.
    private(set) var overloads: [Int: [CELOverload]] = [:]
    private let objects: [String: CELDeclaration]
    private var scopes: [[String: CELType]]

    init(_ root: CELDeclaration) {
        objects = root.objects
        scopes = [["self": root.type, "oldSelf": root.type]]
    }

    @discardableResult
    mutating func check(_ expression: CELExpression) throws(CELFault) -> CELType {
        let type = try found(expression)
        types[expression.id] = type
        return type
    }

    private mutating func found(_ expression: CELExpression) throws(CELFault) -> CELType {
        switch expression.form {
        case .literal(let value): return value.type
        case .name(let name): return try named(name, at: expression.offset)
        case .select(let operand, let field):
            return try selected(field, in: try check(operand), at: expression.offset)
        case .presence(let operand, let field):
            _ = try selected(field, in: try check(operand), at: expression.offset)
            return .bool
        case .call(let name, let target, let arguments):
            return try called(name, target, arguments, expression)
        case .list(let elements): return .list(try common(elements))
        case .map(let entries): return .map(try common(entries.map(\.key)), try common(entries.map(\.value)))
        case .fold(let fold): return try folded(fold)
        }
    }

    private func named(_ name: String, at offset: Int) throws(CELFault) -> CELType {
        for scope in scopes.reversed() {
            if let type = scope[name] { return type }
        }
        if CELFunctions.types.contains(name) { return .type }
        throw CELFault(offset: offset, message: "undeclared reference to '\(name)' (in container '')")
    }

    private func selected(_ field: String, in type: CELType, at offset: Int) throws(CELFault) -> CELType {
        switch type {
        case .dyn: return .dyn
        case .map(_, let value): return value
        case .object(let name):
            guard let member = objects[name]?.field(field) else {
                throw CELFault(offset: offset, message: "undefined field '\(field)'")
            }
            return member.type
        default: throw CELFault(offset: offset, message: "type '\(type)' does not support field selection")
        }
    }

    private mutating func common(_ elements: [CELExpression]) throws(CELFault) -> CELType {
        var joined: CELType?
        for element in elements {
            let type = try check(element)
            guard let before = joined else {
                joined = type
                continue
            }
            var bound: [String: CELType] = [:]
            guard before.admits(type, &bound) else {
                throw CELFault(offset: element.offset, message: "expected type '\(before)' but found '\(type)'")
            }
            if type == .dyn { joined = .dyn }
        }
        return joined ?? .dyn
    }

    private mutating func called(
        _ name: String,
        _ target: CELExpression?,
        _ arguments: [CELExpression],
        _ call: CELExpression
    ) throws(CELFault) -> CELType {
        var given: [CELType] = []
        for part in (target.map { [$0] } ?? []) + arguments { given.append(try check(part)) }
        let table = target == nil ? CELFunctions.plain : CELFunctions.member
        guard let known = table[name] else {
            let message =
                CELFunctions.elsewhere.contains(name)
                ? "this server does not implement the function '\(name)'"
                : "undeclared reference to '\(name)' (in container '')"
            throw CELFault(offset: call.offset, message: message)
        }
        let fitting = known.filter { $0.result(given) != nil }
        let results = Set(fitting.compactMap { $0.result(given) })
        guard let result = results.first else {
            let shown = given.map(\.description)
            let list = shown.joined(separator: ", ")
            let signature =
                target == nil ? "(\(list))" : "\(shown[0]).(\(shown.dropFirst().joined(separator: ", ")))"
            let message = "found no matching overload for '\(name)' applied to '\(signature)'"
            throw CELFault(offset: call.offset, message: message)
        }
        try checkPattern(name, arguments)
        overloads[call.id] = fitting
        return results.count == 1 ? result : .dyn
    }

    private func checkPattern(_ name: String, _ arguments: [CELExpression]) throws(CELFault) {
        guard name == "matches", let last = arguments.last, case .literal(.string(let pattern)) = last.form else {
            return
        }
        guard (try? Regex(pattern)) == nil else { return }
        throw CELFault(offset: last.offset, message: "invalid matches argument")
    }

    private mutating func folded(_ fold: CELExpression.Fold) throws(CELFault) -> CELType {
        let element: CELType
        switch try check(fold.range) {
        case .list(let type): element = type
        case .map(let key, _): element = key
        case .dyn: element = .dyn
        case let type:
            let why = "cannot be range of a comprehension (must be list, map, or dynamic)"
            throw CELFault(offset: fold.range.offset, message: "expression of type '\(type)' \(why)")
        }
        let start = try check(fold.start)
        scopes.append([CELExpression.Fold.accumulator: start, fold.variable: element])
        defer { scopes.removeLast() }
        try check(fold.condition)
        try check(fold.step)
        let result = try check(fold.result)
        guard let part = fold.element.first, let type = types[part.id] else { return result }
        types[fold.result.id] = .list(type)
        return .list(type)
    }
}
