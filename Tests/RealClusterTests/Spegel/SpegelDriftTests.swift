import KubeCore
import KubectlTesting
import MirrorAPI
import Testing

extension RealCluster {
    /// What others change on the objects of an installation.
    @Suite(.enabled(if: Kubectl.isThere)) struct SpegelDrift {
        private static let set = SpegelTrial.daemonSet
        private static let spegel: JSONValue = ["install": ["version": "v0.7.3", "maxUnavailable": "100%"]]

        private static func installed(_ body: (SpegelTrial) async throws -> Void) async throws {
            try await SpegelTrial.run(nodes: 2) { trial in
                try await trial.operating {
                    try await trial.apply(spegel: spegel)
                    try await trial.untilInstalled(version: "v0.7.3")
                    try await trial.untilQuiet()
                    try await body(trial)
                }
            }
        }

        @Test func `what others change of ours comes back`() async throws {
            try await Self.installed { trial in
                let changes: [(ResourceType, String, JSONValue)] = [
                    (BareKind.daemonSets, Self.set, ["spec": ["updateStrategy": ["type": "RollingUpdate"]]]),
                    (
                        BareKind.daemonSets, Self.set,
                        ["spec": ["template": ["metadata": ["labels": ["p2pmirror.io/revision": "other"]]]]]
                    ),
                    (
                        BareKind.daemonSets, Self.set,
                        ["spec": ["template": ["spec": ["priorityClassName": "system-cluster-critical"]]]]
                    ),
                    (
                        BareKind.services, "\(Self.set)-bootstrap",
                        ["spec": ["selector": ["p2pmirror.io/candidate": nil]]]
                    ),
                    (BareKind.services, "\(Self.set)-bootstrap", ["spec": ["publishNotReadyAddresses": false]]),
                    (BareKind.services, "\(Self.set)-registry", ["metadata": ["labels": ["p2pmirror.io/mirror": "x"]]]),
                    (BareKind.serviceAccounts, Self.set, ["metadata": ["ownerReferences": nil]]),
                ]
                for (resource, name, change) in changes {
                    let before = try await trial.get(resource, name)
                    let changed = try await trial.api.meddle(resource, trial.key(name), change)
                    #expect(changed.content != before.content, "the change has no effect: \(change)")
                    try await trial.until("\(name) is as before \(change)") {
                        let now = try await trial.get(resource, name)
                        // What the server has filled in for the change stays the meddler's.
                        return now.wanted.has(before.wanted) ? nil : "it is not"
                    }
                }
            }
        }

        @Test func `what others delete of ours comes back`() async throws {
            try await Self.installed { trial in
                for (resource, name) in [
                    (BareKind.services, Self.set), (BareKind.services, "\(Self.set)-registry"),
                    (BareKind.services, "\(Self.set)-bootstrap"), (BareKind.serviceAccounts, Self.set),
                    (BareKind.daemonSets, Self.set),
                ] {
                    let before = try await trial.get(resource, name)
                    try await trial.api.deleteBare(resource, trial.key(name))
                    try await trial.until("\(resource.kind) \(name) is back") {
                        let now = try await trial.api.bare(resource, trial.key(name))
                        return now.map { $0.uid != before.uid } == true ? nil : "it is not"
                    }
                }
                try await trial.untilInstalled(version: "v0.7.3")
            }
        }

        @Test func `what others add stays, through an upgrade too`() async throws {
            try await Self.installed { trial in
                let extra: JSONValue = [
                    "metadata": ["labels": ["example.com/team": "red"], "annotations": ["example.com/note": "why"]]
                ]
                let objects = [
                    (BareKind.daemonSets, Self.set), (BareKind.services, "\(Self.set)-registry"),
                    (BareKind.services, "\(Self.set)-bootstrap"), (BareKind.serviceAccounts, Self.set),
                ]
                for (resource, name) in objects { try await trial.api.meddle(resource, trial.key(name), extra) }
                try await Self.applyFields(trial)
                try await trial.apply(spegel: ["install": ["version": "v0.7.4", "maxUnavailable": "100%"]])
                try await trial.untilInstalled(version: "v0.7.4")
                try await trial.untilQuiet()
                for (resource, name) in objects {
                    let object = try await trial.get(resource, name)
                    #expect(object.labels["example.com/team"] == "red", "\(resource.kind) \(name)")
                    #expect(object[path: "metadata", "annotations", "example.com/note"] == "why")
                }
                let set = try await trial.get(BareKind.daemonSets, Self.set)
                #expect(set[path: "spec", "template", "spec", "terminationGracePeriodSeconds"] == 17)
                #expect(set[path: "spec", "template", "metadata", "annotations", "example.com/scrape"] == "yes")
                #expect(set.managed(by: "other-controller").count == 1)
                let service = try await trial.get(BareKind.services, "\(Self.set)-registry")
                #expect(service[path: "spec", "sessionAffinity"] == "ClientIP")
                #expect(service.managed(by: "other-controller").count == 1)
            }
        }

        /// Fields that another manager owns by server-side apply.
        private static func applyFields(_ trial: SpegelTrial) async throws {
            let pods: JSONValue = [
                "metadata": ["annotations": ["example.com/scrape": "yes"]],
                "spec": ["terminationGracePeriodSeconds": 17],
            ]
            for (resource, name, spec) in [
                (BareKind.daemonSets, set, ["template": pods] as JSONValue),
                (BareKind.services, "\(set)-registry", ["sessionAffinity": "ClientIP"]),
            ] {
                let intent: JSONValue = [
                    "apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind),
                    "metadata": ["name": .string(name), "namespace": .string(trial.namespace)], "spec": spec,
                ]
                let patch = Patch.apply(intent, manager: "other-controller", force: false)
                let _: JSONValue = try await trial.api.send(.patch(resource, trial.key(name), patch))
            }
        }
    }
}

extension JSONValue {
    /// Whether everything of the other one is here too, with its value.
    fileprivate func has(_ other: JSONValue) -> Bool {
        guard case .object(let members) = other else { return self == other }
        return members.allSatisfy { member in self[member.key]?.has(member.value) == true }
    }

    /// The object without what the server and its controllers write into it.
    fileprivate var wanted: JSONValue {
        var copy = content
        copy["status"] = nil
        var metadata = copy["metadata"] ?? [:]
        // The DaemonSet controller counts the templates that there were.
        if var annotations = metadata["annotations"] {
            annotations["deprecated.daemonset.template.generation"] = nil
            metadata["annotations"] = annotations
        }
        copy["metadata"] = metadata
        return copy
    }
}
