package import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a container finds of its own: variables, and files of ConfigMaps, of its node and of its claims.
package struct PodMounts: Hashable, Sendable {
    /// Where a mount leads.
    package enum Source: Hashable, Sendable {
        /// Files of ConfigMaps, later ones over earlier ones.
        case configMaps([String])
        /// A directory of the node.
        case host(String)
        /// A claim, which outlives the Pod.
        case claim(String)
        /// A directory that ends with the Pod.
        case scratch(String)
    }

    /// By path in the container, without a slash at its end.
    package var sources: [String: Source] = [:]
    package var environment: [String: String] = [:]

    /// Reads the first container of a Pod.
    package init(_ pod: JSONValue) {
        let volumes = pod.at(["spec", "volumes"])?.arrayValue ?? []
        let container = (pod.at(["spec", "containers"])?.arrayValue ?? []).first ?? [:]
        for mount in container["volumeMounts"]?.arrayValue ?? [] {
            guard var path = mount["mountPath"]?.stringValue, let name = mount["name"]?.stringValue,
                let volume = volumes.first(where: { $0["name"]?.stringValue == name })
            else { continue }
            while path.hasSuffix("/"), path.count > 1 { path.removeLast() }
            sources[path] = Self.source(volume, name)
        }
        for variable in container["env"]?.arrayValue ?? [] {
            guard let name = variable["name"]?.stringValue else { continue }
            let field = variable.at(["valueFrom", "fieldRef", "fieldPath"])?.stringValue
            environment[name] = variable["value"]?.stringValue ?? field.flatMap { Self.field($0, pod) }
        }
        let isOnHost = pod.at(["spec", "hostNetwork"])?.boolValue == true
        environment["HOSTNAME"] = isOnHost ? PodView.node(of: pod) ?? "" : pod.objectName
    }

    private static func source(_ volume: JSONValue, _ name: String) -> Source {
        if let map = volume.at(["configMap", "name"])?.stringValue { return .configMaps([map]) }
        if let parts = volume.at(["projected", "sources"])?.arrayValue {
            return .configMaps(parts.compactMap { $0.at(["configMap", "name"])?.stringValue })
        }
        if let path = volume.at(["hostPath", "path"])?.stringValue { return .host(path) }
        if let claim = volume.at(["persistentVolumeClaim", "claimName"])?.stringValue { return .claim(claim) }
        return .scratch(name)
    }

    private static func field(_ path: String, _ pod: JSONValue) -> String? {
        switch path {
        case "metadata.name": pod.objectName
        case "metadata.namespace": pod.objectNamespace
        case "spec.nodeName": PodView.node(of: pod)
        default: nil
        }
    }

    /// Names of the ConfigMaps that are mounted.
    package var configMaps: Set<String> {
        sources.values.reduce(into: []) { names, source in
            if case .configMaps(let maps) = source { names.formUnion(maps) }
        }
    }
}

/// Where the directories behind mounts are, and what is written there.
struct PodDirectories: Sendable {
    /// Directory of all hosts, claims and Pods.
    let root: String
    let node: String
    let namespace: String
    let uid: String

    private var pod: String { "\(root)/pods/\(uid)" }

    /// File of what the network and the scenario want of the Pod's process.
    var orders: String { "\(pod)/orders.json" }

    /// The directory behind a mount.
    func directory(_ path: String, _ source: PodMounts.Source) -> String {
        switch source {
        case .configMaps: "\(pod)/config\(path)"
        case .host(let place): "\(root)/hosts/\(node)\(place)"
        case .claim(let name): "\(root)/claims/\(namespace)/\(name)"
        case .scratch(let name): "\(pod)/volumes/\(name)"
        }
    }

    /// Makes the directories, and writes the files of ConfigMaps where they are others than before.
    ///
    /// - Parameter data: of a ConfigMap by its name; nil where there is none, and what was there stays.
    func update(_ mounts: PodMounts, data: (String) -> [String: String]?) throws {
        try FileManager.default.createDirectory(atPath: pod, withIntermediateDirectories: true)
        for (path, source) in mounts.sources {
            let directory = directory(path, source)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            guard case .configMaps(let names) = source else { continue }
            for (key, text) in names.compactMap(data).reduce(into: [String: String](), { $0.merge($1) { $1 } }) {
                try Self.write(text, to: "\(directory)/\(key)")
            }
        }
    }

    /// Writes a file as a whole, unless it says the same already.
    static func write(_ text: String, to path: String) throws {
        let bytes = Data(text.utf8)
        guard FileManager.default.contents(atPath: path) != bytes else { return }
        try bytes.write(to: URL(filePath: path), options: .atomic)
    }

    /// Takes away what ends with the Pod.
    func remove() { try? FileManager.default.removeItem(atPath: pod) }
}
