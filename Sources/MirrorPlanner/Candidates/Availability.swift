import KubeCore
import MirrorAPI

/// The condition `CandidatesAvailable`: whether the fleet has the seeds that it should have.
struct Availability {
    private let set: CandidateSet
    private let input: CandidateInput
    private let context: CandidateContext

    init(_ set: CandidateSet, _ input: CandidateInput, _ context: CandidateContext) {
        self.set = set
        self.input = input
        self.context = context
    }

    func finding() -> CandidateConditions.Finding {
        guard !input.seeds.isEmpty else {
            return .init(.false, Verdict(.noSeeds, "No node that is selected is a seed (candidates.selector)"))
        }
        let published = set.places.count { $0.isPublished }
        let seeds = Sentences.form(set.total, "seed is", "seeds are")
        let numbers = "\(published) of \(set.total) \(seeds) published (at least \(set.floor) must be)"
        if !doubts.isEmpty { return .init(.unknown, Verdict(.signalInDoubt, numbers + doubts)) }
        if published < min(set.floor, set.total) {
            return .init(.false, Verdict(.minPublished, "\(numbers): the others are gone or excluded"))
        }
        if let first = set.held.first(where: { $0.guardian.reason == .minPublished || $0.guardian.reason == .lastPeer })
        {
            let names = set.held.filter { $0.guardian.reason == first.guardian.reason }.map(\.seed)
            let stay = "\(Sentences.list(names)) \(Sentences.form(names.count, "stays", "stay"))"
            let message = "\(numbers): \(stay) in the set though unhealthy (\(first.cause.message))"
            return .init(.false, Verdict(first.guardian.reason, message))
        }
        if !set.places.contains(where: { $0.isPublished && $0.causes.isEmpty }) {
            let message = numbers + ": none of them is well" + illness + waiting + would
            return .init(.false, Verdict(.noHealthySeed, message))
        }
        return .init(.true, Verdict(.seedsPublished, numbers + waiting + would))
    }

    /// Signals that do not count now.
    private var doubts: String {
        let doubted = context.trust.doubted.compactMap { signal in
            context.trust.doubt(of: signal).map { "what \(signal.says) does not count now: \($0)" }
        }
        return doubted.isEmpty ? "" : "; \(doubted.joined(separator: "; "))"
    }

    /// What is wrong with the first that is published though it is unwell.
    private var illness: String {
        let ill = set.places.lazy.filter(\.isPublished).compactMap { place in
            place.causes.first.map { " (\(place.seed.name): \($0.detail))" }
        }
        return ill.first ?? ""
    }

    private var waiting: String {
        let names = set.held.filter { ![.observing, .paused].contains($0.guardian.reason) }
        guard let first = names.first else { return "" }
        let wait = Sentences.form(names.count, "waits", "wait")
        return "; \(Sentences.list(names.map(\.seed))) would leave, and \(wait): \(first.guardian.message)"
    }

    private var would: String {
        let leave = set.wouldLeave.isEmpty ? "" : "; \(Sentences.list(set.wouldLeave)) would leave the set"
        let join = set.wouldJoin.isEmpty ? "" : "; \(Sentences.list(set.wouldJoin)) would come back"
        return leave + join
    }
}
