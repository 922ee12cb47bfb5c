import KubeCore
import MirrorAPI
import MirrorPlanner

/// One kind of work on a host. What differs between two of them is what they read and what they decide; what is decided
/// is carried out, and told, in one way.
protocol HostDuty: Sendable {
    associatedtype Input: Sendable

    /// Whether this host holds a record of this duty for a mirror that it has no MirrorNode of.
    func hasRecord(of mirror: String, on agent: isolated NodeAgent) throws(HostError) -> Bool

    /// Reads all that a decision about the mirror needs, and no more; nil where nothing can be decided now.
    ///
    /// - Parameter mirrorNodes: those of this node by mirror; nil where they can't be read.
    func gather(
        _ mirror: String,
        _ mirrorNodes: [String: MirrorNode]?,
        _ now: Timestamp,
        on agent: isolated NodeAgent
    ) async throws -> Gathered<Input>?

    /// What to do now. Total and deterministic.
    func decide(_ input: Input) -> AgentDecision

    /// The daemon whose answers keep the seed of that MirrorNode announced; nil where none is announced.
    func daemon(of mirrorNode: MirrorNode) -> SeedDaemon?
}

/// What a duty has read.
struct Gathered<Input: Sendable>: Sendable {
    var input: Input
    /// What the effects of the decision are carried out upon.
    var target: AgentInput
    /// What of the API server could not be read; it is told once the decision is carried out.
    var fault: KubeError?
}

/// The daemon of a seed, on this node.
struct SeedDaemon: Sendable {
    /// systemd unit that it is part of.
    var unit: String
    var probe: Probe
}

extension NodeAgent {
    /// The duty that a mirror is: as its MirrorNode says, or as what is left of it here.
    func duty(for mirror: String, _ mirrorNode: MirrorNode?) throws(HostError) -> any HostDuty {
        if let mirrorNode { return mirrorNode.spec.provider.duty }
        for provider in Provider.allCases {
            let duty = provider.duty
            if try duty.hasRecord(of: mirror, on: self) { return duty }
        }
        // Its journal says what is left, also that nothing is.
        return ServiceDuty()
    }

    /// Makes a pass over one mirror.
    func step(
        with duty: some HostDuty,
        _ mirror: String,
        _ mirrorNodes: [String: MirrorNode]?,
        _ now: Timestamp
    ) async throws -> NextLook {
        // An API server that is away says nothing about a mirror.
        guard let gathered = try await duty.gather(mirror, mirrorNodes, now, on: self) else { return .later }
        let decision = duty.decide(gathered.input)
        note(decision, mirror)
        let isDone: Bool
        do {
            isDone = try await carryOut(decision.effects, gathered.target)
            hostFaults[mirror] = nil
        } catch let error as HostError {
            hostFaults[mirror] = error
            throw error
        }
        // What is decided without the API is done first; that it could not be reached is told afterwards.
        if let fault = gathered.fault { throw fault }
        return isDone ? decision.look : .soon
    }
}
