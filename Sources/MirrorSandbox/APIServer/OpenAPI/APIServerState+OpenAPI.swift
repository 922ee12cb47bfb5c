import KubeCore

/// What clients look for in OpenAPI documents: which parameters patches take, and the shape of kinds.
///
/// kubectl refuses to apply anything at a server of which it cannot learn whether the server checks fields itself; it
/// checks, explains and edits by the schemas.
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
            // Asked for with an @, which no media type may have; newer servers answer with a dot as well.
            let type = String(wanted.map { $0 == "@" ? "." : $0 })
            return KubeResponse(
                status: 200,
                headers: ["content-type": type],
                body: OpenAPIMessage.bytes(of: documentV2)
            )
        case ("v3", 2): return try ResponseFormat(request).response(try indexV3(), status: 200)
        case ("v3", 4) where parts[2] == "api": return try documentV3(request, "", parts[3])
        case ("v3", 5) where parts[2] == "apis": return try documentV3(request, parts[3], parts[4])
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
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": OpenAPISchemas.kind(resource, version),
            ]
        ]
    }

    private static let info: JSONValue = ["title": "p2pmirror sandbox", "version": "v1.32.0"]

    private var documentV2: JSONValue {
        var paths: JSONValue = [:]
        var definitions: JSONValue = .object([OpenAPISchemas.metadataName: OpenAPISchemas.metadata])
        for (path, resource, version) in patches {
            paths[path] = operations(resource, version, isV3: false)
            definitions[OpenAPISchemas.name(resource, version)] = schema(resource, version, isV3: false)
        }
        return ["swagger": "2.0", "info": Self.info, "paths": paths, "definitions": definitions]
    }

    private func indexV3() throws(APIError) -> JSONValue {
        var paths: JSONValue = [:]
        for (_, resource, version) in patches {
            let root = resource.group.isEmpty ? "api" : "apis/\(resource.group)"
            let name = "\(root)/\(version.name)"
            guard paths[name] == nil else { continue }
            let hash = Self.hash(try document(resource.group, version.name))
            paths[name] = ["serverRelativeURL": .string("/openapi/v3/\(name)?hash=\(hash)")]
        }
        return ["paths": paths]
    }

    private static func hash(_ document: JSONValue) -> String { StableHash.short(document.text) }

    /// A document whose hash is asked for never changes; who asks for an old one is sent to the present one.
    private func documentV3(_ request: KubeRequest, _ group: String, _ name: String) throws(APIError) -> KubeResponse {
        let document = try document(group, name)
        var response = try ResponseFormat(request).response(document, status: 200)
        guard let asked = request.query("hash") else { return response }
        let hash = Self.hash(document)
        guard asked == hash else {
            return KubeResponse(status: 301, headers: ["location": "\(request.path)?hash=\(hash)"])
        }
        response.headers["cache-control"] = "public, immutable"
        return response
    }

    private func document(_ group: String, _ name: String) throws(APIError) -> JSONValue {
        var paths: JSONValue = [:]
        var schemas: JSONValue = .object([OpenAPISchemas.metadataName: OpenAPISchemas.metadata])
        for (path, resource, version) in patches where resource.group == group && version.name == name {
            paths[path] = operations(resource, version, isV3: true)
            schemas[OpenAPISchemas.name(resource, version)] = schema(resource, version, isV3: true)
        }
        guard !paths.isEmptyOrNull else { throw .pageNotFound }
        return ["openapi": "3.0.0", "info": Self.info, "paths": paths, "components": ["schemas": schemas]]
    }

    private func schema(_ resource: APIResource, _ version: APIResource.Version, isV3: Bool) -> JSONValue? {
        let declared = resource.isCustom ? definedSchema(resource, version) : nil
        return OpenAPISchemas.schema(resource, version, declared: declared, isV3: isV3)
    }

    /// The schema as the definition has it, with its descriptions.
    private func definedSchema(_ resource: APIResource, _ version: APIResource.Version) -> JSONValue? {
        let key = ObjectKey(name: "\(resource.plural).\(resource.group)")
        let definition = store.object(APIResource.definitions.storage, key)?.value
        let versions = definition?.at(["spec", "versions"])?.arrayValue ?? []
        return versions.first { $0["name"]?.stringValue == version.name }?.at(["schema", "openAPIV3Schema"])
    }
}
