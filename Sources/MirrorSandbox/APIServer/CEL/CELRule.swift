import KubeCore

/// One of a schema's `x-kubernetes-validations`.
struct CELRule: Sendable {
    var text: String
    var message: String
    var reason: String?
    /// The rule read; or what keeps it from being read.
    let reading: Result<CELExpression, CELFault>
    /// Whether it is about a change: it is asked only where there is an old value.
    let usesOldSelf: Bool

    init(_ value: JSONValue) {
        text = value["rule"]?.stringValue ?? ""
        message = value["message"]?.stringValue ?? ""
        reason = value["reason"]?.stringValue
        do throws(CELFault) {
            let expression = try CELParser.parse(text)
            usesOldSelf = expression.all.contains { part in
                guard case .name("oldSelf") = part.form else { return false }
                return true
            }
            reading = .success(expression)
        } catch {
            usesOldSelf = false
            reading = .failure(error)
        }
    }

    /// What keeps a value from satisfying the rule; nil where it does.
    ///
    /// - Parameter type: how the server calls the value's type, should the rule come to no result.
    func fault(_ value: CELValue, old: CELValue?, at path: String, type: String) -> FieldFault? {
        guard old != nil || !usesOldSelf, case .success(let expression) = reading else { return nil }
        var evaluator = CELEvaluator(value, old: old)
        switch evaluator.value(expression) {
        case .bool(true): return nil
        case .bool: return broken(value, at: path)
        case .failure(let why) where why == "no such overload":
            let text = "call arguments did not match a supported operator, function or macro signature for rule"
            return .invalid(path, .string(type), "'\(why)': \(text): \(shownMessage)")
        case .failure(let why): return .invalid(path, .string(type), "\(why) evaluating rule: \(shownMessage)")
        default: return .invalid(path, .string(type), "no such overload evaluating rule: \(shownMessage)")
        }
    }

    private var shownMessage: String { message.isEmpty ? text : message }

    private func broken(_ value: CELValue, at path: String) -> FieldFault {
        let detail = message.isEmpty ? "failed rule: \(text)" : message
        let shown: String
        switch value {
        case .string(let text): shown = "\"\(text)\": "
        case .int(let number): shown = "\(number): "
        case .double(let number): shown = "\(number): "
        case .bool(let flag): shown = "\(flag): "
        default: shown = ""
        }
        switch reason {
        case "FieldValueForbidden"?: return .forbidden(path, detail)
        case "FieldValueRequired"?: return .required(path, detail)
        default:
            return FieldFault(field: path, reason: "FieldValueInvalid", message: "Invalid value: \(shown)\(detail)")
        }
    }

    /// The rule as an error of its definition shows it: as Go writes the structure.
    var shown: String {
        func quoted(_ text: String) -> String {
            JSONValue.string(text).text.replacing("&", with: "\\u0026").replacing("<", with: "\\u003c")
                .replacing(">", with: "\\u003e")
        }
        return "{\"Rule\":\(quoted(text)),\"Message\":\(quoted(message)),\"MessageExpression\":\"\","
            + "\"Reason\":\(reason.map(quoted) ?? "null"),\"FieldPath\":\"\",\"OptionalOldSelf\":null}"
    }
}

extension CELRule: Hashable {
    static func == (left: CELRule, right: CELRule) -> Bool {
        left.text == right.text && left.message == right.message && left.reason == right.reason
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(message)
        hasher.combine(reason)
    }
}
