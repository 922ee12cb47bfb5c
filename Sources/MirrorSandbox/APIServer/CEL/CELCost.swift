/// Estimates what an expression costs at most: the estimate by which a real server refuses a rule, step by step
/// (cel-go, checker/cost.go; k8s.io/apiextensions-apiserver, pkg/apiserver/schema/cel/compilation.go).
struct CELCost {
    private struct Entries {
        var key: CELSize
        var value: CELSize

        func union(_ other: Entries?) -> Entries? {
            other.map { Entries(key: key.union($0.key), value: value.union($0.value)) }
        }
    }

    private struct Local {
        var path: [String]
        var size: CELSize?
        var entries: Entries?
    }

    private let root: CELDeclaration
    private let types: [Int: CELType]
    private let overloads: [Int: [CELOverload]]
    private var paths: [Int: [String]] = [:]
    private var sizes: [Int: CELSize] = [:]
    private var entries: [Int: Entries] = [:]
    private var locals: [String: [Local]] = [:]

    private static let textFactor = 0.1
    private static let patternFactor = 0.25
    private static let newList = CELSize(10)
    private static let newMap = CELSize(30)

    /// The most that a checked expression over `root` costs.
    static func estimate(_ expression: CELExpression, _ checked: CELChecker, over root: CELDeclaration) -> UInt64 {
        var cost = CELCost(root: root, types: checked.types, overloads: checked.overloads)
        return cost.cost(expression).most
    }

    private init(root: CELDeclaration, types: [Int: CELType], overloads: [Int: [CELOverload]]) {
        self.root = root
        self.types = types
        self.overloads = overloads
    }

    private mutating func cost(_ expression: CELExpression) -> CELSize {
        switch expression.form {
        case .literal: return .zero
        case .name(let name):
            paths[expression.id] = locals[name]?.last?.path ?? [name]
            return .one
        // `has` itself costs nothing: servers kept that from before cel-go counted it.
        case .presence(let operand, _): return cost(operand)
        case .select(let operand, let field):
            var sum = cost(operand)
            switch types[operand.id] {
            case .map?, .object?, .parameter?: sum = sum + .one
            default: break
            }
            paths[expression.id] = path(operand) + [field]
            return sum
        case .call(let name, let target, let arguments): return call(expression, name, target, arguments)
        case .list(let elements): return list(expression, elements)
        case .map(let pairs): return map(expression, pairs)
        case .fold(let fold): return self.fold(expression, fold)
        }
    }

    // MARK: sizes

    private func path(_ expression: CELExpression) -> [String] {
        if case .name(let name) = expression.form, let local = locals[name]?.last { return local.path }
        return paths[expression.id] ?? []
    }

    private mutating func size(_ expression: CELExpression) -> CELSize? {
        if let size = sizes[expression.id] { return size }
        switch expression.form {
        case .literal(.string(let text)): return CELSize(UInt64(text.unicodeScalars.count))
        case .literal: return .one
        case .list(let elements): return CELSize(UInt64(elements.count))
        case .map(let pairs): return CELSize(UInt64(pairs.count))
        default: break
        }
        if let declared = declared(path(expression)) {
            sizes[expression.id] = declared
            return declared
        }
        if types[expression.id]?.isScalar == true { return .one }
        guard case .name(let name) = expression.form else { return nil }
        return locals[name]?.last?.size
    }

    private mutating func sizeOrUnknown(_ expression: CELExpression) -> CELSize { size(expression) ?? .unknown }

    /// What the schema says of the size of a place.
    private func declared(_ path: [String]) -> CELSize? {
        guard !path.isEmpty else { return nil }
        var place = root
        for name in path.dropFirst() {
            let next: CELDeclaration?
            switch name {
            case "@items", "@values": next = place.elements.first
            case "@keys":
                guard case .map = place.type else { return nil }
                return .zero
            default: next = place.fields[name]
            }
            guard let next else { return nil }
            place = next
        }
        return CELSize(least: 0, most: place.most)
    }

    private func entries(_ expression: CELExpression) -> Entries? {
        if let known = entries[expression.id] { return known }
        guard case .name(let name) = expression.form else { return nil }
        return locals[name]?.last?.entries
    }

    // MARK: literals and loops

    private mutating func list(_ expression: CELExpression, _ elements: [CELExpression]) -> CELSize {
        var sum = CELSize.zero
        var element = CELSize(least: elements.isEmpty ? 0 : .max, most: 0)
        for part in elements {
            sum = sum + cost(part)
            element = element.union(sizeOrUnknown(part))
        }
        entries[expression.id] = Entries(key: .one, value: element)
        return sum + Self.newList
    }

