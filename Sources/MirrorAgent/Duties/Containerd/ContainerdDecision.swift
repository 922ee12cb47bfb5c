import KubeCore
import MirrorAPI
import MirrorPlanner

/// What to do about a node's containerd: to report, to write one file of our own, to take away what a removed mirror
/// left. Pure; nothing is restarted.
struct ContainerdDecision {
    private let input: ContainerdInput

    private init(_ input: ContainerdInput) { self.input = input }

    /// Total and deterministic, as every decision of the agent.
    static func decide(_ input: ContainerdInput) -> AgentDecision {
        let decision = Self(input)
        guard let mirrorNode = input.mirrorNode else { return decision.decideGone() }
        return decision.decide(mirrorNode)
    }

    private func decide(_ mirrorNode: MirrorNode) -> AgentDecision {
        let wish = mirrorNode.spec.containerd
        let isValid = wish.map { TextForm.hostPath.matches($0.registryConfigPath) } ?? true
        var repairs: [Effect] = []
        var report = wish.map { ContainerdCheck($0, input.view).report }
        if let wish, isValid {
            let dropIn = ContainerdRepair.dropIn(wish, input.view, mirror: input.mirror, present: present)
            let leftovers = ContainerdLeftovers(wish, input.view)
            repairs = effects(of: leftovers, wish.registryConfigPath)
            if repairs.isEmpty { repairs = effects(of: dropIn, mirrorNode) }
            complete(&report, dropIn, leftovers, wish)
        } else if wish != nil {
            report = ContainerdReport(findings: [
                .init(
                    reason: Reason.invalidSetting.rawValue,
                    message: "registryConfigPath must be \(TextForm.hostPath.meaning)"
                )
            ])
        }
        if mirrorNode.metadata.deletionTimestamp != nil { repairs = [] }
        repairs += input.temporaries.sorted().map(Effect.removeLeftover)
        let agent = status(mirrorNode, report)
        let reporting = isNews(agent, mirrorNode) ? [Effect.report(agent)] : []
        guard !repairs.isEmpty else {
            return AgentDecision(reporting, .idle, agent.message ?? Self.rest(wish), look: .later)
        }
        // What is being put right is reported once it is; what could not be is told first.
        let first = input.failure == nil ? [] : reporting
        return AgentDecision(
            first + [.lock] + repairs,
            .idle,
            "containerd's files are put right: \(repairs.compactMap(\.path).joined(separator: ", "))",
            look: .now
        )
    }

    private static func rest(_ wish: ContainerdWish?) -> String {
        guard let wish, wish.installed || wish.isGone else {
            return
                "it is not known which mirror containerd is to ask here, so nothing is looked for and nothing changed"
        }
        return wish.installed ? "containerd asks the mirror" : "nothing of \(wish.release ?? "the mirror") is left"
    }

    private var present: (path: String, content: [UInt8])? { input.ownFile.map { ($0.path, $0.content) } }

    private func effects(of dropIn: ContainerdRepair.DropIn, _ mirrorNode: MirrorNode) -> [Effect] {
        switch dropIn {
        case .write(let content, let path):
            let record = record(path, mirrorNode)
            return (record == input.record ? [] : [.writeRecord(record)]) + [.writeFile(content, path: path)]
        case .remove(let path): return [.removeFile(path), .forgetRecord]
        case .keep, .impossible:
            guard let ownFile = input.ownFile else { return input.record == nil ? [] : [.forgetRecord] }
            let record = record(ownFile.path, mirrorNode)
            return record == input.record ? [] : [.writeRecord(record)]
        }
    }

    private func record(_ path: String, _ mirrorNode: MirrorNode) -> ContainerdRecord {
        let owner = mirrorNode.metadata.ownerReferences.first { $0.kind == P2PMirror.resource.kind }
        return ContainerdRecord(
            dropIn: path,
            mirrorUID: owner?.uid ?? "",
            restores: owner != nil && mirrorNode.spec.deletionPolicy == .restore
        )
    }

    private func effects(of leftovers: ContainerdLeftovers, _ root: String) -> [Effect] {
        let remove = { (name: String) -> [Effect] in
            [.removeFile("\(root)/\(name)/hosts.toml"), .removeDirectory("\(root)/\(name)")]
        }
        let removals =
            leftovers.trash.flatMap(remove)
            + leftovers.removes.flatMap { name -> [Effect] in
                let trash = HostsRoot.trashName(for: name)
                return [.move("\(root)/\(name)", to: "\(root)/\(trash)")] + remove(trash)
            }
        let backup = "\(root)/\(HostsRoot.backupName)"
        let moves = leftovers.restores.map { Effect.move("\(backup)/\($0)", to: "\(root)/\($0)") }
        return removals + moves + (leftovers.removesBackup ? [.removeDirectory(backup)] : [])
    }

