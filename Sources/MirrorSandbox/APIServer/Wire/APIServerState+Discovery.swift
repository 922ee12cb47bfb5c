import KubeCore

extension APIServerState {
    /// Answers the paths that are no objects; nil for the others.
    func discovery(_ request: KubeRequest) throws(APIError) -> KubeResponse? {
        let parts = request.path.split(separator: "/").map(String.init)
        let value: JSONValue
        switch parts.count {
        case 1 where ["healthz", "readyz", "livez"].contains(parts[0]):
            try requireRead(request)
            let headers = ["content-type": "text/plain; charset=utf-8"]
            return KubeResponse(status: 200, headers: headers, body: Array("ok".utf8))
        case 1 where parts[0] == "version": value = Self.version
        case 1 where parts[0] == "api":
            value = ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []]
        case 1 where parts[0] == "apis": value = groupList
        case 2 where parts[0] == "apis":
            guard let group = group(parts[1]) else { throw .pageNotFound }
            var object = group
            object["apiVersion"] = "v1"
            object["kind"] = "APIGroup"
            value = object
        case 2 where parts[0] == "api": value = try resourceList("", parts[1])
        case 3 where parts[0] == "apis": value = try resourceList(parts[1], parts[2])
        case 0:
            value = ["paths": .strings(["/api", "/api/v1", "/apis", "/healthz", "/livez", "/readyz", "/version"])]
        default: return nil
        }
        try requireRead(request)
        // Aggregated discovery is not offered: a client that prefers it takes the plain form as well.
        return try ResponseFormat(Self.plain(request)).response(value, status: 200)
    }

    private func requireRead(_ request: KubeRequest) throws(APIError) {
        guard request.method == .get else { throw .methodNotAllowed }
    }

    /// The request with those media types left out that ask for another shape.
    private static func plain(_ request: KubeRequest) -> KubeRequest {
        var request = request
        let plain = request.accept.split(separator: ",").filter { !$0.contains("as=") }
        if !plain.isEmpty { request.accept = plain.joined(separator: ",") }
        return request
    }

    /// The version whose behaviour is followed; the name says that it is no real one.
    private static let version: JSONValue = [
        "major": "1", "minor": "32", "gitVersion": "v1.32.0+p2pmirror-sandbox", "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "swift", "platform": "linux",
    ]

    private var groupList: JSONValue {
        let names = groups.filter { !$0.isEmpty }.sorted()
        return ["apiVersion": "v1", "kind": "APIGroupList", "groups": .array(names.compactMap(group))]
    }

    private func group(_ name: String) -> JSONValue? {
        let versions = versions(name)
        guard !name.isEmpty, let preferred = versions.first else { return nil }
        func entry(_ version: String) -> JSONValue {
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return [
            "name": .string(name), "versions": .array(versions.map(entry)), "preferredVersion": entry(preferred),
        ]
    }

    private func versions(_ group: String) -> [String] {
        var names: [String] = []
        for resource in resources.values.sorted(by: { $0.id < $1.id }) where resource.group == group {
            for version in resource.versions where version.isServed && !names.contains(version.name) {
                names.append(version.name)
            }
        }
        return names
    }

    private func resourceList(_ group: String, _ version: String) throws(APIError) -> JSONValue {
        var list: [JSONValue] = []
        for resource in resources.values.sorted(by: { $0.id < $1.id }) where resource.group == group {
            guard let served = resource.version(version) else { continue }
            var entry: JSONValue = [
                "name": .string(resource.plural), "singularName": .string(resource.singular),
                "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind),
                "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
            ]
            if !resource.shortNames.isEmpty { entry["shortNames"] = .strings(resource.shortNames) }
            if !resource.categories.isEmpty { entry["categories"] = .strings(resource.categories) }
            list.append(entry)
            guard served.hasStatus else { continue }
            list.append(
                [
                    "name": .string("\(resource.plural)/status"), "singularName": "", "kind": .string(resource.kind),
                    "namespaced": .bool(resource.isNamespaced), "verbs": ["get", "patch", "update"],
                ]
            )
        }
        guard !list.isEmpty else { throw .pageNotFound }
        let name = group.isEmpty ? version : "\(group)/\(version)"
        return [
            "apiVersion": "v1", "kind": "APIResourceList", "groupVersion": .string(name), "resources": .array(list),
        ]
    }
}
