import Foundation
import KubeCore

/// The objects of a directory of manifests with its components and patches, as `kubectl apply -k` would send them.
///
/// Only what the manifests use is known, and anything else is an error: a kubectl that carries kustomize's components
/// is newer than that of some of the Debian releases that these tests run on.
struct Kustomization {
    private(set) var objects: [JSONValue] = []

    /// - Throws: `KubeError` where a file says something that is not known here.
    init(_ directory: URL) throws {
        try add(directory)
    }

    /// Labels and images make no difference to a test.
    private static let known: Set = [
        "apiVersion", "kind", "resources", "components", "patches", "labels", "images",
    ]

    private mutating func add(_ directory: URL) throws {
        let file = try Self.documents(directory.appending(path: "kustomization.yaml")).first ?? .null
        for key in (file.objectValue ?? [:]).keys where !Self.known.contains(key) {
            throw KubeError(.decoding, "\(directory.path())kustomization.yaml: \(key): is not known here")
        }
        for name in (file["resources"]?.arrayValue ?? []).compactMap(\.stringValue) {
            let place = directory.appending(path: name).standardized
            guard name.hasSuffix(".yaml") else {
                try add(place)
                continue
            }
            objects += try Self.documents(place)
        }
        for name in (file["components"]?.arrayValue ?? []).compactMap(\.stringValue) {
            try add(directory.appending(path: name).standardized)
        }
        for name in (file["patches"]?.arrayValue ?? []).compactMap({ $0["path"]?.stringValue }) {
            for patch in try Self.documents(directory.appending(path: name)) { try apply(patch) }
        }
    }

    private static func documents(_ file: URL) throws -> [JSONValue] {
        try YAMLCoding.documents([UInt8](Data(contentsOf: file)))
    }

    private mutating func apply(_ patch: JSONValue) throws(KubeError) {
        let index = objects.firstIndex {
            $0["kind"] == patch["kind"] && $0["metadata"]?["name"] == patch["metadata"]?["name"]
        }
        guard let index else { throw KubeError(.decoding, "a patch changes no object: \(patch)") }
        objects[index] = Self.merge(objects[index], patch)
    }

    /// Names the elements of lists that are merged and not replaced (Kubernetes `api/core/v1/types.go`,
    /// `patchMergeKey`).
    private static let mergeKeys = [
        "containers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath",
    ]

    private static func merge(_ target: JSONValue, _ patch: JSONValue) -> JSONValue {
        guard var members = patch.objectValue else { return patch }
        if members.removeValue(forKey: "$patch") == "replace" { return .object(members) }
        var result = target.objectValue ?? [:]
        for (name, value) in members {
            if let key = mergeKeys[name], let elements = value.arrayValue {
                result[name] = .array(merge(result[name]?.arrayValue ?? [], elements, by: key))
            } else {
                result[name] = value == .null ? nil : merge(result[name] ?? .null, value)
            }
        }
        return .object(result)
    }

    private static func merge(_ target: [JSONValue], _ patches: [JSONValue], by key: String) -> [JSONValue] {
        var result = target
        for patch in patches {
            if let index = result.firstIndex(where: { $0[key] == patch[key] }) {
                result[index] = merge(result[index], patch)
            } else {
                result.append(patch)
            }
        }
        return result
    }
}
