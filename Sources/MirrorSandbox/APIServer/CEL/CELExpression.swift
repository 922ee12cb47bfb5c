/// An expression of CEL as a tree, with its macros expanded as cel-go expands them (parser/macro.go).
struct CELExpression: Sendable {
    indirect enum Form: Sendable {
        case literal(CELValue)
        case name(String)
        case select(CELExpression, field: String)
        /// `has(operand.field)`.
        case presence(CELExpression, field: String)
        case call(String, on: CELExpression?, [CELExpression])
        case list([CELExpression])
        case map([Entry])
        case fold(Fold)
    }

    /// An entry of a map that is written out.
    struct Entry: Sendable {
        var key: CELExpression
        var value: CELExpression
    }

    /// A loop over a list's elements or a map's keys.
    struct Fold: Sendable {
        enum Kind: Sendable { case all, exists, existsOne, filter, map }

        var kind: Kind
        var variable: String
        var range: CELExpression
        /// What `accumulator` is before the first element.
        var start: CELExpression
        var condition: CELExpression
        var step: CELExpression
        var result: CELExpression
        /// What a step adds to the list of `filter` and `map`; none elsewhere.
        var element: [CELExpression]

        /// The name of the value that steps hand on; no expression can be written with it.
        static let accumulator = "@result"
    }

    /// Tells it from all others of one rule.
    var id: Int
    /// Where an error in it is shown, in Unicode scalars from the start.
    var offset: Int
    var form: Form

    /// All expressions below, this one first.
    var all: [CELExpression] {
        switch form {
        case .literal, .name: [self]
        case .select(let operand, _), .presence(let operand, _): [self] + operand.all
        case .call(_, let target, let arguments): [self] + (target?.all ?? []) + arguments.flatMap(\.all)
        case .list(let elements): [self] + elements.flatMap(\.all)
        case .map(let entries): [self] + entries.flatMap { $0.key.all + $0.value.all }
        case .fold(let fold):
            [self] + [fold.range, fold.start, fold.condition, fold.step, fold.result].flatMap(\.all)
        }
    }
}

/// What is wrong with an expression, and where.
struct CELFault: Error, Hashable, Sendable {
    var offset: Int
    var message: String

    /// The fault as cel-go shows it (common/error.go): place, message, the line and a mark below it.
    func shown(in source: String) -> String {
        var line = 1
        var start = 0
        let scalars = Array(source.unicodeScalars)
        for (index, scalar) in scalars.prefix(offset).enumerated() where scalar == "\n" {
            line += 1
            start = index + 1
        }
        let rest = scalars.dropFirst(start).prefix { $0 != "\n" }
        var text = ""
        text.unicodeScalars.append(contentsOf: rest.map { $0 == "\t" ? " " : $0 })
        let column = offset - start
        let mark = String(repeating: ".", count: column) + "^"
        return "ERROR: <input>:\(line):\(column + 1): \(message)\n | \(text)\n | \(mark)"
    }
}
