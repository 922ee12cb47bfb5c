/// One signature of a function or an operator.
struct CELOverload: Hashable, Sendable {
    /// How its cost is estimated (cel-go, checker/cost.go).
    enum Cost: Sendable {
        case one, comparison, logic, conditional, search, prefix, contains, matches, joinedText, joinedList
        case listIndex, mapIndex
    }

    var parameters: [CELType]
    var result: CELType
    var cost = Cost.one

    /// The result for arguments of these types; nil where they do not match.
    func result(_ arguments: [CELType]) -> CELType? {
        guard arguments.count == parameters.count else { return nil }
        var bound: [String: CELType] = [:]
        for (parameter, argument) in zip(parameters, arguments) {
            guard parameter.admits(argument, &bound) else { return nil }
        }
        return result.bound(bound)
    }
}

/// The functions and operators that are known.
enum CELFunctions {
    private static let any = CELType.parameter("A")
    private static let other = CELType.parameter("B")

    private static func overload(_ parameters: CELType..., to result: CELType) -> CELOverload {
        CELOverload(parameters: parameters, result: result)
    }

    private static func overload(
        _ parameters: CELType...,
        to result: CELType,
        _ cost: CELOverload.Cost
    ) -> CELOverload {
        CELOverload(parameters: parameters, result: result, cost: cost)
    }

    private static let order: [CELOverload] = [
        overload(.bool, .bool, to: .bool), overload(.int, .int, to: .bool), overload(.int, .double, to: .bool),
        overload(.double, .double, to: .bool), overload(.double, .int, to: .bool),
        overload(.string, .string, to: .bool, .comparison), overload(.bytes, .bytes, to: .bool, .comparison),
        overload(.timestamp, .timestamp, to: .bool), overload(.duration, .duration, to: .bool),
    ]

    private static let numbers: [CELOverload] = [
        overload(.int, .int, to: .int), overload(.double, .double, to: .double),
    ]

    private static let sizes: [CELOverload] = [
        overload(.string, to: .int), overload(.bytes, to: .int), overload(.list(any), to: .int),
        overload(.map(any, other), to: .int),
    ]

    private static let match = [overload(.string, .string, to: .bool, .matches)]

    /// Operators, and functions that are called as `name(...)`.
    static let plain: [String: [CELOverload]] = [
        "_&&_": [overload(.bool, .bool, to: .bool, .logic)],
        "_||_": [overload(.bool, .bool, to: .bool, .logic)],
        "!_": [overload(.bool, to: .bool)],
        "@not_strictly_false": [overload(.bool, to: .bool)],
        "_?_:_": [overload(.bool, any, any, to: any, .conditional)],
        "_==_": [overload(any, any, to: .bool, .comparison)],
        "_!=_": [overload(any, any, to: .bool, .comparison)],
        "_<_": order, "_<=_": order, "_>_": order, "_>=_": order,
        "_in_": [overload(any, .list(any), to: .bool, .search), overload(any, .map(any, other), to: .bool)],
        "_[_]": [
            overload(.list(any), .int, to: any, .listIndex), overload(.map(any, other), any, to: other, .mapIndex),
        ],
        "_+_": numbers + [
            overload(.string, .string, to: .string, .joinedText),
            overload(.list(any), .list(any), to: .list(any), .joinedList),
        ],
        "_-_": numbers, "_*_": numbers, "_/_": numbers,
        "_%_": [overload(.int, .int, to: .int)],
        "-_": [overload(.int, to: .int), overload(.double, to: .double)],
        "size": sizes,
        "matches": match,
        "dyn": [overload(any, to: .dyn)],
        "type": [overload(any, to: .type)],
        "int": [overload(.int, to: .int), overload(.double, to: .int), overload(.string, to: .int)],
        "double": [overload(.double, to: .double), overload(.int, to: .double), overload(.string, to: .double)],
        "string": [overload(.string, to: .string), overload(.int, to: .string), overload(.bool, to: .string)],
    ]

    /// Functions that are called as `target.name(...)`; the target is the first parameter.
    static let member: [String: [CELOverload]] = [
        "size": sizes,
        "matches": match,
        "contains": [overload(.string, .string, to: .bool, .contains)],
        "startsWith": [overload(.string, .string, to: .bool, .prefix)],
        "endsWith": [overload(.string, .string, to: .bool, .prefix)],
    ]

    /// Names that stand for types.
    static let types: Set<String> = ["bool", "int", "double", "string", "bytes", "list", "map", "null_type", "type"]

    /// Functions of Kubernetes and CEL that a real server knows and this one refuses.
    static let elsewhere: Set<String> = [
        "uint", "bytes", "duration", "timestamp", "charAt", "indexOf", "lastIndexOf", "join", "lowerAscii",
        "upperAscii",
        "replace", "split", "substring", "trim", "format", "reverse", "find", "findAll", "isSorted", "sum", "min",
        "max",
        "url", "isURL", "getScheme", "getHost", "getHostname", "getPort", "getEscapedPath", "getQuery", "quantity",
        "isQuantity", "isInteger", "asInteger", "asApproximateFloat", "sign", "compareTo", "isLessThan",
        "isGreaterThan", "add", "sub", "ip", "isIP", "cidr", "isCIDR", "containsIP", "containsCIDR", "family", "masked",
        "prefixLength", "semver", "isSemver", "major", "minor", "patch", "getFullYear", "getMonth", "getDate",
        "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds",
        "orValue", "hasValue", "value", "validate", "distinct", "flatten", "slice", "sort", "first", "last", "range",
        "transformList", "transformMap", "transformMapEntry",
    ]
}
