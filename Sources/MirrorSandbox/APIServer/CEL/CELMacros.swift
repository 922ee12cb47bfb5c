extension CELParser {
    /// The loop that a macro stands for; nil where the name is no macro with so many arguments.
    mutating func macro(
        _ name: String,
        on range: CELExpression,
        _ arguments: [CELExpression],
        at offset: Int
    ) throws(CELFault) -> CELExpression? {
        let kind: CELExpression.Fold.Kind
        switch (name, arguments.count) {
        case ("all", 2): kind = .all
        case ("exists", 2): kind = .exists
        case ("exists_one", 2), ("existsOne", 2): kind = .existsOne
        case ("filter", 2): kind = .filter
        case ("map", 2), ("map", 3): kind = .map
        default: return nil
        }
        guard case .name(let variable) = arguments[0].form else {
            let isList = kind == .filter || kind == .map
            let message = isList ? "argument is not an identifier" : "argument must be a simple name"
            throw CELFault(offset: arguments[0].offset, message: message)
        }
        let maker = FoldMaker(offset: offset, variable: variable, range: range)
        let fold =
            kind == .filter || kind == .map
            ? maker.list(kind, arguments, &self) : maker.quantifier(kind, arguments[1], &self)
        return make(.fold(fold), at: offset)
    }
}

/// Writes loops as cel-go does, because the estimate of their cost depends on it.
private struct FoldMaker {
    var offset: Int
    var variable: String
    var range: CELExpression

    func quantifier(
        _ kind: CELExpression.Fold.Kind,
        _ test: CELExpression,
        _ parser: inout CELParser
    ) -> CELExpression.Fold {
        func make(_ form: CELExpression.Form) -> CELExpression { parser.make(form, at: offset) }
        func accumulator() -> CELExpression { make(.name(CELExpression.Fold.accumulator)) }
        func call(_ name: String, _ arguments: CELExpression...) -> CELExpression {
            make(.call(name, on: nil, arguments))
        }
        let start: CELExpression
        let condition: CELExpression
        let step: CELExpression
        var result = accumulator()
        switch kind {
        case .all:
            start = make(.literal(.bool(true)))
            condition = call("@not_strictly_false", accumulator())
            step = call("_&&_", accumulator(), test)
        case .exists:
            start = make(.literal(.bool(false)))
            condition = call("@not_strictly_false", call("!_", accumulator()))
            step = call("_||_", accumulator(), test)
        default:
            start = make(.literal(.int(0)))
            condition = make(.literal(.bool(true)))
            let one = call("_+_", accumulator(), make(.literal(.int(1))))
            step = call("_?_:_", test, one, accumulator())
            result = call("_==_", accumulator(), make(.literal(.int(1))))
        }
        return fold(kind, start, condition, step, result, [])
    }

    func list(
        _ kind: CELExpression.Fold.Kind,
        _ arguments: [CELExpression],
        _ parser: inout CELParser
    ) -> CELExpression.Fold {
        func make(_ form: CELExpression.Form) -> CELExpression { parser.make(form, at: offset) }
        func accumulator() -> CELExpression { make(.name(CELExpression.Fold.accumulator)) }
        let isFiltered = kind == .filter || arguments.count == 3
        let element = kind == .filter ? arguments[0] : arguments[arguments.count - 1]
        var step = make(.call("_+_", on: nil, [accumulator(), make(.list([element]))]))
        if isFiltered {
            step = make(.call("_?_:_", on: nil, [arguments[1], step, accumulator()]))
        }
        return fold(kind, make(.list([])), make(.literal(.bool(true))), step, accumulator(), [element])
    }

    private func fold(
        _ kind: CELExpression.Fold.Kind,
        _ start: CELExpression,
        _ condition: CELExpression,
        _ step: CELExpression,
        _ result: CELExpression,
        _ element: [CELExpression]
    ) -> CELExpression.Fold {
        CELExpression.Fold(
            kind: kind,
            variable: variable,
            range: range,
            start: start,
            condition: condition,
            step: step,
            result: result,
            element: element
        )
    }
}
