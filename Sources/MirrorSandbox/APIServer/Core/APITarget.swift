import KubeCore

/// What the path of a request leads to.
struct APITarget: Sendable {
    var resource: APIResource
    var version: APIResource.Version
    var namespace: String?
    var name: String?
    var subresource: String?

    var apiVersion: String { resource.apiVersion(version.name) }

    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }
}

extension APIServerState {
    /// Follows a path to a kind that is served; other paths get what the real server says.
    func target(_ path: String) throws(APIError) -> APITarget {
        var parts = path.split(separator: "/").map(String.init)
        let isCore = parts.first == "api"
        guard parts.count >= (isCore ? 3 : 4), isCore || parts.first == "apis" else { throw .pageNotFound }
        let group = isCore ? "" : parts[1]
        let version = isCore ? parts[1] : parts[2]
        parts.removeFirst(isCore ? 2 : 3)
        var namespace: String?
        // The subresources of a namespace stand where the plural of a namespaced kind would.
        if parts[0] == "namespaces", parts.count >= 3, !["status", "finalize"].contains(parts[2]) {
            namespace = parts[1]
            parts.removeFirst(2)
        }
        guard parts.count <= 3 else { throw .pageNotFound }
        guard groups.contains(group) else { throw .pageNotFound }
        guard let resource = resources[APIResource.ID(group: group, plural: parts[0])],
            let served = resource.version(version)
        else { throw isCore || group == "apps" || group.hasSuffix(".k8s.io") ? .noSuchResource : .pageNotFound }
        let name = parts.count > 1 ? parts[1] : nil
        guard resource.isNamespaced || namespace == nil, !resource.isNamespaced || namespace != nil || name == nil
        else { throw .noSuchResource }
        let subresource = parts.count > 2 ? parts[2] : nil
        if let subresource, subresource != "status" || !served.hasStatus {
            // For a subresource that its definition does not have, the real server speaks of the object.
            throw resource.isCustom ? .notFound(resource, name ?? "") : .noSuchResource
        }
        return APITarget(
            resource: resource,
            version: served,
            namespace: namespace,
            name: name,
            subresource: subresource
        )
    }

    /// The groups that have a kind.
    var groups: Set<String> { Set(resources.keys.map(\.group)) }
}
