import KubeCore
import KubeTestSupport

private let old = Step.answer(200, Thing("w", 7).text)
private let written = Step.answer(200, Thing("w", 9, size: 2).text)
private let nothing = Step.answer(404, Wire.status(404, "NotFound", "the object w is not found"), name: "404")
private let created = Step.answer(201, Thing("w", 9, size: 2).text)

/// Writes that the server refuses, and says so.
extension WriteFault {
    /// Refused once, and accepted when the object is read and written again.
    private static func refusedOnce(
        _ name: String,
        _ expected: String,
        operation: Operation = .replace,
        _ refusal: Step,
        as verb: String = "PUT",
        failure: String
    ) -> WriteFault {
        WriteFault(
            name: name,
            expected: expected,
            operation: operation,
            steps: [old, refusal, old, written],
            log: ["GET: 200", "\(verb): \(refusal.name)", "GET: 200", "\(verb): 200"],
            failures: [failure]
        )
    }

    static let refusals: [WriteFault] = [
        refusedOnce(
            "409: the version is no longer current",
            "The write is not repeated as it is: the object is read again, and written from what it is now.",
            .answer(409, Wire.status(409, "Conflict", "the object has been modified")),
            failure: "`409 Conflict`"
        ),
        refusedOnce(
            "409: another manager owns the field (server-side apply)",
            "The error names the manager and the field; nothing is taken over without force.",
            operation: .apply,
            .answer(
                409,
                Wire.status(
                    409,
                    "Conflict",
                    "Apply failed with 1 conflict",
                    details: #"{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"kubectl\"","#
                        + #""field":".spec.size"}]}"#
                )
            ),
            as: "APPLY",
            failure: "`409 Conflict` (FieldManagerConflict: conflict with \"kubectl\")"
        ),
        refusedOnce(
            "422: the object breaks its schema",
            "Not repeated by the client; the error names the field and the rule.",
            .answer(
                422,
                Wire.status(
                    422,
                    "Invalid",
                    "the object w is invalid",
                    details: #"{"causes":[{"reason":"FieldValueInvalid","message":"must be 3","field":"spec.size"}]}"#
                )
            ),
            failure: "`422 Invalid` (FieldValueInvalid: must be 3)"
        ),
        WriteFault(
            name: "404 on the status: the object went away between the read and the write",
            expected: "Not taken for a fault of the subresource: the object is read again, and nothing is left to do.",
            operation: .replaceStatus,
            steps: [old, nothing, nothing],
            log: ["GET: 200", "PUT status: 404", "GET: 404"],
            failures: ["`404 NotFound`"]
        ),
        refusedOnce(
            "A webhook denies the request",
            "The error has the webhook's own words; the client does not repeat it.",
            .answer(403, Wire.status(403, "Forbidden", "admission webhook denied the request: no")),
            failure: "`403 Forbidden`"
        ),
        refusedOnce(
            "A webhook cannot be reached (500)",
            "Not repeated by the client, which cannot know that nothing happened; tried again after the backoff.",
            .answer(500, Wire.status(500, "InternalError", "failed calling webhook")),
            failure: "`500 InternalError`, which may pass"
        ),
        refusedOnce(
            "413: the object is too large",
            "The refusal is read although the body was not sent to its end.",
            operation: .replaceLarge,
            .early(413, Wire.status(413, "RequestEntityTooLarge", "limit is 3145728")),
            failure: "`413 RequestEntityTooLarge`"
        ),
        WriteFault(
            name: "The namespace is being deleted",
            expected: "The error says so by its cause; tried again, since the namespace may come back.",
            operation: .create,
            steps: [
                nothing,
                .answer(
                    403,
                    Wire.status(
                        403,
                        "Forbidden",
                        "unable to create new content in namespace ns because it is being terminated",
                        details: #"{"causes":[{"reason":"NamespaceTerminating","message":"namespace ns is being "#
                            + #"terminated","field":"metadata.namespace"}]}"#
                    )
                ), nothing, created,
            ],
            log: ["GET: 404", "POST: 403", "GET: 404", "POST: 201"],
            failures: ["`403 Forbidden` (NamespaceTerminating: namespace ns is being terminated)"]
        ),
        WriteFault(
            name: "RBAC refuses the read (403), and later allows it",
            expected: "Asked again after the backoff; a refused read is never taken for an absent object.",
            steps: [
                .answer(403, Wire.status(403, "Forbidden", "things is forbidden")),
                .answer(403, Wire.status(403, "Forbidden", "things is forbidden")), old, written,
            ],
            log: ["GET: 403", "GET: 403", "GET: 200", "PUT: 200"],
            failures: ["`403 Forbidden`", "`403 Forbidden`"]
        ),
        WriteFault(
            name: "The CRD is removed and added again",
            expected: "The create is refused by 404, and works once the kind is served again.",
            operation: .create,
            steps: [nothing, .answer(404, "404 page not found"), nothing, created],
            log: ["GET: 404", "POST: 404", "GET: 404", "POST: 201"],
            failures: ["`404`"]
        ),
    ]
}
