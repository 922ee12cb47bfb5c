package import KubeCore
package import MirrorAPI

/// What to do about one mirror, and why. Carrying it out twice does no harm.
package struct Plan: Hashable, Sendable {
    /// The mirror that it is for.
    package var mirror: String
    /// Effects: those of `records` in any order, those of `steps` in theirs.
    package var actions: [Action]
    /// The whole status to write; transition times are carried over from the present one.
    package var status: P2PMirrorStatus
    /// What happened, for Events and the log; each is recorded once for each text.
    package var notes: [Note]
    /// When to look again though nothing changes; nil where only a change matters.
    package var nextDeadline: Timestamp?
    /// What is decided about the candidate set; its effects come after `actions`. Nil where nothing is decided.
    package var candidates: CandidateDecision?
    /// Nodes that this mirror took out of its set and that are no seeds of it any more: they are put back.
    package var strays: [String]

    /// What is written down of nodes, and deleted: each stands by itself, and no step of this plan rests on it. A step
    /// rests on MirrorNodes that are in the snapshot.
    package var records: [Action] { actions.filter(\.isRecord) }

    /// All else, in the order in which it must be carried out; the first that fails ends the pass.
    package var steps: [Action] { actions.filter { !$0.isRecord } }

    /// Whether anything is done to the candidate set.
    package var movesSeeds: Bool { candidates?.effects.isEmpty == false || !strays.isEmpty }

    package init(
        mirror: String,
        actions: [Action] = [],
        status: P2PMirrorStatus,
        notes: [Note] = [],
        nextDeadline: Timestamp? = nil,
        candidates: CandidateDecision? = nil,
        strays: [String] = []
    ) {
        self.mirror = mirror
        self.actions = actions
        self.status = status
        self.notes = notes
        self.nextDeadline = nextDeadline
        self.candidates = candidates
        self.strays = strays
    }
}

/// One effect of a plan. Each says the state that it starts from, so that it can be refused when that has changed.
package enum Action: Hashable, Sendable {
    /// Make the MirrorNode what its operator's part says (server-side apply by `FieldManager.nodeSpec`).
    case applyMirrorNode(MirrorNodeIntent)
    /// Delete a MirrorNode whose Node is gone, replaced, or no longer selected.
    case deleteMirrorNode(name: String, uid: String?, reason: Reason)
    /// Take the disruption Lease by compare-and-swap; `from` is the Lease as the snapshot had it, nil to create it.
    case acquireDisruption(DisruptionHolder, from: Lease?)
    /// Write the approval to the MirrorNode with its resourceVersion as the precondition.
    case approve(name: String, resourceVersion: String?, MirrorNodeSpec.Approval)
    /// Remove an unclaimed approval with the MirrorNode's resourceVersion as the precondition.
    case withdrawApproval(name: String, resourceVersion: String?, reason: Reason, message: String)
    /// Make an object what it is to be (server-side apply by `FieldManager.workloads`).
    case applyObject(ManagedObject, Verdict)
    /// Delete an object of ours, with its UID as the precondition.
    case deleteObject(ResourceType, ObjectKey, uid: String?, Verdict)
    /// Delete a pod of ours, with its UID as the precondition; its DaemonSet makes another one.
    case replacePod(ObjectKey, uid: String?, node: String, Verdict)
    /// Set labels of a pod, with its resourceVersion as the precondition.
    case labelPod(ObjectKey, resourceVersion: String?, [String: String], Verdict)
    /// Change parts of an object that is somebody else's, by a merge patch, with its resourceVersion as the
    /// precondition.
    case changeObject(ResourceType, ObjectKey, resourceVersion: String?, JSONValue, Verdict)
    /// Set the mirror's finalizers, with its resourceVersion as the precondition.
    case setFinalizers([String], resourceVersion: String?, Verdict)
    /// Give the disruption Lease back by compare-and-swap.
    case releaseDisruption(from: Lease, reason: Reason, message: String)
}

extension Action {
    /// Whether it writes or deletes a MirrorNode as a whole.
    fileprivate var isRecord: Bool {
        switch self {
        case .applyMirrorNode, .deleteMirrorNode: true
        default: false
        }
    }
}

/// Who holds the right to disrupt.
package struct DisruptionHolder: Hashable, Sendable {
    package var mirror: String
    package var node: String
    package var revision: String
    /// How long a restart may take, in seconds: it outlives the mirror that says so. Nil where it is not known.
    package var deadlineSeconds: Int?
    /// UID of the MirrorNode that it is taken for; nil where it is not known.
    package var record: String?

    package init(
        mirror: String,
        node: String,
        revision: String,
        deadlineSeconds: Int? = nil,
        record: String? = nil
    ) {
        self.record = record
        self.mirror = mirror
        self.node = node
        self.revision = revision
        self.deadlineSeconds = deadlineSeconds
    }

    /// The holder that a Lease names; nil where nobody holds it. A Lease that is held without our annotations is held
    /// by somebody unknown, and respected: all three fields then are its holderIdentity.
    package init?(_ lease: Lease?) {
        guard let lease, let identity = lease.spec?.holderIdentity, !identity.isEmpty else { return nil }
        let annotations = lease.metadata.annotations
        mirror = annotations[AnnotationKey.holderMirror] ?? identity
        node = annotations[AnnotationKey.holderNode] ?? identity
        revision = annotations[AnnotationKey.holderRevision] ?? identity
        deadlineSeconds = annotations[AnnotationKey.holderDeadline].flatMap { Int($0) }
            .flatMap { (1...StepTimes.longestDeadlineSeconds).contains($0) ? $0 : nil }
        record = annotations[AnnotationKey.holderRecord]
    }

    /// Whether the Lease was taken for this MirrorNode, and not for one of that name before it.
    ///
    /// Where the Lease does not say, an older release took it; then the ages tell, though by two clocks.
    func isFor(_ object: MirrorNode, takenAt taken: Timestamp) -> Bool {
        if let record { return object.metadata.uid == record }
        return object.metadata.creationTimestamp.map { $0 <= taken } ?? true
    }

    /// As it stands in the Lease.
    package var identity: String { "\(mirror)/\(node)/\(revision)" }
}

extension AnnotationKey {
    /// On the disruption Lease: the seconds that the restart may take for which it is held.
    package static let holderDeadline = "p2pmirror.io/deadline"
    /// On the disruption Lease: UID of the MirrorNode for which it is held.
    package static let holderRecord = "p2pmirror.io/mirror-node"
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
