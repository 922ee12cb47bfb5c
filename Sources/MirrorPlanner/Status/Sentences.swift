/// Parts of sentences that appear in more than one place.
enum Sentences {
    /// The first five of some names; of `count` names, where only the first ones are given.
    static func list(_ names: [String], of count: Int? = nil) -> String {
        let count = count ?? names.count
        let more = count > 5 ? " and \(count - 5) more" : ""
        return names.prefix(5).joined(separator: ", ") + more
    }

    /// The form of a word that fits so many.
    static func form(_ count: Int, _ one: String, _ many: String) -> String { count == 1 ? one : many }

    /// So many of something, such as "1 node" or "3 nodes".
    static func count(_ count: Int, _ one: String, _ many: String) -> String { "\(count) \(form(count, one, many))" }

    /// A part of the seeds, such as "1 of 3 seeds".
    static func seeds(_ count: Int, of all: Int) -> String { "\(count) of \(all) \(form(all, "seed", "seeds"))" }
}