    private mutating func map(_ expression: CELExpression, _ pairs: [CELExpression.Entry]) -> CELSize {
        var sum = CELSize.zero
        var key = CELSize(least: pairs.isEmpty ? 0 : .max, most: 0)
        var value = key
        for pair in pairs {
            sum = sum + cost(pair.key) + cost(pair.value)
            key = key.union(sizeOrUnknown(pair.key))
            value = value.union(sizeOrUnknown(pair.value))
        }
        entries[expression.id] = Entries(key: key, value: value)
        return sum + Self.newMap
    }

    private mutating func fold(_ expression: CELExpression, _ fold: CELExpression.Fold) -> CELSize {
        var sum = cost(fold.range) + cost(fold.start)
        let before = Local(path: path(fold.start), size: size(fold.start), entries: entries(fold.start))
        locals[CELExpression.Fold.accumulator, default: []].append(before)
        locals[fold.variable, default: []].append(element(of: fold.range))
        let condition = cost(fold.condition)
        let step = cost(fold.step)
        locals[fold.variable]?.removeLast()
        sum = sum + cost(fold.result)
        locals[CELExpression.Fold.accumulator]?.removeLast()
        let count = sizeOrUnknown(fold.range)
        switch fold.kind {
        case .filter, .map:
            sizes[expression.id] = count
            entries[expression.id] = entries(fold.step) ?? entries[expression.id]
        default: sizes[expression.id] = size(fold.start)
        }
        return sum + count * (step + condition)
    }

    private func element(of range: CELExpression) -> Local {
        let known = entries(range)
        let isList: Bool
        switch types[range.id] {
        case .list?: isList = true
        default: isList = false
        }
        let size = isList ? known?.value : known?.key
        return Local(path: path(range) + [isList ? "@items" : "@keys"], size: size, entries: nil)
    }

    // MARK: calls

    private mutating func call(
        _ expression: CELExpression,
        _ name: String,
        _ target: CELExpression?,
        _ arguments: [CELExpression]
    ) -> CELSize {
        if name == "dyn", let argument = arguments.first {
            let sum = cost(argument) + .one
            sizes[expression.id] = size(argument)
            entries[expression.id] = entries(argument)
            return sum
        }
        let costs = arguments.map { cost($0) }
        let start = target.map { cost($0) } ?? .zero
        var range = CELSize(least: .max, most: 0)
        var result: CELSize?
        for overload in overloads[expression.id] ?? [] {
            let (cost, size) = call(overload, expression, target, arguments, costs)
            range = range.union(cost)
            if let size { result = result?.union(size) ?? size }
            if overload.cost == .listIndex || overload.cost == .mapIndex, let first = arguments.first {
                result = entries(first)?.value
                paths[expression.id] = path(first) + [overload.cost == .listIndex ? "@items" : "@values"]
            }
            if result == nil { result = self.size(expression) }
        }
        if let result { sizes[expression.id] = result }
        return start + range
    }

    /// The cost of one meaning of a call with that of its arguments, and the size of what it gives.
    private mutating func call(
        _ overload: CELOverload,
        _ expression: CELExpression,
        _ target: CELExpression?,
        _ arguments: [CELExpression],
        _ costs: [CELSize]
    ) -> (cost: CELSize, size: CELSize?) {
        let sum = costs.reduce(CELSize.zero, +)
        switch overload.cost {
        case .one, .listIndex, .mapIndex: return (sum + .one, nil)
        case .comparison:
            let most = min(sizeOrUnknown(arguments[0]).most, sizeOrUnknown(arguments[1]).most)
            return (CELSize(least: min(1, most), most: most) * Self.textFactor + sum, nil)
        case .logic: return (CELSize(least: costs[0].least, most: sum.most), nil)
        case .conditional:
            let size = sizeOrUnknown(arguments[1]).union(sizeOrUnknown(arguments[2]))
            entries[expression.id] = entries(arguments[1])?.union(entries(arguments[2])) ?? entries[expression.id]
            return (costs[0] + costs[1].union(costs[2]), size)
        case .search: return (sizeOrUnknown(arguments[1]) * 1.0 + sum, nil)
        case .prefix: return (sizeOrUnknown(arguments[0]) * Self.textFactor + sum, nil)
        case .contains:
            guard let target else { return (sum + .one, nil) }
            let text = sizeOrUnknown(target) * Self.textFactor
            return (text * (sizeOrUnknown(arguments[0]) * Self.textFactor) + sum, nil)
        case .matches:
            let parts = (target.map { [$0] } ?? []) + arguments
            let text = (sizeOrUnknown(parts[0]) + .one) * Self.textFactor
            return (text * (sizeOrUnknown(parts[1]) * Self.patternFactor) + sum, nil)
        case .joinedText, .joinedList:
            let size = sizeOrUnknown(arguments[0]) + sizeOrUnknown(arguments[1])
            if let joined = entries(arguments[0])?.union(entries(arguments[1])) { entries[expression.id] = joined }
            return ((overload.cost == .joinedList ? .one : size * Self.textFactor) + sum, size)
        }
    }
}
