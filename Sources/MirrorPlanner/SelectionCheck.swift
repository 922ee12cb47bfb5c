import KubeCore
import MirrorAPI

/// Whether what a mirror selects may be a mistake.
///
/// A selector with a typing error in it matches nothing, and is as right to an API server as any other one. What would
/// follow is not taken back by putting it right: records are deleted, sick seeds are handed out again, another root is
/// chosen. So a selection that shrinks by much at once, or that loses the root, is carried out once an administrator
/// has confirmed it; until then the mirror rests as if it were paused. Nodes that are gone are no matter of a selector.
struct SelectionCheck {
    /// More than so many of a hundred nodes do not leave at once; one node alone does, unless it is the last one.
    static let share = 20

    /// What is in doubt, and how to confirm it; nil where nothing is.
    let doubt: Verdict?

    init(_ mirror: P2PMirror, _ leftovers: Leftovers, root: String? = nil, seeds: Change? = nil) {
        let generation = mirror.metadata.generation.map { "\($0)" } ?? ""
        guard !generation.isEmpty, mirror.metadata.annotations[AnnotationKey.confirmSelection] == generation else {
            let nodes = Change(leaving: leftovers.leaving, of: leftovers.recordedCount)
            doubt = Self.text(nodes, root, seeds).map { what in
                Verdict(
                    .selectionShrank,
                    "\(what). That may be a mistake, so nothing is done until it is put right or confirmed: "
                        + "kubectl annotate --overwrite p2pm \(mirror.metadata.name) "
                        + "\(AnnotationKey.confirmSelection)=\(generation)"
                )
            }
            return
        }
        doubt = nil
    }

    /// What would leave at once.
    struct Change {
        var leaving: [String]
        /// How many there are, those that are leaving among them.
        var count: Int

        init(leaving: [String], of count: Int) {
            self.leaving = leaving
            self.count = count
        }

        var isLarge: Bool {
            guard !leaving.isEmpty else { return false }
            return leaving.count >= count || (leaving.count > 1 && leaving.count * 100 > count * SelectionCheck.share)
        }
    }

    private static func text(_ nodes: Change, _ root: String?, _ seeds: Change?) -> String? {
        if nodes.isLarge {
            return "spec.selector no longer matches \(nodes.leaving.count) of the \(nodes.count) nodes on record "
                + "(\(Sentences.list(nodes.leaving))); at most \(share) % leave at once"
        }
        if let root, nodes.leaving.contains(root) {
            return "spec.selector no longer matches \(root), the root: another one would take its place, which "
                + "restarts servers"
        }
        guard let seeds, seeds.isLarge else { return nil }
        return "\(seeds.leaving.count) of the \(seeds.count) seeds on record are seeds no longer "
            + "(\(Sentences.list(seeds.leaving))), as spec.candidates.selector and the nodes' labels say; at most "
            + "\(share) % leave at once"
    }
}
