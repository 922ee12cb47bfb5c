import Foundation
import KubeCore
import KubeTestSupport

private let old = Step.answer(200, Thing("w", 7).text)
private let written = Step.answer(200, Thing("w", 9, size: 2).text)
private let nothing = Step.answer(404, Wire.status(404, "NotFound", "the object w is not found"), name: "404")

/// Servers that are busy, away, or silent after they did what was asked.
extension WriteFault {
    private static func busy(_ header: @escaping @Sendable () -> String) -> Step {
        Step("429") { peer in
            peer.answer(
                Wire.status(429, "TooManyRequests", "slow down"),
                status: "429 Busy",
                headers: ["Content-Type: application/json", header()]
            )
            return .keep
        }
    }

    /// The form that RFC 9110 prescribes, two seconds from now: it has no fractions, so one second at least is left.
    private static func httpDate() -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSinceNow: 2))
    }

    private static func passing(_ code: Int, _ reason: String) -> WriteFault {
        WriteFault(
            name: "\(code) without Retry-After",
            expected: "The client does not repeat the write; the controller reads again and writes after the backoff.",
            steps: [old, .answer(code, Wire.status(code, reason, "not now")), old, written],
            log: ["GET: 200", "PUT: \(code)", "GET: 200", "PUT: 200"],
            failures: ["`\(code) \(reason)`, which may pass"]
        )
    }

    private static func repeated(_ name: String, _ refusal: Step) -> WriteFault {
        WriteFault(
            name: name,
            expected: "The server says that nothing was done: the client repeats the write, no sooner than asked.",
            steps: [old, refusal, written],
            log: ["GET: 200", "PUT: \(refusal.name)", "PUT: 200"],
            pause: (before: 2, atLeast: .seconds(1))
        )
    }

    static let outages: [WriteFault] = [
        passing(429, "TooManyRequests"),
        repeated("429 with Retry-After in seconds", busy { "Retry-After: 1" }),
        repeated("429 with Retry-After as a date", busy { "Retry-After: \(httpDate())" }),
        passing(500, "InternalError"),
        passing(503, "ServiceUnavailable"),
        repeated(
            "503 with Retry-After",
            .answer(503, Wire.status(503, "ServiceUnavailable", "starting"), headers: ["Retry-After: 1"])
        ),
        passing(504, "Timeout"),
        WriteFault(
            name: "No answer in time, after the server did what was asked",
            expected:
                "The outcome is unknown, and said to be: the object is read, found as it should be, and not written "
                + "a second time.",
            timeout: .seconds(2),
            steps: [
                old,
                Step("done, and no answer") { peer in
                    peer.waitForClose()
                    return .close
                }, written,
            ],
            log: ["GET: 200", "PUT: done, and no answer", "GET: 200"],
            failures: ["`outcomeUnknown`"]
        ),
        WriteFault(
            name: "The connection breaks after the server created the object",
            expected: "The outcome is unknown; the object is read, found, and not created a second time.",
            operation: .create,
            steps: [nothing, Step("done, and a reset") { _ in .reset }, written],
            log: ["GET: 404", "POST: done, and a reset", "GET: 200"],
            failures: ["`outcomeUnknown`"]
        ),
        WriteFault(
            name: "The connection is closed before the server did anything",
            expected: "The client cannot know: the outcome is unknown; the object is read, and written again.",
            steps: [old, Step("closed") { _ in .close }, old, written],
            log: ["GET: 200", "PUT: closed", "GET: 200", "PUT: 200"],
            failures: ["`outcomeUnknown`"]
        ),
    ]

    static let all = refusals + outages
}
