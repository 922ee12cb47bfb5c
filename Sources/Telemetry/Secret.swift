/// A value that must never be printed: a token, a key, a password.
///
/// Whatever turns values into text (`description`, string interpolation, `dump`, a log line's metadata) sees only that
/// there is a secret. It is not `Codable`, so that it can't end in a document by accident.
package struct Secret<Value: Sendable>: Sendable {
    private let hidden: Value

    package init(_ value: Value) {
        hidden = value
    }

    /// The value itself, for the one place that needs it; the name makes each use easy to find.
    package func reveal() -> Value { hidden }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Redaction.mark }
    package var debugDescription: String { Redaction.mark }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Equatable where Value: Equatable {}

/// What stands in for a secret, and which fields of a log record hold one.
enum Redaction {
    static let mark = "<redacted>"

    /// Names of fields that hold a secret whatever their type is: the second line of defence behind `Secret`.
    private static let names: Set<String> = ["token", "password", "passwd", "secret", "authorization", "bearer"]

    /// Whether the last word of a field's name (`server.join-token`, `clientSecret`) names a secret.
    static func covers(_ key: String) -> Bool {
        var word = ""
        for character in key.reversed() {
            guard character.isLetter || character.isNumber else { break }
            word.insert(character, at: word.startIndex)
            if character.isUppercase { break }
        }
        return names.contains(word.lowercased()) || names.contains(key.lowercased())
    }
}
