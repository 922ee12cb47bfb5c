package import KubeCore

/// What goes wrong with one request, on purpose.
package enum Fault: Sendable {
    /// Nothing.
    case none
    /// The connection breaks before the server has done anything.
    case cutBeforeEffect
    /// The server does what is asked, and the connection breaks before the answer.
    case cutAfterEffect
    /// The server answers with this HTTP status, and says after how many seconds to come again.
    case refuse(status: Int, retryAfter: Int? = nil)
    /// The request arrives later.
    case delay(Duration)
    /// The request is carried out twice, as by a proxy that repeats it; the second answer is given.
    case answerTwice
    /// A stream breaks after so many pieces; other answers are not touched.
    case cutStream(afterChunks: Int)
    /// The client dies, before or after the effect: the closure is called and the client gets no answer.
    case kill(afterEffect: Bool, @Sendable () -> Void)
}

/// Decides on the fault of each request; requests are counted from 1.
package typealias FaultPlan = @Sendable (_ number: Int, _ request: KubeRequest) -> Fault

extension Fault {
    /// The answer of a server that refuses.
    static func refusal(_ status: Int, _ retryAfter: Int?) -> KubeResponse {
        let reasons = [
            401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 410: "Expired", 429: "TooManyRequests",
            500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
        ]
        var error = APIError(
            code: status,
            reason: reasons[status] ?? "Unknown",
            message: "the server refused the request on purpose"
        )
        if let retryAfter { error.details = ["retryAfterSeconds": .int(Int64(retryAfter))] }
        return APIServerState.response(error)
    }
}
