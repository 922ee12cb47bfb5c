package import KubeCore
package import MirrorAPI

/// What shared code asks of a provider. All answers are values: who knows the provider decides, and shared code looks,
/// compares and carries out without knowing which one it is.
///
/// A provider is a folder beside this file, one line of `Provider.rules`, and a case of `ProviderEvidence` where there
/// is more to know of it than nodes and MirrorNodes.
package protocol ProviderRules: Sendable {
    // MARK: What it claims

    /// Whether a mirror that selects the node has it for itself: two mirrors of the provider can not share it.
    func claims(_ node: Node) -> Bool

    /// Annotations of Nodes that decisions rest on, besides those that matter with every provider.
    var nodeAnnotations: Set<String> { get }

    /// What the names of further ones begin with.
    var nodeAnnotationPrefixes: [String] { get }

    /// Takes the secrets out of those annotations; to do it twice changes nothing.
    func mask(_ annotations: inout [String: String])

    // MARK: Its seeds

    /// What carries a seed into the set and out of it.
    var lever: CandidateSettings.Lever { get }

    /// The least number of published seeds, which no setting goes below.
    var leastPublished: Int { get }

    /// Whether what is remembered of a seed stands in the mirror's own status: seeds that are pods move from node to
    /// node, and a MirrorNode is of one node.
    var remembersSeedsInStatus: Bool { get }

    /// Pods that say something of seeds that are no pods themselves; nil where there are none.
    var watchedPods: WatchedPods? { get }

    /// Where the seeds of a mirror are probed, and what they are asked unless the mirror says otherwise.
    func probeTargets(of mirror: P2PMirror, _ snapshot: Snapshot) -> ProbeTargets

    /// What carries seeds into the set or out of it, by seed; none for one that is where it is to be, that
    /// somebody else took out, or that is not known.
    ///
    /// - Parameter isPublished: where each of them is to be.
    func seedMoves(_ isPublished: [String: Bool], of mirror: P2PMirror, _ snapshot: Snapshot) -> [String: SeedMove]

    /// How the seeds that are in a mirror's set are read from the API server itself.
    func publishedSeeds(of mirror: P2PMirror, _ snapshot: Snapshot) -> PublishedSeedsQuery

    /// What puts a Node back that a mirror took out of its set; nil where there is nothing to put back. Only
    /// the mark on the Node counts: the mirror may be gone.
    func publication(of node: Node, by mirror: String) -> SeedMove?

    /// Nodes that carry a mirror's mark though an older mirror has all that it selects, in ascending order.
    func strays(of mirror: P2PMirror, _ snapshot: Snapshot) -> [String]

    // MARK: Its rollout and its status

    /// Whether a node on which we restarted something shows that it is well, as far as the Node tells; false where
    /// nothing of a node is ever restarted.
    func hasRecovered(_ node: Node) -> Bool

    /// The plan for a mirror that is accepted: the settings of its nodes, its own rollout, what is decided about its
    /// seeds, and what all that amounts to in the status.
    func plan(_ mirror: P2PMirror, _ snapshot: Snapshot) -> Plan
}

extension ProviderRules {
    package var remembersSeedsInStatus: Bool { false }
}

/// Where the seeds of a mirror are probed.
package struct ProbeTargets: Hashable, Sendable {
    /// Of each seed, whether it is in the set or not; one without an address is not probed.
    package var addresses: [String: String]
    /// The nodes of seeds that are not named as their nodes.
    package var nodes: [String: String]
    /// What they are asked unless the mirror says otherwise.
    package var probes: [Probe]
    /// What some are asked whatever the mirror says, because they can't be asked anything else.
    package var exceptions: [String: [Probe]]

    package init(
        addresses: [String: String],
        nodes: [String: String] = [:],
        probes: [Probe],
        exceptions: [String: [Probe]] = [:]
    ) {
        self.addresses = addresses
        self.nodes = nodes
        self.probes = probes
        self.exceptions = exceptions
    }
}

/// What carries one seed into the set or out of it: a change of an object, which fails where the object is not as it
/// was read.
package struct SeedMove: Hashable, Sendable {
    package var resource: ResourceType
    package var key: ObjectKey
    /// A merge patch or a JSON patch, without the version; or an object that comes or goes.
    package var body: Write.Body
    package var precondition: Write.Precondition
    package var whenGone: Write.WhenGone

    /// A change of an object that rests on its version.
    package init(_ resource: ResourceType, _ metadata: ObjectMeta, _ body: Write.Body) {
        self.resource = resource
        key = metadata.key
        self.body = body
        precondition = .version(metadata.resourceVersion)
        whenGone = .lookAgain
    }

    /// An object that comes.
    package init(creating object: ManagedObject) {
        resource = object.resource
        key = object.key
        body = .create(.value(object.body))
        precondition = .none
        whenGone = .fail
    }

    /// An object that goes.
    package init(deleting object: ManagedObject) {
        resource = object.resource
        key = object.key
        body = .delete
        precondition = .uid(object.metadata.uid)
        whenGone = .done
    }
}

/// How the seeds of a set are read: a list of which the metadata is enough.
package struct PublishedSeedsQuery: Hashable, Sendable {
    package var resource: ResourceType
    package var options: ListOptions
    /// What is listed counts where all of them match its labels.
    package var selectors: [LabelSelector]
    /// What is listed counts where it has all of them.
    package var annotations: [String: String]
    /// Names of seeds by the UID of what is listed; nil where a seed is named as its object.
    package var seeds: [String: String]?
    /// Where what is listed stands for seeds that are out: the names of all seeds, by the name of what would be listed.
    package var all: [String: String]?

    package init(
        _ resource: ResourceType,
        _ options: ListOptions,
        selectors: [LabelSelector] = [],
        annotations: [String: String] = [:],
        seeds: [String: String]? = nil
    ) {
        self.resource = resource
        self.options = options
        self.selectors = selectors
        self.annotations = annotations
        self.seeds = seeds
    }

    /// What is listed takes seeds out of the set; the rest of them is in it.
    ///
    /// - Parameter all: the names of all seeds, by the name of the object that takes one out.
    package init(_ resource: ResourceType, _ options: ListOptions, excluding all: [String: String]) {
        self.init(resource, options)
        self.all = all
    }

    /// The names of the seeds, from what was listed. What the decision did not know does not count, which only
    /// makes the check stricter.
    package func names(_ found: [ObjectMeta]) -> [String] {
        let listed = found.filter { object in
            selectors.allSatisfy { $0.matches(object.labels) }
                && annotations.allSatisfy { object.annotations[$0.key] == $0.value }
        }
        if let all {
            let out = Set(listed.map(\.name))
            return all.filter { !out.contains($0.key) }.values.sorted()
        }
        guard let seeds else { return listed.map(\.name) }
        return listed.compactMap { object in object.uid.flatMap { seeds[$0] } }
    }
}
