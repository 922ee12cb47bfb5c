import KubeCore

/// An answer other than success, before it is written as a `Status`.
struct APIError: Error {
    /// HTTP status code.
    var code: Int
    /// One word for programs.
    var reason: String
    /// A sentence for people.
    var message: String
    /// The `details` of the status.
    var details: JSONValue?
    /// Whether the body is plain text, as for paths that no API is behind.
    var isPlain = false

    /// The `Status` object.
    var status: JSONValue {
        var value: JSONValue = [
            "apiVersion": "v1", "kind": "Status", "metadata": [:], "status": "Failure",
            "message": .string(message), "reason": .string(reason), "code": .int(Int64(code)),
        ]
        if let details { value["details"] = details }
        return value
    }
}

extension APIError {
    /// Group and resource as messages write them: `nodes`, `leases.coordination.k8s.io`.
    private static func qualified(_ resource: APIResource) -> String {
        resource.group.isEmpty ? resource.plural : "\(resource.plural).\(resource.group)"
    }

    private static func details(_ resource: APIResource, _ name: String) -> JSONValue {
        var details: JSONValue = ["kind": .string(resource.plural)]
        if !name.isEmpty { details["name"] = .string(name) }
        if !resource.group.isEmpty { details["group"] = .string(resource.group) }
        return details
    }

    static let pageNotFound = APIError(code: 404, reason: "NotFound", message: "404 page not found\n", isPlain: true)

    static let noSuchResource = APIError(
        code: 404,
        reason: "NotFound",
        message: "the server could not find the requested resource",
        details: [:]
    )

    static let methodNotAllowed = APIError(
        code: 405,
        reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource",
        details: [:]
    )

    static func notFound(_ resource: APIResource, _ name: String) -> APIError {
        APIError(
            code: 404,
            reason: "NotFound",
            message: "\(qualified(resource)) \"\(name)\" not found",
            details: details(resource, name)
        )
    }

    static func alreadyExists(_ resource: APIResource, _ name: String) -> APIError {
        APIError(
            code: 409,
            reason: "AlreadyExists",
            message: "\(qualified(resource)) \"\(name)\" already exists",
            details: details(resource, name)
        )
    }

    static func conflict(_ resource: APIResource, _ name: String, _ why: String = modified) -> APIError {
        APIError(
            code: 409,
            reason: "Conflict",
            message: "Operation cannot be fulfilled on \(qualified(resource)) \"\(name)\": \(why)",
            details: details(resource, name)
        )
    }

    static let modified = "the object has been modified; please apply your changes to the latest version and try again"

    static func forbidden(_ resource: APIResource, _ name: String, _ why: String) -> APIError {
        APIError(
            code: 403,
            reason: "Forbidden",
            message: "\(qualified(resource)) \"\(name)\" is forbidden: \(why)",
            details: details(resource, name)
        )
    }

    static func badRequest(_ message: String) -> APIError {
        APIError(code: 400, reason: "BadRequest", message: message)
    }

    static func expired(_ message: String) -> APIError {
        APIError(code: 410, reason: "Expired", message: message)
    }

    static func notAcceptable(_ accepted: String) -> APIError {
        APIError(
            code: 406,
            reason: "NotAcceptable",
            message: "only the following media types are accepted: \(accepted)"
        )
    }

    static func unsupportedMediaType(_ accepted: [String]) -> APIError {
        APIError(
            code: 415,
            reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format - accepted media types include: "
                + accepted.joined(separator: ", ")
        )
    }

    /// A JSON patch that could not be carried out; the server says no more than this.
    static let unprocessablePatch = APIError(
        code: 422,
        reason: "Invalid",
        message: "the server rejected our request due to an error in our request",
        details: [:]
    )

    static func tooLargeVersion(_ asked: UInt64, _ current: UInt64) -> APIError {
        APIError(
            code: 504,
            reason: "Timeout",
            message: "Timeout: Too large resource version: \(asked), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ]
        )
    }

    static func invalid(group: String, kind: String, name: String, _ faults: [FieldFault]) -> APIError {
        let texts = faults.map(\.text)
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        var details: JSONValue = ["name": .string(name), "kind": .string(kind)]
        if !group.isEmpty { details["group"] = .string(group) }
        details["causes"] = .array(faults.map(\.cause))
        let type = group.isEmpty ? kind : "\(kind).\(group)"
        return APIError(
            code: 422,
            reason: "Invalid",
            message: "\(type) \"\(name)\" is invalid: \(list)",
            details: details
        )
    }

    static func invalid(_ resource: APIResource, _ name: String, _ faults: [FieldFault]) -> APIError {
        invalid(group: resource.group, kind: resource.kind, name: name, faults)
    }
}

/// One fault of one field, in the words of the server.
struct FieldFault: Hashable, Sendable {
    /// Path of the field.
    var field: String
    /// One word for programs.
    var reason: String
    /// The sentence without the field.
    var message: String

    var text: String { field.isEmpty ? message : "\(field): \(message)" }

    var cause: JSONValue {
        ["reason": .string(reason), "message": .string(message), "field": .string(field)]
    }

    static func required(_ field: String, _ detail: String = "") -> FieldFault {
        let message = detail.isEmpty ? "Required value" : "Required value: \(detail)"
        return FieldFault(field: field, reason: "FieldValueRequired", message: message)
    }

    static func invalid(_ field: String, _ value: JSONValue, _ detail: String) -> FieldFault {
        FieldFault(field: field, reason: "FieldValueInvalid", message: "Invalid value: \(value.quoted): \(detail)")
    }

    static func forbidden(_ field: String, _ detail: String) -> FieldFault {
        FieldFault(field: field, reason: "FieldValueForbidden", message: "Forbidden: \(detail)")
    }

    static func duplicate(_ field: String, _ value: JSONValue) -> FieldFault {
        FieldFault(field: field, reason: "FieldValueDuplicate", message: "Duplicate value: \(value.quoted)")
    }

    static func unsupported(_ field: String, _ value: JSONValue, _ supported: [String]) -> FieldFault {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        let message = "Unsupported value: \(value.quoted): supported values: \(list)"
        return FieldFault(field: field, reason: "FieldValueNotSupported", message: message)
    }

    static func tooLong(_ field: String, _ limit: Int) -> FieldFault {
        let message = "Too long: may not be more than \(limit) bytes"
        return FieldFault(field: field, reason: "FieldValueTooLong", message: message)
    }

    static func tooMany(_ field: String, _ count: Int, _ limit: Int) -> FieldFault {
        let message = "Too many: \(count): must have at most \(limit) items"
        return FieldFault(field: field, reason: "FieldValueTooMany", message: message)
    }
}
