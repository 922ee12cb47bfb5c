import KubeCore

/// What operators and functions give for values.
enum CELOperations {
    static func result(_ name: String, _ values: [CELValue]) -> CELValue {
        switch (name, values.first, values.dropFirst().first) {
        case ("_==_", let left?, let right?): return .bool(left.equals(right))
        case ("_!=_", let left?, let right?): return .bool(!left.equals(right))
        case ("!_", .bool(let flag)?, nil): return .bool(!flag)
        case ("-_", .int(let number)?, nil):
            return number == .min ? .failure("integer overflow") : .int(-number)
        case ("-_", .double(let number)?, nil): return .double(-number)
        case ("_in_", let element?, .list(let elements, _)?):
            return .bool(elements.contains { $0.equals(element) })
        case ("_in_", .string(let key)?, .map(let entries)?): return .bool(entries[key] != nil)
        case ("_[_]", .list(let elements, _)?, .int(let index)?):
            return elements.indices.contains(Int(index))
                ? elements[Int(index)] : .failure("index out of bounds: \(index)")
        case ("_[_]", .map(let entries)?, .string(let key)?): return entries[key] ?? .failure("no such key: \(key)")
        case ("dyn", let value?, nil): return value
        case ("type", let value?, nil): return .type(value.typeName)
        case ("size", let value?, nil): return value.count.map { .int(Int64($0)) } ?? .mismatch
        case ("int", let value?, nil), ("double", let value?, nil), ("string", let value?, nil):
            return converted(value, to: name)
        case ("_<_", let left?, let right?), ("_<=_", let left?, let right?), ("_>_", let left?, let right?),
            ("_>=_", let left?, let right?):
            return compared(name, left, right)
        case (_, .int(let left)?, .int(let right)?): return computed(name, left, right)
        case (_, .double(let left)?, .double(let right)?): return computed(name, left, right)
        case (_, .string(let left)?, .string(let right)?): return text(name, left, right)
        case ("_+_", .list(let left, _)?, .list(let right, _)?): return .list(left + right, .atomic)
        default: return .mismatch
        }
    }

    private static func compared(_ name: String, _ left: CELValue, _ right: CELValue) -> CELValue {
        func answer<T: Comparable>(_ left: T, _ right: T) -> CELValue {
            switch name {
            case "_<_": .bool(left < right)
            case "_<=_": .bool(left <= right)
            case "_>_": .bool(left > right)
            default: .bool(left >= right)
            }
        }
        switch (left, right) {
        case (.int(let left), .int(let right)): return answer(left, right)
        case (.double(let left), .double(let right)): return answer(left, right)
        case (.int(let left), .double(let right)): return answer(Double(left), right)
        case (.double(let left), .int(let right)): return answer(left, Double(right))
        case (.timestamp(let left), .timestamp(let right)): return answer(left, right)
        case (.bool(let left), .bool(let right)): return answer(left ? 1 : 0, right ? 1 : 0)
        case (.string(let left), .string(let right)):
            if left.unicodeScalars.elementsEqual(right.unicodeScalars) { return answer(0, 0) }
            let isBefore = left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
            return isBefore ? answer(0, 1) : answer(1, 0)
        default: return .mismatch
        }
    }

    private static func computed(_ name: String, _ left: Int64, _ right: Int64) -> CELValue {
        let (result, overflows): (Int64, Bool)
        switch name {
        case "_+_": (result, overflows) = left.addingReportingOverflow(right)
        case "_-_": (result, overflows) = left.subtractingReportingOverflow(right)
        case "_*_": (result, overflows) = left.multipliedReportingOverflow(by: right)
        case "_/_" where right == 0: return .failure("division by zero")
        case "_/_": (result, overflows) = left.dividedReportingOverflow(by: right)
        case "_%_" where right == 0: return .failure("modulus by zero")
        case "_%_": (result, overflows) = left.remainderReportingOverflow(dividingBy: right)
        default: return .mismatch
        }
        return overflows ? .failure("integer overflow") : .int(result)
    }

    private static func computed(_ name: String, _ left: Double, _ right: Double) -> CELValue {
        switch name {
        case "_+_": .double(left + right)
        case "_-_": .double(left - right)
        case "_*_": .double(left * right)
        case "_/_": .double(left / right)
        default: .mismatch
        }
    }

    private static func text(_ name: String, _ left: String, _ right: String) -> CELValue {
        switch name {
        case "_+_": return .string(left + right)
        case "contains": return .bool(right.isEmpty || left.contains(right))
        case "startsWith": return .bool(left.hasPrefix(right))
        case "endsWith": return .bool(left.hasSuffix(right))
        case "matches":
            guard let pattern = try? Regex(right) else { return .failure("error parsing regexp: \(right)") }
            return .bool(left.contains(pattern))
        default: return .mismatch
        }
    }

    private static func converted(_ value: CELValue, to type: String) -> CELValue {
        switch (type, value) {
        case ("int", .int), ("double", .double), ("string", .string): value
        case ("int", .double(let number)):
            Int64(exactly: number.rounded(.towardZero)).map { .int($0) } ?? .failure("integer overflow")
        case ("int", .string(let text)):
            Int64(text).map { .int($0) } ?? .failure("type conversion error from 'string' to 'int'")
        case ("double", .int(let number)): .double(Double(number))
        case ("double", .string(let text)):
            Double(text).map { .double($0) } ?? .failure("type conversion error from 'string' to 'double'")
        case ("string", .int(let number)): .string("\(number)")
        case ("string", .bool(let flag)): .string("\(flag)")
        default: .mismatch
        }
    }
}
