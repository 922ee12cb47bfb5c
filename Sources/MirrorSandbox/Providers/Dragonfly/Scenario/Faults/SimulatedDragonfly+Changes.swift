import KubeCore
import MirrorPlanner

/// What an administrator, Helm or an accident does to a release that runs.
extension SimulatedDragonfly {
    /// A name of the cluster that no Service has.
    static let unknownName = "dragonfly-scheduler.\(DragonflyRelease.namespace).svc.cluster.local"

    private static func key(_ component: String) -> ObjectKey {
        ObjectKey(namespace: DragonflyRelease.namespace, name: "\(DragonflyRelease.name)-\(component)")
    }

    func apply(_ resource: ResourceType, _ object: JSONValue) async throws {
        let key = ObjectKey(namespace: object.objectNamespace, name: object.objectName)
        _ = try await cluster.objects.api.answer(to: .patch(resource, key, .merge(object), manager: "helm"))
    }

    private func patch(_ component: String, _ key: String, _ text: String) async throws {
        let patch: JSONValue = ["data": [key: .string(text)]]
        _ = try await cluster.objects.api.answer(
            to: .patch(ClusterObjects.configMaps, Self.key(component), .merge(patch), manager: "helm")
        )
    }

    // MARK: Files

    /// Writes another file of a component.
    ///
    /// - Parameter change: what it makes of what Helm rendered.
    func setFile(of component: String, _ change: (String) -> String) async throws {
        let file = component == "scheduler" ? "scheduler.yaml" : "dfdaemon.yaml"
        let map = (release.schedulerObjects + release.daemonObjects).map(\.object)
            .first { $0.objectName == Self.key(component).name }
        try await patch(component, file, change(map?.stringMap(["data"])[file] ?? ""))
    }

    /// Tells seeds and clients of other addresses of schedulers.
    func tell(_ addresses: [String]) async throws {
        var told = release
        told.schedulerAddresses = addresses
        try await tell(told.addresses)
    }

    /// Writes another `dynconfig.yaml` of seeds and clients.
    func tell(_ text: String) async throws {
        for component in ["seed-client-dynconfig", "client-dynconfig"] {
            try await patch(component, "dynconfig.yaml", text)
        }
    }

    /// Writes other rows of the manager.
    func setRows(_ change: (String) -> String) async throws {
        let text = release.managerRows.stringMap(["data"])[ManagerContainer.rowsFile] ?? ""
        try await patch("manager", ManagerContainer.rowsFile, change(text))
    }

    func setRows(of addresses: [String]) async throws {
        var told = release
        told.schedulerAddresses = addresses
        try await apply(ClusterObjects.configMaps, told.managerRows)
    }

    // MARK: Workloads

    /// Has schedulers of another release made in the place of those that are there.
    func setSchedulers(version: String) async throws {
        var other = release
        other.server = version
        let set = other.schedulerObjects.map(\.object).first { $0["kind"] == "StatefulSet" } ?? [:]
        let patch: JSONValue = ["spec": ["template": set.at(["spec", "template"]) ?? [:]]]
        _ = try await cluster.objects.api.answer(
            to: .patch(ClusterObjects.statefulSets, Self.key("scheduler"), .merge(patch), manager: "helm")
        )
    }

    func scaleSeeds(to replicas: Int) async throws {
        let patch: JSONValue = ["spec": ["replicas": .int(Int64(replicas))]]
        _ = try await cluster.objects.api.answer(
            to: .patch(ClusterObjects.statefulSets, Self.key("seed-client"), .merge(patch), manager: "helm")
        )
    }

    /// A scheduler of another cluster, with the settings of its code; its address.
    func startOtherScheduler() async throws -> String {
        let name = "other-scheduler-0"
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "namespace": "default", "labels": ["app": "other"]],
            "spec": [
                "nodeName": .string(Self.node(1)),
                "containers": [
                    [
                        "name": "scheduler",
                        "image": .string("docker.io/dragonflyoss/scheduler:\(release.server)"),
                        "env": [["name": .string(TimeScale.variable), "value": .string("\(release.factor)")]],
                    ]
                ],
            ],
        ]
        try await cluster.objects.create(ClusterObjects.pods, pod)
        for _ in 0..<60 {
            let found = try await cluster.objects.list(ClusterObjects.pods).first { $0.objectName == name }
            if let ip = found?.at(["status", "podIP"])?.stringValue { return ip }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw ScenarioFailure("the scheduler of another cluster did not start")
    }

    // MARK: Processes

    /// Starts the containers of all schedulers again, and then those of seeds and clients, which announce themselves.
    func restartAll() async throws {
        for name in schedulerNames { cluster.restartContainer(ofPod: name) }
        try await Task.sleep(for: .seconds(2))
        try await restartDaemons()
    }

    /// Starts the containers of seeds and clients again.
    ///
    /// - Parameter ofClients: of clients alone.
    func restartDaemons(ofClients: Bool = false) async throws {
        let wanted: Set<String> = ofClients ? ["client"] : ["client", "seed-client"]
        for pod in try await pods() where wanted.contains(pod.stringMap(["metadata", "labels"])["component"] ?? "") {
            cluster.restartContainer(ofPod: pod.objectName)
        }
    }

    /// Has the seeds' Pods made anew.
    func replaceSeeds() async throws {
        for name in seedNames { try await cluster.objects.delete(pod: name, DragonflyRelease.namespace, grace: 1) }
    }

    /// Waits until these Pods are Ready.
    func untilReady(_ names: [String]) async throws {
        for _ in 0..<80 {
            let ready = Set(try await pods().filter { PodView.isReady($0) }.map(\.objectName))
            if ready.isSuperset(of: names) { return }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw ScenarioFailure("not all of \(names.joined(separator: ", ")) became Ready within 20 s")
    }
}