    /// There is no MirrorNode of this mirror for this node: our file stays unless the mirror is proven to be gone and
    /// had asked for it to go then.
    private func decideGone() -> AgentDecision {
        guard let record = input.record else { return rest("this node has no MirrorNode of \(input.mirror)") }
        guard input.presence?.isGone(uid: record.mirrorUID) == true, let since = input.goneSince else {
            return rest("this node has no MirrorNode of \(input.mirror), which may be there: \(record.dropIn) stays")
        }
        guard input.steady - since >= Decider.graceSeconds else {
            return rest(
                "P2PMirror \(input.mirror) is gone; if it still is at \(since + Decider.graceSeconds), that counts"
            )
        }
        let isOurs = input.ownFile?.path == record.dropIn && record.isSafe
        guard record.restores, isOurs else {
            return AgentDecision(
                [.lock, .forgetRecord],
                .mirrorGone,
                "P2PMirror \(input.mirror) is gone",
                look: .later
            )
        }
        return AgentDecision(
            [.lock, .removeFile(record.dropIn), .forgetRecord],
            .mirrorGone,
            "P2PMirror \(input.mirror) is gone: \(record.dropIn) is removed; nothing is restarted",
            look: .later
        )
    }

    private func rest(_ message: String) -> AgentDecision { AgentDecision([], .idle, message, look: .later) }
}

extension ContainerdDecision {
    private static let configurationReasons: Set<String> = [
        Reason.configPathUnset.rawValue, Reason.configPathNotSplit.rawValue, Reason.layersDiscarded.rawValue,
    ]

    /// Adds to the findings what becomes of them.
    private func complete(
        _ report: inout ContainerdReport?,
        _ dropIn: ContainerdRepair.DropIn,
        _ leftovers: ContainerdLeftovers,
        _ wish: ContainerdWish
    ) {
        guard var findings = report?.findings else { return }
        for index in findings.indices {
            let reason = findings[index].reason
            if case .impossible(let why) = dropIn, Self.configurationReasons.contains(reason) {
                findings[index].message += ". The agent can't repair it: \(why)"
            }
            if reason == Reason.mirrorLeftovers.rawValue, !leftovers.left.isEmpty {
                findings[index].message += ". The agent leaves it: \(leftovers.left.joined(separator: "; "))"
            }
        }
        if let failure = input.failure {
            findings.append(.init(reason: Reason.hostNotWritable.rawValue, message: failure.description))
        }
        if wish.installed, let path = input.ownFile?.path, input.view.isOurFileInForce != true {
            findings.append(
                .init(
                    reason: Reason.containerdRestartPending.rawValue,
                    message: "\(path) takes effect at the next restart of containerd, which p2pmirror leaves to you"
                )
            )
        }
        for index in findings.indices {
            findings[index].message = String(findings[index].message.prefix(ContainerdReport.messageLimit))
        }
        report?.findings = Array(findings.prefix(ContainerdReport.findingsLimit))
    }

    private func status(_ mirrorNode: MirrorNode, _ report: ContainerdReport?) -> MirrorNodeStatus.Agent {
        let before = mirrorNode.status?.agent
        let isSeed = mirrorNode.spec.announceIntervalSeconds != nil
        return MirrorNodeStatus.Agent(
            observedGeneration: mirrorNode.metadata.generation,
            phase: .idle,
            reason: report?.findings.first?.reason,
            message: report?.findings.first?.message,
            figures: isSeed ? input.figures ?? before?.figures : nil,
            containerd: report,
            version: input.version
        )
    }

    private func isNews(_ agent: MirrorNodeStatus.Agent, _ mirrorNode: MirrorNode) -> Bool {
        var known = mirrorNode.status?.agent
        // What stands there for information goes along with other news, and is none itself.
        known?.figures?.takeInformation(of: agent.figures)
        return known != agent
    }
}

extension Effect {
    /// What it changes on the host.
    fileprivate var path: String? {
        switch self {
        case .writeFile(_, let path), .removeFile(let path), .removeDirectory(let path), .removeLeftover(let path): path
        case .move(_, let path): path
        default: nil
        }
    }
}
