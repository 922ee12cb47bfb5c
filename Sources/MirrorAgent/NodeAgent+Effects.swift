import KubeCore
import MirrorAPI
import MirrorPlanner

extension NodeAgent {
    /// Does one thing after the other; the first that fails ends the pass, but for a report: the host is put right
    /// whether or not the API server hears of it. Answers false where another agent acts on this host.
    func carryOut(_ effects: [Effect], _ input: AgentInput) async throws -> Bool {
        var mirrorNode = input.live?.mirrorNode
        var unreported: KubeError?
        for effect in effects {
            switch effect {
            case .lock: guard try remembering(input, { () throws(HostError) in try lock() }) else { return false }
            case .probe, .writeJournal, .writeFile, .removeFile, .syncNames, .removeLeftover, .forget, .writeRecord,
                .forgetRecord, .removeDirectory, .move:
                try remembering(input) { () throws(HostError) in try perform(effect, input.mirror) }
            case .restart(let unit): try await services.restart(unit)
            case .claim(let agent):
                guard let claimed = try await claim(agent, mirrorNode) else { return true }
                mirrorNodes.wrote(claimed)
                mirrorNode = claimed
            case .report(let agent):
                do throws(KubeError) {
                    mirrorNode = try await report(agent, mirrorNode)
                    if let mirrorNode { mirrorNodes.wrote(mirrorNode) }
                } catch {
                    unreported = error
                }
            }
        }
        if let unreported { throw unreported }
        return true
    }

    /// Keeps a failure for the next decision, which refuses or ends the step where that helps.
    private func remembering<Result>(
        _ input: AgentInput,
        _ work: () throws(HostError) -> Result
    ) throws(HostError) -> Result {
        do throws(HostError) {
            let result = try work()
            failures[input.mirror] = nil
            return result
        } catch {
            let revision = input.host.journal.step?.revision ?? input.live?.mirrorNode?.spec.approval?.revision
            if let revision { failures[input.mirror] = EffectFailure(revision: revision, error: error) }
            throw error
        }
    }

    private func lock() throws(HostError) -> Bool {
        try DurableFile(files).makeDirectories(AgentPath.state, mode: 0o700)
        return try files.lock(AgentPath.lock)
    }

    private func perform(_ effect: Effect, _ mirror: String) throws(HostError) {
        let durable = DurableFile(files)
        switch effect {
        case .probe(let path, let size): try durable.probe(path, size: size, directoryMode: 0o755)
        case .writeJournal(let journal): try write(journal, to: AgentPath.journal(mirror: mirror))
        case .writeRecord(let record): try write(record, to: AgentPath.containerdRecord(mirror: mirror))
        case .writeFile(let content, let path): try durable.write(content, to: path, directoryMode: 0o755)
        case .removeFile(let path): try durable.remove(path)
        case .syncNames(let path):
            // Where a file was taken away, its directory may never have been there.
            let directory = HostPath.parent(path)
            if try files.hasDirectory(directory) { try files.syncDirectory(directory) }
        case .removeLeftover(let path): try durable.remove(path)
        case .forget: try forget(AgentPath.journal(mirror: mirror))
        case .forgetRecord: try forget(AgentPath.containerdRecord(mirror: mirror))
        case .removeDirectory(let path):
            try files.removeDirectory(path)
            try files.syncDirectory(HostPath.parent(path))
        case .move(let path, let newPath):
            try files.move(path, to: newPath)
            try files.syncDirectory(HostPath.parent(newPath))
            try files.syncDirectory(HostPath.parent(path))
        case .lock, .restart, .claim, .report: break
        }
    }

    private func write(_ value: some Encodable & Sendable, to path: String) throws(HostError) {
        let content: [UInt8]
        do throws(KubeError) {
            content = try JSONCoding.encode(value, pretty: true) + [0x0A]
        } catch {
            throw HostError(.failed, "write", path, error.message)
        }
        try DurableFile(files).write(content, to: path, directoryMode: 0o700)
    }

    private func forget(_ path: String) throws(HostError) {
        try DurableFile(files).remove(path)
        try files.removeDirectory(HostPath.parent(path))
        try files.syncDirectory(AgentPath.state)
    }

    /// Replaces the status as it was read. Nil where somebody else changed the object meanwhile: then nothing has
    /// happened, and the next pass looks again.
    private func claim(_ agent: MirrorNodeStatus.Agent, _ mirrorNode: MirrorNode?) async throws(KubeError)
        -> MirrorNode?
    {
        guard var claimed = mirrorNode else { return nil }
        var status = claimed.status ?? MirrorNodeStatus()
        status.agent = agent
        claimed.status = status
        do throws(KubeError) {
            return try await api.replace(claimed, subresource: "status", manager: FieldManager.agent)
        } catch  where error.isConflict || error.isNotFound {
            return nil
        }
    }

    /// Merges the agent's part into the status. A field that is absent now is taken out by null.
    private func report(_ agent: MirrorNodeStatus.Agent, _ mirrorNode: MirrorNode?) async throws(KubeError)
        -> MirrorNode?
    {
        guard let mirrorNode else { return nil }
        let present = try mirrorNode.status?.agent.map { agent throws(KubeError) in try JSONCoding.value(of: agent) }
        let value = try JSONCoding.value(of: agent).mergePatch(replacing: present)
        var patch: JSONValue = ["status": ["agent": value]]
        if let version = mirrorNode.metadata.resourceVersion {
            patch["metadata"] = ["resourceVersion": .string(version)]
        }
        return try await api.patch(
            MirrorNode.self,
            mirrorNode.key,
            subresource: "status",
            .merge(patch),
            manager: FieldManager.agent
        )
    }
}
