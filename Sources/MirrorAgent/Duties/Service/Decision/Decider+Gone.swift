import KubeCore
import MirrorAPI
import MirrorPlanner

/// What is done once the mirror is gone.
///
/// Its `deletionPolicy` is kept on the host while its MirrorNode is there, because it can't be read when it counts.
/// That the mirror is gone must be proven: an agent that takes its files away during an outage, or while somebody makes
/// a MirrorNode anew, would prepare the next ring.
extension Decider {
    /// Seconds from the first proof to the one on which something is done.
    static let graceSeconds = 300

    /// The journal as it has to be for the policy of the mirror that is there; nil where it is so. Where this host has
    /// no step on record nothing of ours is on it.
    var journalWithBequest: Journal? {
        guard input.host.journalFault == nil, journal.settled != nil else { return nil }
        var bequest = journal.bequest
        if let mirrorNode {
            guard mirrorNode.metadata.deletionTimestamp == nil else { return nil }
            let owner = mirrorNode.metadata.ownerReferences.first { $0.kind == P2PMirror.resource.kind }
            bequest = owner.map { Journal.Bequest(provider: mirrorNode.spec.provider, mirrorUID: $0.uid) }
            if mirrorNode.spec.deletionPolicy != .restore { bequest = nil }
        } else if case .present(bequest?.mirrorUID, _, wantsRestore: false) = input.live?.mirror {
            // The node has left the mirror's selector, and the mirror has thought better of it since.
            bequest = nil
        }
        guard bequest != journal.bequest else { return nil }
        var journal = journal
        journal.bequest = bequest
        return journal
    }

    /// There is no MirrorNode of this mirror for this node.
    func decideGone(_ live: LiveView) -> AgentDecision {
        let mirror = input.mirror
        guard let bequest = journal.bequest else {
            return AgentDecision([], .idle, "this node has no MirrorNode of \(mirror)", look: .later)
        }
        guard live.mirror?.isGone(bequest) == true, let since = input.goneSince else {
            let message = "this node has no MirrorNode of \(mirror), which is there: its files stay"
            return AgentDecision([], .idle, message, look: .later)
        }
        guard input.steady - since >= Self.graceSeconds else {
            let message = "P2PMirror \(mirror) is gone; if it still is at \(since + Self.graceSeconds), its files go"
            return AgentDecision([], .mirrorGone, message, look: .later)
        }
        let distribution = RancherDistribution(bequest.provider)?.at(input.host.places)
        if let fault = distribution.flatMap({ input.host.ownBlindSpot($0) }) {
            return AgentDecision(
                [],
                .unreadableConfiguration,
                "its files stay until they can be read: \(fault)",
                look: .later
            )
        }
        return restoreAll(bequest)
    }

    private func restoreAll(_ bequest: Journal.Bequest) -> AgentDecision {
        guard let distribution = RancherDistribution(bequest.provider)?.at(input.host.places) else {
            return AgentDecision([], .idle, "nothing of \(input.mirror) is on this host", look: .later)
        }
        var effects: [Effect] = []
        var done: [String] = []
        var left: [String] = []
        if input.host.dropIn != nil {
            if presentDropIn == journal.settled?.dropIn {
                effects.append(.removeFile(distribution.dropInFile))
                done.append("\(distribution.dropInFile) is removed")
            } else {
                left.append("\(distribution.dropInFile) was changed by somebody")
            }
        }
        do throws(RegistriesFile.Fault) {
            let ours = try RegistriesFile.bare(journal.added, in: input.host.registries)
            let content = try RegistriesFile.edit(input.host.registries, removing: ours)
            if content != input.host.registries {
                let path = distribution.registriesFile
                guard input.host.registriesAttributes?.isLink != true else {
                    throw RegistriesFile.Fault(message: "it is a symbolic link")
                }
                effects.append(content.map { .writeFile($0, path: path) } ?? .removeFile(path))
                done.append("\(ours.joined(separator: ", ")) is taken out of \(path)")
            }
        } catch {
            left.append(
                "\(distribution.registriesFile) can't be edited (\(error.message)), so that "
                    + "\(journal.added.joined(separator: ", ")) stays"
            )
        }
        let what = (done + left.map { "\($0) and is left" }).joined(separator: "; ")
        return AgentDecision(
            [.lock] + effects + [.forget],
            .mirrorGone,
            "P2PMirror \(input.mirror) is gone\(what.isEmpty ? "" : ": \(what)"); nothing is restarted",
            look: .later
        )
    }
}
