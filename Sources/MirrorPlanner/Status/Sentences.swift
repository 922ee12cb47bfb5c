/// Parts of sentences that appear in more than one place.
enum Sentences {
    /// The first five of some names; of `count` names, where only the first ones are given.
    static func list(_ names: [String], of count: Int? = nil) -> String {
        let count = count ?? names.count
        let more = count > 5 ? " and \(count - 5) more" : ""
        return names.prefix(5).joined(separator: ", ") + more
    }
}
