package import KubeCore
package import MirrorAPI

/// One write to the API. All that is done to it is a value of this kind: the planner makes it whole, one executor
/// carries it out, and `p2pmirror plan` prints it, so that what is not printed is not done.
///
/// What only the moment of sending knows is left open: the times of the disruption Lease, the namespace of one that is
/// new (that of the operator), and the transition times of a status.
package struct Write: Hashable, Sendable {
    /// What it is done to.
    package struct Target: Hashable, Sendable {
        package var resource: ResourceType
        package var key: ObjectKey
        package var subresource: String?

        package init(_ resource: ResourceType, _ key: ObjectKey, subresource: String? = nil) {
            self.resource = resource
            self.key = key
            self.subresource = subresource
        }

        /// As in "Node server-4".
        package var title: String { "\(resource.kind) \(key)" }
    }

    /// What is sent.
    package enum Body: Hashable, Sendable {
        /// Server-side apply; fields that somebody else owns are taken over.
        case apply(Content)
        /// Fails where there is an object of that name.
        case create(Content)
        case replace(Content)
        /// RFC 7386.
        case merge(Content)
        /// RFC 6902.
        case json([JSONPatchOperation])
        case delete
        /// A merge patch of what of the whole status is otherwise.
        indirect case status(P2PMirrorStatus)
        /// No request to the API server, but a call to the daemon in the target.
        case call(DaemonCall)
    }

    /// The content of a body. It becomes JSON when it is sent: a first plan may have 100,000 of them.
    package indirect enum Content: Hashable, Sendable {
        case value(JSONValue)
        case mirrorNode(MirrorNodeIntent)
        /// `spec.approval` of a MirrorNode; nil takes it back.
        case approval(MirrorNodeSpec.Approval?)
        /// `status.candidate` of a MirrorNode, and what stands there.
        case candidate(MirrorNodeStatus.Candidate?, replacing: MirrorNodeStatus.Candidate?)
        /// The disruption Lease held by somebody, made from the one that was read, or new.
        case heldLease(DisruptionHolder, from: Lease?)
        /// The disruption Lease held by nobody.
        case freeLease(from: Lease)
    }

    /// What must hold for it to be carried out. A request that lacks its version is never sent.
    package enum Precondition: Hashable, Sendable {
        case none
        /// The object is as it was seen.
        case version(String?)
        /// It is the object that was seen, whatever has become of it; nil for any of that name.
        case uid(String?)
    }

    /// What must be read from the API server itself, past every cache, before it is sent.
    package enum Evidence: Hashable, Sendable {
        case none
        /// All servers with their MirrorNodes, and the named node and MirrorNode; the plan is made anew from them.
        case servers(node: String?, mirrorNode: String? = nil)
        /// The objects that we made for the mirror, and the mirror; the plan is made anew from them.
        case installation
        /// The set that the seed leaves; it may be read while earlier writes of the plan are carried out.
        indirect case set(SetLook)
    }

    /// What it means that the target is gone.
    package enum WhenGone: Hashable, Sendable {
        /// The plan is out of date.
        case lookAgain
        /// It is as it should be.
        case done
        /// Something else is missing, as a namespace or a definition is, and another look won't bring it.
        case fail
    }

    package var target: Target
    package var body: Body
    package var precondition: Precondition
    /// Who owns the fields that are written; nil for a deletion.
    package var manager: String?
    package var evidence: Evidence
    package var whenGone: WhenGone
    /// Whether nothing after it may be done where the answer shows that the server has not kept it: definitions of an
    /// older release know no such fields.
    package var mustBeKept: Bool
    package var purpose: Purpose
    /// Why.
    package var verdict: Verdict

    package init(
        _ target: Target,
        _ body: Body,
        _ precondition: Precondition = .none,
        by manager: String?,
        evidence: Evidence = .none,
        whenGone: WhenGone = .lookAgain,
        mustBeKept: Bool = false,
        _ purpose: Purpose,
        _ verdict: Verdict
    ) {
        self.target = target
        self.body = body
        self.precondition = precondition
        self.manager = manager
        self.evidence = evidence
        self.whenGone = whenGone
        self.mustBeKept = mustBeKept
        self.purpose = purpose
        self.verdict = verdict
    }
}

/// What is read of a candidate set right before it shrinks, and what must be true of it.
package struct SetLook: Hashable, Sendable {
    package var query: PublishedSeedsQuery
    package var check: ShrinkCheck

    package init(_ query: PublishedSeedsQuery, _ check: ShrinkCheck) {
        self.query = query
        self.check = check
    }
}
