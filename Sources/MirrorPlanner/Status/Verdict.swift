package import MirrorAPI

/// A reason, and the sentence that goes with it.
package struct Verdict: Hashable, Sendable {
    package var reason: Reason
    package var message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
