package import KubeCore

/// What must stay as it is while one release of operator and agents takes the place of another: every file of every
/// host, every run of every service, and what the operator writes about the nodes.
package struct FleetRecord: Hashable, Sendable {
    /// One run of a service.
    package struct Service: Hashable, Sendable {
        package var invocation: String
        package var starts: Int

        package init(invocation: String, starts: Int) {
            self.invocation = invocation
            self.starts = starts
        }
    }

    /// An object without its status: what a write of its specification or of its metadata changes.
    package struct Object: Hashable, Sendable {
        package var uid: String
        /// The server counts each write of the specification that changes something.
        package var generation: Int64
        package var metadata: JSONValue
        /// Fields of the specification that a release adds without any effect on a host.
        package var additions: JSONValue

        package init(uid: String, generation: Int64, metadata: JSONValue, additions: JSONValue = [:]) {
            self.uid = uid
            self.generation = generation
            self.metadata = metadata
            self.additions = additions
        }

        /// A seed's agent announces it then: that needs no restart and no file.
        private static let additionalFields = ["announceIntervalSeconds"]

        /// Takes from an object in JSON what is compared.
        package init(_ object: JSONValue) {
            let metadata = object["metadata"] ?? [:]
            uid = metadata["uid"]?.stringValue ?? ""
            generation = metadata["generation"]?.intValue ?? 0
            self.metadata = [:]
            for key in ["labels", "annotations", "ownerReferences", "finalizers"] { self.metadata[key] = metadata[key] }
            additions = [:]
            for key in Self.additionalFields { additions[key] = object["spec"]?[key] }
        }
    }

    /// By host, then by path.
    package var files: [String: [String: HostInventory.Entry]]
    /// By the supervisor's name of the unit.
    package var services: [String: Service]
    /// MirrorNodes and Nodes, by `<plural>/<name>`.
    package var objects: [String: Object]
    /// `leaseTransitions` of the disruption Lease: each step that is granted raises it.
    package var disruptionEpoch: Int?

    package init(
        files: [String: [String: HostInventory.Entry]] = [:],
        services: [String: Service] = [:],
        objects: [String: Object] = [:],
        disruptionEpoch: Int? = nil
    ) {
        self.files = files
        self.services = services
        self.objects = objects
        self.disruptionEpoch = disruptionEpoch
    }

    /// Files and directories on all hosts.
    package var fileCount: Int { files.values.reduce(0) { $0 + $1.count } }
}

extension FleetRecord {
    /// What happened between two records.
    package struct Difference: Hashable, Sendable {
        /// Services that run anew.
        package var restarts: [String] = []
        /// Files and directories that are new, gone, or written again, be it with the same content.
        package var files: [String] = []
        /// Specifications and metadata that were written, and steps that were granted.
        package var writes: [String] = []

        package init(restarts: [String] = [], files: [String] = [], writes: [String] = []) {
            self.restarts = restarts
            self.files = files
            self.writes = writes
        }

        package var isEmpty: Bool { restarts.isEmpty && files.isEmpty && writes.isEmpty }
    }

    /// This record with the one write of each object by which a release has added such fields or dropped them.
    package func expecting(_ after: FleetRecord) -> FleetRecord {
        var expected = self
        for (name, object) in after.objects where objects[name].map({ $0.additions != object.additions }) ?? false {
            expected.objects[name]?.additions = object.additions
            expected.objects[name]?.generation += 1
        }
        return expected
    }

    /// What happened between an earlier record and this one, in the order of the names.
    package func difference(from before: FleetRecord) -> Difference {
        Difference(
            restarts: Self.changes(before.services, services) { "\($0): \(Self.shown($1)) -> \(Self.shown($2))" },
            files: Set(before.files.keys).union(files.keys).sorted().flatMap { host in
                Self.changes(before.files[host] ?? [:], files[host] ?? [:]) { path, old, new in
                    "\(host)\(path): \(Self.change(old, new))"
                }
            },
            writes: Self.changes(before.objects, objects) { "\($0): \(Self.change($1, $2))" } + steps(since: before)
        )
    }

    private func steps(since before: FleetRecord) -> [String] {
        guard disruptionEpoch != before.disruptionEpoch else { return [] }
        func shown(_ epoch: Int?) -> String { epoch.map { "\($0)" } ?? "none" }
        return ["epoch of the disruption Lease: \(shown(before.disruptionEpoch)) -> \(shown(disruptionEpoch))"]
    }

    private static func changes<Value: Equatable>(
        _ before: [String: Value],
        _ after: [String: Value],
        _ text: (String, Value?, Value?) -> String
    ) -> [String] {
        Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }
            .map { text($0, before[$0], after[$0]) }
    }

    private static func shown(_ service: Service?) -> String {
        service.map { "start \($0.starts) (\($0.invocation))" } ?? "none"
    }

    private static func change(_ old: HostInventory.Entry?, _ new: HostInventory.Entry?) -> String {
        guard let old else { return "is new" }
        guard let new else { return "is gone" }
        if old.content != new.content { return "has another content" }
        if old.inode != new.inode { return "was put in anew" }
        return old.mode != new.mode ? "has another mode" : "was written again"
    }

    private static func change(_ old: Object?, _ new: Object?) -> String {
        guard let old else { return "is new" }
        guard let new else { return "is gone" }
        if old.uid != new.uid { return "was made anew" }
        if old.generation != new.generation { return "generation \(old.generation) -> \(new.generation)" }
        return "metadata were written"
    }
}
