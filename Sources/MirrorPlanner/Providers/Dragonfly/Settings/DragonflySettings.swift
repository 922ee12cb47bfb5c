/// What Dragonfly's processes run with: their files read as they read them, with the defaults of their code for what is
/// absent. A value of a wrong type counts as absent here, and is a finding of `SettingsReview`.
package enum DragonflySettings {
    /// The port at the end of an address such as `:8000` or `10.0.0.1:8000`.
    static func port(ofAddress text: String) -> Int? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        return (1...65_535).contains(port) ? port : nil
    }
}
