package import KubeCore

/// A column that `kubectl get` prints.
package struct PrinterColumn: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case string, integer, date
    }

    package var name: String
    package var kind: Kind
    package var path: String
    package var description: String?
    /// Shown with `-o wide` alone.
    package var isWide: Bool

    init(
        _ name: String,
        _ path: String,
        _ kind: Kind = .string,
        about description: String? = nil,
        isWide: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.path = path
        self.description = description
        self.isWide = isWide
    }

    var rendered: JSONValue {
        var column: JSONValue = ["name": .string(name), "type": .string(kind.rawValue), "jsonPath": .string(path)]
        column["description"] = description.map { .string($0) }
        if isWide { column["priority"] = 1 }
        return column
    }
}

extension KindSchema {
    /// The CustomResourceDefinition as an API server takes it. Those before Kubernetes 1.25 refuse the rules.
    package func definition(withRules: Bool) -> JSONValue {
        [
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(resource.plural).\(resource.group)")],
            "spec": [
                "group": .string(resource.group),
                "scope": resource.namespaced ? "Namespaced" : "Cluster",
                "preserveUnknownFields": false,
                "names": names,
                "versions": [version(withRules: withRules)],
            ],
        ]
    }

    /// The definition as the text of a file.
    package func definitionText(withRules: Bool) throws(KubeError) -> String {
        let origin = "# Made by hack/generate from Sources/MirrorAPI/CRDSchema+*.swift: change it there.\n"
        let note = "# For servers before Kubernetes 1.25, which refuse x-kubernetes-validations: without these rules.\n"
        let text = try YAMLCoding.encode(definition(withRules: withRules), width: 100)
        return origin + (withRules ? "" : note) + text
    }

    private var names: JSONValue {
        [
            "plural": .string(resource.plural),
            "singular": .string(resource.kind.lowercased()),
            "kind": .string(resource.kind),
            "listKind": .string("\(resource.kind)List"),
            "shortNames": [.string(shortName)],
            "categories": [.string(Group.category)],
        ]
    }

    private func version(withRules: Bool) -> JSONValue {
        [
            "name": .string(resource.version),
            "served": true,
            "storage": true,
            "subresources": ["status": [:]],
            "additionalPrinterColumns": .array(columns.map(\.rendered)),
            "schema": ["openAPIV3Schema": openAPI(withRules: withRules)],
        ]
    }

    /// The schema of the whole object.
    package func openAPI(withRules: Bool) -> JSONValue {
        var metadata: JSONValue = ["type": "object"]
        if let name { metadata["properties"] = ["name": name.openAPI(withRules: withRules)] }
        return [
            "type": "object",
            "description": .string(description),
            "required": ["spec"],
            "properties": [
                "apiVersion": ["type": "string", "description": "Version of the API that this object is written in."],
                "kind": ["type": "string", "description": .string("\(resource.kind).")],
                "metadata": metadata,
                "spec": spec.openAPI(withRules: withRules),
                "status": status.openAPI(withRules: withRules),
            ],
        ]
    }
}
