import KubeCore

/// What clients look for in OpenAPI documents: which parameters patches take, and the shape of custom kinds.
///
/// kubectl refuses to apply anything at a server of which it cannot learn whether the server checks fields itself.
extension APIServerState {
    private static let protobuf = "application/com.github.proto-openapi.spec.v2"
    private static let patchParameters = ["dryRun", "fieldManager", "fieldValidation", "force"]

    /// Answers the OpenAPI paths; nil for the others.
    func openAPI(_ request: KubeRequest) throws(APIError) -> KubeResponse? {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.first == "openapi", parts.count >= 2 else { return nil }
        guard request.method == .get else { throw .methodNotAllowed }
        switch (parts[1], parts.count) {
        case ("v2", 2):
            let wanted = MediaType(request.accept.split(separator: ",").first ?? "").name
            guard wanted.hasPrefix(Self.protobuf) else {
                return try ResponseFormat(request).response(documentV2, status: 200)
            }
            // Asked for with an @, which no media type may have; the real server answers with a dot as well.
            let type = String(wanted.map { $0 == "@" ? "." : $0 })
            return KubeResponse(status: 200, headers: ["content-type": type], body: protobufV2)
        case ("v3", 2): return try ResponseFormat(request).response(indexV3, status: 200)
        case ("v3", 4) where parts[2] == "api":
            return try ResponseFormat(request).response(documentV3("", parts[3]), status: 200)
        case ("v3", 5) where parts[2] == "apis":
            return try ResponseFormat(request).response(documentV3(parts[3], parts[4]), status: 200)
        default: throw .pageNotFound
        }
    }

    /// One object's path of each kind and version, which is where patches go.
    private var patches: [(path: String, resource: APIResource, version: APIResource.Version)] {
        resources.values.sorted { $0.id < $1.id }.flatMap { resource in
            resource.versions.filter(\.isServed).map { version in
                let root = resource.group.isEmpty ? "/api/" : "/apis/\(resource.group)/"
                let space = resource.isNamespaced ? "/namespaces/{namespace}" : ""
                return ("\(root)\(version.name)\(space)/\(resource.plural)/{name}", resource, version)
            }
        }
    }

    private static func kind(_ resource: APIResource, _ version: APIResource.Version) -> JSONValue {
        ["group": .string(resource.group), "version": .string(version.name), "kind": .string(resource.kind)]
    }

    private func operations(_ resource: APIResource, _ version: APIResource.Version, isV3: Bool) -> JSONValue {
        let parameters = Self.patchParameters.map { name -> JSONValue in
            var parameter: JSONValue = ["name": .string(name), "in": "query"]
            let type: JSONValue = name == "force" ? "boolean" : "string"
            if isV3 { parameter["schema"] = ["type": type] } else { parameter["type"] = type }
            return parameter
        }
        return [
            "patch": [
                "parameters": .array(parameters), "responses": ["200": ["description": "OK"]],
                "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": Self.kind(resource, version),
            ]
        ]
    }

    private static let info: JSONValue = ["title": "p2pmirror sandbox", "version": "v1.32.0"]

    private var documentV2: JSONValue {
        var paths: JSONValue = [:]
        for (path, resource, version) in patches { paths[path] = operations(resource, version, isV3: false) }
        return ["swagger": "2.0", "info": Self.info, "paths": paths, "definitions": [:]]
    }

    private var indexV3: JSONValue {
        var paths: JSONValue = [:]
        for (_, resource, version) in patches {
            let root = resource.group.isEmpty ? "api" : "apis/\(resource.group)"
            let name = "\(root)/\(version.name)"
            paths[name] = ["serverRelativeURL": .string("/openapi/v3/\(name)")]
        }
        return ["paths": paths]
    }

    private func documentV3(_ group: String, _ name: String) throws(APIError) -> JSONValue {
        var paths: JSONValue = [:]
        var schemas: JSONValue = [:]
        for (path, resource, version) in patches where resource.group == group && version.name == name {
            paths[path] = operations(resource, version, isV3: true)
            var schema = definedSchema(resource, version) ?? ["type": "object"]
            schema["x-kubernetes-group-version-kind"] = [Self.kind(resource, version)]
            let reversed = resource.group.split(separator: ".").reversed().joined(separator: ".")
            let prefix = reversed.isEmpty ? "core" : reversed
            schemas["\(prefix).\(version.name).\(resource.kind)"] = schema
        }
        guard !paths.isEmptyOrNull else { throw .pageNotFound }
        return ["openapi": "3.0.0", "info": Self.info, "paths": paths, "components": ["schemas": schemas]]
    }

    /// The schema as the definition has it, with its descriptions.
    private func definedSchema(_ resource: APIResource, _ version: APIResource.Version) -> JSONValue? {
        let key = ObjectKey(name: "\(resource.plural).\(resource.group)")
        let definition = store.object(APIResource.definitions.storage, key)?.value
        let versions = definition?.at(["spec", "versions"])?.arrayValue ?? []
        return versions.first { $0["name"]?.stringValue == version.name }?.at(["schema", "openAPIV3Schema"])
    }

    /// The same as `documentV2`, as the message `openapi.v2.Document` of gnostic: older kubectl takes nothing else.
    ///
    /// The numbers are those of `openapiv2/OpenAPIv2.proto` in google/gnostic.
    private var protobufV2: [UInt8] {
        var document = ProtobufWriter()
        document.field(1, "2.0")
        document.field(2) { info in
            info.field(1, "p2pmirror sandbox")
            info.field(2, "v1.32.0")
        }
        document.field(8) { paths in
            for (path, resource, version) in patches {
                paths.field(2) { named in
                    named.field(1, path)
                    named.field(2) { item in
                        item.field(8) { Self.write(resource, version, to: &$0) }
                    }
                }
            }
        }
        return document.bytes
    }

    private static func write(
        _ resource: APIResource,
        _ version: APIResource.Version,
        to operation: inout ProtobufWriter
    ) {
        for name in patchParameters {
            operation.field(8) { item in
                item.field(1) { parameter in
                    parameter.field(2) { plain in
                        plain.field(3) { query in
                            query.field(2, "query")
                            query.field(4, name)
                            query.field(6, name == "force" ? "boolean" : "string")
                        }
                    }
                }
            }
        }
        operation.field(13) { named in
            named.field(1, "x-kubernetes-group-version-kind")
            named.field(2) { any in
                any.field(2, kind(resource, version).text)
            }
        }
    }
}
