/// A value of a specification that the schema lets through and that is wrong nevertheless.
package struct FieldViolation: Hashable, Sendable {
    package var path: String
    package var message: String

    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }
}

extension P2PMirrorSpec {
    /// What is wrong with the specification of the mirror of that name.
    package func violations(name: String) -> [FieldViolation] { [] }
}
