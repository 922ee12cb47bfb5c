package import KubeCore
package import MirrorAPI

/// What to do about one mirror, and why. Carrying it out twice does no harm.
package struct Plan: Hashable, Sendable {
    /// The mirror that it is for.
    package var mirror: String
    /// All that is done but for `records`, in the order in which it must be carried out; the first that fails ends the
    /// pass. What is done about seeds comes last: strays that come back, what is remembered, growth, on a live look
    /// at the set what leaves, and the records of those.
    package var writes: [Write]
    /// What is written down of nodes, and deleted: each MirrorNode stands by itself, and no step of this plan rests on
    /// it. A step rests on MirrorNodes that are in the snapshot. Writes of one MirrorNode stand together, in order.
    package var records: [Write]
    /// The whole status to write; transition times are carried over from the present one.
    package var status: P2PMirrorStatus
    /// What happened, for Events and the log; each is recorded once for each text.
    package var notes: [Note]
    /// When to look again though nothing changes; nil where only a change matters.
    package var nextDeadline: Timestamp?
    /// What is decided about the candidate set; `writes` carry it out. Nil where nothing is decided.
    package var candidates: CandidateDecision?

    /// Whether nothing is done but to say so in the status.
    package var isEmpty: Bool { writes.isEmpty && records.isEmpty }

    package init(
        mirror: String,
        writes: [Write] = [],
        records: [Write] = [],
        status: P2PMirrorStatus,
        notes: [Note] = [],
        nextDeadline: Timestamp? = nil,
        candidates: CandidateDecision? = nil
    ) {
        self.mirror = mirror
        self.writes = writes
        self.records = records
        self.status = status
        self.notes = notes
        self.nextDeadline = nextDeadline
        self.candidates = candidates
    }
}

/// The operator's part of one MirrorNode, the approval left out.
package struct MirrorNodeIntent: Hashable, Sendable {
    package var name: String
    package var labels: [String: String]
    package var owner: OwnerReference
    /// `approval` is always nil here: it has a writer of its own.
    package var spec: MirrorNodeSpec

    package init(name: String, labels: [String: String], owner: OwnerReference, spec: MirrorNodeSpec) {
        self.name = name
        self.labels = labels
        self.owner = owner
        self.spec = spec
    }
}

/// Something that people should be told once.
package struct Note: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package var severity: Severity
    /// What it is about: a node, or nil for the mirror itself.
    package var node: String?
    package var reason: Reason
    package var message: String

    package init(_ severity: Severity, node: String? = nil, reason: Reason, message: String) {
        self.severity = severity
        self.node = node
        self.reason = reason
        self.message = message
    }
}
