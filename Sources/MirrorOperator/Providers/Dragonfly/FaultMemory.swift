import KubeCore

/// Since when daemons have failed in the way in which they fail now.
struct FaultMemory {
    private var known: [String: (word: String, since: Timestamp)] = [:]

    /// Takes how something is now.
    ///
    /// - Parameters:
    ///   - key: what it is of.
    ///   - word: how it fails; nil where it does not.
    /// - Returns: since when it has failed so; nil where it does not fail.
    mutating func since(_ key: String, _ word: String?, at now: Timestamp) -> Timestamp? {
        guard let word else {
            known[key] = nil
            return nil
        }
        if let before = known[key], before.word == word { return before.since }
        known[key] = (word, now)
        return now
    }
}
