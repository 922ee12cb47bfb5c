/// Which fields of a log record hold a secret, and what stands in for it.
enum Redaction {
    static let mark = "<redacted>"

    /// Names of fields that hold a secret whatever their type is: the second line of defence behind types
    /// that do not print what they hold.
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
