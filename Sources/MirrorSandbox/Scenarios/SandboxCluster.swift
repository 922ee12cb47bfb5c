import KubeClient
package import KubeCore
import MirrorAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The API server that a scenario runs against: the embedded one, or any other by its kubeconfig.
package struct SandboxCluster: Sendable {
    /// The P2PMirror of a fleet of nodes.
    package static let mirrorName = "embedded"

    package let api: KubeAPI
    /// Kubeconfig for the processes of the fleet, and for kubectl.
    package let kubeconfig: String
    private let front: APIServerFront?

    /// Starts the embedded API server on loopback and writes its kubeconfig into `directory`.
    package static func embedded(in directory: String, host: String, port: UInt16) async throws -> SandboxCluster {
        let server = APIServer()
        let front = try await server.serve(host: host, port: port)
        let path = "\(directory)/kubeconfig"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(Self.kubeconfig(server: front.url).utf8).write(to: URL(filePath: path))
        return SandboxCluster(api: KubeAPI(server.transport()), kubeconfig: path, front: front)
    }

    /// The kubeconfig of the embedded server, which asks for no credentials and listens on loopback only.
    package static func kubeconfig(server: String) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: sandbox
        clusters:
        - name: sandbox
          cluster: {server: "\(server)"}
        contexts:
        - name: sandbox
          context: {cluster: sandbox, user: sandbox}
        users:
        - name: sandbox
          user: {}

        """
    }

    /// Uses the API server that a kubeconfig names.
    package static func external(kubeconfig: String) throws -> SandboxCluster {
        let configuration = try ClusterConfiguration.load(explicitKubeconfig: kubeconfig, environment: [:])
        let options = ClientOptions(userAgent: "p2pmirror-sandbox/\(Release.version)")
        let transport = try CurlTransport(configuration, options: options)
        return SandboxCluster(api: KubeAPI(transport), kubeconfig: kubeconfig, front: nil)
    }

    /// Makes sure that nothing exists yet of what a fleet creates and `end` deletes.
    ///
    /// - Throws: `ScenarioFailure` that names the first object found; `KubeError` where the server can't be asked.
    package func requireRoom(forNodes nodes: [String]) async throws {
        let mirror = Self.mirrorName
        try await requireAbsent(P2PMirror.self, mirror)
        for node in nodes {
            try await requireAbsent(Node.self, node)
            try await requireAbsent(MirrorNode.self, Names.mirrorNode(mirror: mirror, node: node))
        }
    }

    private func requireAbsent<Object: KubeObject>(_ type: Object.Type, _ name: String) async throws {
        guard try await api.find(type, ObjectKey(name: name)) != nil else { return }
        throw ScenarioFailure(
            """
            the cluster already has a \(type.resource.kind) \(name), which the sandbox would overwrite and then \
            delete; nothing was changed: use another cluster, or delete it if an earlier run left it
            """
        )
    }

    /// Stops the embedded server; from any other one it takes away what a fleet has left there.
    package func end(ofNodes nodes: [String]) async {
        guard front == nil else {
            await front?.stop()
            return
        }
        try? await api.delete(P2PMirror.self, ObjectKey(name: Self.mirrorName))
        for node in nodes {
            try? await api.delete(Node.self, ObjectKey(name: node))
            let name = Names.mirrorNode(mirror: Self.mirrorName, node: node)
            try? await api.delete(MirrorNode.self, ObjectKey(name: name))
            // Where no garbage collector runs, it stays although its MirrorNode is gone.
            try? await api.delete(Lease.self, ObjectKey(namespace: Announcements.namespace, name: name))
        }
    }

    /// Creates or updates what every run needs: the CRDs, the namespace of the operator's Leases and that of the seeds'
    /// announcements.
    ///
    /// - Parameter crds: directory of the CRDs; servers that don't know CEL rules get the rendering without them.
    package func prepare(crds: String, namespace: String) async throws {
        try await apply(crds: crds)
        for name in [namespace, Announcements.namespace] { try await createNamespace(name) }
        try await untilServed(P2PMirror.resource)
        try await untilServed(MirrorNode.resource)
    }

    /// Applies the CRDs of a directory over those that are there.
    package func apply(crds: String) async throws {
        let version: JSONValue = try await api.send(KubeRequest(.get, "/version"))
        let minor = Int((version["minor"]?.stringValue ?? "").prefix { $0.isNumber }) ?? 0
        let directory = minor < 25 ? "\(crds)/without-cel" : crds
        for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        where name.hasSuffix(".yaml") {
            let text = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
            for document in try YAMLCoding.documents([UInt8](text)) { try await apply(document) }
        }
    }

    private func createNamespace(_ name: String) async throws(KubeError) {
        let namespaces = ResourceType(
            group: "",
            version: "v1",
            plural: "namespaces",
            kind: "Namespace",
            namespaced: false
        )
        let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        do {
            _ = try await api.answer(to: .create(namespaces, namespace: nil, object, manager: "sandbox"))
        } catch  where error.isAlreadyExists {
            return
        }
    }

    private func apply(_ crd: JSONValue) async throws {
        let resource = ResourceType(
            group: "apiextensions.k8s.io",
            version: "v1",
            plural: "customresourcedefinitions",
            kind: "CustomResourceDefinition",
            namespaced: false
        )
        let key = ObjectKey(name: crd["metadata"]?["name"]?.stringValue ?? "")
        _ = try await api.answer(to: .patch(resource, key, .apply(crd, manager: "sandbox", force: true)))
    }

    private func untilServed(_ resource: ResourceType) async throws {
        for _ in 0..<100 {
            if (try? await api.answer(to: .list(resource))) != nil { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw KubeError(
            .configuration,
            "the API server does not serve \(resource.plural) 10 s after its CRD was applied"
        )
    }
}
