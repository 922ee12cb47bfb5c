package import KubeCore
package import MirrorAPI

/// What the API server showed of one seed, change by change, each with the time at which it was seen.
package struct SeedTimeline: Hashable, Sendable {
    package enum Fact: Hashable, Sendable {
        /// Value of the label that carries it in the candidate set; nil where the Node has none.
        case label(String?)
        /// What the operator remembers of it; nil where it remembers nothing.
        case record(MirrorNodeStatus.Candidate?)
        /// What its agent reports of its volume.
        case disk(Int?)
        /// Its Lease was renewed, with the time that stands in it; nil where it says goodbye.
        case renewal(MicroTimestamp?)

        fileprivate func isOfKind(_ other: Fact) -> Bool {
            switch (self, other) {
            case (.label, .label), (.record, .record), (.disk, .disk), (.renewal, .renewal): true
            default: false
            }
        }
    }

    package struct Entry: Hashable, Sendable {
        package var at: MicroTimestamp
        package var fact: Fact
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    /// Takes what was seen; false where that is nothing new.
    @discardableResult
    package mutating func see(_ fact: Fact, at time: MicroTimestamp) -> Bool {
        guard entries.last(where: { $0.fact.isOfKind(fact) })?.fact != fact else { return false }
        entries.append(Entry(at: time, fact: fact))
        return true
    }

    /// The first entry from the number on of which something is true.
    package func first(from number: Int = 0, where isIt: (Fact) -> Bool) -> (number: Int, entry: Entry)? {
        guard let index = entries.indices.dropFirst(number).first(where: { isIt(entries[$0].fact) }) else { return nil }
        return (index, entries[index])
    }

    /// The renewal that counts for who looks at an entry: the last one before it, as its node wrote it and as it was
    /// seen.
    package func renewal(before number: Int) -> (written: MicroTimestamp, seen: MicroTimestamp)? {
        for entry in entries.prefix(number).reversed() {
            if case .renewal(let time) = entry.fact { return time.map { ($0, entry.at) } }
        }
        return nil
    }

    /// When the last probation that began before an entry was to end; nil where there was none. That it is over is
    /// written before the label shows it.
    package func probationEnd(before number: Int) -> Timestamp? {
        for entry in entries.prefix(number).reversed() {
            if case .record(let record?) = entry.fact, record.state == .probation { return record.until }
        }
        return nil
    }

    /// The states that the record went through, each once in a row.
    package var states: [CandidateState] {
        var states: [CandidateState] = []
        for entry in entries {
            if case .record(let record) = entry.fact, let state = record?.state, states.last != state {
                states.append(state)
            }
        }
        return states
    }
}
