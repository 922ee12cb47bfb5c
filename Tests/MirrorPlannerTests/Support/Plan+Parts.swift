import MirrorAPI
import MirrorPlanner

extension Plan {
    /// What is done but for the candidate set: MirrorNodes first.
    var actions: [Write] { records + writes.filter { !$0.purpose.isAboutSeeds } }

    /// What is done about the candidate set.
    var seedWrites: [Write] { writes.filter(\.purpose.isAboutSeeds) }

    /// Seeds that are put back because they are none of this mirror any more.
    var strays: [String] {
        writes.compactMap { write in
            guard case .publishSeed(let seed) = write.purpose, write.verdict.reason == .nodeNotSelected else {
                return nil
            }
            return seed
        }
    }
}
