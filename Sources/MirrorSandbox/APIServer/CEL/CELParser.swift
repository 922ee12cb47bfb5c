/// Reads an expression of CEL: the whole grammar but messages, optional fields, bytes and unsigned numbers, which it
/// refuses by name.
struct CELParser {
    private let tokens: [CELLexer.Token]
    private var place = 0
    private var lastID = 0

    private init(_ text: String) throws(CELFault) { tokens = try CELLexer.tokens(text) }

    static func parse(_ text: String) throws(CELFault) -> CELExpression {
        var parser = try CELParser(text)
        let expression = try parser.conditional()
        guard parser.here == .end else { throw parser.unexpected() }
        return expression
    }

    // MARK: words

    private var here: CELLexer.Word { tokens[place].word }
    private var offset: Int { tokens[place].offset }

    private mutating func take(_ symbol: String) -> Int? {
        guard here == .symbol(symbol) else { return nil }
        defer { place += 1 }
        return offset
    }

    private mutating func expect(_ symbol: String) throws(CELFault) {
        if take(symbol) == nil { throw unexpected("'\(symbol)'") }
    }

    private mutating func operation(_ symbols: [String]) -> (name: String, offset: Int)? {
        for symbol in symbols {
            if let offset = take(symbol) { return (symbol, offset) }
        }
        return nil
    }

    private func unexpected(_ wanted: String = "an expression") -> CELFault {
        let found: String
        switch here {
        case .end: found = "<EOF>"
        case .name(let text), .symbol(let text): found = text
        case .int(let value): found = "\(value)"
        case .double(let value): found = "\(value)"
        case .string(let text): found = text
        }
        return CELFault(offset: offset, message: "Syntax error: mismatched input '\(found)' expecting \(wanted)")
    }

    mutating func make(_ form: CELExpression.Form, at offset: Int) -> CELExpression {
        lastID += 1
        return CELExpression(id: lastID, offset: offset, form: form)
    }

    private mutating func call(_ name: String, _ arguments: [CELExpression], at offset: Int) -> CELExpression {
        make(.call(name, on: nil, arguments), at: offset)
    }

    // MARK: operators, loosest first

    private mutating func conditional() throws(CELFault) -> CELExpression {
        let test = try binary(0)
        guard let offset = take("?") else { return test }
        let yes = try binary(0)
        try expect(":")
        return call("_?_:_", [test, yes, try conditional()], at: offset)
    }

    private static let levels = [["||"], ["&&"], ["<=", ">=", "==", "!=", "<", ">"], ["+", "-"], ["*", "/", "%"]]

    private mutating func binary(_ level: Int) throws(CELFault) -> CELExpression {
        guard level < Self.levels.count else { return try unary() }
        var left = try binary(level + 1)
        while true {
            if let found = operation(Self.levels[level]) {
                left = call("_\(found.name)_", [left, try binary(level + 1)], at: found.offset)
            } else if level == 2, here == .name("in") {
                let offset = offset
                place += 1
                left = call("_in_", [left, try binary(level + 1)], at: offset)
            } else {
                return left
            }
        }
    }

    private mutating func unary() throws(CELFault) -> CELExpression {
        if let offset = take("!") { return call("!_", [try unary()], at: offset) }
        guard let offset = take("-") else { return try member() }
        switch here {
        case .int(let value):
            place += 1
            return try followed(make(.literal(.int(-value)), at: offset))
        case .double(let value):
            place += 1
            return try followed(make(.literal(.double(-value)), at: offset))
        default: return call("-_", [try unary()], at: offset)
        }
    }

    // MARK: members and calls

    private mutating func member() throws(CELFault) -> CELExpression { try followed(try primary()) }

    private mutating func followed(_ start: CELExpression) throws(CELFault) -> CELExpression {
        var operand = start
        while true {
            if let offset = take(".") {
                guard case .name(let name) = here, name != "in" else { throw unexpected("IDENTIFIER") }
                place += 1
                guard let open = take("(") else {
                    operand = make(.select(operand, field: name), at: offset)
                    continue
                }
                let arguments = try list(until: ")")
                operand =
                    try macro(name, on: operand, arguments, at: open)
                    ?? make(.call(name, on: operand, arguments), at: open)
            } else if let offset = take("[") {
                let index = try conditional()
                try expect("]")
                operand = call("_[_]", [operand, index], at: offset)
            } else {
                return operand
            }
        }
    }

    private mutating func list(until end: String) throws(CELFault) -> [CELExpression] {
        var elements: [CELExpression] = []
        while take(end) == nil {
            elements.append(try conditional())
            if take(",") == nil {
                try expect(end)
                break
            }
        }
        return elements
    }

    private mutating func primary() throws(CELFault) -> CELExpression {
        let start = offset
        let word = here
        switch word {
        case .int(let value): return literal(.int(value), start)
        case .double(let value): return literal(.double(value), start)
        case .string(let text): return literal(.string(text), start)
        case .symbol("("):
            place += 1
            let inner = try conditional()
            try expect(")")
            return inner
        case .symbol("["):
            place += 1
            return make(.list(try list(until: "]")), at: start)
        case .symbol("{"):
            place += 1
            return make(.map(try entries()), at: start)
        case .name(let name): return try named(name, start)
        default: throw unexpected()
        }
    }

    private mutating func literal(_ value: CELValue, _ offset: Int) -> CELExpression {
        place += 1
        return make(.literal(value), at: offset)
    }

    private mutating func entries() throws(CELFault) -> [CELExpression.Entry] {
        var entries: [CELExpression.Entry] = []
        while take("}") == nil {
            let key = try conditional()
            try expect(":")
            entries.append(CELExpression.Entry(key: key, value: try conditional()))
            if take(",") == nil {
                try expect("}")
                break
            }
        }
        return entries
    }

    private mutating func named(_ name: String, _ start: Int) throws(CELFault) -> CELExpression {
        let constants: [String: CELValue] = ["true": .bool(true), "false": .bool(false), "null": .null]
        if let constant = constants[name] { return literal(constant, start) }
        if name == "in" { throw unexpected() }
        if CELLexer.reserved.contains(name) {
            throw CELFault(offset: start, message: "reserved identifier: \(name)")
        }
        place += 1
        guard let open = take("(") else { return make(.name(name), at: start) }
        let arguments = try list(until: ")")
        guard name == "has", arguments.count == 1 else {
            return make(.call(name, on: nil, arguments), at: open)
        }
        guard case .select(let operand, let field) = arguments[0].form else {
            throw CELFault(offset: arguments[0].offset, message: "invalid argument to has() macro")
        }
        return make(.presence(operand, field: field), at: open)
    }
}
