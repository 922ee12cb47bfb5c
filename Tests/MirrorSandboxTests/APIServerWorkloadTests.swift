import KubeCore
import MirrorSandbox
import Testing

@Suite("DaemonSets, Services and Pods")
struct APIServerWorkloadTests {
    static let daemonSets = "/apis/apps/v1/namespaces/default/daemonsets"
    static let services = "/api/v1/namespaces/default/services"
    static let pods = "/api/v1/namespaces/default/pods"

    static func daemonSet(_ container: JSONValue = container(), selector: String = "spegel") -> JSONValue {
        [
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": ["name": "d", "namespace": "default"],
            "spec": [
                "selector": ["matchLabels": ["app": .string(selector)]],
                "template": [
                    "metadata": ["labels": ["app": .string(selector), "more": "yes"]],
                    "spec": ["containers": [container], "unheardOf": ["kept": true]],
                ],
            ],
        ]
    }

    static func container(_ members: JSONValue = [:]) -> JSONValue {
        JSONPatchTarget.merged(["name": "registry", "image": "example.com/spegel:v1"], members)
    }

    static func service(_ spec: JSONValue, name: String = "s") -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name), "namespace": "default"],
            "spec": spec,
        ]
    }

    @Test("a DaemonSet gets its defaults, keeps what is not known here, and counts its template's versions")
    func daemonSetCreated() async throws {
        let bench = Bench()
        let made = try await bench.apply("\(Self.daemonSets)/d", Self.daemonSet(), by: "one")
        #expect(made.status == 201)
        #expect(made["spec", "updateStrategy", "type"] == "RollingUpdate")
        #expect(made["spec", "template", "spec", "unheardOf", "kept"] == true)
        #expect(made["spec", "template", "spec", "containers", "0", "imagePullPolicy"] == "IfNotPresent")
        #expect(made["status", "numberReady"] == 0)
        #expect(made["metadata", "generation"] == 1)
        let number = "deprecated.daemonset.template.generation"
        #expect(made["metadata", "annotations", number] == "1")
        let again = try await bench.apply("\(Self.daemonSets)/d", Self.daemonSet(), by: "one")
        #expect(again.version == made.version)
        let changed = Self.daemonSet(Self.container(["image": "example.com/spegel:v2"]))
        let newer = try await bench.apply("\(Self.daemonSets)/d", changed, by: "one")
        #expect(newer["metadata", "annotations", number] == "2")
        #expect(newer["metadata", "generation"] == 2)
        let status = try await bench.merge("\(Self.daemonSets)/d/status", ["status": ["numberReady": 3]])
        #expect(status["status", "numberReady"] == 3)
        #expect(status["metadata", "generation"] == 2)
    }

    @Test("a DaemonSet's selector is there, matches its template and never changes")
    func daemonSetSelector() async throws {
        let bench = Bench()
        var other = Self.daemonSet()
        other["spec"]?["selector"] = ["matchLabels": ["app": "other"]]
        let mismatch = try await bench.post(Self.daemonSets, other)
        #expect(mismatch.status == 422)
        #expect(mismatch.message.contains("`selector` does not match template `labels`"))
        other["spec"]?["selector"] = nil
        #expect(try await bench.post(Self.daemonSets, other).message.contains("empty selector is invalid"))
        #expect(try await bench.post(Self.daemonSets, Self.daemonSet()).status == 201)
        let moved = try await bench.apply("\(Self.daemonSets)/d", Self.daemonSet(selector: "x"), by: "a", force: true)
        #expect(moved.status == 422)
        #expect(moved.message.contains("spec.selector"))
        #expect(moved.message.contains("field is immutable"))
    }

    @Test(
        "containers, variables, ports, volumes and mounts are shared by their keys; arguments and tolerations are not"
    )
    func sharedLists() async throws {
        let bench = Bench()
        let path = "\(Self.daemonSets)/d"
        let first = Self.container([
            "args": ["a", "b"], "env": [["name": "A", "value": "1"]],
            "ports": [["containerPort": 5001, "name": "tcp"]], "volumeMounts": [["mountPath": "/a", "name": "v"]],
            "resources": ["limits": ["memory": "1Gi"]],
        ])
        _ = try await bench.apply(path, Self.daemonSet(first), by: "one")
        var second = Self.daemonSet([
            "name": "registry", "env": [["name": "B", "value": "2"]],
            "ports": [["containerPort": 5001, "protocol": "UDP", "name": "quic"]],
            "volumeMounts": [["mountPath": "/b", "name": "v"]], "resources": ["limits": ["cpu": "1"]],
        ])
        second["spec"]?["template"]?["spec"]?["volumes"] = [["name": "v", "emptyDir": [:]]]
        let both = try await bench.apply(path, second, by: "two")
        #expect(both.status == 200)
        let container = both["spec", "template", "spec", "containers", "0"]
        #expect(container?["env"]?.arrayValue?.count == 2)
        #expect(container?["ports"]?.arrayValue?.count == 2)
        #expect(container?["volumeMounts"]?.arrayValue?.count == 2)
        #expect(container?["resources"]?["limits"] == ["memory": "1Gi", "cpu": "1"])
        let clash = Self.daemonSet(["name": "registry", "args": ["c"]])
        let refused = try await bench.apply(path, clash, by: "three")
        #expect(refused.status == 409)
        #expect(refused.message.contains(#".spec.template.spec.containers[name="registry"].args"#))
        let gone = try await bench.apply(path, Self.daemonSet(), by: "one")
        let rest = gone["spec", "template", "spec", "containers", "0"]
        #expect(rest?["env"] == [["name": "B", "value": "2"]])
        #expect(rest?["args"] == nil)
    }

    @Test("a Service's selector belongs to one writer as a whole: who applies one key of it takes the others away")
    func serviceSelector() async throws {
        let bench = Bench()
        let chart: JSONValue = ["clusterIP": "None", "selector": ["app": "spegel"]]
        #expect(try await bench.post(Self.services, Self.service(chart)).status == 201)
        let one = Self.service(["selector": ["candidate": "true"]])
        #expect(try await bench.apply("\(Self.services)/s", one, by: "op").status == 409)
        let forced = try await bench.apply("\(Self.services)/s", one, by: "op", force: true)
        #expect(forced["spec", "selector"] == ["candidate": "true"])
        let merged = try await bench.merge("\(Self.services)/s", ["spec": ["selector": ["app": "spegel"]]])
        #expect(merged["spec", "selector"] == ["app": "spegel", "candidate": "true"])
    }

    @Test("a Service has ports, and node ports of its own, unless it is headless")
    func servicePorts() async throws {
        let bench = Bench()
        #expect(try await bench.post(Self.services, Self.service(["selector": ["a": "b"]])).status == 422)
        let spec: JSONValue = ["type": "NodePort", "ports": [["port": 5000, "nodePort": 30_021]]]
        let made = try await bench.post(Self.services, Self.service(spec, name: "a"))
        #expect(made.status == 201)
        #expect(made["spec", "ports", "0", "protocol"] == "TCP")
        let taken = try await bench.post(Self.services, Self.service(spec, name: "b"))
        #expect(taken.message.contains("provided port is already allocated"))
        let headless = try await bench.post(Self.services, Self.service(["clusterIP": "None"], name: "c"))
        #expect(headless.status == 201)
        let moved = try await bench.merge("\(Self.services)/c", ["spec": ["clusterIP": "10.0.0.1"]])
        #expect(moved.message.contains("may not change once set"))
    }

    private static func pod(_ bench: Bench, owner: JSONValue? = nil) async throws -> Answer {
        var pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"],
            "spec": ["nodeName": "n", "containers": [["name": "c"]], "terminationGracePeriodSeconds": 10],
        ]
        if let owner { pod["metadata"]?["ownerReferences"] = [owner] }
        return try await bench.post(pods, pod)
    }

    @Test("a Pod that runs on a node is marked, and goes when its kubelet says so")
    func gracefulDeletion() async throws {
        let bench = Bench()
        let path = "\(Self.pods)/p"
        _ = try await Self.pod(bench)
        let marked = try await bench.delete(path)
        #expect(marked["metadata", "deletionGracePeriodSeconds"] == 10)
        #expect(marked["metadata", "deletionTimestamp"] != nil)
        // What the kubelet still writes about it doesn't end it.
        #expect(try await bench.merge("\(path)/status", ["status": ["phase": "Running"]]).status == 200)
        #expect(try await bench.get(path).status == 200)
        #expect(try await bench.delete(path)["metadata", "resourceVersion"] != nil)
        #expect(try await bench.delete(path, ["gracePeriodSeconds": 0]).status == 200)
        #expect(try await bench.get(path).status == 404)
    }

    private static func owner(_ object: Answer) -> JSONValue {
        [
            "apiVersion": object["apiVersion"] ?? "", "kind": object["kind"] ?? "",
            "name": object["metadata", "name"] ?? "", "uid": object["metadata", "uid"] ?? "", "controller": true,
            "blockOwnerDeletion": true,
        ]
    }

    /// A cluster-scoped owner with a finalizer, its DaemonSet, and that one's Pod.
    private static func family() async throws -> Bench {
        let bench = try await Bench.withGadgets()
        var gadget = Bench.gadget("g")
        gadget["metadata"]?["finalizers"] = ["example.com/hold"]
        let owner = owner(try await bench.post(Bench.gadgets, gadget))
        var daemonSet = daemonSet()
        daemonSet["metadata"]?["ownerReferences"] = [owner]
        let made = try await bench.post(daemonSets, daemonSet)
        #expect(try await pod(bench, owner: Self.owner(made)).status == 201)
        return bench
    }

    @Test("what a cluster-scoped owner has in a namespace goes once its finalizer is gone, and Pods after their grace")
    func background() async throws {
        let bench = try await Self.family()
        _ = try await bench.delete("\(Bench.gadgets)/g", ["propagationPolicy": "Background"])
        #expect(try await bench.get("\(Self.daemonSets)/d").status == 200)
        _ = try await bench.merge("\(Bench.gadgets)/g", ["metadata": ["finalizers": .null]])
        #expect(try await bench.get("\(Bench.gadgets)/g").status == 404)
        #expect(try await bench.get("\(Self.daemonSets)/d").status == 404)
        #expect(try await bench.get("\(Self.pods)/p")["metadata", "deletionTimestamp"] != nil)
    }

    @Test("deleted in the foreground, owners wait for the last Pod and for their own finalizers")
    func foreground() async throws {
        let bench = try await Self.family()
        _ = try await bench.delete("\(Bench.gadgets)/g", ["propagationPolicy": "Foreground"])
        _ = try await bench.merge("\(Bench.gadgets)/g", ["metadata": ["finalizers": ["foregroundDeletion"]]])
        #expect(try await bench.get("\(Bench.gadgets)/g").status == 200)
        #expect(try await bench.get("\(Self.daemonSets)/d")["metadata", "finalizers"] == ["foregroundDeletion"])
        _ = try await bench.delete("\(Self.pods)/p", ["gracePeriodSeconds": 0])
        #expect(try await bench.get("\(Self.daemonSets)/d").status == 404)
        #expect(try await bench.get("\(Bench.gadgets)/g").status == 404)
    }

    @Test("orphans lose their owner and stay")
    func orphaned() async throws {
        let bench = try await Self.family()
        _ = try await bench.delete("\(Bench.gadgets)/g", ["propagationPolicy": "Orphan"])
        _ = try await bench.merge("\(Bench.gadgets)/g", ["metadata": ["finalizers": .null]])
        #expect(try await bench.get("\(Bench.gadgets)/g").status == 404)
        let daemonSet = try await bench.get("\(Self.daemonSets)/d")
        #expect(daemonSet.status == 200)
        #expect(daemonSet["metadata", "ownerReferences"] == nil)
        #expect(try await bench.get("\(Self.pods)/p")["metadata", "deletionTimestamp"] == nil)
    }

    @Test("kubectl finds the kinds and their columns")
    func discoveryAndTables() async throws {
        let bench = Bench()
        let apps = try await bench.get("/apis/apps/v1")
        #expect(apps["resources"]?.arrayValue?.contains { $0["name"] == "daemonsets/status" } == true)
        #expect(try await bench.get("/apis/apps/v1/namespaces/default/deployments").status == 404)
        _ = try await bench.post(Self.daemonSets, Self.daemonSet())
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        let table = try await bench.ask(.get, Self.daemonSets, accept: accept)
        let names = table["columnDefinitions"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        #expect(names.prefix(4) == ["Name", "Desired", "Current", "Ready"])
        #expect(table["rows", "0", "cells", "0"] == "d")
    }
}

/// Lays one object over another.
enum JSONPatchTarget {
    static func merged(_ base: JSONValue, _ over: JSONValue) -> JSONValue {
        .object((base.objectValue ?? [:]).merging(over.objectValue ?? [:]) { $1 })
    }
}
